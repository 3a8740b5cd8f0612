"""One feed's body, by http(s) or from a file: conditional, and bounded in size and time."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from importlib.metadata import version
from typing import Literal

import aiohttp
from multidict import CIMultiDictProxy
from yarl import URL

from channels.net import PrivateAddress, connector
from distributor.errors import Redirected, SourceError, SourceGone
from distributor.links import shown
from distributor.sources import files, wishes
from distributor.sources.unpack import CODINGS, STEP, Broken, TooLarge, Unpacker

ACCEPT = (
    "application/atom+xml, application/rss+xml, application/rdf+xml, application/feed+json, "
    "application/xml;q=0.9, text/xml;q=0.9, application/json;q=0.8, */*;q=0.5"
)
PERMANENT = {301, 308}
REDIRECTS = {302, 303, 307} | PERMANENT


@dataclass(frozen=True, slots=True, kw_only=True)
class Bounds:
    """How much of a source is put up with."""

    body_limit: int = 20_000_000
    """Bytes, after decompression."""
    timeout: timedelta = timedelta(seconds=30)
    """For the whole fetch."""
    max_redirects: int = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Fetched:
    """A body and what was said about it."""

    body: bytes
    url: str
    """Where it came from in the end."""
    headers: Mapping[str, str] = field(default_factory=dict)
    """Names in lower case."""
    moved_to: str | None = None
    """Where to ask from now on. Remember it once the body has proved to be a feed, not before."""
    etag: str | None = None
    last_modified: str | None = None
    fresh_for: timedelta | None = None
    """The server's word that asking earlier is in vain; None if it gave none."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NotModified:
    """The same as last time, so nothing to read: it is false. The fields as in `Fetched`."""

    etag: str | None = None
    last_modified: str | None = None
    moved_to: str | None = None
    fresh_for: timedelta | None = None

    def __bool__(self) -> Literal[False]:
        return False


def open_session(allow_private: bool, *, accept: str = ACCEPT) -> aiohttp.ClientSession:
    """For `fetch`: keeps no cookies, unpacks nothing by itself, and knows no proxy, behind which a private
    address could hide."""
    return aiohttp.ClientSession(
        connector=connector(allow_private=allow_private),
        auto_decompress=False,
        cookie_jar=aiohttp.DummyCookieJar(),
        timeout=aiohttp.ClientTimeout(total=None, sock_connect=10),
        headers={
            "User-Agent": f"distributor/{version('distributor')} (+feed reader)",
            "Accept": accept,
            "Accept-Encoding": ", ".join(CODINGS),
        },
    )


async def fetch(
    session: aiohttp.ClientSession,
    url: str,
    bounds: Bounds,
    *,
    etag: str | None = None,
    last_modified: str | None = None,
    now: datetime,
) -> Fetched | NotModified:
    """What stands at `url` (http(s), a path or a `file:` address), unless it is what `etag` and
    `last_modified` (as an earlier `Fetched` had them) name.

    Raises: SourceError, with the server's wish for a later try; SourceGone on 410; Redirected after more
    redirects than `bounds` has.
    """
    try:
        async with asyncio.timeout(bounds.timeout.total_seconds()):
            if files.is_file(url):
                return await _from_file(url, bounds.body_limit, etag)
            conditions = {"If-None-Match": etag, "If-Modified-Since": last_modified}
            asked = {name: value for name, value in conditions.items() if value}
            return await _Walk(session, url, bounds, asked, now).to_the_end()
    except TimeoutError as e:
        seconds = bounds.timeout.total_seconds()
        raise SourceError(f"{shown(url)}: no complete answer within {seconds:g} s") from e
    except (aiohttp.ClientError, OSError, Broken, TooLarge) as e:
        raise SourceError(f"{shown(url)}: {_why(e)}") from e


async def _from_file(url: str, limit: int, etag: str | None) -> Fetched | NotModified:
    read = await asyncio.to_thread(files.read, url, limit, etag)
    return Fetched(body=read.body, url=url, etag=read.etag) if read else NotModified(etag=etag)


class _Walk:
    """From one address to the next, by hand: aiohttp does not say which redirects were permanent."""

    def __init__(
        self,
        session: aiohttp.ClientSession,
        url: str,
        bounds: Bounds,
        asked: Mapping[str, str],
        now: datetime,
    ) -> None:
        self.session, self.bounds, self.asked, self.now = session, bounds, asked, now
        self.here = _address(url, url)
        self.moved_to: str | None = None
        self.for_good = True

    async def to_the_end(self) -> Fetched | NotModified:
        for _ in range(self.bounds.max_redirects + 1):
            request = self.session.get(self.here, headers=self.asked, allow_redirects=False)
            async with request as answer:
                if answer.status not in REDIRECTS:
                    return await self._read(answer)
                self._follow(answer)
        said = f"more than {self.bounds.max_redirects} redirects, no end in sight"
        raise Redirected(f"{shown(str(self.here))}: {said}", str(self.here))

    def _follow(self, answer: aiohttp.ClientResponse) -> None:
        location = answer.headers.get("Location", "")
        if not location:
            raise self._error(f"HTTP {answer.status} without saying whereto")
        target = _address(location, str(self.here), base=self.here)
        if self.here.user and not target.user and target.origin() == self.here.with_user(None).origin():
            target = target.with_user(self.here.user).with_password(self.here.password)
        self.here = target
        self.for_good = self.for_good and answer.status in PERMANENT
        if self.for_good:
            self.moved_to = str(target)

    async def _read(self, answer: aiohttp.ClientResponse) -> Fetched | NotModified:
        headers = _plain(answer.headers)
        fresh_for = wishes.fresh_for(headers, self.now)
        if answer.status == 304 and self.asked:
            return NotModified(
                etag=headers.get("etag") or self.asked.get("If-None-Match"),
                last_modified=headers.get("last-modified") or self.asked.get("If-Modified-Since"),
                moved_to=self.moved_to,
                fresh_for=fresh_for,
            )
        if answer.status != 200:
            raise self._refusal(answer, headers)
        return Fetched(
            body=await _body(answer, headers, self.bounds.body_limit),
            url=str(self.here),
            headers=headers,
            moved_to=self.moved_to,
            etag=headers.get("etag"),
            last_modified=headers.get("last-modified"),
            fresh_for=fresh_for,
        )

    def _refusal(self, answer: aiohttp.ClientResponse, headers: Mapping[str, str]) -> SourceError:
        said = f"HTTP {answer.status} {answer.reason or ''}".strip()
        if answer.status == 410 and self.for_good:
            return SourceGone(f"{shown(str(self.here))}: gone for good ({said})", status=answer.status)
        wish = wishes.retry_after(headers.get("retry-after", ""), self.now)
        return self._error(said, retry_after=wish, status=answer.status)

    def _error(self, reason: str, *, retry_after: timedelta | None = None, status: int = 0) -> SourceError:
        return SourceError(f"{shown(str(self.here))}: {reason}", retry_after=retry_after, status=status)


def _address(text: str, where: str, *, base: URL | None = None) -> URL:
    """Raises: SourceError, where it is none of http(s)."""
    try:
        url = base.join(URL(text)) if base else URL(text)
        if url.scheme in ("http", "https") and url.host:
            return url
    except ValueError as e:
        raise SourceError(f"{shown(where)}: {shown(text)!r} is not an address: {e}") from e
    leads = "leads to" if base else "is"
    raise SourceError(f"{shown(where)}: {leads} {shown(text)!r}, neither http(s) nor a file here")


def _plain(headers: CIMultiDictProxy[str]) -> dict[str, str]:
    return {name.lower(): ", ".join(headers.getall(name)) for name in headers}


async def _body(answer: aiohttp.ClientResponse, headers: Mapping[str, str], limit: int) -> bytes:
    """Raises: Broken, TooLarge."""
    unpacker = Unpacker(headers.get("content-encoding", ""), limit)
    async for chunk in answer.content.iter_chunked(STEP):
        unpacker.feed(chunk)
    return unpacker.finish()


def _why(error: Exception) -> str:
    """In words for an operator."""
    if any(isinstance(cause, PrivateAddress) or "allow_private" in str(cause) for cause in _causes(error)):
        return "stands at a private or loopback address; allow_private = true permits it"
    match error:
        case aiohttp.ClientConnectorDNSError():
            return f"there is no host {error.host!r} (its name does not resolve)"
        case aiohttp.ClientConnectorCertificateError() | aiohttp.ClientSSLError() | ssl.SSLError():
            return f"its certificate or TLS is not accepted: {error}"
        case aiohttp.ClientConnectorError():
            return f"cannot connect: {error.strerror or error.os_error}"
        case aiohttp.ClientPayloadError():
            return "the connection ended before the body was complete"
        case aiohttp.ServerDisconnectedError():
            return "the connection was closed without an answer"
    return str(error) or type(error).__name__


def _causes(error: BaseException | None) -> Iterator[BaseException]:
    while error is not None:
        yield error
        error = error.__cause__ or error.__context__
