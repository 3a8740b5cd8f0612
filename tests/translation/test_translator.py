"""The loop over a real ledger and a real engine with tiny models."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest
from tiny_packages import write_package

from distributor.errors import EngineAway, LeaseLost
from distributor.events import Event, Events, RenditionHeld, Translated, Trouble
from distributor.ledger import renditions
from distributor.ledger.renditions import Made
from distributor.ledger.urgency import make_urgent
from distributor.routing import Route
from distributor.translation.checks import Doubt
from distributor.translation.documents.content import Job
from distributor.translation.engines.engine import Engine
from distributor.translation.engines.packages import Packages
from distributor.translation.interpreter import Interpreter
from distributor.translation.translator import Translator
from ledger_wire import LEASE, Wire


def lenient(*_: str) -> tuple[Doubt, ...]:
    """Of nonsense all is in doubt."""
    return ()


class Room:
    """A wire with a translator; en → ru is installed, en → ja is not."""

    def __init__(self, wire: Wire, folder: Path) -> None:
        self.wire, self.folder = wire, folder
        folder.mkdir()
        write_package(folder, "en", "ru")
        wire.plan = [Route("a/x", "a", "en"), Route("b/x", "b", "ru"), Route("c/x", "c", "ja")]
        self.events: list[Event] = []
        self.engine = Engine(Packages([folder]))
        self.interpreter = Interpreter(
            wire.ledger, self.engine, judge=lenient, judge_text=lenient, now=wire.now
        )
        self.translator = Translator(
            wire.ledger, self.interpreter, Events(self.events.append), "t1", now=wire.now
        )

    async def run(self) -> None:
        async with asyncio.timeout(60):
            await self.translator.run(asyncio.Event(), until_idle=True)

    def of(self, kind: type[Event]) -> list[Any]:
        return [event for event in self.events if isinstance(event, kind)]


@pytest.fixture
def room(wire: Wire, tmp_path: Path) -> Room:
    return Room(wire, tmp_path / "models")


async def test_what_can_be_translated_goes_and_what_cannot_is_held_with_the_mend(room: Room) -> None:
    await room.wire.add()
    await room.run()
    assert [await room.wire.state_of(lane) for lane in ("a/x", "b/x", "c/x")] == [
        "pending",
        "pending",
        "waiting",
    ]
    (held,) = room.of(RenditionHeld)
    assert "distributor models install en ja" in held.reason
    assert [(e.article, e.language) for e in room.of(Translated)] == [(1, "ru")]


async def test_a_held_rendition_comes_back_when_its_model_is_installed(room: Room) -> None:
    await room.wire.add()
    await room.run()
    write_package(room.folder, "en", "ja")
    await room.run()
    assert await room.wire.state_of("c/x") == "pending"


async def test_all_that_waits_for_a_pair_is_one_call_of_the_engine(
    room: Room, monkeypatch: pytest.MonkeyPatch
) -> None:
    calls: list[int] = []
    translate = room.engine.translate

    async def counted(sentences: Any, source: str, target: str, **how: Any) -> Any:
        calls.append(len(sentences))
        return await translate(sentences, source, target, **how)

    monkeypatch.setattr(room.engine, "translate", counted)
    room.wire.plan = [Route("b/x", "b", "ru")]
    for i in range(5):
        await room.wire.add(f"g{i}", f"The cat sat on mat {i}")
    await room.run()
    assert calls == [6]  # five headlines, and the sentence that all share


async def test_one_document_that_breaks_takes_no_other_with_it(
    room: Room, monkeypatch: pytest.MonkeyPatch
) -> None:
    finish = Job.finish

    def broken(job: Job, translations: Any) -> Any:
        if job.content.headline == "Bad":
            raise ZeroDivisionError("a fault of ours")
        return finish(job, translations)

    monkeypatch.setattr(Job, "finish", broken)
    room.wire.plan = [Route("b/x", "b", "ru")]
    for guid in ("Good", "Bad", "Fine"):
        await room.wire.add(guid, guid)
    await room.run()
    assert [await room.wire.state_of("b/x", article=n) for n in (1, 2, 3)] == [
        "pending",
        "waiting",
        "pending",
    ]
    assert "a fault of ours" in room.of(RenditionHeld)[0].reason


async def test_the_urgent_are_translated_first(room: Room, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("distributor.translation.translator.BATCH", 1)
    room.wire.plan = [Route("b/x", "b", "ru")]
    for i in range(3):
        await room.wire.add(f"g{i}", f"The cat sat {i}")
    await room.wire.ledger.write(make_urgent, 3, 1, room.wire.routes, "editor", room.wire.now())
    await room.run()
    assert [e.article for e in room.of(Translated)] == [3, 1, 2]


async def test_a_stop_breaks_off_and_hands_back(room: Room, monkeypatch: pytest.MonkeyPatch) -> None:
    stop, begun = asyncio.Event(), asyncio.Event()

    async def endless(*_: Any, **__: Any) -> Any:
        begun.set()
        await asyncio.Event().wait()

    monkeypatch.setattr(room.engine, "translate", endless)
    room.wire.plan = [Route("b/x", "b", "ru")]
    await room.wire.add()
    running = asyncio.create_task(room.translator.run(stop))
    await begun.wait()
    stop.set()
    room.wire.ledger.ring()
    async with asyncio.timeout(5):
        await running
    assert (await room.wire.renditions())[1, "ru"] == ("machine", "waiting")


async def test_what_was_superseded_meanwhile_is_not_delivered(room: Room) -> None:
    room.wire.plan = [Route("b/x", "b", "ru")]
    await room.wire.add()
    (task,) = await room.wire.ledger.write(renditions.claim, "t2", room.wire.now(), 1, LEASE)
    await room.wire.revise(1, "Union opens in Beijing")
    made = Made(task.original, "m", 1.0)
    with pytest.raises(LeaseLost):
        await room.wire.ledger.write(renditions.save, task, "t2", made, room.wire.now())
    assert await room.wire.state_of("b/x", version=1) == "superseded"
    await room.run()
    assert [c.version for c in await room.wire.claim()] == [2]


async def test_what_becomes_urgent_meanwhile_overtakes_what_is_in_hand(
    room: Room, monkeypatch: pytest.MonkeyPatch
) -> None:
    translate, gate = room.engine.translate, asyncio.Event()

    async def slow(sentences: Any, source: str, target: str, *, urgency: int, **how: Any) -> Any:
        if urgency > 1:
            await gate.wait()
        return await translate(sentences, source, target, urgency=urgency, **how)

    monkeypatch.setattr(room.engine, "translate", slow)
    room.wire.plan = [Route("b/x", "b", "ru")]
    await room.wire.add("g1", "The cat sat")
    stop = asyncio.Event()
    running = asyncio.create_task(room.translator.run(stop))
    async with asyncio.timeout(20):
        while (await room.wire.renditions())[1, "ru"][1] != "working":
            await asyncio.sleep(0.01)
        await room.wire.add("g2", "A dog ran")
        await room.wire.ledger.write(make_urgent, 2, 1, room.wire.routes, "editor", room.wire.now())
        room.wire.ledger.ring()
        while not room.of(Translated):
            await asyncio.sleep(0.01)
        assert [e.article for e in room.of(Translated)] == [2]
        gate.set()
        while len(room.of(Translated)) < 2:
            await asyncio.sleep(0.01)
        stop.set()
        room.wire.ledger.ring()
        await running
    assert [e.article for e in room.of(Translated)] == [2, 1]


async def test_what_the_checks_doubt_is_held_with_its_reasons(room: Room) -> None:
    room.interpreter._judge = lambda *_: (Doubt("numbers", "5 became 6"),)
    room.wire.plan = [Route("b/x", "b", "ru"), Route("s/x", "s", "ru", "send")]
    await room.wire.add()
    await room.run()
    (held,) = room.of(RenditionHeld)
    assert held.reason == "numbers: 5 became 6; numbers: 5 became 6"
    assert [await room.wire.state_of(lane) for lane in ("b/x", "s/x")] == ["waiting", "pending"]


async def test_an_engine_that_is_away_loses_nothing(room: Room, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("distributor.translation.translator.REST_AFTER_TROUBLE", 0.01)
    translate, calls = room.engine.translate, list[int]()

    async def away(*args: Any, **how: Any) -> Any:
        calls.append(1)
        if len(calls) < 3:
            raise EngineAway("no connection to 127.0.0.1:5000")
        return await translate(*args, **how)

    monkeypatch.setattr(room.engine, "translate", away)
    room.wire.plan = [Route("b/x", "b", "ru")]
    await room.wire.add()
    await room.run()
    assert await room.wire.state_of("b/x") == "pending"
    assert [e.where for e in room.of(Trouble)] == ["translation", "translation"]
    assert room.of(RenditionHeld) == []
