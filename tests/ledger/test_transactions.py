"""Whole or not at all, on the writer's thread as on the loop's own, whoever gives up in between."""

from __future__ import annotations

import asyncio
import sqlite3
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from random import Random

import pytest
from sqlalchemy import Connection, select
from sqlalchemy.exc import OperationalError

from distributor import clock
from distributor.ledger import ledger as ledger_module
from distributor.ledger.audit import note
from distributor.ledger.bell import ring
from distributor.ledger.ledger import Ledger
from distributor.ledger.tables import audit


def pair(db: Connection, name: str) -> str:
    for half in ("first", "second"):
        note(db, clock.now(), name, half, "test")
    return name


def pairs(db: Connection) -> Counter[str]:
    return Counter(db.execute(select(audit.c.who)).scalars())


def fails(db: Connection) -> None:
    pair(db, "half done")
    ring(db)
    raise ZeroDivisionError


async def test_what_fails_here_is_undone_and_the_next_goes_on(ledger: Ledger) -> None:
    bell = asyncio.Event()
    ledger.bells.add(bell)
    with pytest.raises(ZeroDivisionError):
        await ledger.write_here(fails)
    assert await ledger.write_here(pair, "whole") == "whole"
    assert await ledger.read(pairs) == {"whole": 2}
    assert not bell.is_set()


@pytest.mark.parametrize("seed", range(8))
async def test_whoever_is_canceled_leaves_the_others_whole(ledger: Ledger, seed: int) -> None:
    random, tasks = Random(seed), {}
    for number in range(40):
        write = random.choice([ledger.write, ledger.write_here])
        tasks[f"task {number}"] = asyncio.create_task(write(pair, f"task {number}"))
    for name in random.sample(sorted(tasks), 20):
        await asyncio.sleep(random.choice([0, 0, 0.001]))
        tasks[name].cancel()
    ended = dict(zip(tasks, await asyncio.gather(*tasks.values(), return_exceptions=True), strict=True))
    assert await ledger.write_here(pair, "afterwards") == "afterwards"
    found = await ledger.read(pairs)
    assert set(found.values()) == {2}
    assert {name for name, end in ended.items() if end == name} <= found.keys()
    assert all(end == name or isinstance(end, asyncio.CancelledError) for name, end in ended.items())


@contextmanager
def busy(sqlite: Ledger) -> Iterator[None]:
    """Another process is amid a transaction that writes."""
    other = sqlite3.connect(str(sqlite.file), isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    yield
    other.execute("ROLLBACK")
    other.close()


async def test_who_waits_for_another_process_does_not_stop_the_loop(sqlite: Ledger) -> None:
    with busy(sqlite):
        waits = asyncio.create_task(sqlite.write_here(pair, "patient"))
        for _ in range(5):
            assert await sqlite.read(pairs) == {}
        assert not waits.done()
    assert await waits == "patient"


async def test_a_ledger_that_stays_busy_serves_again_afterwards(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with Ledger(f"sqlite+aiosqlite:///{tmp_path / 'ledger.db'}"):
        pass
    monkeypatch.setattr(ledger_module, "BUSY_MS", 1)
    async with Ledger(f"sqlite+aiosqlite:///{tmp_path / 'ledger.db'}") as sqlite:
        with busy(sqlite), pytest.raises(OperationalError, match="locked"):
            await sqlite.write_here(pair, "too late")
        assert await sqlite.write_here(pair, "in time") == "in time"
        assert await sqlite.read(pairs) == {"in time": 2}
