"""Pictures, fetched for receivers that keep their own copies: bounded, and what they are by their content."""

from __future__ import annotations

import asyncio
import hashlib
from dataclasses import dataclass

import aiohttp
from yarl import URL

from channels.net import connector

EXTENSIONS = {"image/jpeg": "jpg", "image/png": "png", "image/webp": "webp", "image/gif": "gif"}
HOPS = 3
"""Redirects that are followed: pictures move to other hosts, and each connection is checked anew."""


class NoPicture(Exception):
    """It cannot be had, or it is none; the text goes without it."""


@dataclass(frozen=True, slots=True)
class Picture:
    """A whole picture in memory."""

    content: bytes
    type: str
    """MIME type, one of `EXTENSIONS`."""

    @property
    def digest(self) -> str:
        """The same for the same content, 32 hexadecimal digits."""
        return hashlib.sha256(self.content).hexdigest()[:32]

    @property
    def file_name(self) -> str:
        return f"{self.digest}.{EXTENSIONS[self.type]}"


def sniff(content: bytes) -> str:
    """The MIME type by the first bytes (WHATWG MIME Sniffing §6.1); empty for anything but a picture."""
    if content.startswith(b"\xff\xd8\xff"):
        return "image/jpeg"
    if content.startswith(b"\x89PNG\r\n\x1a\n"):
        return "image/png"
    if content.startswith((b"GIF87a", b"GIF89a")):
        return "image/gif"
    if content.startswith(b"RIFF") and content[8:12] == b"WEBP":
        return "image/webp"
    return ""


def session(*, allow_private: bool) -> aiohttp.ClientSession:
    """For `fetch`; without cookies, so that a fetch tells nothing of the one before."""
    return aiohttp.ClientSession(
        connector=connector(allow_private=allow_private, limit=4),
        headers={"User-Agent": "distributor", "Accept-Encoding": "identity", "Accept": ", ".join(EXTENSIONS)},
        cookie_jar=aiohttp.DummyCookieJar(),
        auto_decompress=False,
    )


async def fetch(http: aiohttp.ClientSession, url: str, *, limit: int, patience: float) -> Picture:
    """The picture at `url`: at most `limit` bytes, within `patience` seconds. Raises: NoPicture."""
    if not url.startswith(("https://", "http://")):
        raise NoPicture("not an address of the web")
    try:
        async with asyncio.timeout(patience):
            content = await _bounded(http, URL(url), limit)
    except (aiohttp.ClientError, TimeoutError, ValueError) as e:
        raise NoPicture(f"it cannot be fetched: {type(e).__name__}") from e
    kind = sniff(content)
    if not kind:
        raise NoPicture("it is not a JPEG, PNG, WebP or GIF picture")
    return Picture(content, kind)


async def _bounded(http: aiohttp.ClientSession, url: URL, limit: int) -> bytes:
    async with http.get(url, max_redirects=HOPS) as answer:
        if answer.status != 200:
            raise NoPicture(f"HTTP {answer.status}")
        content = bytearray()
        async for chunk in answer.content.iter_chunked(65536):
            content += chunk
            if len(content) > limit:
                raise NoPicture(f"it is larger than {limit} bytes")
        return bytes(content)
