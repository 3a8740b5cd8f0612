"""Subscriptions to feeds, on both databases."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select

from distributor.ledger import subscriptions
from distributor.ledger.ledger import Ledger
from distributor.ledger.subscriptions import AT_MOST, UNHEARD, Shelf, Wish
from distributor.ledger.tables import subscription
from distributor.routing import Route
from ledger_wire import LEASE, Clock, Wire

TOPIC = "https://wire.example/members/t/en.rss"
SHELF = Shelf("a/feed", "en", "rss")


class Desk:
    """Asks, takes and answers as `worker` w1 unless said."""

    def __init__(self, ledger: Ledger, now: Clock) -> None:
        self.ledger, self.now = ledger, now

    async def ask(
        self, callback: str = "https://x.example/", mode: Any = "subscribe", secret: str = "s", hours: int = 1
    ) -> str:
        wish = Wish(mode, TOPIC, callback, secret, hours * 3600)
        return await self.ledger.write(subscriptions.ask, wish, SHELF, self.now())

    async def take(self, task: Any, worker: str = "w1") -> Any:
        ids = [row.id for row in await self.rows()]
        taken = await self.ledger.write(subscriptions.take, task, ids, worker, self.now(), LEASE)
        return taken[0] if taken else None

    async def confirmed(self, **more: Any) -> None:
        await self.ask(**more)
        await self.ledger.write(subscriptions.confirm, await self.take("ask"), self.now())

    async def rows(self) -> list[Any]:
        return list(await self.ledger.read(lambda db: db.execute(select(subscription)).all()))

    async def row(self) -> Any:
        (one,) = await self.rows()
        return one


@pytest.fixture
def desk(ledger: Ledger, now: Clock) -> Desk:
    return Desk(ledger, now)


async def test_what_is_asked_for_holds_once_it_is_confirmed(desk: Desk) -> None:
    assert await desk.ask() == "asked"
    assert await desk.take("tell") is None
    asked = await desk.take("ask")
    await desk.ledger.write(subscriptions.confirm, asked, desk.now())
    row = await desk.row()
    assert (row.secret, row.until, row.asked, row.asked_secret, row.lease) == (
        "s", desk.now() + timedelta(hours=1), None, "", None)  # fmt: skip
    assert await desk.take("ask") is None


async def test_what_is_declined_leaves_what_held(desk: Desk) -> None:
    await desk.confirmed()
    await desk.ask(secret="other", hours=9)
    await desk.ledger.write(subscriptions.decline, await desk.take("ask"))
    row = await desk.row()
    assert (row.secret, row.until, row.asked) == ("s", desk.now() + timedelta(hours=1), None)


async def test_what_was_never_confirmed_leaves_nothing(desk: Desk) -> None:
    await desk.ask()
    await desk.ledger.write(subscriptions.decline, await desk.take("ask"))
    assert await desk.rows() == []


async def test_what_is_asked_anew_meanwhile_is_asked_about_next(desk: Desk) -> None:
    await desk.ask(secret="first")
    taken = await desk.take("ask")
    desk.now.forward(seconds=1)
    await desk.ask(secret="second")
    await desk.ledger.write(subscriptions.confirm, taken, desk.now())
    row = await desk.take("ask")
    assert (row.until, row.asked_secret) == (None, "second")


async def test_one_that_is_unknown_cannot_be_ended(desk: Desk) -> None:
    assert await desk.ask(mode="unsubscribe") == "unknown"
    await desk.confirmed()
    assert await desk.ask(mode="unsubscribe") == "asked"
    await desk.ledger.write(subscriptions.confirm, await desk.take("ask"), desk.now())
    assert await desk.rows() == []


async def test_a_feed_has_so_many_at_most(desk: Desk) -> None:
    for n in range(AT_MOST):
        assert await desk.ask(f"https://x.example/{n}") == "asked"
    assert await desk.ask() == "full"
    assert await desk.ask("https://x.example/0") == "asked"


async def test_the_same_request_twice_at_once_is_one(desk: Desk) -> None:
    assert set(await asyncio.gather(*(desk.ask() for _ in range(8)))) == {"asked"}
    assert len(await desk.rows()) == 1


async def test_one_worker_has_it_until_its_lease_runs_out(desk: Desk) -> None:
    await desk.confirmed()
    taken = await asyncio.gather(*(desk.take("tell", f"w{n}") for n in range(6)))
    (mine,) = [row for row in taken if row]
    desk.now.forward(seconds=LEASE.total_seconds())
    other = await desk.take("tell", "other")
    assert other.lease == "other"
    await desk.ledger.write(subscriptions.sent, mine, "late", desk.now())
    row = await desk.row()
    assert (row.sent, row.lease) == ("", "other")
    await desk.ledger.write(subscriptions.end, mine)
    assert len(await desk.rows()) == 1


async def test_what_failed_waits(desk: Desk) -> None:
    await desk.confirmed()
    then = desk.now() + timedelta(minutes=5)
    await desk.ledger.write(subscriptions.failed, await desk.take("tell"), then)
    assert await desk.take("tell") is None
    desk.now.time = then
    row = await desk.take("tell")
    assert row.failures == 1
    await desk.ledger.write(subscriptions.sent, row, "tag", then)
    assert ((await desk.row()).failures, (await desk.row()).sent) == (0, "tag")


async def test_who_is_gone_but_asks_again_is_asked_whether_it_did(desk: Desk) -> None:
    await desk.confirmed()
    taken = await desk.take("tell")
    await desk.ask(secret="new")
    await desk.ledger.write(subscriptions.end, taken)
    assert await desk.take("tell") is None
    assert (await desk.take("ask")).asked_secret == "new"


async def test_what_is_over_is_deleted(desk: Desk) -> None:
    await desk.confirmed(hours=2)
    await desk.ask("https://unheard.example/")
    desk.now.forward(seconds=UNHEARD.total_seconds())
    await desk.ledger.write(subscriptions.expire, desk.now())
    assert (await desk.row()).callback == "https://x.example/"
    desk.now.forward(hours=1)
    assert await desk.take("tell") is None
    await desk.ledger.write(subscriptions.expire, desk.now())
    assert await desk.rows() == []


async def test_what_a_stopped_worker_had_is_free(desk: Desk) -> None:
    await desk.confirmed()
    await desk.take("tell")
    await desk.ledger.write(subscriptions.hand_back, "w2")
    assert await desk.take("tell") is None
    await desk.ledger.write(subscriptions.hand_back, "w1")
    assert await desk.take("tell")
    await desk.ledger.write(subscriptions.hand_back)
    assert await desk.take("tell")


@pytest.mark.parametrize(("lane", "rings"), [("a/feed", True), ("a/folder", False)])
async def test_what_is_delivered_to_a_feed_with_subscribers_rings(
    desk: Desk, wire: Wire, lane: str, rings: bool
) -> None:
    await desk.confirmed()
    wire.plan = [Route(lane, "a", "en")]
    await wire.add()
    claimed = await wire.claim()
    bell = asyncio.Event()
    desk.ledger.bells.add(bell)
    await wire.settle(claimed)
    assert bell.is_set() == rings
