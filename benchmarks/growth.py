"""Whether the wire stays as quick as its ledger grows; on SQLite, and on PostgreSQL where it is installed.

(a) Deliveries a second, one article to many, with ever more delivered history in the ledger; each in a
    process of its own, whose peak memory is told. The best of some rounds, in turns; what a round delivers
    stays in the history.
(b) One claim of 500 deliveries in ten open lanes, in milliseconds: alone, with 100,000 that are due earlier
    and more urgent in a parked lane, and with 100,000 delivered there, which tells what is the size of the
    tables and what the waiting. All in turns, each claim rolled back.
(c) One article to many channels: from `articles.add` to its commit, beside a plain executemany INSERT of as
    many delivery rows in one transaction, with the memory that each adds. In a process of its own.

History is short articles, written with INSERT … SELECT. Nothing is judged by its seconds, all by ratios.

    python benchmarks/growth.py [--large] [--only abc] [--json]
"""

from __future__ import annotations

import argparse
import asyncio
import multiprocessing
import resource
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import AsyncExitStack
from datetime import timedelta
from typing import Any

from databases import Database, databases
from figures import figure, show
from history import insert_rows
from sqlalchemy import Connection, insert, select, update
from wire import deliver, entry, fill, lane_of, logged, receiver, to_all, wire

from distributor import clock
from distributor.ledger import articles, views
from distributor.ledger.claims import claim
from distributor.ledger.ledger import Ledger
from distributor.ledger.tables import delivery, lane

NOWHERE = "http://127.0.0.1:9"
CHANNELS, CONCURRENCY = 10, 10
ALL_LANES = [lane_of(i) for i in range(CHANNELS)]
HISTORY, LARGE_HISTORY = (1_000, 100_000), 1_000_000
BLOCKED, CLAIMED = 100_000, 500
FAN_OUT, LARGE_FAN_OUT = 10_000, 100_000
BAR_HISTORY, BAR_CLAIM = 0.9, 1.2
ALONE, PAST, PARKED = "alone", f"{BLOCKED:,} delivered", f"{BLOCKED:,} parked"
BESIDE = {ALONE: "", PAST: "delivered", PARKED: "pending"}


def apart(act: Callable[..., Any], *args: Any) -> Any:
    """What `act` returns, called in a new process."""
    with ProcessPoolExecutor(1, multiprocessing.get_context("spawn")) as process:
        return process.submit(act, *args).result()


def peak() -> int:
    """Of this process so far, in MiB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024


def history(db: Database, url: str, options: argparse.Namespace) -> Iterator[dict[str, Any]]:
    """(a)"""
    sizes = [*HISTORY, *([LARGE_HISTORY] if options.large else [])]
    ledgers = {size: db.fresh() for size in sizes}
    for size, storage in ledgers.items():
        apart(with_history, storage, size)
    best: dict[int, float] = dict.fromkeys(sizes, 0)
    memory = dict.fromkeys(sizes, 0)
    for number in range(options.rounds):
        for size in sizes:
            took, used = apart(delivered, url, ledgers[size], options.deliveries, f"round{number}")
            best[size] = max(best[size], options.deliveries / took)
            memory[size] = max(memory[size], used)
    for size in sizes:
        yield figure(f"{db.name}, {size:,} in the history", round(best[size]), "deliveries/s")
        yield figure(f"{db.name}, {size:,} in the history, peak memory", memory[size], "MiB")
    first = sizes[0]
    for size in sizes[1:]:
        ratio = round(best[size] / best[first], 3)
        yield figure(f"{db.name}, history of {size:,} / {first:,}", ratio, "ratio", BAR_HISTORY)


def with_history(storage: str, size: int) -> None:
    """Fill a new ledger."""

    async def run() -> None:
        async with wire(NOWHERE, storage, CHANNELS, CONCURRENCY) as (ledger, _):
            past = clock.now() - timedelta(days=30)
            await ledger.write(insert_rows, "history", size // CHANNELS, ALL_LANES, "delivered", past)

    asyncio.run(run())


def delivered(url: str, storage: str, number: int, prefix: str) -> tuple[float, int]:
    """Seconds for so many more, and the peak memory in MiB."""

    async def run() -> float:
        with logged():
            async with wire(url, storage, CHANNELS, CONCURRENCY) as (ledger, courier):
                await ledger.write(fill, number // CHANNELS, CHANNELS, prefix)
                took = await deliver(courier)
                counts = await ledger.read(views.by_state)
        if counts.keys() != {"delivered"}:
            raise SystemExit(f"not all was delivered: {counts}")
        return took

    return asyncio.run(run()), peak()


async def blocked(db: Database, options: argparse.Namespace, storages: list[str]) -> list[dict[str, Any]]:
    """(b)"""
    best = dict.fromkeys(BESIDE, float("inf"))
    each, early, one = CLAIMED // CHANNELS, clock.now() - timedelta(days=1), [lane_of(CHANNELS)]
    async with AsyncExitStack() as stack:
        ledgers = {}
        for (name, state), storage in zip(BESIDE.items(), storages, strict=True):
            made = await stack.enter_async_context(wire(NOWHERE, storage, CHANNELS + 1, each))
            ledgers[name] = ledger = made[0]
            await ledger.write(park, *one)
            await ledger.write(insert_rows, "open", each, ALL_LANES, "pending", clock.now())
            if state:
                await ledger.write(insert_rows, "beside", BLOCKED, one, state, early, 1)
        for _ in range(options.rounds * 5):
            for name, ledger in ledgers.items():
                best[name] = min(best[name], await ledger.write(claim_and_undo))
    told = [figure(f"{db.name}, a claim, {name}", round(took * 1000, 2), "ms") for name, took in best.items()]
    for name in (ALONE, PAST):
        ratio, bar = round(best[PARKED] / best[name], 3), BAR_CLAIM if name == ALONE else None
        told.append(figure(f"{db.name}, {PARKED} / {name}", ratio, "ratio", bar, at_most=True))
    return told


def park(db: Connection, name: str) -> None:
    """With a probe in an hour."""
    probe = clock.now() + timedelta(hours=1)
    db.execute(update(lane).where(lane.c.id == name).values(state="parked", probe=probe))


def claim_and_undo(db: Connection) -> float:
    """Seconds of a claim."""
    undo = db.begin_nested()
    started = time.perf_counter()
    claims = claim(db, "benchmark", clock.now(), CLAIMED, timedelta(seconds=45))
    took = time.perf_counter() - started
    undo.rollback()
    if len(claims) != CLAIMED:
        raise SystemExit(f"claimed {len(claims)} of {CLAIMED}")
    return took


def fan_out(db: Database, options: argparse.Namespace) -> Iterator[dict[str, Any]]:
    """(c)"""
    number = LARGE_FAN_OUT if options.large else FAN_OUT
    best = {fanned_out: (float("inf"), 0), plain: (float("inf"), 0)}
    for _ in range(options.rounds):
        for act in best:
            best[act] = min(best[act], apart(act, db.fresh(), number))
    (took, memory), (baseline, its) = best[fanned_out], best[plain]
    yield figure(f"{db.name}, one article to {number:,}", round(took * 1000), "ms")
    yield figure(f"{db.name}, one article to {number:,}, added memory", memory, "MiB")
    yield figure(f"{db.name}, plain INSERT of {number:,}", round(baseline * 1000), "ms")
    yield figure(f"{db.name}, plain INSERT of {number:,}, added memory", its, "MiB")
    yield figure(f"{db.name}, one article to {number:,} / plain", round(took / baseline, 2), "ratio")


def fanned_out(storage: str, number: int) -> tuple[float, int]:
    """Seconds of an article to so many channels, committed, and the memory that it added."""

    async def run() -> tuple[float, int]:
        async with Ledger(storage) as ledger:
            await ledger.write(add_lanes, number)
            new, routes, before = entry("one"), to_all(number), peak()
            started = time.perf_counter()
            await ledger.write(articles.add, new, routes, clock.now())
            return time.perf_counter() - started, peak() - before

    return asyncio.run(run())


def plain(storage: str, number: int) -> tuple[float, int]:
    """The same of the bare delivery rows, which are made before."""

    async def run() -> tuple[float, int]:
        async with Ledger(storage) as ledger:
            await ledger.write(add_lanes, number)
            made = await ledger.write(articles.add, entry("one"), to_all(1), clock.now())
            one = (await ledger.read(_first, made))._mapping
            rows = [{**one, "key": f"key-{i}", "lane": lane_of(i)} for i in range(1, number)]
            for row in rows:
                del row["id"]
            before, started = peak(), time.perf_counter()
            await ledger.write(lambda db: db.execute(insert(delivery), rows).rowcount)
            return time.perf_counter() - started, peak() - before

    return asyncio.run(run())


def _first(db: Connection, article_id: int) -> Any:
    return db.execute(select(delivery).where(delivery.c.article == article_id)).one()


def add_lanes(db: Connection, number: int) -> None:
    """So many, at once."""
    told = {"kind": "webhook", "concurrency": CONCURRENCY, "since": clock.now(), "state": "open"}
    db.execute(insert(lane), [{"id": lane_of(i), "member": f"m{i}", **told} for i in range(number)])


def main() -> None:
    """Measure and print."""
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    arguments.add_argument("--deliveries", type=int, default=2000, help="of each round of (a)")
    arguments.add_argument(
        "--large",
        action="store_true",
        help=f"also {LARGE_HISTORY:,} in the history; {LARGE_FAN_OUT:,} channels",
    )
    arguments.add_argument("--only", default="abc", help="which of the three")
    arguments.add_argument("--rounds", type=int, default=3, help="the best of so many counts, for each")
    arguments.add_argument("--json", action="store_true")
    options = arguments.parse_args()
    results: list[dict[str, Any]] = []
    with databases() as found, receiver() as url:
        for db in found:
            if "a" in options.only:
                results += history(db, url, options)
            if "b" in options.only:
                results += asyncio.run(blocked(db, options, [db.fresh() for _ in BESIDE]))
            if "c" in options.only:
                results += fan_out(db, options)
    show(results, options.json)


if __name__ == "__main__":
    main()
