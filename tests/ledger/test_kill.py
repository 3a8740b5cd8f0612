"""Who has not confirmed a withdrawal in time is told to a person."""

from __future__ import annotations

from datetime import timedelta

from distributor.ledger import kill, notices
from distributor.ledger.withdrawal import withdraw
from ledger_wire import Wire

DEADLINE = timedelta(minutes=10)


async def watch(wire: Wire) -> list[tuple[str, str]]:
    await wire.ledger.write(kill.watch, DEADLINE, wire.now())
    rows = await wire.ledger.read(notices.listing)
    return [(row["subject"], row["text"]) for row in rows if row["kind"] == "kill"]


async def test_the_clock_runs_until_all_have_confirmed(wire: Wire) -> None:
    await wire.add()
    await wire.translate()
    await wire.settle(await wire.claim())
    await wire.ledger.write(withdraw, 1, "wrong", "ada", wire.now())
    first, second = sorted(await wire.claim(), key=lambda c: c.lane)
    await wire.settle([first])
    assert await watch(wire) == []
    wire.now.forward(minutes=11)
    assert await watch(wire) == [("article 1", "its withdrawal is not confirmed by b/webhook (sending)")]
    await wire.settle([second], "dead", said="HTTP 400")
    assert await watch(wire) == [("article 1", "its withdrawal is not confirmed by b/webhook (HTTP 400)")]


async def test_it_is_over_when_the_last_has_it(wire: Wire) -> None:
    await wire.add()
    await wire.settle(await wire.claim())
    await wire.ledger.write(withdraw, 1, "wrong", "ada", wire.now())
    wire.now.forward(minutes=11)
    assert len(await watch(wire)) == 1
    await wire.settle(await wire.claim())
    assert await watch(wire) == []
