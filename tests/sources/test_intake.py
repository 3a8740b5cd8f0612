"""The loop from a real server into a real ledger."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import timedelta
from random import Random
from typing import Any

import pytest
from aiohttp import web
from sqlalchemy import select

from distributor.events import Event, Events, Polled, PollFailed
from distributor.ledger import sources, views
from distributor.ledger.ledger import Ledger
from distributor.ledger.tables import source as source_table
from distributor.ledger.tables import version
from distributor.settings import SourceSettings
from distributor.sources.intake import Intake
from ledger_wire import Clock, Wire

ITEM = """<item><title>{title}</title><guid isPermaLink="false">{guid}</guid><link>{link}</link>
<pubDate>{date}</pubDate><description>The members of the union met for {title}.</description></item>"""
TODAY, LONG_AGO = "Tue, 21 Dec 2021 09:00:00 GMT", "Tue, 21 Dec 2010 09:00:00 GMT"


class Server:
    """A feed whose items, headers and status a test sets."""

    def __init__(self) -> None:
        self.items: list[str] = []
        self.status = 200
        self.headers: dict[str, str] = {}
        self.moved_to = ""
        self.asked: list[web.Request] = []
        self.url = ""

    def item(self, title: str, guid: str = "", date: str = TODAY, link: str = "") -> None:
        guid = guid or title.replace(" ", "-")
        self.items.append(
            ITEM.format(title=title, guid=guid, date=date, link=link or f"https://w.example/{guid}")
        )

    async def answer(self, request: web.Request) -> web.Response:
        self.asked.append(request)
        if self.moved_to and request.path == "/feed":
            return web.Response(status=301, headers={"Location": self.moved_to})
        if self.status != 200:
            return web.Response(status=self.status, headers=self.headers)
        if request.headers.get("If-None-Match") and request.headers["If-None-Match"] == self.headers.get(
            "ETag"
        ):
            return web.Response(status=304, headers=self.headers)
        channel = f"<channel><title>W</title><language>en</language>{''.join(self.items)}</channel>"
        body = f"<?xml version='1.0'?><rss version='2.0'>{channel}</rss>"
        return web.Response(body=body, content_type="application/rss+xml", headers=self.headers)


@pytest.fixture
async def server() -> AsyncIterator[Server]:
    server = Server()
    app = web.Application()
    app.router.add_get("/{any:.*}", server.answer)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    server.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
    yield server
    await runner.cleanup()


class Reader:
    """An intake, polled by hand."""

    def __init__(self, wire: Wire, url: str) -> None:
        self.wire, self.url = wire, url
        self.events: list[Event] = []

    async def poll(self, **settings: Any) -> Event:
        told: dict[str, Any] = {
            "name": "weekly",
            "url": f"{self.url}/feed",
            "allow_private": True,
            **settings,
        }
        source = SourceSettings.model_validate(told)
        await self.wire.open()
        await self.wire.ledger.write(sources.sync, {"weekly": source.url}, self.wire.now())
        events = Events(self.events.append)
        intake = Intake(
            self.wire.ledger, source, self.wire.routes, events, now=self.wire.now, random=Random(0)
        )
        await intake.once()
        return self.events[-1]

    async def row(self) -> Any:
        return await self.wire.ledger.read(lambda db: db.execute(select(source_table)).one())


@pytest.fixture
def reader(wire: Wire, server: Server) -> Reader:
    return Reader(wire, server.url)


async def test_what_is_new_is_routed_and_what_is_known_is_not_again(
    reader: Reader, server: Server, ledger: Ledger
) -> None:
    server.item("Union opens")
    assert await reader.poll() == Polled("weekly", new=1)
    assert await reader.poll() == Polled("weekly", same=1)
    server.item("Report lists fronts")
    assert await reader.poll() == Polled("weekly", new=1, same=1)
    assert len(await ledger.read(views.articles)) == 2
    assert len(await reader.wire.states()) == 4


async def test_new_dates_or_another_order_send_nothing_twice(reader: Reader, server: Server) -> None:
    server.item("One")
    server.item("Two")
    await reader.poll()
    server.items.clear()
    server.item("Two", date="Fri, 21 Dec 2035 09:00:00 GMT")
    server.item("One", date=LONG_AGO)
    assert await reader.poll() == Polled("weekly", same=2)


async def test_a_new_cms_with_new_guids_is_known_again(reader: Reader, server: Server) -> None:
    server.item("One", link="http://w.example/one")
    await reader.poll()
    server.items.clear()
    server.item("One", guid="cms-7", link="https://w.example/one?utm_source=rss")
    assert isinstance(event := await reader.poll(), Polled)
    assert (event.new, event.changed) == (0, 0)
    assert isinstance(event := await reader.poll(), Polled)
    assert (event.new, event.same) == (0, 1)


async def test_a_changed_item_is_the_next_version(reader: Reader, server: Server, ledger: Ledger) -> None:
    server.item("One", guid="g")
    await reader.poll()
    server.items.clear()
    server.item("One and a half", guid="g")
    assert await reader.poll() == Polled("weekly", changed=1)
    assert [a["version"] for a in await ledger.read(views.articles)] == [2]


async def test_a_new_source_sends_nothing_older_than_its_backfill(
    reader: Reader, server: Server, ledger: Ledger
) -> None:
    server.item("Old", date=LONG_AGO)
    server.item("New")
    await reader.poll(backfill="7d")
    assert {a["headline"]: a["sent"] for a in await ledger.read(views.articles)} == {
        "Old": False,
        "New": True,
    }
    assert len(await reader.wire.states()) == 2


async def test_a_flood_is_held_for_an_editor(reader: Reader, server: Server, ledger: Ledger) -> None:
    server.item("First")
    await reader.poll(flood=5)
    for n in range(6):
        server.item(f"Number {n}")
    event = await reader.poll(flood=5)
    assert isinstance(event, Polled)
    assert (event.new, event.held) == (0, 6)
    held = await ledger.read(views.articles, pub_status="withheld")
    assert len(held) == 6
    assert "more than 5 new items" in held[0]["reason"]


async def test_what_has_not_changed_is_not_sent_to_us_again(reader: Reader, server: Server) -> None:
    server.headers = {"ETag": '"v1"', "Last-Modified": "Tue, 21 Dec 2021 09:00:00 GMT"}
    server.item("One")
    await reader.poll()
    await reader.poll()
    assert server.asked[1].headers["If-None-Match"] == '"v1"'
    assert server.asked[1].headers["If-Modified-Since"] == "Tue, 21 Dec 2021 09:00:00 GMT"
    assert reader.events[-1] == Polled("weekly")


async def test_a_permanent_redirect_is_remembered(reader: Reader, server: Server) -> None:
    server.item("One")
    server.moved_to = f"{server.url}/new"
    await reader.poll()
    server.asked.clear()
    await reader.poll()
    assert [request.path for request in server.asked] == ["/new"]


async def test_a_source_that_is_gone_is_switched_off(reader: Reader, server: Server) -> None:
    server.status = 410
    event = await reader.poll()
    assert isinstance(event, PollFailed)
    assert event.gone
    server.asked.clear()
    await reader.poll()
    assert server.asked == []
    assert (await reader.row()).state == "off"


async def test_failures_wait_longer_each_time_and_as_long_as_the_server_wishes(
    reader: Reader, server: Server, now: Clock
) -> None:
    server.status = 500
    waits = []
    for _ in range(4):
        await reader.poll(every="5m")
        waits.append((await reader.row()).due - now())
    assert waits == sorted(waits)
    assert waits[3] >= timedelta(minutes=40)
    server.status, server.headers = 503, {"Retry-After": "36000"}
    await reader.poll(every="5m")
    row = await reader.row()
    assert row.due - now() >= timedelta(hours=10)
    assert (row.failures, "503" in row.reason) == (5, True)


@pytest.mark.parametrize(
    ("cache", "least"), [("max-age=1800", 30), ("no-cache", 5), ("max-age=99999999", 60)]
)
async def test_the_feeds_own_wish_for_less_is_honoured_up_to_an_hour(
    reader: Reader, server: Server, now: Clock, cache: str, least: int
) -> None:
    server.headers = {"Cache-Control": cache}
    await reader.poll(every="5m")
    wait = (await reader.row()).due - now()
    assert timedelta(minutes=least) <= wait <= timedelta(minutes=least * 1.1)


async def test_topics_of_the_source_are_added_and_the_language_is_told(
    reader: Reader, server: Server, ledger: Ledger
) -> None:
    server.item("Union opens")
    await reader.poll(topics=["Weekly"])
    content = await ledger.read(lambda db: db.execute(select(version.c.content)).scalar_one())
    assert content["categories"] == ["Weekly"]
    assert content["language"] == "en"
