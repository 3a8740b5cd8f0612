"""How we behave at other people's sites: one request at a time for each host, with a pause, and only for what
its robots.txt lets us have.

For all sources of this process together: several may have their pages on one host.
"""

from __future__ import annotations

import asyncio
import time
from collections import OrderedDict
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from distributor.errors import SourceError
from distributor.links import shown
from distributor.sources import robots
from distributor.sources.robots import Rules

PAUSE = 1.0
"""Seconds between two requests to one host, all the times here."""
LONGEST_PAUSE = 30.0
"""That a `Crawl-delay` gets. Who asks for longer by `Retry-After` is not asked any more for now."""
FRESH = 24 * 3600.0
"""So long a robots.txt holds (RFC 9309 §2.4)."""
CLOSED = 15 * 60.0
"""The same of one that could not be read."""
MOST_HOSTS = 1000

Ask = Callable[[str], Awaitable[Rules]]


@dataclass(slots=True)
class Host:
    """One host's turn."""

    lock: asyncio.Lock = field(default_factory=asyncio.Lock)
    free_at: float = 0.0
    """By the clock of `Manners`."""
    rules: dict[str, tuple[Rules, float]] = field(default_factory=dict)
    """By site (the ports of one host may differ); and until when they hold."""


class Manners:
    """`clock` (seconds) and `sleep` as in `time.monotonic` and `asyncio.sleep`."""

    def __init__(
        self,
        *,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], Awaitable[object]] = asyncio.sleep,
    ) -> None:
        self.clock, self.sleep = clock, sleep
        self.hosts: OrderedDict[str, Host] = OrderedDict()

    @asynccontextmanager
    async def turn(self, url: str, ask: Ask) -> AsyncIterator[None]:
        """Within, `url` may be asked for, once; its host waits meanwhile. `ask` reads the robots.txt at an
        address and does not raise. Raises: SourceError, if `url` may not be had (for now)."""
        host = self._host(url)
        async with host.lock:
            rules = await self._rules(host, url, ask)
            if refusal := rules.refusal(url):
                raise SourceError(f"{shown(url)}: {refusal}")
            pause = max(PAUSE, min(rules.delay.total_seconds(), LONGEST_PAUSE))
            async with self._one_request(host, url, pause):
                yield

    async def _rules(self, host: Host, url: str, ask: Ask) -> Rules:
        site = robots.site(url)
        known, until = host.rules.get(site, (None, 0.0))
        if known is not None and self.clock() < until:
            return known
        async with self._one_request(host, url, PAUSE):
            rules = await ask(f"{site}/robots.txt")
        host.rules[site] = rules, self.clock() + (CLOSED if rules.closed else FRESH)
        return rules

    @asynccontextmanager
    async def _one_request(self, host: Host, url: str, pause: float) -> AsyncIterator[None]:
        wait = max(host.free_at - self.clock(), 0.0)
        if wait > LONGEST_PAUSE:
            raise SourceError(f"{shown(url)}: its host does not want to be asked for {wait:.0f} s")
        if wait:
            await self.sleep(wait)
        wish = 0.0
        try:
            yield
        except SourceError as e:
            wish = e.retry_after.total_seconds() if e.retry_after else 0.0
            raise
        finally:
            host.free_at = self.clock() + max(pause, wish)

    def _host(self, url: str) -> Host:
        name = (urlsplit(url).hostname or "").rstrip(".")
        host = self.hosts.setdefault(name, Host())
        self.hosts.move_to_end(name)
        if len(self.hosts) > MOST_HOSTS:
            idle = next((other for other, its in self.hosts.items() if not its.lock.locked()), name)
            del self.hosts[idle]
        return host
