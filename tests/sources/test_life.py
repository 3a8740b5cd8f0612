"""An article's life as its feed tells it: changed, under embargo, contributed, told by others, too."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path
from random import Random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import select

from distributor.events import Event, Events
from distributor.ledger import sources
from distributor.ledger.tables import article, version
from distributor.ledger.timing import embargo as set_embargo
from distributor.settings import SourceSettings
from distributor.sources import embargo
from distributor.sources.intake import Intake
from ledger_wire import Wire

LONG = (
    2
    * "The members of the union met in Beijing and agreed on a plan to share science news in five languages. "
)


class Feed:
    """A file that a test rewrites, and the intake that reads it."""

    def __init__(self, wire: Wire, folder: Path, name: str = "weekly", **settings: Any) -> None:
        self.wire, self.path = wire, folder / f"{name}.xml"
        told = {"name": name, "url": str(self.path), "backfill": "all", **settings}
        self.source = SourceSettings.model_validate(told)
        self.events: list[Event] = []

    async def poll(self, *items: str) -> None:
        named = 'xmlns:dcterms="http://purl.org/dc/terms/" xmlns:wire="https://wire.example/ns"'
        channel = f"<channel><title>W</title><language>en</language>{''.join(items)}</channel>"
        self.path.write_text(f"<rss version='2.0' {named}>{channel}</rss>", encoding="utf-8")
        await self.wire.open()
        names = {self.source.name: self.source.url}
        await self.wire.ledger.write(sources.sync, names, self.wire.now())
        ledger, routes, events = self.wire.ledger, self.wire.routes, Events(self.events.append)
        await Intake(ledger, self.source, routes, events, now=self.wire.now, random=Random(0)).once()


def item(
    title: str = "Union opens", guid: str = "a", body: str = LONG, more: str = "", link: str = ""
) -> str:
    link = link or f"https://w.example/{guid}/{title.replace(' ', '-')}"
    told = f"<title>{title}</title><guid isPermaLink='false'>{guid}</guid><link>{link}</link>"
    return f"<item>{told}<description>{body}</description>{more}</item>"


@pytest.fixture
def feed(wire: Wire, tmp_path: Path) -> Feed:
    return Feed(wire, tmp_path)


async def articles(wire: Wire) -> Sequence[Any]:
    return await wire.ledger.read(lambda db: db.execute(select(article).order_by(article.c.id)).all())


async def versions(wire: Wire) -> list[tuple[int, str, list[str]]]:
    rows = select(version).order_by(version.c.article, version.c.number)
    found = await wire.ledger.read(lambda db: db.execute(rows).all())
    return [(row.number, row.grade, row.changed) for row in found]


async def test_a_first_change_is_taken_at_once_and_one_that_flaps_waits(wire: Wire, feed: Feed) -> None:
    await feed.poll(item("One"))
    for title in ("Two", "One", "Two", "Three"):
        wire.now.forward(seconds=30)
        await feed.poll(item(title))
    assert [number for number, _, _ in await versions(wire)] == [1, 2]
    wire.now.forward(minutes=5)
    await feed.poll(item("Three"))
    assert [number for number, _, _ in await versions(wire)] == [1, 2, 3]


async def test_a_change_says_how_much_it_matters_and_where(wire: Wire, feed: Feed) -> None:
    await feed.poll(item(body=LONG * 3))
    await feed.poll(item(body=LONG * 3 + "It went well."))
    wire.now.forward(minutes=6)
    await feed.poll(item("Union opens in 2022", body=LONG * 3 + "It went well."))
    assert [(grade, changed) for _, grade, changed in await versions(wire)] == [
        ("", []),
        ("correction", ["text"]),
        ("correction", ["headline"]),
    ]


UNTIL = "<dcterms:available>2021-12-21T13:00:00Z</dcterms:available>"
"""An hour from a test's noon."""


async def test_an_embargo_of_the_feed_is_kept_to_the_second(wire: Wire, feed: Feed) -> None:
    await feed.poll(item(more=UNTIL))
    await wire.translate()
    wire.now.forward(minutes=59, seconds=59)
    assert await wire.claim() == []
    wire.now.forward(seconds=1)
    assert len(await wire.claim()) == 2


async def test_the_feed_moves_its_embargo_and_lifts_it(wire: Wire, feed: Feed) -> None:
    await feed.poll(item(more=UNTIL))
    await feed.poll(item(more=UNTIL.replace("13:00", "14:00")))
    wire.now.forward(minutes=90)
    assert await wire.claim() == []
    await feed.poll(item())
    assert [c.lane for c in await wire.claim()] == ["a/webhook"]
    assert len(await versions(wire)) == 1


async def test_an_editor_overrules_an_embargo_that_the_feed_repeats(wire: Wire, feed: Feed) -> None:
    await feed.poll(item(more=UNTIL))
    await wire.ledger.write(set_embargo, 1, None, "ada", wire.now())
    await feed.poll(item(more=UNTIL))
    assert [c.lane for c in await wire.claim()] == ["a/webhook"]


async def test_an_embargo_that_cannot_be_read_means_hold(wire: Wire, feed: Feed) -> None:
    await feed.poll(item(more="<wire:embargo>until the conference</wire:embargo>"))
    (row,) = await articles(wire)
    assert (row.pub_status, "cannot be read" in row.reason) == ("withheld", True)
    assert await wire.claim() == []


async def test_a_change_with_an_embargo_that_cannot_be_read_is_held(wire: Wire, feed: Feed) -> None:
    await feed.poll(item())
    await feed.poll(item("Other", more="<wire:embargo>2021-12-24</wire:embargo>"))
    assert (await articles(wire))[0].pub_status == "withheld"
    assert await wire.claim() == []


async def test_a_rule_of_the_source(wire: Wire, tmp_path: Path) -> None:
    feed = Feed(wire, tmp_path, embargo="2h")
    await feed.poll(item(more="<pubDate>Tue, 21 Dec 2021 12:00:00 GMT</pubDate>"))
    wire.now.forward(minutes=119)
    assert await wire.claim() == []
    wire.now.forward(minutes=1)
    assert await wire.claim()


async def test_a_contribution_may_want_a_release(wire: Wire, tmp_path: Path) -> None:
    feed = Feed(wire, tmp_path, contributor="a", trust="hold")
    await feed.poll(item())
    (row,) = await articles(wire)
    assert (row.pub_status, "contributed by a" in row.reason) == ("withheld", True)


@pytest.mark.parametrize(
    ("how", "again"),
    [
        ("its link", item("Quite another headline", "zz", "Short.", link="https://w.example/first")),
        ("its text", item("Union opens!", "zz", LONG.replace("agreed on", "agreed upon"))),
    ],
)
@pytest.mark.parametrize(
    ("echoes", "status"), [("drop", "usable"), ("doubt", "withheld"), ("send", "usable")]
)
async def test_a_story_that_comes_back(
    wire: Wire, tmp_path: Path, how: str, again: str, echoes: str, status: str
) -> None:
    await Feed(wire, tmp_path).poll(item(link="https://w.example/first"))
    await Feed(wire, tmp_path, "other", echoes=echoes).poll(again)
    _, echo = await articles(wire)
    assert (echo.pub_status, echo.routed) == (status, echoes == "send")
    assert ("told before by weekly" in echo.reason) is (echoes != "send")
    assert len(await wire.claim()) == (2 if echoes == "send" else 1)


async def test_an_echo_is_known_at_the_next_poll(wire: Wire, tmp_path: Path) -> None:
    await Feed(wire, tmp_path).poll(item(link="https://w.example/first"))
    other = Feed(wire, tmp_path, "other")
    for _ in range(2):
        await other.poll(item("Same", "zz", link="https://w.example/first"))
    assert len(await articles(wire)) == 2


async def test_another_story_is_no_echo(wire: Wire, tmp_path: Path) -> None:
    await Feed(wire, tmp_path).poll(item())
    body = "Satellites measure greenhouse gases from space, better than the ground does. " * 2
    await Feed(wire, tmp_path, "other").poll(item("Satellites measure gases", "zz", body))
    assert [row.routed for row in await articles(wire)] == [True, True]


HOUR = timedelta(hours=1)


@pytest.mark.parametrize(
    "told",
    [
        "2021-12-21T13:00:00Z",
        "2021-12-21T21:00:00+08:00",
        "Tue, 21 Dec 2021 13:00:00 GMT",
        "start=2021-12-21T13:00:00Z; end=2022-01-01T00:00:00Z; scheme=W3C-DTF;",
    ],
)
def test_an_embargo_in_any_of_its_forms(told: str) -> None:
    found = embargo.read({"dcterms_available": told})
    assert found.until is not None
    assert (found.until.isoformat(), found.fault) == ("2021-12-21T13:00:00+00:00", "")


@pytest.mark.parametrize(
    "told", ["2021-12-21", "2021-12-21T13:00:00", "tomorrow", "13:00", "0", "9999-99-99"]
)
def test_what_is_not_sure_is_a_fault(told: str) -> None:
    found = embargo.read({"wire_embargo": told})
    assert found.until is None
    assert "cannot be read" in found.fault


def test_the_latest_of_several_counts() -> None:
    told = {"dcterms_available": "2021-12-21T13:00:00Z", "prism_embargodate": "2021-12-21T14:00:00Z"}
    assert str(embargo.read(told).until) == "2021-12-21 14:00:00+00:00"


@given(
    st.dictionaries(st.sampled_from(["wire_embargo", "dcterms_available", "title"]), st.text() | st.none())
)
def test_whatever_a_feed_says_is_an_embargo_or_a_fault_or_nothing(told: dict[str, str | None]) -> None:
    found = embargo.read(told)
    named = [v for k, v in told.items() if k != "title" and (v or "").strip()]
    assert bool(found.until or found.fault) is bool(named)
