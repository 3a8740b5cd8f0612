"""Milliseconds from flagging an article urgent to its receipt at all five members, with ever more that waits.

The flag is `make_urgent`, which rings the ledger's bell as it commits, as the command and the desk
have it; the courier runs meanwhile as in service. The receiver is on loopback, in the same event loop.

later   The channels are free; what waits is due in an hour, and so is the article until it is flagged.
now     What waits is due, and every channel is at its concurrency with requests that get no answer; the
        article waits behind all of it. With the flag, one request of each channel gets its answer.

0, 1,000 and 100,000 deliveries wait on the five channels. Each figure is the median of some repeats, and the
bar is on its ratio to that with nothing waiting. On SQLite, and on PostgreSQL where it is installed.

    python benchmarks/urgent.py [--repeats 15] [--json]
"""

from __future__ import annotations

import argparse
import asyncio
import time
from collections import deque
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import datetime, timedelta
from statistics import median
from typing import Any

from aiohttp import web
from databases import Database, databases
from figures import figure, show
from history import insert_rows
from sqlalchemy import Connection, update
from wire import entry, fill, lane_of, logged, to_all, wire

from distributor import clock
from distributor.ledger import articles
from distributor.ledger.ledger import Ledger
from distributor.ledger.tables import delivery
from distributor.ledger.urgency import make_urgent

MEMBERS, CONCURRENCY = 5, 8
LANES = [lane_of(i) for i in range(MEMBERS)]
WAITING = (0, 1_000, 100_000)
KINDS = ("later", "now")
MARK = "URGENT"
BAR = 1.5
PATIENCE = 30.0
SETTLE = 0.2  # seconds in which the courier comes to rest


class Members:
    """Take what is marked at once; all else gets no answer until the script says so."""

    def __init__(self) -> None:
        self._arrived = 0
        self._held: dict[str, deque[asyncio.Future[None]]] = {name: deque() for name in LANES}
        self._changed = asyncio.Condition()

    @asynccontextmanager
    async def listening(self) -> AsyncIterator[str]:
        """The URL."""
        app = web.Application(client_max_size=2**20)
        app.router.add_post("/{member}/webhook", self._take)
        runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        try:
            yield f"http://127.0.0.1:{runner.addresses[0][1]}"
        finally:
            await runner.cleanup()

    async def _take(self, request: web.Request) -> web.Response:
        if MARK.encode() in await request.read():
            self._arrived += 1
            await self._tell()
        else:
            answer = asyncio.get_running_loop().create_future()
            self._held[request.path.removeprefix("/")].append(answer)
            await self._tell()
            await answer
        return web.Response(status=204)

    def answer_one_each(self) -> None:
        """The one that waits the longest."""
        for held in self._held.values():
            held.popleft().set_result(None)

    def answer_all(self) -> None:
        """For the end."""
        for held in self._held.values():
            while held:
                held.popleft().set_result(None)

    async def full(self) -> None:
        """Until every channel is at its concurrency."""
        await self._until(lambda: all(len(held) == CONCURRENCY for held in self._held.values()))

    async def received(self) -> None:
        """Until the marked article has come to each; the next may come then."""
        await self._until(lambda: self._arrived == MEMBERS)
        self._arrived = 0

    async def _until(self, true: Any) -> None:
        async with asyncio.timeout(PATIENCE), self._changed:
            await self._changed.wait_for(true)

    async def _tell(self) -> None:
        async with self._changed:
            self._changed.notify_all()


async def middle(db: Database, kind: str, waiting: int, storage: str, repeats: int) -> float:
    """The median in milliseconds, with so many waiting."""
    members, stop = Members(), asyncio.Event()
    async with AsyncExitStack() as stack:
        stack.enter_context(logged())
        url = await stack.enter_async_context(members.listening())
        ledger, courier = await stack.enter_async_context(wire(url, storage, MEMBERS, CONCURRENCY))
        if waiting:
            due = clock.now() + timedelta(hours=1 if kind == "later" else -1)
            await ledger.write(insert_rows, "waiting", waiting // MEMBERS, LANES, "pending", due)
        await stack.enter_async_context(ledger.watch())
        running = asyncio.create_task(courier.run(stop))
        if kind == "now":
            await ledger.write(fill, CONCURRENCY - 1, MEMBERS, "first")
        took = [await flagged(ledger, members, kind, n) for n in range(repeats)]
        await finish(ledger, members, running, stop)
    return median(took) * 1000


async def flagged(ledger: Ledger, members: Members, kind: str, number: int) -> float:
    """Seconds from the flag to the last receipt."""
    if kind == "now":
        await ledger.write(fill, 1, MEMBERS, f"another{number}")
        await members.full()
    later = clock.now() + timedelta(hours=1) if kind == "later" else None
    article = await ledger.write(add_marked, number, later)
    await asyncio.sleep(SETTLE)
    started = time.perf_counter()
    await ledger.write(make_urgent, article, 1, to_all(MEMBERS), "benchmark", clock.now())
    if kind == "now":
        members.answer_one_each()
    await members.received()
    return time.perf_counter() - started


def add_marked(db: Connection, number: int, due: datetime | None) -> int:
    """The article that will be urgent."""
    made = articles.add(db, entry(f"marked{number}", f"{MARK} {number}"), to_all(MEMBERS), clock.now())
    if due:
        db.execute(update(delivery).where(delivery.c.article == made).values(due=due))
    return made


async def finish(ledger: Ledger, members: Members, running: asyncio.Task[None], stop: asyncio.Event) -> None:
    """What is in flight gets its answer."""
    stop.set()
    ledger.ring()
    while not running.done():
        members.answer_all()
        await asyncio.sleep(0.01)
    await running


def measure(found: list[Database], repeats: int) -> Iterator[dict[str, Any]]:
    """Each with nothing waiting first."""
    for db in found:
        for kind in KINDS:
            took = {n: asyncio.run(middle(db, kind, n, db.fresh(), repeats)) for n in WAITING}
            for waiting, ms in took.items():
                yield figure(f"{db.name}, {waiting:,} due {kind}", round(ms, 1), "ms")
            ratio = round(took[WAITING[-1]] / took[0], 2)
            name = f"{db.name}, {WAITING[-1]:,} due {kind} / none"
            yield figure(name, ratio, "ratio", BAR, at_most=True)


def main() -> None:
    """Measure and print."""
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    arguments.add_argument("--repeats", type=int, default=15, help="each figure is the median of so many")
    arguments.add_argument("--json", action="store_true")
    options = arguments.parse_args()
    with databases() as found:
        show(list(measure(found, options.repeats)), options.json)


if __name__ == "__main__":
    main()
