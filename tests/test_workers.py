"""Several `distributor run` on one PostgreSQL, some of them killed: nothing is lost, nor done twice.

In full: ARTICLES=1000 MEMBERS=20 KILLS=60 DELAY=0.2 python -m pytest tests/test_workers.py
"""

from __future__ import annotations

import asyncio
import base64
import os
import signal
import sys
import tempfile
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import asyncpg
import pytest
from aiohttp import web

import postgresql

ARTICLES = int(os.environ.get("ARTICLES", "150"))
KILLS = int(os.environ.get("KILLS", "3"))
MEMBERS = int(os.environ.get("MEMBERS", "1"))
DELIVERIES = ARTICLES * MEMBERS
DELAY = float(os.environ.get("DELAY", "0.01"))  # seconds that the receiver takes
PATIENCE = 60 + KILLS * 10
CONCURRENCY = 4
LEASE = 3  # seconds
ITEM = "<item><title>Article {n}</title><guid isPermaLink='false'>g{n}</guid></item>"
CONFIG = """
storage = "{storage}"
lease = "{lease}s"
[[sources]]
name = "weekly"
url = "{url}/feed"
backfill = "all"
flood = 100000
every = "1s"
allow_private = true
"""
MEMBER = """
[[members]]
id = "m{n}"
name = "A member"
languages = ["en"]
[[members.channels]]
type = "webhook"
url = "{url}/hook"
secrets = [{{ env = "SECRET" }}]
allow_private = true
concurrency = {concurrency}
"""


class World:
    """A feed, and a receiver that takes some milliseconds for each and remembers the keys."""

    def __init__(self) -> None:
        self.keys: Counter[str] = Counter()
        self.polls = self.flying = self.most = 0
        self.more = asyncio.Event()

    async def feed(self, _: web.Request) -> web.Response:
        self.polls += 1
        items = "".join(ITEM.format(n=n) for n in range(ARTICLES))
        text = f"<rss version='2.0'><channel><title>W</title><language>en</language>{items}</channel></rss>"
        return web.Response(text=text, content_type="application/rss+xml")

    async def hook(self, request: web.Request) -> web.Response:
        self.flying += 1
        self.most = max(self.most, self.flying)
        try:
            await request.read()
            await asyncio.sleep(DELAY)
        finally:
            self.flying -= 1
        self.keys[request.headers["webhook-id"]] += 1
        self.more.set()
        return web.Response(status=204)

    async def until(self, count: int) -> None:
        async with asyncio.timeout(PATIENCE):
            while len(self.keys) < count:
                self.more.clear()
                await self.more.wait()

    @asynccontextmanager
    async def served(self) -> AsyncIterator[str]:
        app = web.Application()
        app.router.add_get("/feed", self.feed)
        app.router.add_post("/hook", self.hook)
        runner = web.AppRunner(app, access_log=None)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        try:
            yield f"http://127.0.0.1:{runner.addresses[0][1]}"
        finally:
            await runner.cleanup()


def said(log: str) -> str:
    """All that a worker has logged."""
    return Path(log).read_text("utf-8")


async def worker(folder: Path, *args: str) -> asyncio.subprocess.Process:
    """Running, and at work."""
    secret = "whsec_" + base64.b64encode(b"x" * 32).decode()
    with tempfile.NamedTemporaryFile(dir=folder, prefix="log-", delete=False) as log:
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "distributor", "run", *args, cwd=folder, stderr=log,
            env={**os.environ, "SECRET": secret},
        )  # fmt: skip
        async with asyncio.timeout(30):
            while '"started"' not in said(log.name):
                assert process.returncode is None, said(log.name)
                await asyncio.sleep(0.05)
        return process


async def ended(processes: list[asyncio.subprocess.Process]) -> list[int]:
    for process in processes:
        process.send_signal(signal.SIGTERM)
    async with asyncio.timeout(30):
        return [await process.wait() for process in processes]


class Database:
    """The ledger's own word."""

    def __init__(self, storage: str) -> None:
        self.address = storage.replace("+asyncpg", "")

    async def states(self) -> Counter[str]:
        db = await asyncpg.connect(self.address)
        try:
            rows = await db.fetch("SELECT state, count(*) AS number FROM delivery GROUP BY state")
        finally:
            await db.close()
        return Counter({row["state"]: row["number"] for row in rows})

    async def delivered(self) -> set[str]:
        db = await asyncpg.connect(self.address)
        try:
            return {r["key"] for r in await db.fetch("SELECT key FROM delivery WHERE state = 'delivered'")}
        finally:
            await db.close()

    async def in_hand(self, process: int) -> int:
        """How many deliveries a worker holds."""
        db = await asyncpg.connect(self.address)
        try:
            held = "SELECT count(*) FROM delivery WHERE state = 'sending' AND split_part(lease, '-', -2) = $1"
            return int(await db.fetchval(held, str(process)))
        finally:
            await db.close()

    async def until_all_are_delivered(self) -> None:
        async with asyncio.timeout(PATIENCE):
            while (await self.states())["delivered"] < DELIVERIES:
                await asyncio.sleep(0.1)


def configure(folder: Path, storage: str, url: str) -> None:
    text = CONFIG.format(storage=storage, url=url, lease=LEASE)
    text += "".join(MEMBER.format(n=n, url=url, concurrency=CONCURRENCY) for n in range(MEMBERS))
    (folder / "config.toml").write_text(text, encoding="utf-8")


@pytest.mark.timeout(2 * PATIENCE)
@pytest.mark.parametrize("number", [2, 4])
async def test_workers_of_which_one_is_killed_every_second_lose_nothing_and_repeat_only_what_was_in_flight(
    tmp_path: Path, postgresql_server: str, number: int
) -> None:
    storage, world = await postgresql.empty(postgresql_server), World()
    database, in_flight = Database(storage), 0
    async with world.served() as url:
        configure(tmp_path, storage, url)
        workers = list(await asyncio.gather(*(worker(tmp_path) for _ in range(number))))
        before: Counter[str] = Counter()
        await world.until(1)
        for kill in range(KILLS):
            await (asyncio.sleep(1) if KILLS > 10 else world.until((kill + 1) * DELIVERIES // (KILLS + 1)))
            victim = workers.pop(0)
            victim.kill()
            await victim.wait()
            in_flight += await database.in_hand(victim.pid)
            before = Counter({key: world.keys[key] for key in await database.delivered()})
            workers.append(await worker(tmp_path))
        await database.until_all_are_delivered()
        assert await ended(workers) == [0] * number
    repeats = sum(world.keys.values()) - DELIVERIES
    told = f"{number} workers, {DELIVERIES} deliveries, {KILLS} kills"
    print(f"{told}: {repeats} repeats of {in_flight} in flight")
    assert len(world.keys) == DELIVERIES
    assert {key: world.keys[key] for key in before} == dict(before), "what was recorded came again"
    assert repeats <= in_flight <= KILLS * CONCURRENCY * MEMBERS, "repeats more than what was in flight"
    assert world.most <= CONCURRENCY * MEMBERS, "the channels' concurrency holds over all workers"


async def test_a_worker_that_was_stopped_past_its_lease_records_nothing_that_is_not_its_own(
    tmp_path: Path, postgresql_server: str
) -> None:
    storage, world = await postgresql.empty(postgresql_server), World()
    database = Database(storage)
    async with world.served() as url:
        configure(tmp_path, storage, url)
        first = await worker(tmp_path)
        await world.until(DELIVERIES // 4)
        first.send_signal(signal.SIGSTOP)
        second = await worker(tmp_path)
        await database.until_all_are_delivered()
        first.send_signal(signal.SIGCONT)
        assert await ended([first, second]) == [0, 0]
        assert await database.states() == {"delivered": DELIVERIES}
    assert sum(world.keys.values()) - DELIVERIES <= CONCURRENCY * MEMBERS


async def test_duties_may_be_done_by_different_workers_and_a_feed_is_polled_by_one(
    tmp_path: Path, postgresql_server: str
) -> None:
    storage, world = await postgresql.empty(postgresql_server), World()
    database = Database(storage)
    async with world.served() as url:
        configure(tmp_path, storage, url)
        text = (tmp_path / "config.toml").read_text("utf-8").replace('every = "1s"', 'every = "10m"')
        (tmp_path / "config.toml").write_text(text, "utf-8")
        readers = await asyncio.gather(*(worker(tmp_path, "--only", "sources") for _ in range(3)))
        async with asyncio.timeout(PATIENCE):
            while (await database_or_nothing(database))["pending"] < DELIVERIES:
                await asyncio.sleep(0.1)
        assert world.keys.total() == 0, "nobody delivers yet"
        sender = await worker(tmp_path, "--only", "delivery", "--only", "translation")
        await database.until_all_are_delivered()
        assert await ended([*readers, sender]) == [0, 0, 0, 0]
    assert world.polls == 1
    assert world.keys.total() == DELIVERIES


async def database_or_nothing(database: Database) -> Counter[str]:
    """Before the first worker has made the tables there are none."""
    try:
        return await database.states()
    except asyncpg.UndefinedTableError:
        return Counter()
