"""Not before its time, and not later than an editor says."""

from __future__ import annotations

from datetime import timedelta

from distributor.ledger import deliveries
from distributor.ledger.articles import hold, release
from distributor.ledger.tables import delivery
from distributor.ledger.timing import embargo, send_now
from distributor.ledger.urgency import make_urgent, undo
from ledger_wire import Wire

HOUR = timedelta(hours=1)


async def under_embargo(wire: Wire) -> None:
    await wire.add()
    until = wire.now() + HOUR
    assert await wire.ledger.write(embargo, 1, until, "ada", wire.now()) == 2


async def test_it_is_translated_and_waits(wire: Wire) -> None:
    await under_embargo(wire)
    assert await wire.translate() == 1
    wire.now.forward(minutes=59, seconds=59)
    assert await wire.claim() == []
    wire.now.forward(seconds=1)
    assert len(await wire.claim()) == 2


async def test_nothing_makes_it_go_earlier(wire: Wire) -> None:
    await under_embargo(wire)
    ledger, now = wire.ledger, wire.now
    await wire.translate()
    for pause in (timedelta(), timedelta(seconds=8)):
        await ledger.write(make_urgent, 1, 1, wire.routes, "ada", now(), pause)
        assert await wire.claim() == []
    await ledger.write(undo, 1, wire.routes, "ada", now())
    await ledger.write(send_now, 1, "ada", now())
    await ledger.write(hold, 1, "", "ada", now())
    await ledger.write(release, 1, wire.routes, "ada", now())
    await wire.revise(1, "Second")
    await wire.translate()
    assert await wire.claim() == []
    now.forward(hours=1)
    assert {(c.lane, c.version) for c in await wire.claim()} == {("a/webhook", 2), ("b/webhook", 2)}


async def test_a_replay_waits_for_it_too(wire: Wire) -> None:
    await wire.add()
    await wire.settle(await wire.claim(), "dead")
    await wire.ledger.write(embargo, 1, wire.now() + HOUR, "ada", wire.now())
    await wire.ledger.write(deliveries.replay, [delivery.c.article == 1], wire.now())
    assert await wire.claim() == []
    wire.now.forward(hours=1)
    assert [c.lane for c in await wire.claim()] == ["a/webhook"]


async def test_lifted_it_goes(wire: Wire) -> None:
    await under_embargo(wire)
    await wire.ledger.write(embargo, 1, None, "ada", wire.now())
    assert [c.lane for c in await wire.claim()] == ["a/webhook"]


async def test_sent_now_it_passes_quiet_hours_and_failures(wire: Wire) -> None:
    await wire.add()
    await wire.settle(await wire.claim(), "pending", due=wire.now() + HOUR, failures=3)
    assert await wire.claim() == []
    assert await wire.ledger.write(send_now, 1, "ada", wire.now()) >= 1
    (claim,) = await wire.claim()
    assert claim.urgency == 2
