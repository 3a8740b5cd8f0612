"""Lanes in the ledger: rates, order, rests, and what a person is told."""

from __future__ import annotations

from datetime import timedelta

import pytest

from distributor.errors import NotFound
from distributor.ledger import articles, deliveries, lanes, notices
from distributor.ledger.circuit import FIRST_REST, PROBE_AFTER, TRIP
from distributor.ledger.claims import claim, next_due
from distributor.ledger.ledger import Ledger
from distributor.ledger.outcome import Claim
from distributor.ledger.tables import delivery
from distributor.ledger.urgency import make_urgent
from distributor.routing import Route
from ledger_wire import LEASE, Wire

A = Route("a/x", "a", "en")


@pytest.fixture
def wire(wire: Wire) -> Wire:
    """One lane that reads the original."""
    wire.plan = [A]
    return wire


async def some(wire: Wire, number: int) -> None:
    for n in range(number):
        await wire.add(f"g{n}", f"Article {n}")


def numbers(claims: list[Claim]) -> list[int]:
    return [c.article for c in claims]


async def test_a_lane_with_a_rate_goes_on_one_at_a_time(wire: Wire, ledger: Ledger) -> None:
    wire.terms = {"interval": timedelta(seconds=2)}
    await some(wire, 5)
    assert len(await wire.claim()) == 1
    assert await wire.claim("w2") == []
    assert await ledger.read(next_due, wire.now()) == wire.now() + timedelta(seconds=2)
    wire.now.forward(seconds=2)
    assert len(await wire.claim("w2")) == 1


@pytest.mark.parametrize("step", [0.01, 0.3, 7.0])
async def test_no_minute_gets_more_than_the_rate(wire: Wire, step: float) -> None:
    wire.terms = {"interval": timedelta(seconds=0.5)}
    await some(wire, 150)
    went = []
    for _ in range(int(65 / step)):
        went += [wire.now()] * len(claims := await wire.claim())
        if claims:
            await wire.settle(claims)
        wire.now.forward(seconds=step)
        if step < 0.1 and len(went) > 12:
            break
    for start in went:
        inside = [t for t in went if start <= t < start + timedelta(minutes=1)]
        assert len(inside) <= 121
    assert len(went) > 8


async def test_a_lane_that_fails_rests_and_is_probed_with_one(wire: Wire, ledger: Ledger) -> None:
    await some(wire, 20)
    await wire.settle((await wire.claim())[:TRIP], "pending", failures=1)
    await ledger.write(deliveries.hand_back)
    assert await wire.claim() == []
    assert await ledger.read(next_due, wire.now()) == wire.now() + FIRST_REST
    wire.now.forward(seconds=FIRST_REST.total_seconds())
    probe = await wire.claim()
    assert len(probe) == 1
    assert await wire.claim("w2") == []
    await wire.settle(probe)
    assert len(await wire.claim()) == 19


async def test_an_ordered_lane_sends_one_after_the_other_in_the_order_of_publication(wire: Wire) -> None:
    wire.terms = {"ordered": True}
    await some(wire, 3)
    for n in (1, 2, 3):
        claims = await wire.claim()
        assert numbers(claims) == [n]
        assert await wire.claim("w2") == []
        await wire.settle(claims)


async def test_in_an_ordered_lane_a_failure_holds_up_all_but_what_is_urgent(
    wire: Wire, ledger: Ledger
) -> None:
    wire.terms = {"ordered": True}
    await some(wire, 4)
    claims, until = await wire.claim(), wire.now() + timedelta(minutes=5)
    await wire.settle(claims, "pending", due=claims[0].due, blocks=until, failures=1)
    assert await wire.claim() == []
    assert await ledger.read(next_due, wire.now()) == until
    await ledger.write(make_urgent, 3, 1, wire.routes, "anna", wire.now())
    urgent = await wire.claim()
    assert numbers(urgent) == [3]
    await wire.settle(urgent, "pending", due=until, failures=1)
    wire.now.time = until
    for expected in (3, 1, 2, 4):
        claims = await wire.claim()
        assert numbers(claims) == [expected]
        await wire.settle(claims)


async def test_an_ordered_lane_goes_by_publication_not_by_urgency(wire: Wire) -> None:
    wire.terms = {"ordered": True}
    await wire.add("g1", "One", urgency=6)
    await wire.add("g2", "Two", urgency=4)
    await wire.add("g3", "Three", urgency=2)
    order = []
    for _ in range(3):
        claims = await wire.claim()
        order += numbers(claims)
        await wire.settle(claims)
    assert order == [3, 1, 2]


async def test_an_ordered_lane_waits_for_a_translation_but_not_for_a_person(
    wire: Wire, ledger: Ledger
) -> None:
    wire.terms = {"ordered": True}
    wire.plan = [Route("a/x", "a", "ru")]
    await wire.add("g1", "One")
    wire.plan = [A]
    await wire.add("g2", "Two")
    assert await wire.claim() == []
    await ledger.write(articles.hold, 1, "let me read it", "anna", wire.now())
    assert numbers(await wire.claim()) == [2]


async def test_quiet_lanes_send_only_what_is_urgent(wire: Wire, ledger: Ledger) -> None:
    await some(wire, 3)
    await ledger.write(make_urgent, 2, 1, wire.routes, "anna", wire.now())
    claims = await ledger.write(claim, "w1", wire.now(), 100, LEASE, ["a/x"])
    assert numbers(claims) == [2]
    assert len(await wire.claim()) == 2


async def test_a_person_is_told_once_when_a_lane_is_parked_and_that_it_is_over(
    wire: Wire, ledger: Ledger
) -> None:
    await some(wire, 3)
    claims = await wire.claim()
    for c in claims:
        await wire.settle([c], "pending", lane="parked", answer="denied", said="HTTP 401")
    (told,) = await ledger.read(notices.listing)
    assert (told["kind"], told["subject"], told["text"]) == ("parked", "a/x", "HTTP 401")
    wire.now.time += PROBE_AFTER
    await wire.settle(await wire.claim())
    assert await ledger.read(notices.listing) == []
    assert [n["over"] for n in await ledger.read(notices.listing, all_=True)] == [wire.now()]


async def test_a_receiver_that_gets_too_much_is_slowed_down_and_a_person_told(
    wire: Wire, ledger: Ledger
) -> None:
    await some(wire, 12)
    claims = await wire.claim(limit=4)
    await wire.settle(claims, "pending", slow=True, wish=timedelta(seconds=30), said="HTTP 429")
    assert await wire.claim() == []
    assert await ledger.read(next_due, wire.now()) == wire.now() + timedelta(seconds=30)
    wire.now.forward(seconds=30)
    assert len(await wire.claim()) == 1
    assert [n["kind"] for n in await ledger.read(notices.listing)] == ["slowed"]


async def test_a_lane_is_paused_and_resumed_by_a_person(wire: Wire, ledger: Ledger) -> None:
    await some(wire, 2)
    await ledger.write(lanes.pause, "a/x", "their summer holidays", "anna", wire.now())
    assert await wire.claim() == []
    assert await ledger.write(lanes.resume, "a/x", "anna", wire.now()) == "paused"
    assert len(await wire.claim()) == 2
    with pytest.raises(NotFound, match="no channel called 'b/y'"):
        await ledger.write(lanes.resume, "b/y", "anna", wire.now())


async def test_resuming_a_disabled_lane_gives_it_its_time_again(wire: Wire, ledger: Ledger) -> None:
    wire.terms = {"disable_after": timedelta(hours=1)}
    await some(wire, 3)
    await wire.settle((await wire.claim(limit=1)), "pending", failures=1, due=wire.now())
    wire.now.forward(hours=1)
    await wire.settle((await wire.claim(limit=1)), "pending", failures=2, due=wire.now())
    (told,) = await ledger.read(notices.listing)
    assert told["text"].startswith("disabled after failing for 1 h")
    assert await wire.claim() == []
    assert await wire.state_of("a/x", article=3) == "pending"
    await ledger.write(lanes.resume, "a/x", "anna", wire.now())
    await wire.settle((await wire.claim(limit=1)), "pending", failures=3, due=wire.now())
    assert len(await wire.claim()) == 3
    assert await ledger.read(notices.listing) == []


async def test_a_start_with_another_rate_takes_it_on(wire: Wire, ledger: Ledger) -> None:
    wire.terms = {"interval": timedelta(seconds=60)}
    await some(wire, 8)
    await wire.settle(await wire.claim())
    wire.terms = {}
    await wire.open()
    wire.now.forward(seconds=60)
    assert len(await wire.claim()) == 7
    assert await ledger.read(deliveries.count_dead, [delivery.c.lane == "a/x"]) == 0


async def test_a_replay_keeps_the_key_unless_told_otherwise(wire: Wire, ledger: Ledger) -> None:
    await some(wire, 2)
    claims = await wire.claim()
    keys = {c.id: c.key for c in claims}
    await wire.settle(claims, "dead", said="HTTP 422")
    (told,) = await ledger.read(notices.listing)
    assert (told["kind"], told["subject"]) == ("dead", "a/x")
    assert await ledger.write(deliveries.replay, [delivery.c.id == 1], wire.now()) == 1
    assert len(await ledger.read(notices.listing)) == 1
    assert await ledger.write(deliveries.replay, [delivery.c.id == 2], wire.now(), new_keys=True) == 1
    assert await ledger.read(notices.listing) == []
    again = {c.id: c.key for c in await wire.claim()}
    assert again[1] == keys[1]
    assert again[2] not in keys.values()
