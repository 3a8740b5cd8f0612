"""The loop that asks subscribers whether they agree, and sends them what is new (WebSub §5.3 and §7)."""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from collections.abc import Callable, Coroutine, Sequence
from contextlib import suppress
from datetime import datetime, timedelta
from random import Random
from typing import Any
from urllib.parse import urlsplit

from sqlalchemy.exc import SQLAlchemyError

from channels.channel import ChannelError, Gone, Unavailable
from distributor import clock
from distributor.delivery.schedule import Schedule
from distributor.events import Events, Trouble
from distributor.ledger import subscriptions
from distributor.ledger.ledger import Ledger
from distributor.ledger.stories import Naming
from distributor.ledger.subscriptions import Task
from distributor.ledger.tables import AnyRow
from distributor.web.addresses import Addresses
from distributor.web.callbacks import Callbacks, Content
from distributor.web.feeds import document, page
from distributor.web.turn import Turn, look

LEASE = timedelta(seconds=60)
"""Longer than an answer is waited for: only of a worker that died does another take over."""
MOST: dict[Task, int] = {"ask": 20, "tell": 100}
"""Subscribers in hand at the same time."""
PACE = timedelta(seconds=2)
"""From one sending of a feed to the next: what comes meanwhile goes together, for each holds all of it."""
LINGER = timedelta(milliseconds=100)
"""From one look at the ledger to the next, however often the bell rings."""
SHARE = 10
"""And so many times as long as the look took: a tenth of the time is enough for it."""
REST = timedelta(seconds=60)
GRACE = timedelta(seconds=15)
AGAIN = Schedule(
    (*(timedelta(seconds=s) for s in (5, 30)), *(timedelta(minutes=m) for m in (2, 10, 30, 60, 120, 240)))
)
"""The last wait is repeated until the lease ends (§7): with a renewal it is tried at once."""


class Distribution:
    """What is to be done is found in the ledger, and only there: nothing is lost with the process.

    Each subscription keeps which state of its feed it was sent last; whose feed is in another has something
    to come. Many changes make one sending, and one that is down for a day gets the feed as it is then.
    """

    def __init__(
        self,
        ledger: Ledger,
        addresses: Addresses,
        naming: Naming,
        callbacks: Callbacks,
        events: Events,
        worker: str,
        *,
        grace: timedelta = GRACE,
        now: Callable[[], datetime] | None = None,
        random: Random | None = None,
    ) -> None:
        self.ledger, self.addresses, self.naming = ledger, addresses, naming
        self.callbacks, self.events, self.worker, self.grace = callbacks, events, worker, grace
        self.now, self.random = now or ledger.now, random or Random()
        self._flights: set[asyncio.Task[None]] = set()
        self._out: Counter[Task] = Counter()
        self._wake = asyncio.Event()
        self._took = timedelta()

    async def run(self, stop: asyncio.Event) -> None:
        """Until `stop` is set and the ledger's bell rung: then what is in flight lands or is handed back."""
        self.ledger.bells.add(self._wake)
        try:
            while not stop.is_set():
                self._wake.clear()
                await clock.wait(self._wake, await self._turn())
                await clock.wait(stop, max(LINGER, SHARE * self._took))
        finally:
            self.ledger.bells.discard(self._wake)
            await self._finish()

    async def once(self) -> None:
        """What is due now, and what follows from it at once."""
        await self._turn()
        while self._flights:
            await asyncio.gather(*self._flights)
            await self._turn()

    async def _turn(self) -> timedelta:
        """Set off with all that is due; how long there is nothing more to do."""
        now, clocked = self.now(), time.perf_counter()
        try:
            found = await self.ledger.read(look, self.addresses.topic, now)
            self._took = timedelta(seconds=time.perf_counter() - clocked)
            await self._set_off(found, now)
        except (SQLAlchemyError, OSError) as e:
            self.events.emit(Trouble("ledger", f"subscribers get nothing: {getattr(e, 'orig', e)}"))
            return REST
        return min(found.then - now, REST) if found.then else REST

    async def _set_off(self, found: Turn, now: datetime) -> None:
        if found.over:
            await self.ledger.write(subscriptions.expire, now)
        asked = await self._take("ask", found.ask, now)
        for row in asked:
            self._launch("ask", 1, self._ask(row, now))
        told: dict[str, list[AnyRow]] = {}
        for row in await self._take("tell", found.tell, now):
            told.setdefault(row.topic, []).append(row)
        for url, rows in told.items():
            self._launch("tell", len(rows), self._tell(url, rows))

    async def _take(self, task: Task, ids: Sequence[int], now: datetime) -> Sequence[AnyRow]:
        mine = ids[: max(MOST[task] - self._out[task], 0)]
        if not mine:
            return ()
        return await self.ledger.write(subscriptions.take, task, mine, self.worker, now, LEASE)

    def _launch(self, task: Task, count: int, act: Coroutine[Any, Any, None]) -> None:
        self._out[task] += count
        flight = asyncio.create_task(self._fly(act))
        self._flights.add(flight)

        def land(flight: asyncio.Task[None]) -> None:
            self._flights.discard(flight)
            self._out[task] -= count
            self._wake.set()

        flight.add_done_callback(land)

    async def _fly(self, act: Coroutine[Any, Any, None]) -> None:
        try:
            await act
        except Exception as e:  # whatever it is, the others fly on; this goes again once its lease ends
            self.events.emit(Trouble("hub", f"{type(e).__name__}: {getattr(e, 'orig', e)}"))

    async def _ask(self, row: AnyRow, now: datetime) -> None:
        try:
            await self.callbacks.confirm(row.callback, row.asked, row.topic, row.asked_seconds)
        except ChannelError as e:
            self._complain(row, f"does not agree to {row.asked}: {e}")
            await self.ledger.write(subscriptions.decline, row)
        else:
            await self.ledger.write(subscriptions.confirm, row, now)

    async def _tell(self, url: str, rows: Sequence[AnyRow]) -> None:
        content = await self._content(url)
        await asyncio.gather(*(self._fly(self._send(row, content)) for row in rows))

    async def _content(self, url: str) -> Content:
        """Its first page, as who fetches it gets it."""
        topic = self.addresses.topic(url)
        if topic is None:
            raise LookupError("a topic that was there a moment ago")
        found = await self.ledger.read(page, topic, 1, self.naming)
        return Content(*await asyncio.to_thread(document, topic, found), topic.links, found.tag)

    async def _send(self, row: AnyRow, content: Content) -> None:
        try:
            if row.sent != content.tag:  # else another worker was quicker
                await self.callbacks.send(row.callback, row.secret, content)
        except Gone:
            await self.ledger.write(subscriptions.end, row)
        except ChannelError as e:
            self._complain(row, f"{e} (failure {row.failures + 1})")
            await self.ledger.write(subscriptions.failed, row, self._again(row, e))
        else:
            await self.ledger.write(subscriptions.sent, row, content.tag, self.now() + PACE)

    def _again(self, row: AnyRow, error: ChannelError) -> datetime:
        wish = error.retry_after if isinstance(error, Unavailable) else None
        now, nth = self.now(), min(row.failures + 1, len(AGAIN.waits))
        return AGAIN.next(nth, now, wish, self.random) or now + AGAIN.waits[-1]

    def _complain(self, row: AnyRow, what: str) -> None:
        self.events.emit(Trouble(f"subscriber {urlsplit(row.callback).hostname} of {row.lane}", what))

    async def _finish(self) -> None:
        """Let what is in flight land; hand back what does not in time."""
        if self._flights:
            _, late = await asyncio.wait(self._flights, timeout=self.grace.total_seconds())
            for flight in late:
                flight.cancel()
            await asyncio.gather(*late, return_exceptions=True)
        with suppress(SQLAlchemyError, OSError):  # else the leases run out
            await self.ledger.write(subscriptions.hand_back, self.worker)
