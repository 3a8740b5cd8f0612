"""kill -9 in the middle, and start again: nothing is lost, nothing that was recorded arrives twice.

In full: ARTICLES=1000 KILLS=50 python -m pytest tests/test_crash.py
"""

from __future__ import annotations

import asyncio
import base64
import os
import signal
import sqlite3
import sys
from collections import Counter
from pathlib import Path

import pytest
from aiohttp import web

ARTICLES, KILLS = int(os.environ.get("ARTICLES", "120")), int(os.environ.get("KILLS", "4"))
ITEM = "<item><title>Article {n}</title><guid isPermaLink='false'>g{n}</guid></item>"
CONFIG = """
[[sources]]
name = "weekly"
url = "feed.xml"
backfill = "all"
flood = 1000
[[members]]
id = "a"
name = "A"
languages = ["en"]
[[members.channels]]
type = "webhook"
url = "{url}"
secrets = [{{ env = "SECRET" }}]
allow_private = true
concurrency = 4
"""


class Receiver:
    """Takes some milliseconds for each, and remembers the keys."""

    def __init__(self) -> None:
        self.keys: Counter[str] = Counter()
        self.more = asyncio.Event()

    async def take(self, request: web.Request) -> web.Response:
        await request.read()
        await asyncio.sleep(0.01)
        self.keys[request.headers["webhook-id"]] += 1
        self.more.set()
        return web.Response(status=204)

    async def until(self, count: int) -> None:
        async with asyncio.timeout(30):
            while len(self.keys) < count:
                self.more.clear()
                await self.more.wait()


async def service(folder: Path) -> asyncio.subprocess.Process:
    secret = "whsec_" + base64.b64encode(b"x" * 32).decode()
    return await asyncio.create_subprocess_exec(
        sys.executable, "-m", "distributor", "run", cwd=folder, env={**os.environ, "SECRET": secret},
        stderr=asyncio.subprocess.DEVNULL,
    )  # fmt: skip


def recorded(folder: Path, state: str = "delivered") -> set[str]:
    with sqlite3.connect(folder / "var" / "distributor.db") as db:
        return {key for (key,) in db.execute("SELECT key FROM delivery WHERE state = ?", (state,))}


@pytest.mark.timeout(60 + 10 * KILLS)
async def test_kill_9_loses_nothing_and_repeats_only_what_was_in_flight(tmp_path: Path) -> None:
    items = "".join(ITEM.format(n=n) for n in range(ARTICLES))
    feed = f"<rss version='2.0'><channel><title>W</title><language>en</language>{items}</channel></rss>"
    (tmp_path / "feed.xml").write_text(feed, encoding="utf-8")
    receiver = Receiver()
    app = web.Application()
    app.router.add_post("/", receiver.take)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    url = f"http://127.0.0.1:{runner.addresses[0][1]}/"
    (tmp_path / "config.toml").write_text(CONFIG.format(url=url), encoding="utf-8")
    done: set[str] = set()
    in_flight = 0
    try:
        for kill in range(KILLS):
            process = await service(tmp_path)
            await receiver.until((kill + 1) * ARTICLES // (KILLS + 1))
            process.kill()
            await process.wait()
            in_flight += len(recorded(tmp_path, "sending"))
            done = recorded(tmp_path)
            before = Counter({key: receiver.keys[key] for key in done})
        process = await service(tmp_path)
        await receiver.until(ARTICLES)
        async with asyncio.timeout(30):
            while len(recorded(tmp_path)) < ARTICLES:
                await asyncio.sleep(0.05)
        process.send_signal(signal.SIGTERM)
        assert await process.wait() == 0
    finally:
        await runner.cleanup()
    assert len(receiver.keys) == ARTICLES
    assert {key: receiver.keys[key] for key in done} == dict(before)
    assert sum(receiver.keys.values()) - ARTICLES <= in_flight <= KILLS * 4, "repeats what was not in flight"
