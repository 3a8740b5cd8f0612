"""What is pruned, and what stays for good."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import func, select

from distributor.ledger import deliveries, notices, retention, views
from distributor.ledger.ledger import Ledger
from distributor.ledger.tables import attempt, delivery, rendition, version
from distributor.ledger.urgency import make_urgent
from ledger_wire import Wire

DAY = timedelta(days=1)


async def attempts(ledger: Ledger) -> int:
    number = await ledger.read(lambda db: db.execute(select(func.count()).select_from(attempt)).scalar_one())
    assert isinstance(number, int)
    return number


async def all_attempts(ledger: Ledger, wire: Wire) -> int:
    count, after = 0, 0
    while True:
        gone, following = await ledger.write(retention.prune_attempts, wire.now() - 90 * DAY, after)
        count += gone
        if following is None:
            return count
        after = following


async def test_old_attempts_go_and_what_proves_the_delivery_stays(wire: Wire, ledger: Ledger) -> None:
    await wire.add()
    await wire.settle(await wire.claim(), "pending", failures=1, said="HTTP 503")
    await wire.settle(await wire.claim(), said="HTTP 204")
    assert await all_attempts(ledger, wire) == 0
    wire.now.time += 91 * DAY
    await wire.add("g2", "A new one")
    await wire.settle(await wire.claim())
    assert await all_attempts(ledger, wire) == 2
    assert await attempts(ledger) == 1
    first = await ledger.read(lambda db: db.execute(select(delivery).where(delivery.c.id == 1)).one())
    assert (first.state, first.answer, first.attempts) == ("delivered", "HTTP 204", 2)
    assert first.settled == wire.now() - 91 * DAY


async def test_attempts_stay_while_the_delivery_is_under_way_or_may_have_arrived(
    wire: Wire, ledger: Ledger
) -> None:
    await wire.add("g1", "One")
    await wire.add("g2", "Two")
    one, two = (c for c in await wire.claim() if c.lane == "a/webhook")
    await wire.settle([one], "pending", failures=1)
    await wire.settle([two], "dead", answer="unknown")
    wire.now.time += 91 * DAY
    assert await all_attempts(ledger, wire) == 0
    await wire.revise(2, "Two, corrected", "g2")
    assert await wire.state_of("a/webhook", version=2, article=2) == "pending"


async def test_it_goes_in_steps(wire: Wire, ledger: Ledger, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(retention, "STEP", 4)
    for n in range(5):
        await wire.add(f"g{n}", f"Article {n}")
        await wire.translate()
    await wire.settle(await wire.claim())
    wire.now.time += 91 * DAY
    before = wire.now() - 90 * DAY
    assert await ledger.write(retention.prune_attempts, before, 0) == (4, 4)
    assert await ledger.write(retention.prune_attempts, before, 4) == (4, 8)
    assert await ledger.write(retention.prune_attempts, before, 8) == (1, None)  # the newest stays
    assert await ledger.write(retention.prune_bodies, before) == 4
    assert await ledger.write(retention.prune_bodies, before) == 1
    assert await ledger.write(retention.prune_bodies, before) == 0


async def test_old_texts_go_and_their_headlines_and_hashes_stay(wire: Wire, ledger: Ledger) -> None:
    await wire.add()
    await wire.translate()
    await wire.settle(await wire.claim())
    wire.now.time += 91 * DAY
    assert await ledger.write(retention.prune_bodies, wire.now() - 90 * DAY) == 1
    for table in (version, rendition):
        (row, *_) = await ledger.read(
            lambda db, table=table: db.execute(select(table).where(table.c.content.is_not(None))).all()
        )
        assert row.content["body"] == row.content["summary"] == ""
        assert row.content["headline"].endswith("Union opens")
        assert row.pruned.startswith("sha256:")
    (shown, *_) = await ledger.read(views.articles)
    assert shown["headline"] == "Union opens"


async def test_texts_stay_that_somebody_may_still_get(wire: Wire, ledger: Ledger) -> None:
    await wire.add("g1", "Under way")
    await wire.add("g2", "Held", hold="too many")
    wire.now.time += 91 * DAY
    assert await ledger.write(retention.prune_bodies, wire.now() - 90 * DAY) == 0


async def test_nobody_gets_a_text_that_is_gone(wire: Wire, ledger: Ledger) -> None:
    wire.plan = wire.plan[:1]
    await wire.add()
    await wire.settle(await wire.claim(), "dead")
    wire.now.time += 91 * DAY
    await ledger.write(retention.prune_bodies, wire.now() - 90 * DAY)
    assert await ledger.write(deliveries.replay, [delivery.c.article == 1], wire.now()) == 0
    wire.plan = Wire(ledger, wire.now).plan
    await wire.open()
    assert await ledger.write(make_urgent, 1, 1, wire.routes, "anna", wire.now()) == 0
    assert await wire.claim() == []
    await wire.revise(1, "Union opens, with a new text")
    assert {c.version for c in await wire.claim()} == {2}


async def test_notices_go_once_they_are_over_and_told(wire: Wire, ledger: Ledger) -> None:
    await ledger.write(notices.raise_, "parked", "a/x", "HTTP 401", wire.now())
    await ledger.write(notices.raise_, "parked", "b/x", "HTTP 401", wire.now())
    await ledger.write(notices.settle, "a/x", wire.now(), ("parked",))
    later = wire.now() + DAY
    assert await ledger.write(retention.prune_notices, later) == 0
    row = await ledger.write(notices.take, "w1", wire.now(), DAY)
    assert row
    await ledger.write(notices.tell, row.id, row.over, wire.now())
    assert await ledger.write(retention.prune_notices, later) == 1
    assert [n["subject"] for n in await ledger.read(notices.listing)] == ["b/x"]
