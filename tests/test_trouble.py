"""The disk is full, the database is locked or gone, the network too: wait, say so, lose nothing, go on."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from sqlalchemy import Connection, text

import postgresql
from channels.channel import Unavailable
from channels.settings import ChannelSettings
from channels.story import IdempotencyKey, Receipt, Story
from distributor.delivery.courier import Courier
from distributor.delivery.flight import Line
from distributor.events import Event, Events, Trouble
from distributor.ledger import ledger as ledger_module
from distributor.ledger import views
from distributor.ledger.ledger import Ledger
from distributor.naming import Names
from distributor.routing import Route
from distributor.settings import Config
from ledger_wire import Clock, Wire


class Receiver:
    """Takes everything, once it is let."""

    Settings = ChannelSettings

    def __init__(self) -> None:
        self.got: list[IdempotencyKey] = []
        self.away = False

    async def send(self, story: Story, key: IdempotencyKey, number: int = 0) -> Receipt:
        if self.away:
            raise Unavailable("no connection", blip=True)
        self.got.append(key)
        return Receipt("thank you " * 40)  # which takes room in the ledger


class Station:
    """A courier at work on a ledger, with one channel, and what it said."""

    def __init__(self, ledger: Ledger) -> None:
        self.ledger, self.receiver, self.events = ledger, Receiver(), list[Event]()
        self.wire = Wire(ledger, Clock())
        self.wire.plan = [Route("a/x", "a", "en")]
        lines = {"a/x": Line(self.receiver, 5.0)}  # type: ignore[arg-type]
        events = Events(self.events.append)
        self.courier = Courier(ledger, lines, Names(Config()), events, "w1", now=self.wire.now)

    @asynccontextmanager
    async def at_work(self) -> AsyncIterator[None]:
        stop = asyncio.Event()
        async with self.ledger.watch():
            task = asyncio.create_task(self.courier.run(stop))
            yield
            stop.set()
            self.ledger.ring()
            await task

    async def until_told(self, words: str) -> None:
        async with asyncio.timeout(20):
            while not any(isinstance(e, Trouble) and words in e.reason for e in self.events):
                await asyncio.sleep(0.02)

    async def until_delivered(self, count: int) -> None:
        async with asyncio.timeout(30):
            while (await self.ledger.read(views.by_state)).get("delivered") != count:
                await asyncio.sleep(0.02)
        assert len(self.receiver.got) == len(set(self.receiver.got)) == count


def room_for_no_more(db: Connection) -> None:
    """As if the disk were full: SQLite raises the same error."""
    pages = db.execute(text("PRAGMA page_count")).scalar_one()
    db.execute(text(f"PRAGMA max_page_count = {pages}"))


def room_again(db: Connection) -> None:
    db.execute(text("PRAGMA max_page_count = 1000000"))


async def test_a_full_disk_is_waited_out(tmp_path: Path) -> None:
    async with Ledger(f"sqlite+aiosqlite:///{tmp_path / 'ledger.db'}") as ledger:
        station = Station(ledger)
        for n in range(60):
            await station.wire.add(f"g{n}", f"Article {n}")
        await ledger.write(room_for_no_more)
        async with station.at_work():
            await station.until_told("disk is full")
            assert (await ledger.read(views.by_state)).get("delivered", 0) < 60
            await ledger.write(room_again)
            await station.until_delivered(60)


async def test_a_database_that_another_program_locks_is_waited_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ledger_module, "BUSY_MS", 50)
    async with Ledger(f"sqlite+aiosqlite:///{tmp_path / 'ledger.db'}") as ledger:
        station = Station(ledger)
        await station.wire.add()
        with sqlite3.connect(tmp_path / "ledger.db", isolation_level=None) as other:
            other.execute("BEGIN EXCLUSIVE")
            async with station.at_work():
                await station.until_told("database is locked")
                other.execute("COMMIT")
                await station.until_delivered(1)


async def test_a_server_that_goes_away_and_comes_back_is_waited_for(tmp_path: Path) -> None:
    with postgresql.restartable(tmp_path) as server:
        async with Ledger(await postgresql.empty(server.address)) as ledger:
            station = Station(ledger)
            for n in range(3):
                await station.wire.add(f"g{n}", f"Article {n}")
            async with station.at_work():
                await station.until_delivered(3)
                server.stop()
                ledger.ring()
                await station.until_told("")
                server.start()
                await station.wire.add("g3", "Article 3")
                await station.until_delivered(4)


async def test_a_network_that_is_gone_costs_no_delivery(tmp_path: Path) -> None:
    async with Ledger(f"sqlite+aiosqlite:///{tmp_path / 'ledger.db'}") as ledger:
        station = Station(ledger)
        station.receiver.away = True
        for n in range(30):
            await station.wire.add(f"g{n}", f"Article {n}")
        async with station.at_work():
            async with asyncio.timeout(20):
                while (await ledger.read(views.lanes))[0]["state"] != "resting":
                    await asyncio.sleep(0.05)
            station.receiver.away = False
            async with asyncio.timeout(30):
                while len(station.receiver.got) < 30:
                    station.wire.now.forward(minutes=6)
                    ledger.ring()
                    await asyncio.sleep(0.05)
            await station.until_delivered(30)
