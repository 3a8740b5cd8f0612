"""`POST /hub`: what may be asked for, and how a feed says where; over HTTP, with the service running."""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import aiohttp
import feedparser
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import select
from subscribers import SECRET, Subscriber, signature, subscriber
from test_private import TOKEN, Fetched, edition, fetched, titles_of

from distributor.config import parse
from distributor.events import Events
from distributor.ledger import subscriptions
from distributor.ledger.subscriptions import AT_MOST
from distributor.ledger.tables import subscription
from distributor.service import opened
from distributor.settings import Config
from distributor.web.hub import FORM, read

TOPIC = f"https://wire.example/members/{TOKEN}/en.json"
HUB = "https://wire.example/hub"
LINKS = f'<{HUB}>; rel="hub", <{TOPIC}>; rel="self"'
GOOD = {"hub.mode": "subscribe", "hub.topic": TOPIC, "hub.callback": "https://ours.example/callback?for=a"}


def config(folder: Path, monkeypatch: pytest.MonkeyPatch, *, allow_private: bool = True) -> Config:
    monkeypatch.setenv("A_TOKEN", TOKEN)
    channels = [{"type": "feed"}, {"type": "folder", "path": f"{folder}/out"}]
    member = {"id": "a", "name": "A", "languages": ["en"], "token": {"env": "A_TOKEN"}, "channels": channels}
    source = {"name": "w", "url": f"{folder}/w.xml", "backfill": "all", "every": "1h"}
    web = {"listen": "127.0.0.1:0", "url": "https://wire.example/", "allow_private": allow_private}
    storage = f"sqlite+aiosqlite:///{folder}/ledger.db"
    return parse({"storage": storage, "grace": "1s", "web": web, "sources": [source], "members": [member]})


@dataclass
class Asked:
    """A service, somebody who asks, and the feed that it has."""

    site: Fetched
    folder: Path

    async def ask(self, body: Any = None, content_type: str = FORM, **more: str) -> tuple[int, str]:
        """`more`: without the `hub.` that each begins with."""
        told = GOOD | {f"hub.{name}": value for name, value in more.items()}
        data = urlencode(told).encode() if body is None else body
        url = f"http://127.0.0.1:{self.site.port}/hub"
        async with self.site.http.post(url, data=data, headers={"Content-Type": content_type}) as answer:
            assert answer.content_type == "text/plain"
            return answer.status, await answer.text()

    async def publish(self, *titles: str) -> None:
        """All of `titles` stand in the feed."""
        items = {f"g{n}": title for n, title in enumerate(titles, 1)}
        (self.folder / "w.xml").write_text(edition(**items), encoding="utf-8")
        await self.site.service.intakes[0].once()
        await self.site.delivered(2 * len(titles))

    async def rows(self) -> list[Any]:
        return list(await self.site.service.ledger.read(lambda db: db.execute(select(subscription)).all()))


@pytest.fixture
async def wired(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Asked]:
    (tmp_path / "w.xml").write_text(edition(g1="One"), encoding="utf-8")
    async with fetched(config(tmp_path, monkeypatch)) as site:
        await site.delivered(2)
        yield Asked(site, tmp_path)


@pytest.fixture
async def reader() -> AsyncIterator[Subscriber]:
    async with subscriber() as one:
        yield one


async def test_a_subscriber_gets_the_feed_as_it_is_and_whenever_it_changes(
    wired: Asked, reader: Subscriber
) -> None:
    assert (await wired.ask(callback=reader.url, secret=SECRET))[0] == 202
    await reader.until(1)
    await wired.publish("One", "Two")
    await reader.until(2)
    assert [sorted(titles_of(body, "json")) for _, body in reader.got] == [["One"], ["One", "Two"]]
    for headers, body in reader.got:
        assert headers["X-Hub-Signature"] == signature(body)
        assert (headers["Content-Type"], headers["Link"]) == ("application/feed+json; charset=utf-8", LINKS)
    answer, fetched_ = await wired.site.get("/en.json")
    assert (fetched_, answer.headers["Link"]) == (reader.got[-1][1], LINKS)
    (asked,) = reader.asked
    assert (asked["hub.mode"], asked["hub.topic"], asked["hub.lease_seconds"]) == (
        "subscribe", TOPIC, "864000")  # fmt: skip
    assert len(asked["hub.challenge"]) >= 32


async def test_one_that_unsubscribes_gets_no_more(wired: Asked, reader: Subscriber) -> None:
    async with subscriber() as other:
        for one in (reader, other):
            await wired.ask(callback=one.url)
            await one.until(1)
        assert (await wired.ask(mode="unsubscribe", callback=reader.url, lease_seconds="none"))[0] == 202
        while len(await wired.rows()) > 1:
            await asyncio.sleep(0.01)
        assert reader.asked[-1].items() >= {"hub.mode": "unsubscribe", "hub.topic": TOPIC}.items()
        await wired.publish("One", "Two")
        await other.until(2)
    assert len(reader.got) == 1
    assert await wired.ask(mode="unsubscribe", callback=reader.url) == (404, "there is no such subscription")


@pytest.mark.parametrize("kind", ["rss", "atom", "json"])
async def test_a_feed_says_where_to_subscribe(wired: Asked, kind: str) -> None:
    answer, body = await wired.site.get(f"/en.{kind}")
    own = TOPIC.replace("json", kind)
    links = f'<{HUB}>; rel="hub", <{own}>; rel="self"'
    again, _ = await wired.site.get(f"/en.{kind}", **{"If-None-Match": answer.headers["ETag"]})
    assert (answer.headers["Link"], again.status, again.headers["Link"]) == (links, 304, links)
    if kind == "json":
        told = json.loads(body)
        assert (told["hubs"], told["feed_url"]) == ([{"type": "WebSub", "url": HUB}], own)
    else:
        found = {link.rel: link.href for link in feedparser.parse(body).feed.links}
        assert (found["hub"], found["self"]) == (HUB, own)
    async with wired.site.http.head(f"http://127.0.0.1:{wired.site.port}/members/{TOKEN}/en.{kind}") as head:
        assert (head.status, head.headers["Link"]) == (200, links)


async def test_the_address_itself_names_the_hub(wired: Asked) -> None:
    assert (await wired.site.json(""))["hub"] == HUB


@pytest.mark.parametrize(
    ("told", "words"),
    [
        ({"mode": "publish"}, "hub.mode"),
        ({"mode": ""}, "hub.mode"),
        ({"topic": ""}, "hub.topic is missing"),
        ({"callback": ""}, "hub.callback is missing"),
        ({"callback": "ftp://ours.example/"}, "http"),
        ({"callback": "//ours.example/"}, "http"),
        ({"callback": "https://ours.example/a b"}, "percent-encoding"),
        ({"callback": "https://ours.example/a\r\nX: y"}, "percent-encoding"),
        ({"callback": "https://ours.example/é"}, "percent-encoding"),
        ({"callback": "https:///callback"}, "host"),
        ({"callback": "https://[::1/callback"}, "not a URL"),
        ({"callback": "https://ours.example:99999/"}, "not a URL"),
        ({"callback": "https://me:word@ours.example/"}, "user name"),
        ({"callback": "https://ours.example/#here"}, "fragment"),
        ({"callback": "https://ours.example/" + "a" * 2000}, "2000"),
        ({"secret": "s" * 200}, "200 bytes"),
        ({"secret": "я" * 100}, "200 bytes"),
        ({"secret": "a\0b"}, "null"),
        ({"lease_seconds": "soon"}, "lease_seconds"),
        ({"lease_seconds": "-1"}, "lease_seconds"),
        ({"lease_seconds": "0"}, "lease_seconds"),
        ({"lease_seconds": "٣"}, "lease_seconds"),
        ({"lease_seconds": "1.5"}, "lease_seconds"),
    ],
)
async def test_what_is_wrong_is_said_in_plain_words(wired: Asked, told: dict[str, str], words: str) -> None:
    status, said = await wired.ask(**told)
    assert (status, words in said) == (400, True), said
    assert await wired.rows() == []


@pytest.mark.parametrize(
    ("body", "content_type", "status"),
    [
        (b"{}", "application/json", 415),
        (b"hub.mode=subscribe", "multipart/form-data; boundary=x", 415),
        (b"\xff\xfe", FORM, 400),
        (b"hub.mode=%FF", FORM, 400),
        (b"a=b&" * 200, FORM, 400),
        (b"hub.mode=" + b"a" * 2**17, FORM, 413),
        (b"", FORM, 400),
    ],
)
async def test_what_is_no_form_is_refused(wired: Asked, body: bytes, content_type: str, status: int) -> None:
    assert (await wired.ask(body, content_type))[0] == status


async def test_another_charset_is_no_matter(wired: Asked) -> None:
    """§5.1: it is UTF-8, whatever is said about it."""
    assert (await wired.ask(content_type=f"{FORM}; charset=nonsense"))[0] == 202


async def test_a_stranger_learns_nothing_of_what_there_is(wired: Asked) -> None:
    """Nor does a member that asks for a feed it has not."""
    others = [
        TOPIC.replace(TOKEN, "x" * 24),
        TOPIC.replace(TOKEN, TOKEN[:-1]),
        TOPIC.replace("en.", "ru."),
        TOPIC.replace(".json", ".xml"),
        TOPIC + "?page=2",
        TOPIC.replace("https", "http"),
        "https://elsewhere.example/feed",
        "nonsense",
    ]
    answers = {await wired.ask(topic=url) for url in others}
    assert answers == {(404, "hub.topic is not the address of a feed of ours")}
    answers = {await wired.ask(topic=url, mode="unsubscribe") for url in others}
    assert len(answers) == 1


async def test_a_feed_has_no_more_than_so_many_subscribers(tmp_path: Path, wired: Asked) -> None:
    async with AsyncExitStack() as stack:
        all_ = [await stack.enter_async_context(subscriber()) for _ in range(AT_MOST)]
        assert {(await wired.ask(callback=one.url))[0] for one in all_} == {202}
        for one in all_:
            await one.until(1)
        status, said = await wired.ask()
        assert (status, f"{AT_MOST} subscriptions" in said) == (429, True)
        assert (await wired.ask(callback=all_[0].url))[0] == 202  # a renewal goes
        other = await wired.ask(topic=TOPIC.replace("json", "rss"))
        assert other[0] == 202


async def test_a_private_callback_is_not_even_connected_to(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, reader: Subscriber
) -> None:
    (tmp_path / "w.xml").write_text(edition(g1="One"), encoding="utf-8")
    settings = config(tmp_path, monkeypatch, allow_private=False)
    async with fetched(settings) as site:
        asked = Asked(site, tmp_path)
        assert (await asked.ask(callback=reader.url))[0] == 202
        while await asked.rows():
            await asyncio.sleep(0.01)
    assert reader.paths == []


texts = st.text(max_size=250)
values = texts | st.sampled_from(["subscribe", "unsubscribe", TOPIC, "http://a/", "https://b.example:8/?x"])
names = st.sampled_from(["mode", "topic", "callback", "secret", "lease_seconds"]).map("hub.{}".format) | texts


@given(
    st.dictionaries(names, values, max_size=8).map(lambda told: GOOD | told) | st.dictionaries(names, values)
)
def test_any_form_is_a_wish_or_a_reason(told: dict[str, str]) -> None:
    try:
        wish = read(urlencode(told, errors="surrogatepass").encode())
    except ValueError as e:
        assert re.fullmatch(r"(hub\.|not a form|a parameter).+", str(e))  # noqa: PT017
        return
    assert wish.callback.startswith(("http://", "https://"))
    assert wish.callback.isascii()
    assert len(wish.secret.encode()) < 200
    assert wish.mode == "unsubscribe" or 3600 <= wish.seconds <= 30 * 86400
    assert "\0" not in wish.topic + wish.secret


@given(st.binary(max_size=400))
def test_any_bytes_are_a_wish_or_a_reason(body: bytes) -> None:
    with pytest.raises(ValueError, match=r"^(hub\.|not a form|a parameter)"):
        read(body)


@pytest.mark.parametrize(
    ("asked", "seconds"), [("60", 3600), ("86400", 86400), ("9" * 5000, 30 * 86400), ("", 864000)]
)
def test_a_lease_is_neither_too_short_nor_for_ever(asked: str, seconds: int) -> None:
    assert read(urlencode(GOOD | {"hub.lease_seconds": asked}).encode()).seconds == seconds


async def test_it_is_a_post(wired: Asked) -> None:
    async with aiohttp.ClientSession() as http, http.get(f"http://127.0.0.1:{wired.site.port}/hub") as answer:
        assert answer.status == 405


async def test_what_a_killed_service_had_in_hand_goes_with_the_next_start(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, reader: Subscriber
) -> None:
    """Between the claim and the POST it is in the ledger, and nowhere else."""
    (tmp_path / "w.xml").write_text(edition(g1="One"), encoding="utf-8")
    settings = config(tmp_path, monkeypatch)
    async with fetched(settings) as site:
        asked = Asked(site, tmp_path)
        await asked.ask(callback=reader.url)
        await reader.until(1)
    async with opened(settings, Events()) as service:
        (tmp_path / "w.xml").write_text(edition(g1="One", g2="Two"), encoding="utf-8")
        await service.once(asyncio.Event())
        ledger = service.ledger
        taken = ("tell", [1], "killed", ledger.now() + timedelta(seconds=9), timedelta(hours=1))
        assert len(await ledger.write(subscriptions.take, *taken)) == 1
    async with fetched(settings):
        await reader.until(2)
    assert sorted(titles_of(reader.got[-1][1], "json")) == ["One", "Two"]
