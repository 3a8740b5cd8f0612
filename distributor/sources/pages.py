"""The pages of a feed's items, fetched politely: what is new in the feed has its article's full text then.

A page is asked for when its item is new or has changed in the feed, and then no more: a page that changes
alone makes no version. Where an item changes often (a counter in its text), what the page's server said last
time goes along (`ETag`, `Last-Modified`), so that a page that is the same is not sent again.
"""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass
from datetime import datetime
from typing import TypeVar
from urllib.parse import urlsplit

import aiohttp

from distributor.article import Content, Item
from distributor.errors import Redirected, SourceError
from distributor.links import link_key, shown
from distributor.settings import SourceSettings
from distributor.sources import files, page, robots
from distributor.sources.fetch import Bounds, Fetched, NotModified, fetch, open_session
from distributor.sources.fuller import Fuller, fuller
from distributor.sources.manners import Manners
from distributor.sources.page_head import Page
from distributor.sources.robots import Rules

ACCEPT = "text/html, application/xhtml+xml;q=0.9, */*;q=0.1"
MOST_REDIRECTS = 5
HOSTS_AT_ONCE = 8
MOST_KEPT, LONGEST_KEPT = 100, 100_000
"""Pages that are remembered, and the characters of one."""

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Kept:
    """A page as it was, and by what its server knows that."""

    page: Page
    etag: str | None
    last_modified: str | None


@dataclass(frozen=True, slots=True)
class Sessions:
    """Where a feed's links may lead: to the public internet; inside only to the feed's own host, if that may
    be there. (`allow_private` is about a feed that is trusted: whoever writes in it need not be.)"""

    outside: aiohttp.ClientSession
    inside: aiohttp.ClientSession | None
    host: str
    """The feed's; empty if it is a file, which trusts all of its links."""

    def to(self, url: str) -> aiohttp.ClientSession:
        """Decided anew for each redirect."""
        own = self.host in ("", urlsplit(url).hostname)
        return self.inside if self.inside and own else self.outside


class Pages:
    """For all sources of this process; `manners` are theirs together."""

    def __init__(self, manners: Manners | None = None) -> None:
        self.manners = manners or Manners()
        self.kept: OrderedDict[str, Kept] = OrderedDict()
        self.desk = asyncio.Lock()  # one page at a time is taken apart: it is all CPU

    async def of(self, items: Sequence[Item], source: SourceSettings, now: datetime) -> Fuller:
        """The full texts of `items`, in this order as far as each host's pace allows, within
        `source.page_within`."""
        found = Fuller()
        if items:
            async with _sessions(source) as sessions:
                await _Round(self, source, sessions, now, found).go(items)
        for item in items:
            if item.guid not in found.contents and item.guid not in found.why:
                seconds = source.page_within.total_seconds()
                found.why[item.guid] = f"its page did not come within {seconds:g} s"
        return found

    def keep(self, url: str, got: Fetched, read: Page) -> None:
        """For the next time, if its server can then say that it is the same."""
        self.kept.pop(url, None)
        if (got.etag or got.last_modified) and len(read.body) <= LONGEST_KEPT:
            self.kept[url] = Kept(read, got.etag, got.last_modified)
            if len(self.kept) > MOST_KEPT:
                self.kept.popitem(last=False)


@dataclass(frozen=True, slots=True)
class _Round:
    """The pages of one poll."""

    pages: Pages
    source: SourceSettings
    sessions: Sessions
    now: datetime
    found: Fuller

    async def go(self, items: Sequence[Item]) -> None:
        """Each host's pages one after the other, several hosts at once."""
        queues: dict[str, list[Item]] = {}
        for item in items:
            queues.setdefault(link_key(item.content.url).partition("/")[0], []).append(item)
        at_once = asyncio.Semaphore(HOSTS_AT_ONCE)
        with suppress(TimeoutError):
            async with asyncio.timeout(self.source.page_within.total_seconds()), asyncio.TaskGroup() as hosts:
                for queue in queues.values():
                    hosts.create_task(self._each(queue, at_once))

    async def _each(self, queue: list[Item], at_once: asyncio.Semaphore) -> None:
        async with at_once:
            for item in queue:
                try:
                    self.found.contents[item.guid] = await self._full(item)
                except SourceError as e:
                    self.found.why[item.guid] = str(e)
                except Exception as e:  # one page must stop neither the feed nor the other pages
                    self.found.why[item.guid] = f"its page: unforeseen: {e!r}"

    async def _full(self, item: Item) -> Content:
        """Raises: SourceError."""
        link = link_key(item.content.url)  # empty where it is no http(s), so never a file here
        if "/" not in link and "?" not in link:
            raise SourceError("it has no link to a page of its own")
        return fuller(item.content, await _followed(item.content.url, self._page))

    async def _page(self, url: str) -> Page:
        kept = self.pages.kept.get(url)
        async with self.pages.manners.turn(url, self._rules):
            got = await self._fetch(url, page.LARGEST, kept)
        if kept and not got:
            return kept.page
        if not got:
            raise SourceError(f"{shown(url)}: not modified, which nobody asked")
        async with self.pages.desk:
            read = await asyncio.to_thread(page.read, got.body, url=url, headers=got.headers)
        self.pages.keep(url, got, read)
        return read

    async def _rules(self, url: str) -> Rules:
        try:
            got = await _followed(url, lambda at: self._fetch(at, robots.LARGEST))
        except SourceError as e:
            return robots.without(e)
        return robots.read(got.body) if got else Rules()

    async def _fetch(self, url: str, limit: int, kept: Kept | None = None) -> Fetched | NotModified:
        bounds = Bounds(
            body_limit=min(self.source.body_limit, limit), timeout=self.source.timeout, max_redirects=0
        )
        etag, last_modified = (kept.etag, kept.last_modified) if kept else (None, None)
        session = self.sessions.to(url)
        return await fetch(session, url, bounds, etag=etag, last_modified=last_modified, now=self.now)


@asynccontextmanager
async def _sessions(source: SourceSettings) -> AsyncIterator[Sessions]:
    async with AsyncExitStack() as stack:
        outside = await stack.enter_async_context(open_session(False, accept=ACCEPT))
        inside = None
        if source.allow_private:
            inside = await stack.enter_async_context(open_session(True, accept=ACCEPT))
        host = "" if files.is_file(source.url) else urlsplit(source.url).hostname or ""
        yield Sessions(outside, inside, host)


async def _followed(url: str, ask: Callable[[str], Awaitable[T]]) -> T:
    """From one redirect to the next, each as if it were asked for by itself. Raises: SourceError."""
    at = url
    for _ in range(MOST_REDIRECTS + 1):
        try:
            return await ask(at)
        except Redirected as e:
            at = e.target
    raise SourceError(f"{shown(url)}: more than {MOST_REDIRECTS} redirects, no end in sight")
