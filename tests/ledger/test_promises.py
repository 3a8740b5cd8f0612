"""The six promises of the ledger, as far as it alone can keep them."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import func, insert, select
from sqlalchemy.exc import IntegrityError

from distributor.errors import LeaseLost, NotFound
from distributor.ledger import articles, circuit, claims, deliveries, lanes, renditions, views
from distributor.ledger.ledger import Ledger
from distributor.ledger.renditions import Made
from distributor.ledger.tables import article, attempt, delivery, lane, rendition, version
from distributor.ledger.urgency import make_urgent
from distributor.routing import Facts, Route
from ledger_wire import LEASE, Clock, Wire, entry

# 1: a version, its renditions and its deliveries are one transaction


async def test_a_version_comes_with_its_renditions_and_deliveries(wire: Wire) -> None:
    await wire.add()
    assert await wire.renditions() == {(1, "en"): ("original", "ready"), (1, "ru"): ("machine", "waiting")}
    assert await wire.states() == {(1, 1, "a/webhook", "en"): "pending", (1, 1, "b/webhook", "ru"): "waiting"}


async def test_a_fault_in_the_fan_out_leaves_nothing_of_the_article(wire: Wire, ledger: Ledger) -> None:
    def broken(_: Facts) -> list[Route]:
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await ledger.write(articles.add, entry(), broken, wire.now())
    counts = await ledger.read(
        lambda db: [
            db.execute(select(func.count()).select_from(t)).scalar() for t in (article, version, rendition)
        ]
    )
    assert counts == [0, 0, 0]


async def test_a_rendition_that_is_ready_lets_its_deliveries_go(wire: Wire) -> None:
    await wire.add()
    await wire.translate()
    assert await wire.state_of("b/webhook") == "pending"


async def test_members_that_read_the_same_language_share_one_rendition(wire: Wire) -> None:
    wire.plan = [Route(f"m{i}/webhook", f"m{i}", "ru") for i in range(20)]
    await wire.add()
    assert await wire.translate() == 1
    assert len(await wire.claim()) == 20


async def test_what_is_in_the_language_already_is_never_translated(wire: Wire) -> None:
    wire.plan = [Route("a/webhook", "a", "en-GB")]
    await wire.add()
    assert await wire.translate() == 0
    assert await wire.state_of("a/webhook") == "pending"


# 2: one key for a delivery, for ever


async def test_a_key_is_the_same_over_attempts_and_differs_between_deliveries(wire: Wire) -> None:
    await wire.add()
    await wire.translate()
    first = await wire.claim()
    await wire.settle(first, "pending", failures=1)
    again = await wire.claim()
    assert {c.key for c in first} == {c.key for c in again}
    assert len({c.key for c in first}) == 2


async def test_a_key_is_the_same_in_another_ledger(wire: Wire, tmp_path: object, now: Clock) -> None:
    await wire.add()
    keys = {c.key for c in await wire.claim()}
    async with Ledger(f"sqlite+aiosqlite:///{tmp_path}/other.db") as other:
        twin = Wire(other, now)
        await twin.add("another")
        await twin.add()
        assert keys < {c.key for c in await twin.claim()}


# 3: the head and nothing after it


async def test_a_later_version_supersedes_what_was_not_delivered(wire: Wire) -> None:
    await wire.add()
    await wire.revise(1, "Union opens its first conference in Beijing")
    assert await wire.state_of("a/webhook", version=1) == "superseded"
    assert await wire.renditions() == {
        (1, "en"): ("original", "ready"),
        (1, "ru"): ("machine", "superseded"),
        (2, "en"): ("original", "ready"),
        (2, "ru"): ("machine", "waiting"),
    }
    assert [c.version for c in await wire.claim()] == [2]


async def test_a_new_version_waits_while_the_old_one_is_being_sent(wire: Wire) -> None:
    await wire.add()
    flying = await wire.claim()
    await wire.revise(1, "Union opens in Beijing")
    assert await wire.claim() == []
    await wire.settle(flying)
    assert [c.version for c in await wire.claim()] == [2]


async def test_an_old_version_that_fails_in_flight_is_not_tried_again(wire: Wire) -> None:
    await wire.add()
    flying = await wire.claim()
    await wire.revise(1, "Union opens in Beijing")
    await wire.settle(flying, "pending", failures=1)
    assert await wire.state_of("a/webhook", version=1) == "superseded"
    assert [c.version for c in await wire.claim()] == [2]


async def test_who_had_a_version_gets_the_next_though_it_is_routed_no_more(wire: Wire) -> None:
    await wire.add()
    await wire.settle(await wire.claim())
    wire.plan = []
    await wire.revise(1, "Union opens in Beijing")
    assert [(c.lane, c.version) for c in await wire.claim()] == [("a/webhook", 2)]


async def test_a_held_article_waits_and_goes_on_when_released(wire: Wire, ledger: Ledger) -> None:
    await wire.add()
    assert await ledger.write(articles.hold, 1, "to be checked", "editor", wire.now()) == 1
    assert await wire.claim() == []
    assert await ledger.write(articles.release, 1, wire.routes, "editor", wire.now()) == 1
    assert len(await wire.claim()) == 1


async def test_what_fails_while_its_article_is_held_waits_for_the_release(wire: Wire, ledger: Ledger) -> None:
    await wire.add()
    flying = await wire.claim()
    await ledger.write(articles.hold, 1, "to be checked", "editor", wire.now())
    await wire.settle(flying, "pending", failures=1)
    assert await wire.state_of("a/webhook") == "waiting"


async def test_an_article_held_on_its_way_in_is_routed_when_released(wire: Wire, ledger: Ledger) -> None:
    await wire.add(hold="more than 30 new items in one poll")
    assert await wire.states() == {}
    assert await ledger.write(articles.release, 1, wire.routes, "editor", wire.now()) == 2
    assert len(await wire.claim()) == 1


# 4: the urgent first


async def test_an_urgent_article_overtakes_all_that_waits(wire: Wire, ledger: Ledger) -> None:
    for i in range(5):
        await wire.add(f"g{i}", f"Article {i}")
        wire.now.forward(seconds=1)
    await ledger.write(make_urgent, 4, 1, wire.routes, "editor", wire.now())
    assert [c.article for c in await wire.claim(limit=3)] == [4, 1, 2]
    tasks = await ledger.write(renditions.claim, "t", wire.now(), 2, LEASE)
    assert [t.article for t in tasks] == [4, 1]


async def test_urgent_brings_a_retry_that_waits_for_hours_to_the_front_at_once(
    wire: Wire, ledger: Ledger
) -> None:
    await wire.add()
    await wire.settle(await wire.claim(), "pending", failures=3, due=wire.now() + timedelta(hours=5))
    assert await wire.claim() == []
    await ledger.write(make_urgent, 1, 1, wire.routes, "editor", wire.now())
    assert [c.urgency for c in await wire.claim()] == [1]


async def test_urgent_reaches_members_that_want_only_the_urgent(wire: Wire, ledger: Ledger) -> None:
    await wire.add()
    wire.plan = [*wire.plan, Route("c/webhook", "c", "en")]
    await wire.open()
    await ledger.write(make_urgent, 1, 1, wire.routes, "editor", wire.now())
    assert await wire.state_of("c/webhook") == "pending"


# 5: one member's outage costs the others nothing


@pytest.mark.parametrize("state", ["parked", "off"])
async def test_a_closed_lane_is_passed_by_and_keeps_its_deliveries(
    wire: Wire, ledger: Ledger, state: str
) -> None:
    wire.plan = [Route("a/webhook", "a", "en"), Route("b/webhook", "b", "en")]
    await wire.add()
    claims = await wire.claim()
    closed = [c for c in claims if c.lane == "a/webhook"]
    await wire.settle(closed, "pending", lane=state, answer="denied", said="HTTP 401")
    await wire.settle([c for c in claims if c.lane == "b/webhook"])
    await wire.add("g2", "Another")
    assert [c.lane for c in await wire.claim()] == ["b/webhook"]
    assert await wire.state_of("a/webhook") == "pending"


async def test_a_parked_lane_is_probed_with_one_delivery_and_opens_when_that_arrives(wire: Wire) -> None:
    for i in range(5):
        await wire.add(f"g{i}", f"Article {i}")
    claims = await wire.claim()
    await wire.settle(claims, "pending", lane="parked", answer="denied")
    assert await wire.claim() == []
    wire.now.time += circuit.PROBE_AFTER
    probe = await wire.claim()
    assert len(probe) == 1
    await wire.settle(probe)
    assert len(await wire.claim()) == 4


async def test_a_lane_gets_no_more_than_its_concurrency(wire: Wire) -> None:
    wire.concurrency = 2
    for i in range(5):
        await wire.add(f"g{i}", f"Article {i}")
    first = await wire.claim()
    assert len(first) == 2
    assert await wire.claim() == []
    await wire.settle(first[:1])
    assert len(await wire.claim()) == 1


async def test_a_lane_that_is_no_longer_configured_keeps_what_it_has(wire: Wire, ledger: Ledger) -> None:
    await wire.add()
    await ledger.write(lanes.sync, {}, wire.now())
    assert await wire.claim() == []
    await wire.open()
    assert len(await wire.claim()) == 1


# 6: nothing is lost with a worker, and a late worker records nothing


async def test_what_a_dead_worker_had_in_hand_is_taken_up_with_its_key(wire: Wire, ledger: Ledger) -> None:
    await wire.add()
    lost = await wire.claim("dead")
    assert await ledger.write(deliveries.hand_back) == 1
    assert [c.key for c in await wire.claim("next")] == [c.key for c in lost]


async def test_a_lease_that_ran_out_is_anybodys(wire: Wire, ledger: Ledger) -> None:
    await wire.add()
    await wire.claim("dead")
    assert await ledger.write(deliveries.expire, wire.now()) == 0
    wire.now.time += LEASE + timedelta(seconds=1)
    assert await ledger.write(deliveries.expire, wire.now()) == 1
    assert len(await wire.claim("next")) == 1


async def test_a_late_worker_overwrites_nothing(wire: Wire, ledger: Ledger) -> None:
    await wire.add()
    late = await wire.claim("late")
    await ledger.write(deliveries.hand_back)
    mine = await wire.claim("w1")
    assert [o.claim for o in await wire.settle(late, "dead", worker="late")] == late
    assert await wire.settle(mine) == []
    assert await wire.state_of("a/webhook") == "delivered"
    rows = await ledger.read(lambda db: db.execute(select(attempt.c.worker)).scalars().all())
    assert rows == ["w1"]


async def test_a_late_translator_overwrites_nothing(wire: Wire, ledger: Ledger) -> None:
    await wire.add()
    (task,) = await ledger.write(renditions.claim, "late", wire.now(), 1, LEASE)
    await ledger.write(renditions.hand_back)
    await wire.translate("t1")
    with pytest.raises(LeaseLost):
        await ledger.write(renditions.save, task, "late", Made(task.original, "m", 1.0), wire.now())


# around them


async def test_a_dead_delivery_is_replayed_with_its_key_and_a_fresh_schedule(
    wire: Wire, ledger: Ledger
) -> None:
    await wire.add()
    claims = await wire.claim()
    await wire.settle(claims, "dead", failures=9)
    assert await ledger.write(deliveries.replay, [delivery.c.lane == "a/webhook"], wire.now()) == 1
    (again,) = await wire.claim()
    assert (again.key, again.failures, again.attempts) == (claims[0].key, 0, 1)


async def test_a_replay_of_an_old_version_sends_nothing(wire: Wire, ledger: Ledger) -> None:
    await wire.add()
    await wire.settle(await wire.claim(), "dead")
    await wire.revise(1, "Union opens in Beijing")
    await wire.settle(await wire.claim())
    await ledger.write(deliveries.replay, [delivery.c.article == 1], wire.now())
    assert await wire.state_of("a/webhook", version=1) == "superseded"
    assert await wire.claim() == []


async def test_next_due_looks_only_at_what_could_go(wire: Wire, ledger: Ledger) -> None:
    await wire.add()
    assert await ledger.read(claims.next_due, wire.now()) is None
    await wire.delay("a/webhook", minutes=5)
    assert await ledger.read(claims.next_due, wire.now()) == wire.now() + timedelta(minutes=5)
    await ledger.write(lanes.pause, "a/webhook", "summer", "anna", wire.now())
    assert await ledger.read(claims.next_due, wire.now()) is None


async def test_each_attempt_is_a_row(wire: Wire, ledger: Ledger) -> None:
    await wire.add()
    await wire.settle(await wire.claim(), "pending", failures=1, said="HTTP 503")
    await wire.settle(await wire.claim(), said="HTTP 204")
    rows = await ledger.read(views.attempts, 1)
    assert [(r["number"], r["outcome"], r["answer"]) for r in rows] == [
        (1, "unavailable", "HTTP 503"),
        (2, "delivered", "HTTP 204"),
    ]


async def test_an_article_is_found_by_id_guid_and_slug(wire: Wire, ledger: Ledger) -> None:
    await wire.add("weekly-51-05", "Union opens")
    slug = (await ledger.read(articles.find, "1")).slug
    assert slug.startswith("union-opens-")
    assert [(await ledger.read(articles.find, ref)).id for ref in ("weekly-51-05", slug)] == [1, 1]
    with pytest.raises(NotFound, match="no article called '7'"):
        await ledger.read(articles.find, "7")


async def test_foreign_keys_hold(wire: Wire, ledger: Ledger) -> None:
    with pytest.raises(IntegrityError):
        await ledger.write(lambda db: db.execute(insert(version).values(
            article=99, number=1, language="en", headline="x", content={}, created=wire.now())))  # fmt: skip


async def test_a_lane_that_opens_says_so_and_forgets_the_reason(wire: Wire, ledger: Ledger) -> None:
    await wire.add()
    await wire.settle(await wire.claim(), "pending", lane="parked", answer="denied", said="HTTP 401")
    first = await ledger.read(lambda db: db.execute(select(lane).where(lane.c.id == "a/webhook")).one())
    assert (first.state, first.reason) == ("parked", "HTTP 401")
    wire.now.time += circuit.PROBE_AFTER
    await wire.settle(await wire.claim())
    then = await ledger.read(lambda db: db.execute(select(lane).where(lane.c.id == "a/webhook")).one())
    assert (then.state, then.reason, then.probe) == ("open", "", None)
