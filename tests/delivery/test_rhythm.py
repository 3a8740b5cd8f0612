"""Quiet hours, digests, rates and order, through the courier and a real ledger."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from time import monotonic
from zoneinfo import ZoneInfo

import pytest
from test_courier import Desk, Scripted, until

from channels.channel import Denied, Unavailable
from distributor.delivery import courier as courier_module
from distributor.delivery.rhythm import Rhythm, Rhythms
from distributor.hours import times, window
from distributor.ledger import articles, lanes, notices, views
from distributor.ledger.ledger import Ledger
from distributor.ledger.urgency import make_urgent
from ledger_wire import Wire

TOKYO = ZoneInfo("Asia/Tokyo")
OFFICE = Rhythm(TOKYO, window=window("mon-fri 09:00-18:00"))
DAILY = Rhythm(TOKYO, digest=times("mon-fri 09:00"))
MORNING = datetime(2021, 12, 22, 0, tzinfo=UTC)  # nine o'clock in Tokyo; the clock of the tests begins at 21
EVENING = datetime(2021, 12, 21, 12, tzinfo=UTC)


def headlines(channel: Scripted) -> list[str]:
    return [headline for headline, _, _ in channel.got]


async def test_ordinary_items_wait_for_the_members_hours_and_urgent_ones_do_not(
    wire: Wire, ledger: Ledger
) -> None:
    desk = Desk(wire, rhythm=OFFICE, a=Scripted())
    await wire.add("g1", "Ordinary")
    await wire.add("g2", "Urgent", urgency=1)
    await desk.run()
    assert headlines(desk.channels["a"]) == ["Urgent"]
    wire.now.time = MORNING
    await desk.run()
    assert headlines(desk.channels["a"]) == ["Urgent", "Ordinary"]


async def test_making_it_urgent_ends_the_wait(wire: Wire, ledger: Ledger) -> None:
    desk = Desk(wire, rhythm=OFFICE, a=Scripted())
    await wire.add("g1", "Ordinary")
    await desk.run()
    await ledger.write(make_urgent, 1, 1, wire.routes, "anna", wire.now())
    await desk.run()
    assert headlines(desk.channels["a"]) == ["Ordinary"]


async def test_a_retry_waits_for_the_members_hours_too(wire: Wire) -> None:
    desk = Desk(wire, rhythm=OFFICE, a=Scripted(Unavailable("HTTP 503")))
    wire.now.time = datetime(2021, 12, 21, 8, 59, 58, tzinfo=UTC)
    await wire.add("g1", "Ordinary")
    await desk.run()
    wire.now.forward(minutes=5)
    await desk.run()
    assert headlines(desk.channels["a"]) == []
    wire.now.time = MORNING
    await desk.run()
    assert headlines(desk.channels["a"]) == ["Ordinary"]


async def test_a_courier_wakes_when_the_hours_begin(wire: Wire) -> None:
    desk = Desk(wire, rhythm=OFFICE, a=Scripted())
    wire.now.time = MORNING - timedelta(seconds=0.2)
    await wire.add("g1", "Ordinary")
    desk.courier.now = running(wire)
    async with desk.running():
        await until(lambda: bool(desk.channels["a"].got))


def running(wire: Wire) -> Callable[[], datetime]:
    """The test's clock, going on by itself."""
    began, time = monotonic(), wire.now.time
    return lambda: time + timedelta(seconds=monotonic() - began)


async def started(desk: Desk) -> None:
    """With its lanes, and nothing to do: the first digest is that of the next time."""
    await desk.wire.open()
    await desk.run()


async def test_a_digest_brings_all_that_waited_in_one(wire: Wire) -> None:
    desk = Desk(wire, rhythm=DAILY, a=Scripted())
    await started(desk)
    for n in (1, 2, 3):
        await wire.add(f"g{n}", f"Article {n}")
    await desk.run()
    assert desk.channels["a"].got == []
    wire.now.time = MORNING
    await desk.run()
    [(headline, _, key)] = desk.channels["a"].got
    assert headline == "Digest, 2021-12-22: Article 1 (+2)"
    assert key.startswith("dgs_")
    assert set((await wire.states()).values()) == {"delivered"}
    wire.now.forward(hours=1)
    await wire.add("g4", "Article 4")
    await desk.run()
    assert len(desk.channels["a"].got) == 1
    wire.now.time = MORNING + timedelta(days=1)
    await desk.run()
    assert headlines(desk.channels["a"])[1:] == ["Digest, 2021-12-23: Article 4"]


async def test_what_waited_before_the_first_digest_waits_for_its_time(wire: Wire) -> None:
    desk = Desk(wire, rhythm=DAILY, a=Scripted())
    await wire.add("g1", "Article 1")
    await desk.run()
    assert desk.channels["a"].got == []


async def test_a_digest_that_fails_goes_again_as_it_was_with_its_key(wire: Wire, ledger: Ledger) -> None:
    desk = Desk(wire, rhythm=DAILY, a=Scripted(Unavailable("HTTP 503")))
    await started(desk)
    await wire.add("g1", "Article 1")
    await wire.add("g2", "Article 2")
    wire.now.time = MORNING
    await desk.run()
    await wire.add("g3", "Article 3")
    (first, second) = [e.outcome for e in desk.events]  # type: ignore[union-attr]
    assert first.due == second.due
    wire.now.time = first.due
    await desk.run()
    assert headlines(desk.channels["a"]) == ["Digest, 2021-12-22: Article 1 (+1)"]
    assert [s for (a, *_), s in (await wire.states()).items() if a == 3] == ["pending"]
    tried = [await ledger.read(views.attempts, n) for n in (1, 2)]
    assert [[row["outcome"] for row in rows] for rows in tried] == [["unavailable", "delivered"]] * 2


async def test_what_was_corrected_or_held_meanwhile_is_not_in_the_digest_that_goes_again(
    wire: Wire, ledger: Ledger
) -> None:
    desk = Desk(wire, rhythm=DAILY, a=Scripted(Unavailable("HTTP 503")))
    await started(desk)
    for n in (1, 2, 3):
        await wire.add(f"g{n}", f"Article {n}")
    wire.now.time = MORNING
    await desk.run()
    await wire.revise(1, "Article 1, corrected", "g1")
    await ledger.write(articles.hold, 2, "wrong", "anna", wire.now())
    wire.now.forward(minutes=1)
    await desk.run()
    assert headlines(desk.channels["a"]) == ["Digest, 2021-12-22: Article 3"]


async def test_an_urgent_item_does_not_wait_for_the_digest(wire: Wire) -> None:
    desk = Desk(wire, rhythm=DAILY, a=Scripted())
    await started(desk)
    await wire.add("g1", "Urgent", urgency=2)
    await desk.run()
    assert headlines(desk.channels["a"]) == ["Urgent"]


async def test_a_digest_of_a_denied_channel_waits_with_it(wire: Wire, ledger: Ledger) -> None:
    desk = Desk(wire, rhythm=DAILY, a=Scripted(Denied("550 no such user")))
    await started(desk)
    await wire.add("g1", "Article 1")
    await wire.add("g2", "Article 2")
    wire.now.time = MORNING
    await desk.run()
    assert set((await wire.states()).values()) == {"pending"}
    assert [n["kind"] for n in await ledger.read(notices.listing)] == ["parked"]
    await ledger.write(lanes.resume, "a/x", "anna", wire.now())
    await desk.run()
    assert headlines(desk.channels["a"]) == ["Digest, 2021-12-22: Article 1 (+1)"]


async def test_a_rate_is_kept_while_other_flights_are_in_the_air(
    wire: Wire, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(courier_module, "SHORT_REST", timedelta(seconds=30))
    wire.terms = {"interval": timedelta(milliseconds=100)}
    gate = asyncio.Event()
    desk = Desk(wire, a=Scripted(gate))
    for n in range(4):
        await wire.add(f"g{n}", f"Article {n}")
    desk.courier.now = running(wire)
    async with desk.running():
        await until(lambda: len(desk.channels["a"].got) == 3)
        gate.set()


async def test_an_ordered_channel_brings_all_in_the_order_of_publication_whatever_fails(wire: Wire) -> None:
    wire.terms = {"ordered": True}
    desk = Desk(wire, a=Scripted(*[Unavailable("HTTP 503")] * 3))
    for n in range(5):
        await wire.add(f"g{n}", f"Article {n}")
    for _ in range(5):
        await desk.run()
        wire.now.forward(hours=3)
    assert headlines(desk.channels["a"]) == [f"Article {n}" for n in range(5)]


def test_rhythms_are_looked_at_again_when_they_change() -> None:
    rhythms = Rhythms({"a": OFFICE, "b": DAILY, "c": Rhythm(TOKYO)})
    rhythms.at(EVENING)
    assert (rhythms.quiet, rhythms.until) == ({"a", "b"}, MORNING)
    rhythms.at(MORNING)
    assert rhythms.quiet == {"b"}
    assert rhythms.last == {"b": MORNING}
    assert rhythms.until == MORNING + timedelta(hours=9)
