"""Files of a story, fetched from where they are: bounded in size and time, and by whoever asks."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import Protocol

import aiohttp
from yarl import URL

from channels.media_types import EXTENSIONS
from channels.net import connector

HOPS = 3
"""Redirects that are followed: files move to other hosts, and each connection is checked anew."""
CHUNK = 65536
ACCEPT = f"{', '.join(EXTENSIONS)}, */*;q=0.5"
"""No picture formats that our receivers may not show (AVIF), where a server has the choice."""
UNCHANGED = 304
MAY_PASS = frozenset((408, 425, 429))


class NoMedia(Exception):
    """It cannot be had, or is not what it should be; the text goes without it.

    `passing`: nothing was said about the file itself; it may be there later.
    `limit`: it is larger than so many bytes, so that only who takes more need ask again.
    """

    def __init__(self, reason: str, *, passing: bool = False, limit: int | None = None) -> None:
        super().__init__(reason)
        self.passing = passing
        self.limit = limit


class Supply(Protocol):
    """Where a channel has the files of a story from. Closed by whoever asked for it."""

    async def get(self, url: str, *, limit: int, patience: float) -> bytes:
        """What is at `url`: at most `limit` bytes, within `patience` seconds. Raises: NoMedia."""

    async def close(self) -> None: ...


@dataclass(frozen=True, slots=True)
class Validators:
    """By what a server knows whether a file has changed (RFC 9110 §8.8)."""

    etag: str = ""
    modified: str = ""

    @property
    def headers(self) -> dict[str, str]:
        """Of a request for what has changed since."""
        told = {"If-None-Match": self.etag, "If-Modified-Since": self.modified}
        return {name: value for name, value in told.items() if value}


@dataclass(frozen=True, slots=True)
class Download:
    """A whole file in memory."""

    content: bytes
    validators: Validators


class Web:
    """A supply that remembers nothing: each file is fetched when it is asked for."""

    def __init__(self, *, allow_private: bool, connections: int = 4, per_host: int = 0) -> None:
        self.http = aiohttp.ClientSession(
            connector=connector(allow_private=allow_private, limit=connections, per_host=per_host),
            headers={"User-Agent": "distributor", "Accept-Encoding": "identity", "Accept": ACCEPT},
            # Without cookies, so that a fetch tells nothing of the one before.
            cookie_jar=aiohttp.DummyCookieJar(),
            auto_decompress=False,
        )

    async def close(self) -> None:
        """Nothing is fetched from here on."""
        await self.http.close()

    async def get(self, url: str, *, limit: int, patience: float) -> bytes:
        """What is at `url`: at most `limit` bytes, within `patience` seconds. Raises: NoMedia."""
        return (await self.download(url, limit=limit, patience=patience)).content

    async def download(
        self, url: str, *, limit: int, patience: float, known: Download | None = None
    ) -> Download:
        """As `get`; `known` itself where the server says that it is still that. Raises: NoMedia."""
        if not url.startswith(("https://", "http://")):
            raise NoMedia("not an address of the web")
        try:
            async with asyncio.timeout(patience):
                return await self._bounded(URL(url), limit, known)
        except (aiohttp.ClientError, TimeoutError, OSError, ValueError) as e:
            passing = not isinstance(e, ValueError)  # an address that is none stays so
            raise NoMedia(f"it cannot be fetched: {type(e).__name__}", passing=passing) from e

    async def _bounded(self, url: URL, limit: int, known: Download | None) -> Download:
        headers = known.validators.headers if known else {}
        async with self.http.get(url, max_redirects=HOPS, headers=headers) as answer:
            if answer.status == UNCHANGED and known and headers:
                return known
            if answer.status != 200:
                passing = answer.status >= 500 or answer.status in MAY_PASS
                raise NoMedia(f"HTTP {answer.status}", passing=passing)
            content = bytearray()
            async for chunk in answer.content.iter_chunked(CHUNK):
                content += chunk
                if len(content) > limit:
                    raise NoMedia(f"it is larger than {limit} bytes", limit=limit)
            told = [_sendable(answer.headers.get(name, "")) for name in ("ETag", "Last-Modified")]
            return Download(bytes(content), Validators(*told))


def _sendable(value: str) -> str:
    """Nothing where it is not of the characters that a header should have: it goes back as it came."""
    return value if value.isascii() and value.isprintable() else ""
