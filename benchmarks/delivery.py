"""Deliveries a second: a raw aiohttp loop without durability, ours on both databases, and peers, in one run.

All post bodies of some 4 KB to one receiver on loopback, which runs in a process of its own and reads each
body. Ours does all that the service does: claims from the ledger, loads and formats the story, signs it
(Standard Webhooks), retries, logs a line and commits a row for each attempt. The bar is on the wire's own
case, an article that goes to many members; the other figure is its opposite, where every delivery is of an
article of its own and nothing that was formatted serves twice.

The peers are procrastinate and DBOS on PostgreSQL (peers.py says how they are run). They get fewer
deliveries, as their names say. Every commit of all but the raw loop is on the disk. What cannot run here (no
PostgreSQL server, peers not installed: pip install -e '.[bench]') is skipped with a line on the standard
error output. Each figure is the best of some rounds, in turns. Run it on a quiet machine:

    python benchmarks/delivery.py [--deliveries 5000 | --large] [--peer-deliveries 500] [--json]
"""

from __future__ import annotations

import argparse
import asyncio
import resource
import time
from typing import Any

import aiohttp
from databases import Database, databases
from figures import figure, show
from history import analyze
from peers import PEERS, peers
from wire import deliver, fill, logged, receiver, wire

from distributor.ledger import views

RAW = "raw aiohttp loop"
MANY, ONCE = "one article to many", "each article once"
LARGE = 50_000
SLOTS = 2
"""Of ours for each attempt at the same time: a slot is taken until its outcome is committed, so that a crash
repeats no more than the slots; half of them are in the air. The raw loop is at its best with 100."""
BAR_RAW, BAR_PEER = 0.35, 15


async def raw(url: str, body: bytes, deliveries: int, concurrency: int) -> float:
    """A loop of POSTs; seconds."""
    left = iter(range(deliveries))

    async def lane(http: aiohttp.ClientSession) -> None:
        for _ in left:
            async with http.post(url, data=body) as answer:
                await answer.read()

    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=concurrency)) as http:
        started = time.perf_counter()
        await asyncio.gather(*(lane(http) for _ in range(concurrency)))
        return time.perf_counter() - started


async def ours(url: str, storage: str, number: int, channels: int, concurrency: int) -> float:
    """Deliver all that is due; seconds."""
    with logged() as log:
        async with wire(url, storage, channels, concurrency) as (ledger, courier):
            await ledger.write(fill, number, channels)
            await ledger.write(analyze)
            took = await deliver(courier)
            counts = await ledger.read(views.by_state)
        lines = sum(1 for _ in log.open(encoding="utf-8"))
    if counts != {"delivered": number * channels} or lines != number * channels:
        raise SystemExit(f"not all was delivered and logged: {counts}, {lines} lines")
    return took


def one_round(url: str, found: list[Database], options: argparse.Namespace) -> dict[str, float]:
    """Deliveries a second of each."""
    body, total, concurrency = b"x" * 4096, options.deliveries, options.concurrency
    slots = SLOTS * concurrency
    each = max(1, slots // options.channels)
    rates = {RAW: total / asyncio.run(raw(url, body, total, concurrency))}
    for db in found:
        many = ours(url, db.fresh(), total // options.channels, options.channels, each)
        rates[f"ours on {db.name}, {MANY}"] = total / asyncio.run(many)
        once = ours(url, db.fresh(), total, 1, slots)
        rates[f"ours on {db.name}, {ONCE}"] = total / asyncio.run(once)
    return rates


def measure(url: str, found: list[Database], options: argparse.Namespace) -> list[dict[str, Any]]:
    """The same work in turns, so that a machine that slows down slows all alike."""
    best: dict[str, float] = {}
    address = next((db.address for db in found if db.is_server), None)
    running = set(PEERS)
    for _ in range(options.rounds):
        theirs = peers(running, address, url, b"x" * 4096, options.peer_deliveries, options.concurrency)
        running &= theirs.keys()
        rates = one_round(url, found, options) | theirs
        best = {name: max(best.get(name, 0), rate) for name, rate in rates.items()}
    names = {name: f"{name}, of {options.peer_deliveries:,}" if name in PEERS else name for name in best}
    return [
        *(figure(names[name], round(rate), "deliveries/s") for name, rate in best.items()),
        *ratios(best, [db.name for db in found]),
        figure("peak memory, ours", resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024, "MiB"),
    ]


def ratios(best: dict[str, float], found: list[str]) -> list[dict[str, Any]]:
    """Ours to the raw loop, and to each peer."""
    told = []
    for name, rate in best.items():
        if name.startswith("ours"):
            bar = BAR_RAW if name == f"ours on SQLite, {MANY}" else None
            told.append(figure(f"{name} / raw", round(rate / best[RAW], 3), "ratio", bar))
    for peer in [peer for peer in PEERS if peer in best]:
        for name in found:
            bar = BAR_PEER if peer == "procrastinate" else None
            ratio = best[f"ours on {name}, {MANY}"] / best[peer]
            told.append(figure(f"ours on {name}, {MANY} / {peer}", round(ratio, 2), "ratio", bar))
    return told


def main() -> None:
    """Measure and print."""
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    arguments.add_argument("--deliveries", type=int, default=5000)
    arguments.add_argument("--large", action="store_true", help=f"{LARGE:,} deliveries")
    arguments.add_argument("--peer-deliveries", type=int, default=500, help="for the peers, which are slower")
    arguments.add_argument("--channels", type=int, default=10, help="each gets every article")
    arguments.add_argument(
        "--concurrency", type=int, default=100, help="attempts in the air at the same time"
    )
    arguments.add_argument("--rounds", type=int, default=3, help="the best of so many counts, for each")
    arguments.add_argument("--json", action="store_true")
    options = arguments.parse_args()
    if options.large:
        options.deliveries = LARGE
    with databases() as found, receiver() as url:
        show(measure(url, found, options), options.json)


if __name__ == "__main__":
    main()
