"""A newsroom to look at: the whole service with the sample edition and its models, receivers, people."""

from __future__ import annotations

import asyncio
import html
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pydantic import SecretStr
from receivers import HttpReceiver, http_receiver
from sqlalchemy import select

import distributor
from distributor.config import parse
from distributor.events import Events
from distributor.ledger import newsroom, people, renditions, views
from distributor.ledger.tables import article, delivery
from distributor.service import Service, opened
from distributor.settings import Config
from distributor.translation.checks import Doubt
from distributor.translation.interpreter import Interpreter

UNDO = 4.0
"""Seconds for second thoughts: enough for a slow machine to press a key, and short enough to wait for."""
EDITION = Path(distributor.__file__).with_name("sample") / "edition.xml"
HOOKS = ("agency", "flash", "bureau", "gate", "wall")
"""Members with a webhook: one gets all, one the urgent only, the others what has their name as its topic."""
PEOPLE = {"ada": "admin", "eve": "editor", "ed": "editor", "vic": "viewer"}
_FEED = "<rss version='2.0'><channel><title>City desk</title>{}</channel></rss>"
_ITEM = (
    "<item><title>{title}</title><guid isPermaLink='false'>{guid}</guid>{topics}"
    "<link>https://city-desk.example/{guid}</link><description>{text}</description></item>"
)


@dataclass
class Newsroom:
    """What a test sees and does behind the browser's back."""

    service: Service
    feed: Path
    receivers: Mapping[str, HttpReceiver]
    doubted: set[str] = field(default_factory=set)
    """Sentences whose translation the checks doubt; all other translations are taken as they come."""
    items: list[str] = field(default_factory=list)

    @property
    def url(self) -> str:
        """Of the desk."""
        assert self.service.web is not None
        return f"http://127.0.0.1:{self.service.web.port}"

    async def publish(self, title: str, *sentences: str, topics: tuple[str, ...] = ()) -> int:
        """An article by way of the source; its id."""
        guid = f"city-{len(self.items)}"
        told = "".join(f"<category>{topic}</category>" for topic in topics)
        text = html.escape(" ".join(sentences) or f"{title}, said the city desk.")
        self.items.append(_ITEM.format(title=html.escape(title), guid=guid, topics=told, text=text))
        self.feed.write_text(_FEED.format("".join(self.items)), encoding="utf-8")
        await next(i for i in self.service.intakes if i.source.name == "city").once()
        row = await self.read(lambda db: db.execute(select(article.c.id).where(article.c.guid == guid)).one())
        return int(row.id)

    async def read(self, look: Callable[..., Any], *told: Any) -> Any:
        return await self.service.ledger.read(look, *told)

    async def deliveries(self, article_id: int, **wanted: Any) -> list[views.Record]:
        """Of an article, the oldest first; those with these values."""
        where = [delivery.c.article == article_id]
        rows = await self.read(lambda db: views.deliveries(db, where))
        return [r for r in reversed(rows) if all(r[name] == value for name, value in wanted.items())]

    async def rendition(self, article_id: int, language: str) -> Any:
        """Of the head."""
        return await self.read(renditions.head, article_id, language)

    async def settle(self, article_id: int) -> None:
        """Wait until it is translated, and each place that it can go to was tried."""

        async def done() -> bool:
            (row,) = await self.read(newsroom.rows_of, [article_id])
            made = all(one["state"] in ("ready", "held") for one in row["languages"])
            sending = await self.deliveries(article_id, state="sending")
            return made and not sending and not await self.deliveries(article_id, state="pending", attempts=0)

        await until(done)

    async def session(self, name: str) -> str:
        """The cookie of somebody who has logged in."""
        ledger = self.service.ledger
        return str(await ledger.write(people.open_session, name, ledger.now()))


async def until(true: Callable[[], Awaitable[Any]]) -> None:
    """Wait for what the service does."""
    async with asyncio.timeout(20):
        while not await true():
            await asyncio.sleep(0.02)


@asynccontextmanager
async def open_newsroom(folder: Path) -> AsyncIterator[Newsroom]:
    """Up, the edition delivered, with `PEOPLE` who may in, whose passwords nobody knows."""
    (folder / "city.xml").write_text(_FEED.format(""), encoding="utf-8")
    async with AsyncExitStack() as stack:
        receivers = {name: await stack.enter_async_context(http_receiver()) for name in HOOKS}
        service = await stack.enter_async_context(opened(_config(folder, receivers), Events(lambda _: None)))
        room = Newsroom(service, folder / "city.xml", receivers)
        _judge(room)
        for name, role in PEOPLE.items():
            await service.ledger.write(people.add, name, role, "-", "test", service.ledger.now())
        stop = asyncio.Event()
        running = asyncio.create_task(service.run(stop))
        await until(lambda: _arrived(room, 10))
        yield room
        stop.set()
        async with asyncio.timeout(20):
            await running


async def _arrived(room: Newsroom, count: int) -> bool:
    rows = await room.read(views.articles)
    for row in rows:
        await room.settle(row["id"])
    return len(rows) >= count and bool(room.service.web and room.service.web.port)


def _judge(room: Newsroom) -> None:
    """So that what is held does not depend on what the models say."""

    def judge(sentence: str, *_: str) -> tuple[Doubt, ...]:
        return (Doubt("numbers", "a number is not there"),) if sentence in room.doubted else ()

    ours = room.service.translator.interpreter
    room.service.translator.interpreter = Interpreter(
        room.service.ledger, ours.engine, judge=judge, judge_text=lambda *_: ()
    )


def _config(folder: Path, receivers: Mapping[str, HttpReceiver]) -> Config:
    return parse(
        {
            "storage": f"sqlite+aiosqlite:///{folder}/ledger.db",
            "web": {"listen": "127.0.0.1:0"},
            "desk": {"undo": f"{UNDO}s"},
            "translation": {"isolate": False},
            "media": {"cache": str(folder / "media")},
            "sources": [
                {"name": "edition", "url": str(EDITION), "backfill": "all", "every": "1d"},
                {"name": "city", "url": str(folder / "city.xml"), "backfill": "all", "every": "1d"},
            ],
            "members": [
                _member("agency", ["ru", "en"], _hook(receivers["agency"])),
                _member("jst", ["ja"], {"type": "folder", "path": str(folder / "jst")}),
                _member("flash", ["en"], _hook(receivers["flash"]), min_urgency=2),
                *(_member(name, ["en"], _hook(receivers[name]), topics=[name]) for name in HOOKS[2:]),
            ],
        }
    )


def _member(id_: str, languages: list[str], channel: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {"id": id_, "name": id_.title(), "languages": languages, "channels": [channel], **more}


def _hook(receiver: HttpReceiver) -> dict[str, Any]:
    secret = SecretStr("whsec_" + "c2VjcmV0" * 4)
    near = {"url": receiver.url, "allow_private": True}
    return {"type": "webhook", "name": "hook", "secrets": [secret], **near}
