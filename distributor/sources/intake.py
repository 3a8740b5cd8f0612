"""The loop that reads: each source in its own time, what is new and changed into the ledger."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from random import Random

import aiohttp
from sqlalchemy import Connection
from sqlalchemy.exc import SQLAlchemyError

from distributor import clock, language
from distributor.article import Content, Item
from distributor.errors import SourceError, SourceGone
from distributor.events import Events, Polled, PollFailed, Trouble
from distributor.ledger import articles, echoes, timing
from distributor.ledger import sources as remembered
from distributor.ledger.articles import Entry
from distributor.ledger.fanout import Routes
from distributor.ledger.ledger import Ledger
from distributor.ledger.tables import AnyRow
from distributor.settings import SourceSettings
from distributor.sources.diff import Change, Changed, Decision, Embargoed, Known, Memory, New, Renamed, decide
from distributor.sources.fetch import Bounds, Fetched, NotModified, fetch, open_session
from distributor.sources.fuller import Fuller, FullTexts
from distributor.sources.identity import link_key, text_key
from distributor.sources.parse import Feed, parse

LONGEST_WAIT = timedelta(hours=1)  # that a feed may ask for, or that failures add up to
JITTER = 0.1
PARSING = timedelta(minutes=2)  # of the longest feed, and its way into the ledger
PATIENCE = timedelta(seconds=5)  # with a ledger that fails


Read = tuple[Fetched | NotModified, Feed | None, tuple[Item, ...]]


class Intake:
    """Polls one source; `follow` does so for ever."""

    def __init__(
        self,
        ledger: Ledger,
        source: SourceSettings,
        routes: Routes,
        events: Events,
        *,
        pages: FullTexts | None = None,
        now: Callable[[], datetime] | None = None,
        random: Random | None = None,
    ) -> None:
        """`pages`: where full texts come from; None: items have the text of the feed."""
        self.ledger, self.source, self.routes, self.events = ledger, source, routes, events
        self.pages = pages
        self.now = now or ledger.now
        self.random = random or Random()

    async def follow(self, stop: asyncio.Event) -> None:
        """Poll whenever the source is due, until `stop`; a ledger that fails is waited for."""
        async with open_session(self.source.allow_private) as session:
            while not stop.is_set():
                try:
                    await self._when_due(session, stop)
                except (SQLAlchemyError, OSError) as e:
                    self.events.emit(Trouble(f"source {self.source.name}", str(getattr(e, "orig", e))))
                    await clock.wait(stop, PATIENCE)

    async def _when_due(self, session: aiohttp.ClientSession, stop: asyncio.Event) -> None:
        due = await self._due()
        if due is None:
            await stop.wait()
        elif due > (now := self.now()):
            await clock.wait(stop, min(due - now, LONGEST_WAIT))
        elif await self.ledger.write(remembered.take, self.source.name, now, now + self._at_most()):
            await self.poll(session, stop)

    def _at_most(self) -> timedelta:
        """How long a poll may take before another worker thinks that this one is dead."""
        pages = self.source.page_within if self.pages else timedelta()
        return 2 * self.source.timeout + PARSING + pages

    async def once(self) -> None:
        """Poll now, due or not, unless the source is switched off."""
        if await self._due() is not None:
            async with open_session(self.source.allow_private) as session:
                await self.poll(session, asyncio.Event())

    async def _due(self) -> datetime | None:
        row = await self.ledger.read(remembered.get, self.source.name)
        return row.due if row.state == "on" else None

    async def poll(self, session: aiohttp.ClientSession, stop: asyncio.Event) -> None:
        """Fetch, parse, tell what is new, and commit all of it at once, unless `stop` comes while pages are
        waited for. Raises: SQLAlchemyError."""
        row = await self.ledger.read(remembered.get, self.source.name)
        try:
            fetched, feed, items = await self._read(session, row)
        except SourceGone as e:
            await self.ledger.write(remembered.switch_off, self.source.name, str(e))
            self.events.emit(PollFailed(self.source.name, str(e), gone=True))
        except SourceError as e:
            await self.ledger.write(
                remembered.failed, self.source.name, str(e), self._later(row.failures + 1, e)
            )
            self.events.emit(PollFailed(self.source.name, str(e)))
        else:
            await self._take(row, fetched, feed, items, stop)

    async def _read(self, session: aiohttp.ClientSession, row: AnyRow) -> Read:
        """Raises: SourceError, also for what no one foresaw: one feed must not stop the others."""
        try:
            fetched = await self._fetch(session, row)
            if not fetched:
                return fetched, None, ()
            feed = await asyncio.to_thread(parse, fetched.body, url=fetched.url, headers=fetched.headers)
            return fetched, feed, await asyncio.to_thread(self._prepare, feed)
        except SourceError:
            raise
        except Exception as e:
            raise SourceError(f"{self.source.name}: unforeseen: {e!r}") from e

    async def _fetch(self, session: aiohttp.ClientSession, row: AnyRow) -> Fetched | NotModified:
        bounds = Bounds(body_limit=self.source.body_limit, timeout=self.source.timeout)
        url = row.moved_to or self.source.url
        return await fetch(
            session, url, bounds, etag=row.etag, last_modified=row.last_modified, now=self.now()
        )

    def _prepare(self, feed: Feed) -> tuple[Item, ...]:
        """Items with the language they are in and the topics that the configuration adds."""
        return tuple(_prepared(item, self.source) for item in feed.items)

    async def _take(
        self,
        row: AnyRow,
        fetched: Fetched | NotModified,
        feed: Feed | None,
        items: tuple[Item, ...],
        stop: asyncio.Event,
    ) -> None:
        full = await clock.unless(stop, self._full(row, items))
        if full is None:
            await self.ledger.write(remembered.hand_back, self.source.name, self.now())
            return
        decision = await self.ledger.write(self._apply, row, items, fetched, feed, full.contents)
        warnings = (*(feed.warnings if feed else ()), *decision.warnings, *full.warnings)
        self.events.emit(_polled(self.source.name, decision, warnings))

    async def _full(self, row: AnyRow, items: tuple[Item, ...]) -> Fuller:
        """Of what is new or changed and no backlog, the newest first: nobody knows how far the time goes."""
        if not self.pages or not items:
            return Fuller()
        changes = (await self.ledger.read(self._decide, row, items, self.now())).changes
        wanted = [c.item for c in changes if isinstance(c, New | Changed) and not _is_backlog(c)]
        return await self.pages.of(wanted[::-1], self.source, self.now())

    def _apply(
        self,
        db: Connection,
        row: AnyRow,
        items: tuple[Item, ...],
        fetched: Fetched | NotModified,
        feed: Feed | None,
        full: Mapping[str, Content],
    ) -> Decision:
        now = self.now()
        decision = self._decide(db, row, items, now)
        for change in decision.changes:
            self._change(db, change, self._entry(change, full), now)
        then = self._next(row, fetched, feed, now)
        if decision.waiting:  # the feed is to be read again, though it may say that it has not changed
            then |= {"etag": None, "last_modified": None}
        remembered.polled(db, self.source.name, now, **then)
        return decision

    def _decide(self, db: Connection, row: AnyRow, items: tuple[Item, ...], now: datetime) -> Decision:
        return decide(
            items,
            self._memory(db, items),
            first_poll=row.first_polled is None,
            backfill=self.source.backfill,
            flood=self.source.flood,
            now=now,
            settle=self.source.settle,
        )

    def _memory(self, db: Connection, items: tuple[Item, ...]) -> Memory:
        def known(kind: str, values: list[str]) -> Mapping[str, Known]:
            found: dict[str, list[Known]] = {}
            for value, row in articles.recall(db, self.source.name, kind, sorted(set(values))):
                revised = row.revised if row.head > 1 else None
                its = Known(row.id, row.guid, row.fingerprint, row.announced, revised)
                found.setdefault(value, []).append(its)
            return {value: rows[0] for value, rows in found.items() if len(rows) == 1}

        return Memory(
            by_guid=known("guid", [i.guid for i in items]),
            by_link=known("link", [link_key(i.content.url) for i in items]),
            by_text=known("text", [text_key(i.content) for i in items]),
        )

    def _change(self, db: Connection, change: Change, entry: Entry, now: datetime) -> None:
        who = f"source {self.source.name}"
        match change:
            case New():
                articles.add(db, self._echo(db, entry, now), self.routes, now)
            case Changed():
                if change.item.embargo_fault:
                    articles.hold(db, change.article, change.item.embargo_fault, who, now)
                articles.revise(db, change.article, entry, self.routes, now)
            case Renamed():
                articles.rename(db, change.article, entry)
            case Embargoed():
                timing.announced(db, change.article, change.item.embargo, who, now)

    def _echo(self, db: Connection, entry: Entry, now: datetime) -> Entry:
        """Recorded in any case, so that it is known again at the next poll."""
        if self.source.echoes == "send" or not echoes.others(db, entry.source):
            return entry
        told = echoes.find(db, entry.source, entry.named, entry.content, now)
        if told is None:
            return entry
        reason = f"told before by {told.source}: article {told.id}, {told.headline[:80]}"
        return replace(entry, hold=reason, echo=self.source.echoes == "drop")

    def _entry(self, change: Change, full: Mapping[str, Content]) -> Entry:
        """Known again by what the feed says, not by what the page says: that is asked for only once."""
        content = change.item.content
        new = change if isinstance(change, New) else None
        return Entry(
            source=self.source.name,
            guid=change.item.guid,
            identities={"link": link_key(content.url), "text": text_key(content)},
            content=full.get(change.item.guid, content),
            fingerprint=content.fingerprint(),
            urgency=self.source.urgency,
            hold=self._hold(new) if new else "",
            backlog=bool(new and new.backlog),
            embargo=change.item.embargo,
        )

    def _hold(self, new: New) -> str:
        """Why it waits for an editor."""
        contributed = f"contributed by {self.source.contributor}: it wants an editor's release"
        trusted = self.source.trust == "send" or not self.source.contributor
        return new.item.embargo_fault or new.hold or ("" if trusted else contributed)

    def _next(
        self, row: AnyRow, fetched: Fetched | NotModified, feed: Feed | None, now: datetime
    ) -> dict[str, object]:
        """What the source's row says after a poll that went well."""
        ttl = feed.ttl.total_seconds() if feed and feed.ttl else None if feed else row.ttl
        wish = max(timedelta(seconds=ttl or 0), fetched.fresh_for or timedelta())
        due = self._jittered(now, max(self.source.every, min(wish, LONGEST_WAIT)))
        moved = {"moved_to": fetched.moved_to} if fetched.moved_to else {}
        validators = {"etag": fetched.etag, "last_modified": fetched.last_modified}
        return {"due": due, "ttl": ttl, **validators, **moved}

    def _later(self, failures: int, e: SourceError) -> datetime:
        wait = max(self.source.every, min(self.source.every * 2 ** min(failures - 1, 10), LONGEST_WAIT))
        return max(self._jittered(self.now(), wait), self.now() + (e.retry_after or timedelta()))

    def _jittered(self, now: datetime, wait: timedelta) -> datetime:
        return now + wait * (1 + JITTER * self.random.random())


def _is_backlog(change: New | Changed) -> bool:
    return isinstance(change, New) and change.backlog


def _prepared(item: Item, source: SourceSettings) -> Item:
    content = item.content
    categories = tuple(dict.fromkeys((*content.categories, *source.topics)))
    tag = language.of(content, default=source.language)
    content = content.having(language=tag, categories=categories)
    return replace(item, content=content, embargo=_embargo(item, source))


def _embargo(item: Item, source: SourceSettings) -> datetime | None:
    """The item's own, or by the source's rule: whichever ends later."""
    published = item.content.published
    ruled = published + source.embargo if published and source.embargo else None
    return max((at for at in (item.embargo, ruled) if at), default=None)


def _polled(source: str, decision: Decision, warnings: tuple[str, ...]) -> Polled:
    new = [c for c in decision.changes if isinstance(c, New)]
    return Polled(
        source,
        new=sum(not c.hold and not c.backlog for c in new),
        changed=sum(isinstance(c, Changed) for c in decision.changes),
        held=sum(bool(c.hold) for c in new),
        same=decision.same,
        warnings=warnings,
    )
