"""An open page hears that the ledger says something else than it shows."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta

import aiohttp
import pytest
from desks import Office
from sqlalchemy.exc import OperationalError

from distributor.desk import live
from distributor.ledger import notices
from distributor.ledger.ledger import Ledger

CHANGED, ALIVE = "event: changed", ": alive"


@pytest.fixture(autouse=True)
def _soon(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(live, "LOOK", timedelta(seconds=0.02))


@dataclass
class Page:
    """What a browser reads of the stream."""

    answer: aiohttp.ClientResponse

    async def hears(self) -> str:
        """The next event or sign of life; empty at the end."""
        async with asyncio.timeout(20):
            while line := await self.answer.content.readline():
                if line.startswith((b"event:", b":")):
                    return line.decode().strip()
        return ""

    async def changed(self) -> None:
        """Whatever signs of life come before."""
        while (told := await self.hears()) == ALIVE:
            pass
        assert told == CHANGED


@asynccontextmanager
async def page(desk: Office) -> AsyncIterator[Page]:
    """It is told at once to look: something may have changed since it was made."""
    visitor = await desk.person("vic")
    async with visitor.http.get(f"{desk.base}/desk/live") as answer:
        assert (answer.status, answer.content_type) == (200, "text/event-stream")
        opened = Page(answer)
        assert await opened.hears() == CHANGED
        await watched(desk)
        yield opened


async def until(true: Callable[[], bool]) -> None:
    async with asyncio.timeout(20):
        while not true():
            await asyncio.sleep(0.01)


async def watched(desk: Office) -> None:
    """What is done from now on is seen: one whole look lies between."""
    pulse, looks = desk.ledger.pulse, 0

    async def counting() -> object:
        nonlocal looks
        found = await pulse()
        looks += 1
        return found

    desk.ledger.pulse = counting  # type: ignore[method-assign]
    await until(lambda: looks >= 2)
    desk.ledger.pulse = pulse  # type: ignore[method-assign]


async def raise_one(ledger: Ledger, desk: Office, subject: str = "a/x") -> None:
    await ledger.write(notices.raise_, "dead", subject, "HTTP 422", desk.now())


async def test_a_page_hears_what_this_process_and_another_one_wrote(either: Office) -> None:
    async with Ledger(either.desk.config.storage) as other, page(either) as opened:
        await raise_one(either.ledger, either, "a/x")
        await opened.changed()
        await raise_one(other, either, "a/y")
        await opened.changed()


async def test_while_nothing_changes_there_are_only_signs_of_life(
    desk: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with page(desk) as opened:
        monkeypatch.setattr(live, "ALIVE", 0.05)
        await raise_one(desk.ledger, desk)
        await opened.changed()
        assert [await opened.hears() for _ in range(3)] == [ALIVE] * 3


async def test_what_comes_between_two_looks_is_told_once(
    desk: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with page(desk) as opened:
        monkeypatch.setattr(live, "ALIVE", 0.05)
        pulse, looks, may_look = desk.ledger.pulse, asyncio.Event(), asyncio.Event()

        async def waiting() -> object:
            looks.set()
            await may_look.wait()
            return await pulse()

        desk.ledger.pulse = waiting  # type: ignore[method-assign]
        await looks.wait()
        for n in range(20):
            await raise_one(desk.ledger, desk, f"a/{n}")
        may_look.set()
        await opened.changed()
        assert [await opened.hears(), await opened.hears()] == [ALIVE, ALIVE]


async def test_who_watches_together_looks_once(desk: Office) -> None:
    async with page(desk) as first, page(desk) as second:
        looking = desk.app.live._looking
        assert looking
        assert not looking.done()
        await raise_one(desk.ledger, desk)
        assert [await first.hears(), await second.hears()] == [CHANGED, CHANGED]
        assert desk.app.live._looking is looking
        assert len([t for t in asyncio.all_tasks() if "_pulse" in repr(t.get_coro())]) == 1


async def test_a_page_that_goes_leaves_nothing_behind(desk: Office) -> None:
    async with page(desk) as stays:
        async with page(desk):
            assert len(desk.app.live._watchers) == 2
        for n in range(50):  # it is noticed when something is written to it
            await raise_one(desk.ledger, desk, f"a/{n}")
            if len(desk.app.live._watchers) == 1:
                break
            await asyncio.sleep(0.02)
        assert len(desk.app.live._watchers) == 1
        await raise_one(desk.ledger, desk, "b/x")
        assert await stays.hears() == CHANGED


async def test_nobody_looks_while_nobody_watches(desk: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(live, "ALIVE", 0.05)
    async with page(desk):
        pass
    await until(lambda: not desk.app.live._watchers)
    looking = desk.app.live._looking
    assert looking
    await until(looking.done)
    async with page(desk) as later:
        await raise_one(desk.ledger, desk)
        await later.changed()


async def test_a_ledger_that_is_away_for_a_while_is_looked_at_again(desk: Office) -> None:
    async with page(desk) as opened:
        pulse, failures = desk.ledger.pulse, iter([OSError("refused"), OperationalError("", {}, Exception())])

        async def failing() -> object:
            for error in failures:
                raise error
            return await pulse()

        desk.ledger.pulse = failing  # type: ignore[method-assign]
        await raise_one(desk.ledger, desk)
        await opened.changed()


async def test_closing_lets_all_pages_go(desk: Office) -> None:
    async with page(desk) as first, page(desk) as second:
        desk.app.live.close()
        for opened in (first, second):
            while told := await opened.hears():
                assert told == CHANGED
    assert not desk.app.live._watchers


async def test_the_service_does_not_wait_for_pages_that_are_open(desk: Office) -> None:
    async with page(desk) as opened:
        server = asyncio.create_task(desk.stop())
        while await opened.hears():
            pass
        async with asyncio.timeout(20):
            await server
