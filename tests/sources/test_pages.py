"""From a feed of teasers to full texts: the loop, real servers, a real ledger. Pauses take no time here."""

from __future__ import annotations

import asyncio
import subprocess
import sys
import time
from collections.abc import Sequence
from datetime import datetime, timedelta
from pathlib import Path
from random import Random
from typing import Any

import aiohttp
import pytest
from aiohttp import web
from feed_server import Site
from page_texts import FIRST, LONG, SECOND, TEASER, TITLE, page
from sqlalchemy import select

from distributor.article import Item
from distributor.config import parse
from distributor.events import Event, Events, Polled
from distributor.ledger import sources
from distributor.ledger.tables import source as source_table
from distributor.ledger.tables import version
from distributor.service import opened
from distributor.settings import SourceSettings
from distributor.sources import pages as pages_module
from distributor.sources.fetch import Fetched
from distributor.sources.intake import Intake
from distributor.sources.manners import Manners
from distributor.sources.page_head import Head, Page
from distributor.sources.pages import Pages
from ledger_wire import NOON, Clock, Wire, content

HTML = {"Content-Type": "text/html; charset=utf-8"}
TODAY, LONG_AGO = "Tue, 21 Dec 2021 09:00:00 GMT", "Tue, 21 Dec 2010 09:00:00 GMT"


class Reader:
    """A feed and its articles' pages on one site; the intake that reads them, by hand."""

    def __init__(self, wire: Wire, site: Site) -> None:
        self.wire, self.site = wire, site
        self.items: dict[str, str] = {}
        self.slept: list[float] = []
        self.pages = Pages(Manners(clock=lambda: time.monotonic() + sum(self.slept), sleep=self.sleep))
        self.events: list[Event] = []

    async def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        await asyncio.sleep(0)

    def item(
        self, path: str, title: str = TITLE, *, teaser: str = TEASER, link: str = "", date: str = TODAY
    ) -> str:
        """An item of the feed that links to `path` on this site; its guid is the path."""
        told = f"<title>{title}</title><guid isPermaLink='false'>{path}</guid><pubDate>{date}</pubDate>"
        link = link or self.site.root + path
        self.items[path] = f"<item>{told}<link>{link}</link><description>{teaser}</description></item>"
        inside = f"<title>W</title><language>en</language>{''.join(self.items.values())}"
        self.site.page("/feed", f"<rss version='2.0'><channel>{inside}</channel></rss>")
        return path

    def intake(self, **settings: Any) -> Intake:
        told = {"name": "weekly", "url": f"{self.site.root}/feed", "allow_private": True, "settle": "0s"}
        source = SourceSettings.model_validate({**told, "content": "page", **settings})
        ledger, routes, events = self.wire.ledger, self.wire.routes, Events(self.events.append)
        return Intake(ledger, source, routes, events, pages=self.pages, now=self.wire.now, random=Random(0))

    async def open(self, intake: Intake) -> Intake:
        await self.wire.open()
        await self.wire.ledger.write(sources.sync, {"weekly": intake.source.url}, self.wire.now())
        return intake

    async def poll(self, **settings: Any) -> tuple[str, ...]:
        """The warnings of one poll."""
        await (await self.open(self.intake(**settings))).once()
        event = self.events[-1]
        assert isinstance(event, Polled)
        return event.warnings

    async def contents(self) -> Sequence[dict[str, Any]]:
        rows = select(version.c.content).order_by(version.c.article, version.c.number)
        return await self.wire.ledger.read(lambda db: db.execute(rows).scalars().all())

    async def only(self) -> dict[str, Any]:
        [content] = await self.contents()
        return content

    async def row(self) -> Any:
        return await self.wire.ledger.read(lambda db: db.execute(select(source_table)).one())

    def asked(self) -> list[str]:
        """The paths of the pages that were asked for."""
        return [r.path for r in self.site.asked if r.path not in ("/feed", "/robots.txt")]


@pytest.fixture
def reader(wire: Wire, site: Site) -> Reader:
    return Reader(wire, site)


async def kept(reader: Reader, words: str, **settings: Any) -> None:
    """The feed's text is sent at once, with a warning."""
    [warning] = await reader.poll(**settings)
    assert warning.startswith("item /union: has the feed's text only: ")
    assert words in warning
    assert (await reader.only())["body"] == f"<p>{TEASER}</p>"
    assert await reader.wire.states()


async def test_a_teaser_becomes_the_full_text(reader: Reader, site: Site) -> None:
    site.page(reader.item("/union"), page(), headers=HTML)
    assert await reader.poll() == ()
    content = await reader.only()
    assert (content["headline"], content["summary"]) == (TITLE, TEASER)
    assert SECOND in content["body"]
    robots, asked = site.asked[1:]
    assert (robots.path, asked.path) == ("/robots.txt", "/union")
    assert asked.headers["User-Agent"].startswith("distributor/")
    assert asked.headers["Accept"].startswith("text/html")


async def test_the_feeds_text_is_enough_unless_pages_are_wanted(reader: Reader, site: Site) -> None:
    site.page(reader.item("/union"), page(), headers=HTML)
    intake = await reader.open(reader.intake(content="feed"))
    intake.pages = None  # as the service has it
    await intake.once()
    assert reader.asked() == []


async def test_an_unchanged_feed_fetches_nothing_and_a_page_that_changes_alone_makes_no_version(
    reader: Reader, site: Site
) -> None:
    site.page(reader.item("/union"), page(), headers=HTML)
    await reader.poll()
    site.page("/union", page(LONG + f"<p>{FIRST}</p>"), headers=HTML)
    await reader.poll()
    assert reader.events[-1] == Polled("weekly", same=1)
    assert reader.asked() == ["/union"]
    await reader.only()


async def test_an_item_that_changes_in_the_feed_has_its_page_read_again(reader: Reader, site: Site) -> None:
    site.page(reader.item("/union"), page(), headers=HTML)
    await reader.poll()
    reader.item("/union", f"{TITLE} again")
    site.page("/union", page(LONG + "<p>It was the second time, as some remembered.</p>"), headers=HTML)
    await reader.poll()
    first, second = await reader.contents()
    assert "second time" in second["body"]
    assert "second time" not in first["body"]


async def test_a_page_that_has_not_changed_is_not_sent_again(reader: Reader, site: Site) -> None:
    async def answer(request: web.Request) -> web.Response:
        same = request.headers.get("If-None-Match") == '"v1"'
        return web.Response(
            status=304 if same else 200, text="" if same else page(), headers={"ETag": '"v1"', **HTML}
        )

    site.pages[reader.item("/union")] = answer
    await reader.poll()
    reader.item("/union", f"{TITLE} again")
    assert await reader.poll() == ()
    assert [SECOND in content["body"] for content in await reader.contents()] == [True, True]
    assert "If-None-Match" in site.asked[-1].headers


async def test_backlog_is_sent_to_nobody_and_read_by_nobody(reader: Reader, site: Site) -> None:
    reader.item("/old", date=LONG_AGO)
    site.page(reader.item("/union"), page(), headers=HTML)
    await reader.poll(backfill="7d")
    assert reader.asked() == ["/union"]


@pytest.mark.parametrize(
    ("status", "rules", "words"),
    [
        (200, "User-agent: *\nDisallow: /un*n$", "robots.txt forbids it"),
        (503, "", "robots.txt cannot be read"),
        (429, "", "robots.txt cannot be read"),
        (200, "x" * 600_000, "larger than"),
    ],
)
async def test_what_robots_txt_does_not_let_us_have_is_not_asked_for(
    reader: Reader, site: Site, status: int, rules: str, words: str
) -> None:
    site.page("/robots.txt", rules, status=status)
    site.page(reader.item("/union"), page(), headers=HTML)
    await kept(reader, words)
    assert reader.asked() == []


async def test_the_rules_of_where_a_redirect_leads_count_too(reader: Reader, site: Site) -> None:
    site.page("/robots.txt", "User-agent: *\nDisallow: /secret/")
    site.page("/secret/union", page(), headers=HTML)
    site.redirect(reader.item("/union"), "/secret/union", 302)
    await kept(reader, "/secret/union: its robots.txt forbids it")
    assert reader.asked() == ["/union"]


async def test_redirects_are_followed_and_end(reader: Reader, site: Site) -> None:
    site.page("/2021/union", page(LONG + '<p>See the <a href="plan">plan</a> of it.</p>'), headers=HTML)
    site.redirect(reader.item("/union"), "/2021/union", 302)
    site.redirect(reader.item("/round"), "/round")
    [warning] = await reader.poll()
    assert "item /round: has the feed's text only: " in warning
    assert "more than 5 redirects" in warning
    assert f"{site.root}/2021/plan" in (await reader.contents())[1]["body"]


@pytest.mark.parametrize(
    ("status", "headers", "body", "words"),
    [
        pytest.param(404, HTML, page(), "HTTP 404", id="not there"),
        pytest.param(410, HTML, page(), "gone", id="gone"),
        pytest.param(200, {"Content-Type": "application/pdf"}, "%PDF-1.7", "application/pdf", id="a PDF"),
        pytest.param(200, HTML, page("<p>" + "word " * 700_000), "larger than 3,000,000 bytes", id="huge"),
        pytest.param(200, HTML, page(f"<p>{TEASER} Subscribe to read.</p>"), "'Subscribe'", id="paywall"),
        pytest.param(304, HTML, "", "HTTP 304", id="nonsense"),
    ],
)  # fmt: skip
async def test_what_is_not_to_be_had_leaves_the_feeds_text(
    reader: Reader, site: Site, status: int, headers: dict[str, str], body: str, words: str
) -> None:
    site.page(reader.item("/union"), body, status=status, headers=headers)
    await kept(reader, words)


async def test_a_wrong_charset_is_seen_through(reader: Reader, site: Site) -> None:
    text = "<p>Élan, café, naïveté: so the members called the three rooms of the first conference.</p>"
    body = page(LONG + text).replace('charset="utf-8"', 'charset="iso-8859-1"').replace("–", "-")
    site.page(reader.item("/union"), body.encode("latin-1"), headers=HTML)
    assert await reader.poll() == ()
    assert "Élan, café, naïveté" in (await reader.only())["body"]


@pytest.mark.parametrize("link", ["https://w.example/", "file:///etc/passwd", "http://[::1/x"])
async def test_a_link_to_no_page_is_not_followed(reader: Reader, link: str) -> None:
    reader.item("/union", link=link)
    assert any("no link to a page" in warning for warning in await reader.poll())


async def test_a_slow_page_costs_the_poll_no_more_than_its_time(reader: Reader, site: Site) -> None:
    never = asyncio.Event()

    async def slow(request: web.Request) -> web.StreamResponse:
        answer = web.StreamResponse(headers=HTML)
        await answer.prepare(request)
        await answer.write(page()[:200].encode())
        await never.wait()
        return answer

    site.page(reader.item("/union"), page(), headers=HTML)  # the first in the feed is the newest
    site.pages[reader.item("/slow")] = slow
    told = await reader.poll(page_within="2s")
    never.set()
    assert told == ("item /slow: has the feed's text only: its page did not come within 2 s",)
    assert [SECOND in content["body"] for content in await reader.contents()] == [False, True]


async def test_a_slow_page_leaves_time_for_the_next(reader: Reader, site: Site) -> None:
    never = asyncio.Event()

    async def slow(request: web.Request) -> web.Response:
        await never.wait()
        return web.Response()

    site.pages[reader.item("/slow")] = slow
    site.page(reader.item("/union"), page(), headers=HTML)
    [warning] = await reader.poll(timeout="2s")
    never.set()
    assert "/slow: no complete answer within 2 s" in warning
    assert [SECOND in content["body"] for content in await reader.contents()] == [True, False]


async def test_one_host_is_asked_for_one_page_at_a_time_with_a_pause_by_all_sources_together(
    reader: Reader, site: Site
) -> None:
    within = most = 0

    async def counting(request: web.Request) -> web.Response:
        nonlocal within, most
        within += 1
        most = max(most, within)
        await asyncio.sleep(0.02)
        within -= 1
        return web.Response(text=page(), headers=HTML)

    site.page("/robots.txt", "User-agent: *\nCrawl-delay: 7")
    one, other = reader.intake(name="one").source, reader.intake(name="other").source
    for n in range(4):
        site.pages[f"/{n}"] = counting
    items = [Item(str(n), content(TITLE, url=f"{site.root}/{n}", body=f"<p>{TEASER}</p>")) for n in range(4)]
    got = await asyncio.gather(reader.pages.of(items[:2], one, NOON), reader.pages.of(items[2:], other, NOON))
    assert [list(found.contents) for found in got] == [["0", "1"], ["2", "3"]]
    assert most == 1
    assert [round(seconds) for seconds in reader.slept] == [1, 7, 7, 7]


def elsewhere(site: Site) -> str:
    """The same site under a name that is not the feed's host, and inside, too."""
    return site.root.replace("127.0.0.1", "localhost")


async def test_a_redirect_into_the_inside_is_refused(reader: Reader, site: Site) -> None:
    site.page("/secret", page(), headers=HTML)
    site.redirect(reader.item("/union"), f"{elsewhere(site)}/secret", 302)
    await kept(reader, "private or loopback address")
    assert reader.asked() == ["/union"]


async def test_a_link_into_the_inside_is_refused_also_where_the_feed_may_be_there(
    reader: Reader, site: Site
) -> None:
    site.page("/union", page(), headers=HTML)
    reader.item("/union", link=f"{elsewhere(site)}/union")
    await kept(reader, "private or loopback address")
    assert reader.asked() == []


async def test_robots_txt_is_no_way_into_the_inside(reader: Reader, site: Site) -> None:
    site.page("/secret", "User-agent: *\nAllow: /")
    site.redirect("/robots.txt", f"{elsewhere(site)}/secret")
    site.page(reader.item("/union"), page(), headers=HTML)
    await kept(reader, "private or loopback address")
    assert reader.asked() == []


async def test_no_page_is_inside_unless_the_source_may_be_there(
    reader: Reader, site: Site, tmp_path: Path
) -> None:
    site.page(reader.item("/union"), page(), headers=HTML)
    async with aiohttp.ClientSession() as session, session.get(f"{site.root}/feed") as answer:
        (tmp_path / "feed.xml").write_bytes(await answer.read())
    await kept(reader, "private or loopback address", url=str(tmp_path / "feed.xml"), allow_private=False)
    assert reader.asked() == []


async def test_what_nobody_foresaw_costs_one_item_its_full_text(
    reader: Reader, site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*args: object, **more: object) -> None:
        raise RecursionError("too deep")

    monkeypatch.setattr(pages_module.page, "read", fail)
    site.page(reader.item("/union"), page(), headers=HTML)
    await kept(reader, "unforeseen: RecursionError('too deep')")


async def test_who_stops_while_pages_are_waited_for_leaves_the_feed_to_the_next(
    reader: Reader, site: Site, now: Clock
) -> None:
    stop, never, due = asyncio.Event(), asyncio.Event(), list[datetime]()

    async def slow(request: web.Request) -> web.Response:
        due.append((await reader.row()).due)
        stop.set()
        await never.wait()
        return web.Response()

    site.pages[reader.item("/union")] = slow
    async with asyncio.timeout(20):
        await (await reader.open(reader.intake(page_within="10m"))).follow(stop)
    never.set()
    assert (reader.events, await reader.contents()) == ([], [])
    assert due[0] > now() + timedelta(minutes=10)  # until then it is nobody else's
    row = await reader.row()
    assert (row.due, row.last_polled) == (now(), None)


async def test_only_so_many_pages_are_remembered(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pages_module, "MOST_KEPT", 3)
    pages, found = Pages(), Page(body=LONG, head=Head())
    for n in range(9):
        pages.keep(f"https://w.example/{n}", Fetched(body=b"", url="", etag=f'"{n}"'), found)
    pages.keep("https://w.example/plain", Fetched(body=b"", url=""), found)
    pages.keep(
        "https://w.example/long", Fetched(body=b"", url="", etag="x"), Page(body="x" * 200_000, head=Head())
    )
    assert list(pages.kept) == [f"https://w.example/{n}" for n in (6, 7, 8)]


MISSING = """
import sys
sys.modules[sys.argv[1]] = None
from distributor.config import parse
from distributor.errors import ConfigError
import distributor.service
assert "trafilatura" not in sys.modules or not sys.modules["trafilatura"]
source = {"name": "a", "url": "feed.xml"}
parse({"sources": [source]})
try:
    parse({"sources": [source, {**source, "name": "b", "content": "page"}]})
except ConfigError as e:
    print(e)
"""


@pytest.mark.parametrize("library", ["trafilatura", "protego", "lxml_html_clean"])
def test_without_its_libraries_the_configuration_names_what_installs_them(library: str) -> None:
    command = [sys.executable, "-c", MISSING, library]
    told = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    assert told.startswith("sources[1].content: ")
    assert "pip install 'distributor[page]'" in told


async def test_sources_that_want_pages_share_their_manners_and_others_fetch_none(tmp_path: Path) -> None:
    wanted = {"a": "page", "b": "page", "c": "feed"}
    told = [{"name": name, "url": f"{tmp_path}/{name}.xml", "content": c} for name, c in wanted.items()]
    storage = f"sqlite+aiosqlite:///{tmp_path}/ledger.db"
    media = {"cache": str(tmp_path / "media")}
    config = parse({"storage": storage, "sources": told, "media": media})
    async with opened(config, Events()) as service:
        a, b, c = (intake.pages for intake in service.intakes)
    assert isinstance(a, Pages)
    assert (a is b, c) == (True, None)
