"""A member's private address, over HTTP, with the service running."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import aiohttp
import feedparser
import pytest
from sqlalchemy import update

from distributor.article import Content
from distributor.config import parse
from distributor.errors import ConfigError
from distributor.events import Events
from distributor.ledger import articles, retention, views
from distributor.ledger.articles import Entry
from distributor.ledger.tables import article, delivery
from distributor.service import Service, opened
from distributor.settings import Config

TOKEN = "t" * 24
ITEM = "<item><title>{0}</title><guid isPermaLink='false'>{1}</guid><description>It met.</description></item>"


def edition(**items: str) -> str:
    told = "".join(ITEM.format(title, guid) for guid, title in items.items())
    return f"<rss version='2.0'><channel><title>W</title><language>en</language>{told}</channel></rss>"


def config(folder: Path, monkeypatch: pytest.MonkeyPatch, **more: Any) -> Config:
    monkeypatch.setenv("A_TOKEN", TOKEN)
    channels = [{"type": "feed", "size": 2, **more}, {"type": "folder", "path": f"{folder}/out"}]
    member = {"id": "a", "name": "A", "languages": ["en"], "token": {"env": "A_TOKEN"}, "channels": channels}
    source = {"name": "w", "url": f"{folder}/w.xml", "backfill": "all", "every": "1h"}
    return parse(
        {
            "storage": f"sqlite+aiosqlite:///{folder}/ledger.db",
            "web": {"listen": "127.0.0.1:0", "url": "https://wire.example/"},
            "sources": [source],
            "members": [member],
        }
    )


@dataclass
class Fetched:
    """A service, and a client at the member's address."""

    service: Service
    http: aiohttp.ClientSession
    port: int

    async def get(
        self, path: str, token: str = TOKEN, **headers: str
    ) -> tuple[aiohttp.ClientResponse, bytes]:
        url = f"http://127.0.0.1:{self.port}/members/{token}{path}"
        async with self.http.get(url, headers=headers) as answer:
            return answer, await answer.read()

    async def json(self, path: str) -> Any:
        answer, _ = await self.get(path)
        assert answer.status == 200
        return await answer.json()

    async def delivered(self, number: int) -> None:
        async with asyncio.timeout(20):
            while (await self.service.ledger.read(views.by_state)).get("delivered", 0) < number:
                await asyncio.sleep(0.02)


@asynccontextmanager
async def fetched(settings: Config) -> AsyncIterator[Fetched]:
    stop = asyncio.Event()
    async with opened(settings, Events()) as service, aiohttp.ClientSession() as http:
        assert service.web
        task = asyncio.create_task(service.run(stop))
        while not service.web.port:
            await asyncio.sleep(0.01)
        yield Fetched(service, http, service.web.port)
        stop.set()
        await task


@pytest.fixture
async def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Fetched]:
    """Three articles, each delivered to the feed and to a folder."""
    (tmp_path / "w.xml").write_text(edition(g1="One", g2="Two", g3="Three"), encoding="utf-8")
    async with fetched(config(tmp_path, monkeypatch)) as site:
        await site.delivered(6)
        yield site


@pytest.mark.parametrize("kind", ["rss", "atom", "json"])
async def test_a_feed_has_what_was_delivered_and_pages_for_the_rest(site: Fetched, kind: str) -> None:
    answer, body = await site.get(f"/en.{kind}")
    assert (answer.status, answer.headers["X-Robots-Tag"]) == (200, "noindex")
    assert f'<https://wire.example/members/{TOKEN}/en.{kind}>; rel="self"' in answer.headers["Link"]
    second = (await site.get(f"/en.{kind}?page=2"))[1]
    titles = [title for page in (body, second) for title in titles_of(page, kind)]
    assert sorted(titles) == ["One", "Three", "Two"]
    assert f"en.{kind}?page=2".encode() in body
    assert f"en.{kind}?page=3".encode() not in second


def titles_of(body: bytes, kind: str) -> list[str]:
    if kind == "json":
        return [item["title"] for item in json.loads(body)["items"]]
    found = feedparser.parse(body)
    assert not found.bozo
    return [entry.title for entry in found.entries]


async def test_what_has_not_changed_is_not_sent_again(site: Fetched) -> None:
    first, _ = await site.get("/en.atom")
    again, body = await site.get("/en.atom", **{"If-None-Match": first.headers["ETag"]})
    assert (again.status, body, again.headers["ETag"]) == (304, b"", first.headers["ETag"])
    other, _ = await site.get("/en.atom?page=2", **{"If-None-Match": first.headers["ETag"]})
    assert other.status == 200
    dead = update(delivery).where(delivery.c.number == 3, delivery.c.lane == "a/feed").values(state="dead")
    await site.service.ledger.write(lambda db: db.execute(dead))
    changed, body = await site.get("/en.atom", **{"If-None-Match": first.headers["ETag"]})
    assert changed.status == 200
    assert len(titles_of(body, "atom")) == 2


async def test_a_corrected_article_takes_the_place_of_the_first(site: Fetched) -> None:
    def revise(db: Any) -> None:
        row = next(r for r in views.articles(db) if r["guid"] == "g1")
        told = Content(headline="One, corrected", body="<p>It met.</p>", language="en")
        entry = Entry("w", row["guid"], {}, told, told.fingerprint())
        articles.revise(db, row["id"], entry, site.service.intakes[0].routes, site.service.ledger.now())

    await site.service.ledger.write(revise)
    site.service.ledger.ring()
    await site.delivered(8)
    titles = [t for n in (1, 2) for t in titles_of((await site.get(f"/en.rss?page={n}"))[1], "rss")]
    assert sorted(titles) == ["One, corrected", "Three", "Two"]


async def test_a_withdrawn_article_says_so(site: Fetched) -> None:
    cancel = update(delivery).where(delivery.c.number == 3).values(action="cancel")
    await site.service.ledger.write(lambda db: db.execute(cancel))
    titles = titles_of((await site.get("/en.rss"))[1], "rss")
    assert [t for t in titles if t.startswith("Withdrawn: ")] == titles[:1]


@pytest.mark.parametrize("channel", ["feed", "folder"])
async def test_what_was_missed_is_told_by_number(site: Fetched, channel: str) -> None:
    told = await site.json(f"/items?channel={channel}&since=1")
    assert (told["channel"], told["last"], told["next"]) == (f"a/{channel}", 3, None)
    assert [item["number"] for item in told["items"]] == [2, 3]
    assert {item["state"] for item in told["items"]} == {"delivered"}
    assert all(item["item"]["version"] == "1" and item["item"]["headlines"] for item in told["items"])


async def test_what_took_another_place_has_no_item_and_no_gap(site: Fetched) -> None:
    over = update(delivery).where(delivery.c.number == 2).values(state="superseded")
    await site.service.ledger.write(lambda db: db.execute(over))
    told = await site.json("/items?channel=feed")
    assert [(i["number"], i["item"] is None) for i in told["items"]] == [(1, False), (2, True), (3, False)]


@pytest.mark.parametrize(
    ("state", "status", "told"),
    [
        ("delivered", "usable", True),
        ("delivered", "withheld", True),
        ("delivered", "canceled", False),
        ("dead", "usable", True),
        ("dead", "canceled", False),
        ("dead", "withheld", False),
        ("waiting", "withheld", False),
        ("canceled", "canceled", False),
    ],
)
async def test_nothing_is_told_here_that_would_not_be_sent(
    site: Fetched, state: str, status: str, told: bool
) -> None:
    """A held or withdrawn article does not leak through the back door."""

    def change(db: Any) -> None:
        db.execute(update(delivery).where(delivery.c.number == 2).values(state=state))
        db.execute(update(article).values(pub_status=status))

    await site.service.ledger.write(change)
    second = (await site.json("/items?channel=feed&since=1"))["items"][0]
    assert (second["number"], second["state"], second["item"] is not None) == (2, state, told)


async def test_a_text_that_is_kept_no_longer_is_no_empty_item(site: Fetched) -> None:
    later = site.service.ledger.now() + timedelta(days=1)
    assert await site.service.ledger.write(retention.prune_bodies, later) == 3
    told = await site.json("/items?channel=feed")
    assert [(i["number"], i["state"], i["item"]) for i in told["items"]] == [
        (n, "delivered", None) for n in (1, 2, 3)
    ]
    assert titles_of((await site.get("/en.rss"))[1], "rss") == []


async def test_many_come_in_pages(site: Fetched, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("distributor.web.private.AT_MOST", 2)
    first = await site.json("/items?channel=feed&since=0")
    assert first["next"] == f"https://wire.example/members/{TOKEN}/items?channel=feed&since=2"
    rest = await site.json("/items?channel=feed&since=2")
    assert ([i["number"] for i in rest["items"]], rest["next"]) == ([3], None)


async def test_the_address_says_what_there_is(site: Fetched) -> None:
    told = await site.json("")
    assert {(f["language"], f["format"]) for f in told["feeds"]} == {
        ("en", k) for k in ("rss", "atom", "json")
    }
    assert [c["channel"] for c in told["channels"]] == ["a/feed", "a/folder"]


@pytest.mark.parametrize("path", ["", "/en.rss", "/items?channel=feed"])
async def test_without_the_token_there_is_nothing(site: Fetched, path: str) -> None:
    for token in ("x" * 24, TOKEN[:-1], TOKEN + "t", "%00", "%C3%A9%ED%B2%80"):
        assert (await site.get(path, token))[0].status == 404


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/ru.rss", 404),
        ("/en.xml", 404),
        ("/EN.rss", 200),
        ("/en.rss?page=0", 400),
        ("/en.rss?page=x", 400),
        ("/en.rss?page=99999999999999999999", 400),
        ("/en.rss?page=77", 200),
        ("/items", 400),
        ("/items?channel=other", 400),
        ("/items?channel=feed&since=-1", 400),
        ("/items?channel=feed&since=999999999999999999999", 400),
        ("/items?channel=feed&since=%D9%A3", 400),
    ],
)
async def test_odd_questions_get_plain_answers(site: Fetched, path: str, status: int) -> None:
    assert (await site.get(path))[0].status == status


def test_a_feed_that_nobody_could_fetch_is_an_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = config(tmp_path, monkeypatch).model_dump(exclude={"web", "members", "sources"})
    member = {"id": "a", "name": "A", "languages": ["en"], "channels": [{"type": "feed"}]}
    with pytest.raises(ConfigError) as error:
        parse({"storage": whole["storage"], "members": [member]})
    said = str(error.value)
    assert "members[0].token: missing" in said
    assert "[web] listen" in said
    monkeypatch.setenv("SHORT", "abc")
    with pytest.raises(ConfigError, match=r"web\.listen: a port is at most 65535"):
        parse({"web": {"listen": "127.0.0.1:70000"}})
    with pytest.raises(ConfigError, match="at least 20"):
        parse({"members": [member | {"token": {"env": "SHORT"}}]})
