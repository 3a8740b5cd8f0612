"""Who makes work rings; every worker on the same ledger hears it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta

import pytest

import postgresql
from distributor.ledger import deliveries
from distributor.ledger import ledger as ledger_module
from distributor.ledger.audit import note
from distributor.ledger.ledger import Ledger
from distributor.ledger.urgency import make_urgent
from ledger_wire import Clock, Wire


@pytest.fixture
async def address(postgresql_server: str) -> str:
    return await postgresql.empty(postgresql_server)


@pytest.fixture
async def here(address: str) -> AsyncIterator[Ledger]:
    async with Ledger(address) as opened:
        yield opened


@pytest.fixture
async def elsewhere(address: str, here: Ledger) -> AsyncIterator[Ledger]:
    """The same database, opened by another worker."""
    async with Ledger(address) as opened:
        yield opened


def bell(ledger: Ledger) -> asyncio.Event:
    event = asyncio.Event()
    ledger.bells.add(event)
    return event


async def expect_ring(event: asyncio.Event) -> None:
    async with asyncio.timeout(5):
        await event.wait()
    event.clear()


async def test_new_work_rings_here_and_other_commits_do_not(wire: Wire, ledger: Ledger, now: Clock) -> None:
    rings = bell(ledger)
    article = await wire.add()
    assert rings.is_set()
    for act in (
        lambda: ledger.write(make_urgent, article, 1, wire.routes, "me", now()),
        lambda: wire.translate(),
    ):
        rings.clear()
        await act()
        assert rings.is_set()
    rings.clear()
    await ledger.write(note, now(), "me", "test", "nothing to do")
    claims = await wire.claim()
    await wire.settle(claims)
    assert not rings.is_set()


async def test_a_transaction_that_fails_rings_nothing(wire: Wire, ledger: Ledger, now: Clock) -> None:
    await wire.add()
    rings = bell(ledger)
    rings.clear()

    def act(db: object) -> None:
        make_urgent(db, 1, 1, wire.routes, "me", now())  # type: ignore[arg-type]
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await ledger.write(act)
    await ledger.write(note, now(), "me", "test", "nothing to do")
    assert not rings.is_set()


async def test_postgresql_tells_all_workers(here: Ledger, elsewhere: Ledger, now: Clock) -> None:
    rings = bell(here)
    async with here.watch():
        await expect_ring(rings)  # listening has begun
        await Wire(elsewhere, now).add()
        await expect_ring(rings)


async def test_a_listener_whose_connection_is_cut_listens_again(
    here: Ledger, elsewhere: Ledger, now: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ledger_module, "RELISTEN", 0.05)
    rings = bell(here)
    async with here.watch():
        await expect_ring(rings)
        cut = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE query LIKE 'LISTEN%'"
        await elsewhere.read(lambda db: db.exec_driver_sql(cut).all())
        await expect_ring(rings)  # what was missed is made up for
        await Wire(elsewhere, now).add()
        await expect_ring(rings)


async def test_the_database_s_clock_decides(address: str, monkeypatch: pytest.MonkeyPatch) -> None:
    true = ledger_module.clock.now
    monkeypatch.setattr(ledger_module.clock, "now", lambda: true() + timedelta(hours=5))
    async with Ledger(address) as wrong:
        assert abs(wrong.now() - true()) < timedelta(minutes=1)


async def test_a_dead_worker_s_claims_are_taken_over_and_its_late_word_changes_nothing(
    here: Ledger, elsewhere: Ledger, now: Clock
) -> None:
    wire = Wire(here, now)
    await wire.add()
    (claim,) = await wire.claim("dead")
    now.forward(seconds=30)
    await here.write(deliveries.renew, "alive", now() + timedelta(seconds=60))
    assert await here.write(deliveries.expire, now()) == 0
    now.forward(seconds=31)
    assert await elsewhere.write(deliveries.expire, now()) == 1
    (again,) = await wire.claim("alive")
    assert (again.key, again.id) == (claim.key, claim.id)
    assert await wire.settle([claim], worker="dead") != []
    assert await wire.state_of("a/webhook") == "sending"
