"""The loop that counts and takes in old articles, and the one that lets old figures go."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import Connection, text
from sqlalchemy.exc import OperationalError

from distributor.delivery import bookkeeper, keeper
from distributor.delivery.bookkeeper import Bookkeeper
from distributor.delivery.keeper import Keeper
from distributor.events import Event, Events, Trouble
from distributor.ledger import newsroom, search, tally
from distributor.ledger.ledger import Ledger
from distributor.ledger.newsroom import Filter
from distributor.ledger.tally import Key
from distributor.settings import RetentionSettings
from ledger_wire import NOON, Clock, Wire

DEADLINE = timedelta(minutes=10)


@pytest.fixture(autouse=True)
def _soon(ledger: Ledger, now: Clock, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ledger, "now", now)
    monkeypatch.setattr(bookkeeper, "BETWEEN", timedelta())


def counter(ledger: Ledger, events: Events | None = None) -> Bookkeeper:
    return Bookkeeper(ledger, DEADLINE, events or Events())


async def counted(ledger: Ledger) -> int:
    rows = await ledger.read(tally.by_hour, NOON - timedelta(days=999))
    return sum(row["number"] for row in rows)


async def until(true: Callable[[], Any]) -> None:
    async with asyncio.timeout(20):
        while not await true():
            await asyncio.sleep(0.01)


async def deliver(wire: Wire, number: int) -> None:
    for n in range(number):
        await wire.add(f"g{n} {wire.now()}")
    await wire.settle(await wire.claim())


async def test_all_that_is_not_counted_is_counted_and_only_once(
    wire: Wire, ledger: Ledger, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tally, "STEP", 3)
    await deliver(wire, 8)
    stop = asyncio.Event()
    for _ in range(2):
        await counter(ledger).once(stop)
        assert await counted(ledger) == 8


async def test_what_was_there_before_the_search_is_found_by_it(
    wire: Wire, ledger: Ledger, monkeypatch: pytest.MonkeyPatch
) -> None:
    await deliver(wire, 7)

    def forget(db: Connection) -> None:
        db.execute(text("DELETE FROM search"))
        db.execute(text("INSERT INTO progress (name, reached) VALUES ('search', 8)"))

    await ledger.write(forget)
    monkeypatch.setattr(search, "STEP", 3)
    await counter(ledger).once(asyncio.Event())
    assert len(await ledger.read(newsroom.wire, Filter(words="union"))) == 7


async def test_who_is_to_stop_does_no_further_step(wire: Wire, ledger: Ledger) -> None:
    await deliver(wire, 2)
    stop = asyncio.Event()
    stop.set()
    await counter(ledger).once(stop)
    assert await counted(ledger) == 0


async def test_it_goes_on_when_the_ledger_was_away(
    wire: Wire, ledger: Ledger, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bookkeeper, "EVERY", timedelta(seconds=0.02))
    write, failures = (
        ledger.write,
        iter([OperationalError("", {}, Exception("disk I/O error")), OSError("gone")]),
    )

    async def failing(*args: Any, **more: Any) -> Any:
        for error in failures:
            raise error
        return await write(*args, **more)

    await deliver(wire, 2)
    monkeypatch.setattr(ledger, "write", failing)
    said: list[Event] = []
    stop = asyncio.Event()
    task = asyncio.create_task(counter(ledger, Events(said.append)).run(stop))

    async def all_counted() -> bool:
        return await counted(ledger) == 2

    await until(all_counted)
    stop.set()
    await task
    assert said == [
        Trouble("ledger", "nothing is counted: disk I/O error"),
        Trouble("ledger", "nothing is counted: gone"),
    ]


async def test_figures_go_when_the_desk_shows_them_no_more(ledger: Ledger, now: Clock) -> None:
    whens = (now(), now() - timedelta(days=366), now() - keeper.FIGURES - timedelta(hours=1))
    keys = [Key(tally.hour_of(when), "a", "en", "delivered", 0) for when in whens]
    await ledger.write(tally.add, Counter(keys))
    await Keeper(ledger, RetentionSettings(), Events()).once(asyncio.Event())
    assert await counted(ledger) == 2
