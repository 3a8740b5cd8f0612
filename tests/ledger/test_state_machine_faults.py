"""What the state machine found in the ledger, the shortest sequence of each; all of it is mended."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from datetime import timedelta
from typing import Any

from distributor.errors import LeaseLost, NotFound
from distributor.ledger import articles, deliveries, renditions, urgency, views
from distributor.ledger.deliveries import Outcome
from distributor.ledger.renditions import Made, Task
from distributor.routing import Route
from ledger_wire import LEASE, Wire

DOUBTS = ({"sentence": "5 cats", "translation": "6 котов", "kind": "numbers", "what": "5 became 6"},)
ENGLISH, RUSSIAN = Route("a/x", "a", "en"), Route("b/x", "b", "ru")
SENDS, READS = Route("c/x", "c", "ru", "send"), Route("e/x", "e", "ru", "original")


async def task(wire: Wire) -> Task:
    (one,) = await wire.ledger.write(renditions.claim, "t1", wire.now(), 1, LEASE)
    return one


async def save(wire: Wire, one: Task, doubts: Sequence[dict[str, Any]] = ()) -> None:
    made = Made(
        one.original.having(language="ru"), "test", 1.0, tuple(doubts), "5 became 6" if doubts else ""
    )
    await wire.ledger.write(renditions.save, one, "t1", made, wire.now())


async def in_doubt(wire: Wire, *plan: Route) -> int:
    """An article whose Russian rendition is in doubt; its id."""
    wire.plan = list(plan)
    article = await wire.add()
    await save(wire, await task(wire), DOUBTS)
    return article


async def planned(wire: Wire, now: Sequence[Route], later: Sequence[Route]) -> None:
    """Lanes for both; articles go by the first."""
    wire.plan = [*now, *later]
    await wire.open()
    wire.plan = list(now)


async def make_urgent(wire: Wire, article: int) -> None:
    await wire.ledger.write(urgency.make_urgent, article, 1, wire.routes, "anna", wire.now())


async def test_what_was_to_go_in_spite_of_doubts_waits_while_it_is_translated_again(wire: Wire) -> None:
    article = await in_doubt(wire, SENDS)
    await wire.ledger.write(renditions.again, article, "ru", "anna", wire.now())
    assert await wire.claim() == []


async def test_what_failed_waits_while_it_is_translated_again(wire: Wire) -> None:
    article = await in_doubt(wire, SENDS)
    flying = await wire.claim()
    await wire.ledger.write(renditions.again, article, "ru", "anna", wire.now())
    await wire.settle(flying, "pending", failures=1)
    assert await wire.state_of("c/x") == "waiting"


async def test_what_cannot_be_made_again_has_no_text_to_approve(wire: Wire) -> None:
    article = await in_doubt(wire, RUSSIAN)
    await wire.ledger.write(renditions.again, article, "ru", "anna", wire.now())
    await wire.ledger.write(renditions.hold, await task(wire), "t1", "no model")
    try:
        await wire.ledger.write(renditions.approve, article, "ru", "anna", wire.now())
    except NotFound:
        return
    raise AssertionError("the text that was to be replaced is approved")


async def test_who_is_getting_a_version_gets_the_next_though_it_is_routed_no_more(wire: Wire) -> None:
    await planned(wire, [ENGLISH], [])
    article = await wire.add()
    flying = await wire.claim()
    wire.plan = []
    await wire.revise(article, "Union opens in Beijing")
    await wire.settle(flying)
    assert [c.version for c in await wire.claim()] == [2]


async def test_who_may_have_a_version_gets_the_next_though_it_is_routed_no_more(wire: Wire) -> None:
    await planned(wire, [ENGLISH], [])
    article = await wire.add()
    await wire.settle(await wire.claim(), "pending", answer="unknown", failures=1)  # it may have arrived
    wire.plan = []
    await wire.revise(article, "Union opens in Beijing")
    assert [c.version for c in await wire.claim()] == [2]


async def test_who_comes_late_to_a_text_in_doubt_and_wants_the_original_gets_it(wire: Wire) -> None:
    await planned(wire, [RUSSIAN], [READS])
    article = await in_doubt(wire, RUSSIAN)
    wire.plan = [RUSSIAN, READS]
    await make_urgent(wire, article)
    assert [c.lane for c in await wire.claim()] == ["e/x"]


async def test_an_old_version_never_waits_for_an_editor(wire: Wire) -> None:
    wire.plan = [RUSSIAN]
    article = await wire.add()
    old = await task(wire)
    await wire.revise(article, "Union opens in Beijing")
    with suppress(LeaseLost):
        await save(wire, old, DOUBTS)
    assert await wire.ledger.read(renditions.held) == []


async def test_an_old_version_that_is_handed_back_is_not_translated(wire: Wire) -> None:
    wire.plan = [RUSSIAN]
    article = await wire.add()
    await task(wire)
    await wire.revise(article, "Union opens in Beijing")
    await wire.ledger.write(renditions.hand_back)
    assert await wire.ledger.read(renditions.unfinished) == 1


async def test_a_late_record_changes_nothing_of_what_its_worker_has_claimed_again(wire: Wire) -> None:
    await wire.add()
    late = await wire.claim()
    wire.now.time += LEASE + timedelta(seconds=1)
    await wire.ledger.write(deliveries.expire, wire.now())
    await wire.claim()
    assert [o.claim for o in await wire.settle(late, "pending")] == late


async def test_urgent_brings_a_retry_of_a_held_article_to_the_front_when_it_is_released(wire: Wire) -> None:
    article = await wire.add()
    await wire.settle(await wire.claim(), "pending", due=wire.now() + timedelta(hours=5))
    await wire.ledger.write(articles.hold, article, "to be checked", "anna", wire.now())
    await make_urgent(wire, article)
    await wire.ledger.write(articles.release, article, wire.routes, "anna", wire.now())
    assert [c.lane for c in await wire.claim()] == ["a/webhook"]


async def test_what_is_replayed_is_as_urgent_as_its_article(wire: Wire) -> None:
    article = await wire.add()
    await wire.settle(await wire.claim(), "dead")
    await make_urgent(wire, article)
    await wire.ledger.write(deliveries.replay, [], wire.now())
    assert [c.urgency for c in await wire.claim()] == [1]


async def test_a_lane_that_is_gone_is_off_whatever_else_landed_with_that(wire: Wire) -> None:
    wire.plan = [ENGLISH]
    for guid in ("g1", "g2"):
        await wire.add(guid)
    gone, denied = await wire.claim()
    told = {"said": "", "started": wire.now(), "took_ms": 1.0, "due": wire.now(), "failures": 0}
    outcomes = [
        Outcome(gone, "pending", "gone", lane="off", **told),
        Outcome(denied, "pending", "denied", lane="parked", **told),
    ]
    await wire.ledger.write(deliveries.record, "w1", outcomes, wire.now())
    assert [lane["state"] for lane in await wire.ledger.read(views.lanes)] == ["off"]


async def test_claims_come_by_when_they_are_due(wire: Wire) -> None:
    wire.plan = [ENGLISH]
    await wire.add("g1")
    await wire.settle(await wire.claim(), "pending", due=wire.now() + timedelta(minutes=1))
    await wire.add("g2")
    wire.now.forward(minutes=2)
    assert [c.article for c in await wire.claim()] == [2, 1]
