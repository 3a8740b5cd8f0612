"""Deliveries a second: a raw aiohttp loop without durability, and ours on SQLite, in one run.

Both post bodies of some 4 KB to one receiver on loopback, which runs in a process of its own and reads each
body. Ours does all that the service does: claims from the ledger, loads and formats the story, signs it
(Standard Webhooks), retries, logs a line and commits a row for each attempt. The bar is on the wire's own
case, an article that goes to many members; the other figure is its opposite, where every delivery is of an
article of its own and nothing that was formatted serves twice. Run it on a quiet machine:

    python benchmarks/delivery.py [--deliveries 5000] [--json]
"""

from __future__ import annotations

import argparse
import asyncio
import base64
import multiprocessing
import os
import resource
import tempfile
import time
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import aiohttp
from aiohttp import web
from figures import figure, show
from pydantic import SecretStr
from sqlalchemy import Connection

from channels.webhook import Webhook
from distributor import clock, log
from distributor.article import Content
from distributor.cli.running import keep_for_good
from distributor.config import Config
from distributor.delivery.courier import Courier, Line
from distributor.events import Events
from distributor.ledger import articles, lanes, views
from distributor.ledger.articles import Entry
from distributor.ledger.ledger import Ledger
from distributor.naming import Names
from distributor.routing import Facts, Route

BARS = {"ours, one article to many": 0.35}
SENTENCE = "The members of the union read the report on carbon neutrality with care. "
BODY = "".join(f"<p>{SENTENCE * 3}</p>" for _ in range(8))  # some 1.8 KB of HTML, 4 KB of ninjs


def receiver(ready: Any) -> None:
    """Reads each body and answers 204, until it is terminated."""

    async def serve() -> None:
        async def take(request: web.Request) -> web.Response:
            await request.read()
            return web.Response(status=204)

        app = web.Application(client_max_size=2**20)
        app.router.add_post("/{any:.*}", take)
        runner = web.AppRunner(app, access_log=None)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        ready.send(runner.addresses[0][1])
        await asyncio.Event().wait()

    asyncio.run(serve())


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


@asynccontextmanager
async def wire(
    url: str, folder: Path, channels: int, concurrency: int
) -> AsyncIterator[tuple[Ledger, Courier]]:
    """A ledger and a courier with that many webhook channels."""
    secret = SecretStr("whsec_" + base64.b64encode(os.urandom(32)).decode())
    settings = Webhook.Settings(
        type="webhook", url=url, secrets=(secret,), allow_private=True, concurrency=concurrency,
        timeout=timedelta(seconds=60),
    )  # fmt: skip
    async with AsyncExitStack() as stack:
        ledger = await stack.enter_async_context(Ledger(f"sqlite+aiosqlite:///{folder / 'ledger.db'}"))
        names = [f"m{i}/webhook" for i in range(channels)]
        lines = {name: Line(await stack.enter_async_context(Webhook(settings)), 60) for name in names}
        await ledger.write(lanes.sync, {name: (name, "webhook", concurrency) for name in names}, clock.now())
        yield ledger, Courier(ledger, lines, Names(Config()), Events(log.Log()), "benchmark")


def fill(db: Connection, number: int, channels: int) -> None:
    """That many articles, each for all channels."""
    now = clock.now()

    def routes(_: Facts) -> list[Route]:
        return [Route(f"m{i}/webhook", f"m{i}", "en") for i in range(channels)]

    for i in range(number):
        content = Content(headline=f"Article {i}", summary=SENTENCE, body=BODY, language="en", published=now)
        articles.add(db, Entry("benchmark", f"guid-{i}", {}, content, content.fingerprint()), routes, now)


async def ours(url: str, number: int, channels: int, concurrency: int) -> float:
    """Deliver all that is due; seconds."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        with (folder / "log.jsonl").open("w", encoding="utf-8") as lines:
            log.configure(lines, pretty=False)
            async with wire(url, folder, channels, concurrency) as (ledger, courier):
                await ledger.write(fill, number, channels)
                keep_for_good()
                started = time.perf_counter()
                await courier.run(asyncio.Event(), until_idle=True)
                took = time.perf_counter() - started
                counts = await ledger.read(views.by_state)
            logged = sum(1 for _ in (folder / "log.jsonl").open(encoding="utf-8"))
    if counts != {"delivered": number * channels} or logged != number * channels:
        raise SystemExit(f"not all was delivered and logged: {counts}, {logged} lines")
    return took


def main() -> None:
    """Measure and print."""
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    arguments.add_argument("--deliveries", type=int, default=5000)
    arguments.add_argument("--channels", type=int, default=10, help="each gets every article")
    arguments.add_argument("--concurrency", type=int, default=100, help="attempts at the same time, in all")
    arguments.add_argument("--rounds", type=int, default=5, help="the best of so many counts, for each")
    arguments.add_argument("--json", action="store_true")
    options = arguments.parse_args()
    here, there = multiprocessing.Pipe()
    process = multiprocessing.get_context("spawn").Process(target=receiver, args=(there,), daemon=True)
    process.start()
    try:
        results = measure(f"http://127.0.0.1:{here.recv()}/hooks", options)
    finally:
        process.terminate()
    show(results, options.json)


def measure(url: str, options: argparse.Namespace) -> list[dict[str, Any]]:
    """The same work in turns, so that a machine that slows down slows all alike."""
    body, total, concurrency = b"x" * 4096, options.deliveries, options.concurrency
    best: dict[str, float] = {}
    for _ in range(options.rounds):
        each = max(1, concurrency // options.channels)
        many = ours(url, total // options.channels, options.channels, each)
        seconds = {
            "raw aiohttp loop": asyncio.run(raw(url, body, total, concurrency)),
            "ours, one article to many": asyncio.run(many),
            "ours, each article once": asyncio.run(ours(url, total, 1, concurrency)),
        }
        best = {name: max(best.get(name, 0), total / took) for name, took in seconds.items()}
    ratios = {name: rate / best["raw aiohttp loop"] for name, rate in best.items() if name.startswith("ours")}
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
    return [
        *(figure(name, round(rate), "deliveries/s") for name, rate in best.items()),
        *(
            figure(f"{name} / raw", round(ratio, 3), "ratio", BARS.get(name))
            for name, ratio in ratios.items()
        ),
        figure("peak memory", memory, "MiB"),
    ]


if __name__ == "__main__":
    main()
