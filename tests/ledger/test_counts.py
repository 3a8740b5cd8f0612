"""Each lane counts its items without gaps, from the first claim on, on both databases."""

from __future__ import annotations

import asyncio
from collections import defaultdict

from sqlalchemy import select

from distributor.ledger.claims import claim
from distributor.ledger.digests import bundle, claim_digests
from distributor.ledger.ledger import Ledger
from distributor.ledger.outcome import Claim
from distributor.ledger.tables import delivery
from distributor.routing import Route
from ledger_wire import LEASE, NOON, Wire


async def numbers(wire: Wire) -> dict[str, list[int]]:
    """By lane, of all that was ever claimed, in order."""
    rows = select(delivery.c.lane, delivery.c.number).where(delivery.c.number.is_not(None))
    found: dict[str, list[int]] = defaultdict(list)
    for row in await wire.ledger.read(lambda db: db.execute(rows.order_by(delivery.c.number)).all()):
        found[row.lane].append(row.number)
    return dict(found)


def two_lanes(wire: Wire) -> None:
    wire.plan = [Route("a/x", "a", "en"), Route("b/x", "b", "en")]


async def test_each_lane_counts_its_own(wire: Wire) -> None:
    two_lanes(wire)
    for n in range(5):
        await wire.add(f"g{n}")
    claims = await wire.claim(limit=7) + await wire.claim("w2")
    assert await numbers(wire) == {"a/x": [1, 2, 3, 4, 5], "b/x": [1, 2, 3, 4, 5]}
    assert sorted((c.lane, c.number or 0) for c in claims) == [
        (n, i) for n in ("a/x", "b/x") for i in range(1, 6)
    ]


async def test_the_more_urgent_of_a_claim_has_the_smaller_number(wire: Wire) -> None:
    two_lanes(wire)
    await wire.add("g1")
    await wire.add("g2", urgency=1)
    assert [c.article for c in sorted(await wire.claim(), key=lambda c: (c.lane, c.number or 0))] == [
        2,
        1,
        2,
        1,
    ]


async def test_a_retry_keeps_its_number_and_others_go_on_counting(wire: Wire) -> None:
    two_lanes(wire)
    await wire.add("g1")
    first = {c.lane: c for c in await wire.claim()}
    await wire.settle(list(first.values()), "pending")
    await wire.add("g2")
    again: list[Claim] = await wire.claim()
    assert sorted((c.lane, c.article, c.number or 0) for c in again) == [
        ("a/x", 1, 1), ("a/x", 2, 2), ("b/x", 1, 1), ("b/x", 2, 2),
    ]  # fmt: skip


async def test_what_never_was_tried_takes_no_number(wire: Wire) -> None:
    two_lanes(wire)
    article = await wire.add("g1")
    await wire.revise(article, "Union opens, corrected")
    await wire.claim()
    assert await numbers(wire) == {"a/x": [1], "b/x": [1]}


async def test_those_of_a_digest_are_counted_one_by_one(wire: Wire, ledger: Ledger) -> None:
    wire.plan = [Route("a/x", "a", "en")]
    await wire.open()
    await ledger.write(bundle, {"a/x": NOON - LEASE}, wire.now())
    await wire.add("g0", urgency=1)
    await wire.settle(await wire.claim())
    for n in (1, 2, 3):
        await wire.add(f"g{n}")
    await ledger.write(bundle, {"a/x": NOON}, wire.now())
    (claims,) = (await ledger.write(claim_digests, "w1", wire.now(), LEASE, ["a/x"])).values()
    assert [c.number for c in claims] == [2, 3, 4]
    assert await numbers(wire) == {"a/x": [1, 2, 3, 4]}


async def test_workers_that_claim_at_the_same_time_leave_no_gap(wire: Wire, ledger: Ledger) -> None:
    two_lanes(wire)
    for n in range(40):
        await wire.add(f"g{n}")
    turns = (ledger.write(claim, f"w{n % 4}", wire.now(), 7, LEASE) for n in range(24))
    await asyncio.gather(*turns)
    while await wire.claim():
        pass
    assert await numbers(wire) == {"a/x": list(range(1, 41)), "b/x": list(range(1, 41))}
