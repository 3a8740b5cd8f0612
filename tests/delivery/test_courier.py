"""The loop over a real ledger; only the channels at its end are scripted."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import timedelta
from random import Random
from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.exc import OperationalError

from channels.channel import Denied, Refused, Unavailable
from channels.settings import ChannelSettings
from channels.story import IdempotencyKey, Receipt, Story
from distributor.delivery import courier as courier_module
from distributor.delivery.courier import Courier
from distributor.delivery.flight import Line
from distributor.delivery.rhythm import PLAIN, Rhythm
from distributor.events import Attempted, Event, Events, Trouble
from distributor.ledger import claims
from distributor.ledger.ledger import Ledger
from distributor.ledger.tables import delivery
from distributor.ledger.urgency import make_urgent
from distributor.naming import Names
from distributor.routing import Route
from distributor.settings import Config
from ledger_wire import Clock, Wire

Answer = Receipt | Exception | asyncio.Event


class Scripted:
    """Answers what the test scripted, then receipts; keeps what arrived."""

    Settings = ChannelSettings

    def __init__(self, *answers: Answer) -> None:
        self.answers = list(answers)
        self.got: list[tuple[str, int, str]] = []
        self.flying = self.most = 0

    async def send(self, story: Story, key: IdempotencyKey, number: int = 0) -> Receipt:
        self.flying += 1
        self.most = max(self.most, self.flying)
        try:
            return await self._answer(story, key)
        finally:
            self.flying -= 1

    async def _answer(self, story: Story, key: IdempotencyKey) -> Receipt:
        answer = self.answers.pop(0) if self.answers else Receipt("ok")
        if isinstance(answer, asyncio.Event):
            await answer.wait()
            answer = Receipt("at last")
        if isinstance(answer, Exception):
            raise answer
        self.got.append((story.headline, story.version, key))
        return answer


class Desk:
    """A wire, its courier, and what it said."""

    def __init__(
        self, wire: Wire, *, timeout: float = 5.0, rhythm: Rhythm = PLAIN, **channels: Scripted
    ) -> None:
        self.wire, self.channels = wire, channels
        wire.plan = [Route(f"{member}/x", member, "en") for member in channels]
        self.events: list[Event] = []
        told: Any = {
            "timeout": timeout,
            "rhythm": rhythm,
            **{k: True for k in ("ordered",) if k in wire.terms},
        }
        told |= {"paced": "interval" in wire.terms}
        lines: Any = {f"{member}/x": Line(channel, **told) for member, channel in channels.items()}  # type: ignore[arg-type]
        self.courier = Courier(
            wire.ledger,
            lines,
            Names(Config()),
            Events(self.events.append),
            "w1",
            now=wire.now,
            random=Random(0),
        )

    async def run(self) -> None:
        await self.courier.run(asyncio.Event(), until_idle=True)

    @asynccontextmanager
    async def running(self) -> AsyncIterator[Callable[[], Any]]:
        """In the background; the value stops it and waits for its end."""
        stop = asyncio.Event()
        task = asyncio.create_task(self.courier.run(stop))

        async def end() -> None:
            stop.set()
            self.wire.ledger.ring()
            await task

        try:
            yield end
        finally:
            if not task.done():
                await end()


async def until(true: Callable[[], bool]) -> None:
    async with asyncio.timeout(10):
        while not true():
            await asyncio.sleep(0.005)


async def test_what_is_due_arrives_once_and_is_recorded(wire: Wire) -> None:
    desk = Desk(wire, a=Scripted(), b=Scripted())
    for i in range(50):
        await wire.add(f"g{i}", f"Article {i}")
    await desk.run()
    await desk.run()
    assert sorted(h for h, _, _ in desk.channels["a"].got) == sorted(f"Article {i}" for i in range(50))
    assert set((await wire.states()).values()) == {"delivered"}
    assert sum(isinstance(e, Attempted) for e in desk.events) == 100


async def test_a_failure_waits_by_the_schedule_and_goes_again_with_its_key(
    wire: Wire, ledger: Ledger
) -> None:
    desk = Desk(wire, a=Scripted(Unavailable("HTTP 503")))
    await wire.add()
    await desk.run()
    assert await wire.state_of("a/x") == "pending"
    due = await ledger.read(claims.next_due, wire.now())
    assert due is not None
    assert timedelta(seconds=5) <= due - wire.now() <= timedelta(seconds=6)
    wire.now.time = due
    await desk.run()
    assert await wire.state_of("a/x") == "delivered"


async def test_a_refused_story_is_dead_and_the_next_goes_on(wire: Wire) -> None:
    desk = Desk(wire, a=Scripted(Refused("HTTP 422")))
    await wire.add("g1", "One")
    await wire.add("g2", "Two")
    await desk.run()
    assert sorted((await wire.states()).values()) == ["dead", "delivered"]


async def test_a_denied_channel_is_parked_with_all_its_deliveries(wire: Wire) -> None:
    desk = Desk(wire, a=Scripted(*[Denied("HTTP 401")] * 9), b=Scripted())
    wire.concurrency = 1
    for i in range(4):
        await wire.add(f"g{i}", f"Article {i}")
    await desk.run()
    states = await wire.states()
    assert [states[n, 1, "a/x", "en"] for n in range(1, 5)] == ["pending"] * 4
    assert [states[n, 1, "b/x", "en"] for n in range(1, 5)] == ["delivered"] * 4
    assert len(desk.channels["a"].answers) == 8


async def test_a_channel_that_hangs_does_not_hold_up_the_others(wire: Wire) -> None:
    never = asyncio.Event()
    desk = Desk(wire, a=Scripted(never, never), b=Scripted())
    wire.concurrency = 2
    for i in range(30):
        await wire.add(f"g{i}", f"Article {i}")
    async with desk.running():
        await until(lambda: len(desk.channels["b"].got) == 30)
        assert desk.channels["a"].got == []
        never.set()


async def test_a_flight_that_takes_too_long_is_given_up_as_unknown(
    wire: Wire, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(courier_module, "SWEEP", 0.01)
    desk = Desk(wire, a=Scripted(asyncio.Event()), timeout=0.02)
    await wire.add("g1", "hangs")
    await desk.run()
    [tried] = [e for e in desk.events if isinstance(e, Attempted)]
    assert (tried.outcome.state, tried.outcome.answer) == ("pending", "unknown")
    assert await wire.state_of("a/x") == "pending"


async def test_no_more_than_its_concurrency_is_in_flight_on_a_channel(wire: Wire) -> None:
    wire.concurrency = 3
    desk = Desk(wire, a=Scripted())
    for i in range(40):
        await wire.add(f"g{i}", f"Article {i}")
    await desk.run()
    assert desk.channels["a"].most <= 3
    assert len(desk.channels["a"].got) == 40


async def test_new_work_is_taken_when_the_bell_rings(wire: Wire, ledger: Ledger) -> None:
    desk = Desk(wire, a=Scripted())
    await wire.open()
    async with desk.running():
        await asyncio.sleep(0.05)
        await wire.add()
        ledger.ring()
        await until(lambda: len(desk.channels["a"].got) == 1)
    assert await wire.state_of("a/x") == "delivered"


async def test_urgent_overtakes_while_a_channel_is_busy(wire: Wire, ledger: Ledger) -> None:
    gate = asyncio.Event()
    desk = Desk(wire, a=Scripted(gate))
    wire.concurrency = 1
    for i in range(6):
        await wire.add(f"g{i}", f"Article {i}")
    async with desk.running():
        await until(lambda: desk.channels["a"].flying == 1)
        await ledger.write(make_urgent, 6, 1, wire.routes, "editor", wire.now())
        gate.set()
        await until(lambda: len(desk.channels["a"].got) == 6)
    assert [h for h, _, _ in desk.channels["a"].got][:3] == ["Article 0", "Article 5", "Article 1"]


async def test_a_stop_lets_what_is_in_flight_land(wire: Wire) -> None:
    gate = asyncio.Event()
    desk = Desk(wire, a=Scripted(gate))
    await wire.add()
    async with desk.running() as end:
        await until(lambda: desk.channels["a"].flying == 1)
        ending = asyncio.create_task(end())
        await asyncio.sleep(0.02)
        gate.set()
        await ending
    assert await wire.state_of("a/x") == "delivered"


async def test_a_stop_hands_back_what_does_not_land_in_time(
    wire: Wire, monkeypatch: pytest.MonkeyPatch
) -> None:
    desk = Desk(wire, a=Scripted(asyncio.Event()))
    desk.courier.grace = timedelta(milliseconds=50)
    await wire.add()
    async with desk.running() as end:
        await until(lambda: desk.channels["a"].flying == 1)
        await end()
    assert await wire.state_of("a/x") == "pending"


async def test_outcomes_survive_a_database_that_fails_for_a_while(
    wire: Wire, ledger: Ledger, monkeypatch: pytest.MonkeyPatch
) -> None:
    desk = Desk(wire, a=Scripted())
    await wire.add()
    write, failures = ledger.write_here, [OperationalError("x", {}, Exception("disk I/O error"))]

    async def flaky(act: Any, *args: Any, **kwargs: Any) -> Any:
        if desk.channels["a"].got and failures:
            raise failures.pop()
        return await write(act, *args, **kwargs)

    monkeypatch.setattr(ledger, "write_here", flaky)
    await desk.run()
    assert Trouble("ledger", "disk I/O error") in desk.events
    assert await wire.state_of("a/x") == "delivered"
    assert len(desk.channels["a"].got) == 1


async def test_a_lane_without_a_channel_fails_softly(wire: Wire, now: Clock) -> None:
    desk = Desk(wire, a=Scripted())
    desk.courier.lines = {}
    await wire.add()
    await desk.run()
    assert await wire.state_of("a/x") == "pending"
    answer = await wire.ledger.read(lambda db: db.execute(select(delivery.c.answer)).scalar_one())
    assert "no channel for this delivery" in answer


async def test_a_stop_does_not_wait_for_a_database_that_is_gone(
    wire: Wire, ledger: Ledger, monkeypatch: pytest.MonkeyPatch
) -> None:
    desk = Desk(wire, a=Scripted())
    await wire.add()
    write, stop = ledger.write_here, asyncio.Event()

    async def gone(act: Any, *args: Any, **kwargs: Any) -> Any:
        raise OperationalError("BEGIN", {}, Exception("the server closed the connection"))

    monkeypatch.setattr(ledger, "write_here", gone)
    stop.set()
    async with asyncio.timeout(20):
        await desk.courier.run(stop)
    monkeypatch.setattr(ledger, "write_here", write)
    assert await wire.state_of("a/x") == "pending"
    assert {type(e) for e in desk.events} == {Trouble}
