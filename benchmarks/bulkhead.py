"""What one channel that hangs costs the others: deliveries a second with and without it, in turns.

Ten webhook channels get articles; beside them, in every second turn, one more has 10,000 that wait, and its
receiver takes the connection and never answers, so that each attempt lasts its whole timeout. Ratios only:

    python benchmarks/bulkhead.py [--deliveries 5000] [--rounds 5] [--json]
"""

from __future__ import annotations

import argparse
import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import timedelta
from statistics import median
from typing import Any

from databases import Database, databases
from figures import figure, show
from sqlalchemy import Connection
from wire import entry, fill, lane_of, logged, receiver, wire

from channels.webhook import Webhook
from distributor import clock
from distributor.delivery.courier import Courier
from distributor.delivery.flight import Line
from distributor.events import Attempted, Event
from distributor.ledger import articles, lanes
from distributor.ledger.circuit import Terms
from distributor.ledger.ledger import Ledger
from distributor.routing import Facts, Route

CHANNELS, CONCURRENCY, WAITING = 10, 10, 10_000
HANGS = "hangs/webhook"
TIMEOUT = timedelta(seconds=2)
BAR = 0.95


@asynccontextmanager
async def silence() -> AsyncIterator[str]:
    """Who takes connections and says nothing; the URL."""

    async def take(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while await reader.read(65_536):
            pass
        writer.close()

    server = await asyncio.start_server(take, "127.0.0.1", 0)
    async with server:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/"


def to_the_silent(_: Facts) -> list[Route]:
    """Only there."""
    return [Route(HANGS, "hangs", "en")]


async def rate(url: str, storage: str, number: int, hangs: bool) -> float:
    """Deliveries a second over the ten that work."""
    with logged():
        async with AsyncExitStack() as stack:
            ledger, courier = await stack.enter_async_context(wire(url, storage, CHANNELS, CONCURRENCY))
            if hangs:
                await hang(stack, ledger, courier)
            await ledger.write(fill, number // CHANNELS, CHANNELS)
            return await delivered(courier, number)


async def hang(stack: AsyncExitStack, ledger: Ledger, courier: Courier) -> None:
    """Beside the others, a channel with all that waits."""
    url = await stack.enter_async_context(silence())
    one: Any = next(iter(courier.lines.values())).channel
    settings = one.settings.model_copy(update={"url": url, "timeout": TIMEOUT})
    channel: Any = await stack.enter_async_context(Webhook(settings))
    courier.lines = {**courier.lines, HANGS: Line(channel, TIMEOUT.total_seconds() + 1)}
    terms = {lane_of(n): Terms(lane_of(n), "webhook", CONCURRENCY) for n in range(CHANNELS)}
    await ledger.write(lanes.sync, {**terms, HANGS: Terms("hangs", "webhook", CONCURRENCY)}, clock.now())
    await ledger.write(crowd)


def crowd(db: Connection) -> None:
    """Each of an article of its own."""
    for n in range(WAITING):
        articles.add(db, entry(f"waits-{n}"), to_the_silent, clock.now())


async def delivered(courier: Courier, number: int) -> float:
    """Until all of the ten have theirs; deliveries a second."""
    stop, all_, left = asyncio.Event(), asyncio.Event(), number

    def count(event: Event) -> None:
        nonlocal left
        left -= isinstance(event, Attempted) and event.outcome.state == "delivered"
        if not left:
            all_.set()

    courier.events.listeners.append(count)
    courier.grace = timedelta()
    started = time.perf_counter()
    task = asyncio.create_task(courier.run(stop))
    await all_.wait()
    took = time.perf_counter() - started
    stop.set()
    courier.ledger.ring()
    await task
    return number / took


def measure(url: str, found: list[Database], options: argparse.Namespace) -> list[dict[str, Any]]:
    """In turns; the median of the pairs' ratios, since a machine that slows down slows both of a pair."""
    results = []
    for db in found:
        pairs = []
        for _ in range(options.rounds):
            alone, beside = (
                asyncio.run(rate(url, db.fresh(), options.deliveries, hangs)) for hangs in (False, True)
            )
            pairs.append((alone, beside))
        name = f"{db.name}, beside one that hangs with {WAITING:,} waiting"
        results += [
            figure(f"{db.name}, alone", round(max(a for a, _ in pairs)), "deliveries/s"),
            figure(name, round(max(b for _, b in pairs)), "deliveries/s"),
            figure(f"{name} / alone", round(median(b / a for a, b in pairs), 3), "ratio", BAR),
        ]
    return results


def main() -> None:
    """Measure and print."""
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    arguments.add_argument("--deliveries", type=int, default=5000)
    arguments.add_argument("--rounds", type=int, default=5)
    arguments.add_argument("--json", action="store_true")
    options = arguments.parse_args()
    with databases() as found, receiver() as url:
        show(measure(url, found, options), options.json)


if __name__ == "__main__":
    main()
