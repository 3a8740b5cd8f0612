"""What several benchmarks share: a receiver on loopback, and a ledger with a courier and its channels."""

from __future__ import annotations

import asyncio
import base64
import multiprocessing
import os
import tempfile
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

from aiohttp import web
from pydantic import SecretStr
from sqlalchemy import Connection

from channels.webhook import Webhook
from distributor import clock, log
from distributor.article import Content
from distributor.cli.running import keep_for_good
from distributor.delivery.courier import Courier
from distributor.delivery.flight import Line
from distributor.events import Events
from distributor.ledger import articles, lanes
from distributor.ledger.articles import Entry
from distributor.ledger.circuit import Terms
from distributor.ledger.ledger import Ledger
from distributor.naming import Names
from distributor.routing import Facts, Route
from distributor.settings import Config

SENTENCE = "The members of the union read the report on carbon neutrality with care. "
BODY = "".join(f"<p>{SENTENCE * 3}</p>" for _ in range(8))  # some 1.8 KB of HTML, 4 KB of ninjs
TIMEOUT = timedelta(seconds=60)


@contextmanager
def receiver() -> Iterator[str]:
    """A process of its own that reads each body and answers 204; its URL."""
    here, there = multiprocessing.Pipe()
    process = multiprocessing.get_context("spawn").Process(target=_receive, args=(there,), daemon=True)
    process.start()
    try:
        yield f"http://127.0.0.1:{here.recv()}/hooks"
    finally:
        process.terminate()


def _receive(ready: Any) -> None:
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


def lane_of(number: int) -> str:
    """How the lane of that member is called."""
    return f"m{number}/webhook"


@asynccontextmanager
async def wire(
    url: str, storage: str, channels: int, concurrency: int
) -> AsyncIterator[tuple[Ledger, Courier]]:
    """A ledger and a courier with that many webhook channels, each with an address of its own under `url`."""
    secret = SecretStr("whsec_" + base64.b64encode(os.urandom(32)).decode())
    common = {"secrets": (secret,), "allow_private": True, "concurrency": concurrency}
    async with AsyncExitStack() as stack:
        ledger = await stack.enter_async_context(Ledger(storage))
        names = [lane_of(i) for i in range(channels)]
        lines = {}
        for name in names:
            settings = Webhook.Settings(type="webhook", url=f"{url}/{name}", timeout=TIMEOUT, **common)
            channel = await stack.enter_async_context(Webhook(settings))
            lines[name] = Line(channel, TIMEOUT.total_seconds())
        await ledger.write(
            lanes.sync, {name: Terms(name, "webhook", concurrency) for name in names}, clock.now()
        )
        yield ledger, Courier(ledger, lines, Names(Config()), Events(log.Log()), "benchmark")


@contextmanager
def logged() -> Iterator[Path]:
    """The log goes to a file for as long; its path."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "log.jsonl"
        with path.open("w", encoding="utf-8") as lines:
            log.configure(lines, pretty=False)
            yield path


def entry(guid: str, headline: str = "") -> Entry:
    """An article of the size of a press release."""
    content = Content(
        headline=headline or f"Article {guid}", summary=SENTENCE, body=BODY, language="en",
        published=clock.now(),
    )  # fmt: skip
    return Entry("benchmark", guid, {}, content, content.fingerprint())


def fill(db: Connection, number: int, channels: int, prefix: str = "guid") -> None:
    """That many articles, each for all channels."""
    for i in range(number):
        articles.add(db, entry(f"{prefix}-{i}"), to_all(channels), clock.now())


def to_all(channels: int) -> articles.Routes:
    """The routes to all channels, in the original."""
    routes = [Route(lane_of(i), f"m{i}", "en") for i in range(channels)]

    def told(_: Facts) -> list[Route]:
        return routes

    return told


async def deliver(courier: Courier) -> float:
    """All that is due; seconds."""
    keep_for_good()
    started = time.perf_counter()
    await courier.run(asyncio.Event(), until_idle=True)
    return time.perf_counter() - started
