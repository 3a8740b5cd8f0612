"""The loops together, as `distributor run` starts them."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from distributor.config import parse
from distributor.events import Event, Events, Polled, PollFailed
from distributor.ledger import articles, views
from distributor.ledger.ledger import AlreadyRunning, Ledger
from distributor.service import Service, opened
from distributor.settings import Config

ITEM = "<item><title>{0}</title><guid isPermaLink='false'>{0}</guid><description>It met.</description></item>"


def feed(*titles: str) -> str:
    items = "".join(ITEM.format(title) for title in titles)
    return f"<rss version='2.0'><channel><title>W</title><language>en</language>{items}</channel></rss>"


def config(folder: Path, **sources: str) -> Config:
    for name, text in sources.items():
        (folder / f"{name}.xml").write_text(text, encoding="utf-8")
    member = {
        "id": "a",
        "name": "A",
        "languages": ["en"],
        "channels": [{"type": "folder", "path": f"{folder}/out"}],
    }
    return parse(
        {
            "storage": f"sqlite+aiosqlite:///{folder}/ledger.db",
            "sources": [{"name": n, "url": f"{folder}/{n}.xml", "backfill": "all"} for n in sources],
            "members": [member],
        }
    )


async def until(true: Callable[[], Any]) -> None:
    async with asyncio.timeout(20):
        while not await true():
            await asyncio.sleep(0.02)


class Running:
    """A service in the background."""

    def __init__(self, config: Config) -> None:
        self.config, self.stop = config, asyncio.Event()
        self.events: list[Event] = []

    async def __aenter__(self) -> Service:
        self._open = opened(self.config, Events(self.events.append))
        service = await self._open.__aenter__()
        self._task = asyncio.create_task(service.run(self.stop))
        return service

    async def __aexit__(self, *exc: object) -> None:
        self.stop.set()
        async with asyncio.timeout(20):
            await self._task
        await self._open.__aexit__(None, None, None)


async def test_a_hostile_source_is_told_and_the_others_go_on(tmp_path: Path) -> None:
    hostile = {"page": "<html><body>Not found</body></html>", "empty": "", "cut": feed("Cut")[:120]}
    running = Running(config(tmp_path, **hostile, good=feed("Union opens")))
    async with running as service:

        async def arrived() -> bool:
            return (await service.ledger.read(views.by_state)).get("delivered", 0) >= 1

        await until(arrived)
        await until(
            lambda: asyncio.sleep(
                0, len([e for e in running.events if isinstance(e, Polled | PollFailed)]) >= 4
            )
        )
    failed = {e.source: e.reason for e in running.events if isinstance(e, PollFailed)}
    assert {"page", "empty"} <= failed.keys()
    assert "HTML" in failed["page"]
    told = await _sources(running.config)
    assert {row["source"]: bool(row["reason"]) for row in told}["good"] is False


async def _sources(config: Config) -> list[views.Record]:
    async with Ledger(config.storage) as ledger:
        return await ledger.read(views.sources)


async def test_an_editors_command_in_another_process_takes_effect_at_once(tmp_path: Path) -> None:
    settings = config(tmp_path, good=feed("Union opens", "Report is out"))
    flooding = settings.sources[0].model_copy(update={"flood": 1, "backfill": timedelta(days=7)})
    settings = settings.model_copy(update={"sources": (flooding,)})
    async with Running(settings) as service:
        held = partial(service.ledger.read, views.articles, pub_status="withheld")
        await until(held)
        async with Ledger(settings.storage) as other:
            routes, now = service.intakes[0].routes, service.courier.now()
            assert await other.write(articles.release, 1, routes, "editor", now) == 1

        async def arrived() -> bool:
            return await service.ledger.read(views.by_state) == {"delivered": 1}

        await until(arrived)
        assert [row["id"] for row in await held()] == [2]


async def test_a_second_service_on_the_same_ledger_is_refused(tmp_path: Path) -> None:
    settings = config(tmp_path, good=feed("Union opens"))
    async with Running(settings):
        with pytest.raises(AlreadyRunning):
            async with opened(settings, Events()):
                raise AssertionError("two services")


async def test_a_stop_while_idle_is_quick_and_leaves_nothing_in_hand(tmp_path: Path) -> None:
    running = Running(config(tmp_path, good=feed("Union opens")))
    async with running as service:
        await until(lambda: service.ledger.read(views.by_state))
    async with Ledger(running.config.storage) as ledger:
        assert "sending" not in await ledger.read(views.by_state)
