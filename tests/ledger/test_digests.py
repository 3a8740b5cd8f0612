"""Digests in the ledger, on both databases: made once, claimed by one, whole."""

from __future__ import annotations

from datetime import timedelta

import pytest

from distributor.ledger import deliveries, digests
from distributor.ledger.digests import bundle, claim_digests
from distributor.ledger.ledger import Ledger
from distributor.ledger.urgency import make_urgent
from distributor.routing import Route
from ledger_wire import LEASE, NOON, Wire

LANES = ["a/x"]
YESTERDAY, TODAY = {"a/x": NOON - timedelta(days=1)}, {"a/x": NOON}


async def waiting(wire: Wire, ledger: Ledger, number: int) -> None:
    """So many articles for a lane that had its digest yesterday."""
    wire.plan = [Route("a/x", "a", "en")]
    await wire.open()
    assert await ledger.write(bundle, YESTERDAY, wire.now()) == 0
    for n in range(number):
        await wire.add(f"g{n}", f"Article {n}")


async def test_a_digest_is_made_once_for_each_time(wire: Wire, ledger: Ledger) -> None:
    await waiting(wire, ledger, 3)
    assert await ledger.write(bundle, TODAY, wire.now()) == 3
    await wire.add("late", "Came later")
    assert await ledger.write(bundle, TODAY, wire.now()) == 0
    found = await ledger.write(claim_digests, "w1", wire.now(), LEASE, LANES)
    assert [[c.article for c in claims] for claims in found.values()] == [[1, 2, 3]]


async def test_one_worker_has_it_and_another_gets_nothing(wire: Wire, ledger: Ledger) -> None:
    await waiting(wire, ledger, 2)
    await ledger.write(bundle, TODAY, wire.now())
    ((key, claims),) = (await ledger.write(claim_digests, "w1", wire.now(), LEASE, LANES)).items()
    assert await ledger.write(claim_digests, "w2", wire.now(), LEASE, LANES) == {}
    wire.now.time += 2 * LEASE
    assert await ledger.write(deliveries.expire, wire.now()) == 2
    ((again, taken),) = (await ledger.write(claim_digests, "w2", wire.now(), LEASE, LANES)).items()
    assert (again, [c.id for c in taken]) == (key, [c.id for c in claims])
    assert await wire.settle(claims, worker="w1") != []
    assert await wire.settle(taken, worker="w2") == []
    assert set((await wire.states()).values()) == {"delivered"}


async def test_what_is_more_than_one_holds_goes_into_another(
    wire: Wire, ledger: Ledger, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(digests, "LARGEST", 2)
    await waiting(wire, ledger, 3)
    await ledger.write(bundle, TODAY, wire.now())
    sizes = []
    for _ in range(2):
        ((_, claims),) = (await ledger.write(claim_digests, "w1", wire.now(), LEASE, LANES)).items()
        sizes.append(len(claims))
        await wire.settle(claims)
    assert sizes == [2, 1]


async def test_a_digest_in_flight_does_not_hold_up_what_is_urgent(wire: Wire, ledger: Ledger) -> None:
    wire.concurrency = 1
    await waiting(wire, ledger, 3)
    await ledger.write(bundle, TODAY, wire.now())
    await ledger.write(claim_digests, "w1", wire.now(), LEASE, LANES)
    await wire.add("urgent", "Urgent", urgency=1)
    assert [c.article for c in await wire.claim("w2")] == [4]


async def test_what_becomes_urgent_leaves_its_digest(wire: Wire, ledger: Ledger) -> None:
    await waiting(wire, ledger, 2)
    await ledger.write(bundle, TODAY, wire.now())
    await ledger.write(make_urgent, 1, 1, wire.routes, "anna", wire.now())
    ((_, claims),) = (await ledger.write(claim_digests, "w1", wire.now(), LEASE, LANES)).items()
    assert [c.article for c in claims] == [2]
