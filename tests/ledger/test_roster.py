"""How each channel fares."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from distributor.ledger import lanes, roster
from distributor.ledger.ledger import Ledger
from ledger_wire import NOON, Wire


async def fares(wire: Wire, name: str = "a/webhook") -> dict[str, Any]:
    rows = await wire.ledger.read(roster.lanes, wire.now())
    return next(row for row in rows if row["channel"] == name)


async def test_a_lane_that_did_nothing_yet(wire: Wire) -> None:
    await wire.open()
    told = await fares(wire)
    assert told == {
        "channel": "a/webhook", "member": "a", "kind": "webhook", "state": "open", "reason": "",
        "since": NOON, "probe": None, "failures": 0, "failing_since": None, "rate": None, "waiting": 0,
        "pending": 0, "sending": 0, "dead": 0, "tried": 0, "oldest": None, "last": "", "last_at": None,
    }  # fmt: skip
    assert [row["channel"] for row in await wire.ledger.read(roster.lanes, wire.now())] == [
        "a/webhook", "b/webhook",
    ]  # fmt: skip


async def test_what_is_open_or_dead_is_counted_lane_by_lane(wire: Wire) -> None:
    for n in range(5):
        await wire.add(f"g{n}")
    first, second, *_ = await wire.claim(limit=3)
    await wire.settle([first], said="HTTP 204")
    wire.now.forward(seconds=1)
    await wire.settle([second], "dead", said="HTTP 422")
    a, b = await fares(wire), await fares(wire, "b/webhook")
    counted = ("waiting", "pending", "sending", "dead", "tried")
    assert [a[name] for name in counted] == [0, 2, 1, 1, 3]
    assert [b[name] for name in counted] == [5, 0, 0, 0, 0]
    assert (a["last"], a["last_at"]) == ("HTTP 422", NOON + timedelta(seconds=1))
    assert (b["last"], b["last_at"]) == ("", None)


async def test_since_when_the_oldest_is_due(wire: Wire) -> None:
    await wire.add("g1")
    wire.now.forward(minutes=3)
    await wire.add("g2")
    assert (await fares(wire))["oldest"] == NOON
    (one, other) = await wire.claim()
    await wire.settle([one, other], "pending", due=wire.now() + timedelta(minutes=1), failures=1)
    assert (await fares(wire))["oldest"] is None  # nothing is due yet
    wire.now.forward(minutes=5)
    assert (await fares(wire))["oldest"] == NOON + timedelta(minutes=4)


async def test_the_last_answer_is_that_to_a_retry_of_something_older(wire: Wire) -> None:
    await wire.add("g1")
    await wire.settle(await wire.claim(), "pending", failures=1, said="HTTP 503")
    await wire.delay("a/webhook", minutes=10)
    await wire.add("g2")
    await wire.settle(await wire.claim(), said="HTTP 204")
    assert (await fares(wire))["last"] == "HTTP 204"
    wire.now.forward(minutes=11)
    await wire.settle(await wire.claim(), "pending", failures=2, said="HTTP 500")
    assert (await fares(wire))["last"] == "HTTP 500"


async def test_a_rate_is_told_a_minute(ledger: Ledger, wire: Wire) -> None:
    wire.terms = {"interval": timedelta(seconds=2)}
    await wire.open()
    assert (await fares(wire))["rate"] == 30


@pytest.mark.parametrize("state", ["paused", "removed"])
async def test_a_lane_that_is_out_of_use_says_so(wire: Wire, state: str) -> None:
    await wire.open()
    if state == "paused":
        await wire.ledger.write(lanes.pause, "a/webhook", "they move house", "ada", wire.now())
    else:
        await wire.ledger.write(lanes.sync, {}, wire.now())
    told = await fares(wire)
    assert (told["state"], bool(told["reason"])) == (state, True)
