"""Files of stories, fetched once for all channels that carry them."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from pathlib import Path
from typing import Protocol, Self, runtime_checkable

from channels.media_store import MediaStore, Record
from channels.media_types import kind
from channels.media_web import Download, NoMedia, Supply, Web

CONNECTIONS = 16
PER_HOST = 4
"""So that a host that does not answer leaves connections for the others."""
REMEMBERED = 10_000
"""Failures that are remembered."""


@runtime_checkable
class FetchesMedia(Protocol):
    """A channel that carries files. Whoever makes it may give it a cache before it is opened."""

    media_cache: MediaCache | None


@dataclass(frozen=True, slots=True)
class Asked:
    """An address, and whether it may be a private one: who may not gets nothing from there through us."""

    url: str
    allow_private: bool

    @property
    def key(self) -> str:
        """Its name on disk."""
        return sha256(f"{self.allow_private} {self.url}".encode(errors="surrogatepass")).hexdigest()


@dataclass(frozen=True, slots=True)
class Failure:
    """It could not be had; not asked for again until then, unless by who takes more than `limit` bytes."""

    reason: str
    limit: int | None
    until: datetime

    def stands(self, limit: int) -> bool:
        """Also for who takes so many bytes."""
        return self.limit is None or limit <= self.limit


@dataclass(frozen=True, slots=True)
class Kept:
    """A file that is there, whole."""

    record: Record
    file: Download


class MediaCache:
    """Each address is fetched by one at a time; the others wait for it, each as long as it can.

    A fetch goes on when nobody waits any more, so that the next one finds the file: it has its own `timeout`.
    What is kept longer than `revalidate` is used when its server says that it has not changed, or says
    nothing at all. What cannot be had is not asked for again for `retry`.
    """

    def __init__(
        self,
        folder: Path,
        *,
        room: int = 1_000_000_000,
        timeout: timedelta = timedelta(seconds=30),
        revalidate: timedelta = timedelta(hours=1),
        retry: timedelta = timedelta(minutes=5),
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self.store = MediaStore(folder, room)
        self.timeout = timeout
        self.revalidate = revalidate
        self.retry = retry
        self.clock = clock
        self.webs: dict[bool, Web] = {}
        self.flights: dict[Asked, asyncio.Task[bytes | Failure]] = {}
        self.failures: dict[Asked, Failure] = {}

    async def __aenter__(self) -> Self:
        for allow in (False, True):
            self.webs[allow] = Web(allow_private=allow, connections=CONNECTIONS, per_host=PER_HOST)
        return self

    async def __aexit__(self, *exc: object) -> None:
        flights = list(self.flights.values())
        for flight in flights:
            flight.cancel()
        await asyncio.gather(*flights, return_exceptions=True)
        for web in self.webs.values():
            await web.close()

    async def get(self, asked: Asked, *, limit: int, patience: float) -> bytes:
        """At most `limit` bytes, within `patience` seconds. Raises: NoMedia."""
        try:
            async with asyncio.timeout(patience):
                return await self._shared(asked, limit)
        except TimeoutError as e:
            raise NoMedia("it does not come in time", passing=True) from e

    async def _shared(self, asked: Asked, limit: int) -> bytes:
        while True:
            found: bytes | Failure | None = self._remembered(asked, limit)
            if found is None:
                found = await asyncio.shield(self._flown(asked, limit))
            if isinstance(found, Failure):
                if found.stands(limit):
                    raise NoMedia(found.reason, limit=found.limit)
            elif len(found) > limit:
                raise NoMedia(f"it is larger than {limit} bytes", limit=limit)
            else:
                return found

    def _flown(self, asked: Asked, limit: int) -> asyncio.Task[bytes | Failure]:
        """The fetch that is under way, or a new one."""
        if flight := self.flights.get(asked):
            return flight
        flight = asyncio.create_task(self._flight(asked, limit), name="media")
        self.flights[asked] = flight
        flight.add_done_callback(lambda _: self.flights.pop(asked, None))
        return flight

    async def _flight(self, asked: Asked, limit: int) -> bytes | Failure:
        now = self.clock()
        record = await asyncio.to_thread(self.store.record, asked.key)
        if not record:
            return await self._fetch(asked, limit, None)
        fresh = record.is_fresh(now, max(self.revalidate, self.retry))
        if fresh and record.length > limit:
            return Failure(f"it is larger than {limit} bytes", limit, now)
        content = await asyncio.to_thread(self.store.content, asked.key, record, now)
        if content is None:
            return await self._fetch(asked, limit, None)
        kept = Kept(record, Download(content, record.validators))
        return content if fresh else await self._fetch(asked, max(limit, record.length), kept)

    async def _fetch(self, asked: Asked, limit: int, kept: Kept | None) -> bytes | Failure:
        """What is there now; `kept` where that is still it, or nothing is said about it."""
        try:
            got = await self._download(asked, limit, kept.file if kept else None)
        except NoMedia as e:
            if kept and e.passing:
                return await self._still(asked, kept, self.retry)
            await asyncio.to_thread(self.store.forget, asked.key)
            return self._remember(asked, Failure(str(e), e.limit, self.clock() + self.retry))
        if kept and got is kept.file:
            return await self._still(asked, kept, self.revalidate)
        await asyncio.to_thread(self._keep, asked, got)
        return got.content

    async def _download(self, asked: Asked, limit: int, known: Download | None) -> Download:
        """`known` itself where it is still that. Raises: NoMedia."""
        web, patience = self.webs[asked.allow_private], self.timeout.total_seconds()
        got = await web.download(asked.url, limit=limit, patience=patience, known=known)
        if not kind(got.content)[0]:
            raise NoMedia("it is none of the kinds of file that are handed on")
        return got

    async def _still(self, asked: Asked, kept: Kept, time: timedelta) -> bytes:
        """`kept`, good for some more time."""
        now = self.clock()
        record = kept.record.model_copy(update={"fresh_until": now + time})
        with suppress(OSError):
            await asyncio.to_thread(self.store.note, asked.key, record, now)
        return kept.file.content

    def _keep(self, asked: Asked, got: Download) -> None:
        """Blocking. A disk that is full makes a cache of no use, and stops no story."""
        now = self.clock()
        record = Record(
            url=asked.url.encode(errors="replace").decode(),  # for people; JSON knows no half characters
            allow_private=asked.allow_private,
            digest=sha256(got.content).hexdigest(),
            type=kind(got.content)[0],
            length=len(got.content),
            etag=got.validators.etag,
            modified=got.validators.modified,
            fetched=now,
            fresh_until=now + self.revalidate,
        )
        with suppress(OSError):
            self.store.keep(asked.key, record, got.content, now)

    def _remembered(self, asked: Asked, limit: int) -> Failure | None:
        failure = self.failures.get(asked)
        known = failure and failure.stands(limit) and self.clock() < failure.until
        return failure if known else None

    def _remember(self, asked: Asked, failure: Failure) -> Failure:
        self.failures.pop(asked, None)
        self.failures[asked] = failure
        while len(self.failures) > REMEMBERED:
            del self.failures[next(iter(self.failures))]
        return failure


@dataclass(frozen=True, slots=True)
class FromCache:
    """A supply that has its files from a cache, which others use, too."""

    cache: MediaCache
    allow_private: bool

    async def get(self, url: str, *, limit: int, patience: float) -> bytes:
        """What is at `url`: at most `limit` bytes, within `patience` seconds. Raises: NoMedia."""
        return await self.cache.get(Asked(url, self.allow_private), limit=limit, patience=patience)

    async def close(self) -> None:
        """The cache stays open."""


def supply(cache: MediaCache | None, *, allow_private: bool) -> Supply:
    """From `cache`, if there is one."""
    return FromCache(cache, allow_private) if cache else Web(allow_private=allow_private)
