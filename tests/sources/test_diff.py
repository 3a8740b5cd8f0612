"""What is new is decided by identity, never by dates, order or place."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from distributor.article import Content, Item
from distributor.sources.diff import Changed, Decision, Known, Memory, New, Renamed, decide
from distributor.sources.identity import link_key, text_key

NOON = datetime(2021, 12, 21, 12, tzinfo=UTC)


def item(n: int, guid: str = "", **more: Any) -> Item:
    told = {
        "headline": f"Article {n}",
        "body": f"<p>What the union says on {n}, told at some length.</p>",
        "url": f"http://w.example/{n}",
        "published": NOON,
    }
    return Item(guid or f"g{n}", Content(**{**told, **more}))


class Shelf:
    """A memory that decisions are applied to, as the ledger would."""

    def __init__(self) -> None:
        self.articles: dict[int, Known] = {}
        self.names: dict[str, dict[str, set[int]]] = {"guid": {}, "link": {}, "text": {}}

    def memory(self) -> Memory:
        alone = {
            kind: {value: self.articles[next(iter(ids))] for value, ids in names.items() if len(ids) == 1}
            for kind, names in self.names.items()
        }
        return Memory(by_guid=alone["guid"], by_link=alone["link"], by_text=alone["text"])

    def poll(self, items: list[Item], **more: Any) -> Decision:
        told: dict[str, Any] = {
            "first_poll": not self.articles,
            "backfill": None,
            "flood": 1000,
            "now": NOON,
            **more,
        }
        decision = decide(items, self.memory(), **told)
        for change in decision.changes:
            id = len(self.articles) + 1 if isinstance(change, New) else change.article
            guid = self.articles[id].guid if id in self.articles else change.item.guid
            self.articles[id] = Known(id, guid, change.item.content.fingerprint())
            content = change.item.content
            named = {"guid": change.item.guid, "link": link_key(content.url), "text": text_key(content)}
            for kind, value in named.items():
                self.names[kind].setdefault(value, set()).add(id)
        return decision


def kinds(decision: Decision) -> list[type]:
    return [type(change) for change in decision.changes]


numbers = st.lists(st.integers(1, 40), unique=True, min_size=1, max_size=30)
dates = st.none() | st.datetimes(datetime(1990, 1, 1), datetime(2060, 1, 1), timezones=st.just(UTC))


@given(numbers, st.data())
def test_order_and_dates_never_make_anything_new(ns: list[int], data: st.DataObject) -> None:
    shelf = Shelf()
    assert kinds(shelf.poll([item(n) for n in ns])) == [New] * len(ns)
    shuffled = data.draw(st.permutations(ns))
    again = [item(n, published=data.draw(dates), updated=data.draw(dates)) for n in shuffled]
    assert shelf.poll(again) == Decision(same=len(ns))


@given(numbers, st.booleans(), st.booleans())
def test_guids_that_all_change_at_once_are_known_again(ns: list[int], links: bool, texts: bool) -> None:
    shelf = Shelf()
    shelf.poll([item(n) for n in ns])
    moved: dict[str, Any] = {}
    renamed = []
    for n in ns:
        if links and not texts:
            moved = {"url": f"https://cms.example/?id={n}"}
        if texts and not links:
            moved = {"body": f"<p>About {n}, newly told.</p>"}
        renamed.append(item(n, guid=f"https://new.example/{n}", **moved))
    decision = shelf.poll(renamed)
    assert New not in kinds(decision)
    assert len(shelf.articles) == len(ns)
    assert shelf.poll(renamed) == Decision(same=len(ns))


@given(st.lists(st.tuples(st.integers(1, 8), st.integers(1, 8), st.integers(0, 3)), max_size=12))
def test_deciding_twice_gives_nothing_the_second_time(told: list[tuple[int, int, int]]) -> None:
    items = [item(n, guid=f"g{g}", headline=f"Article {n}.{edit}") for n, g, edit in told]
    shelf = Shelf()
    shelf.poll(items)
    assert shelf.poll(items).changes == ()


def test_another_text_under_a_known_guid_is_the_next_version() -> None:
    shelf = Shelf()
    shelf.poll([item(1)])
    decision = shelf.poll([item(1, headline="Article 1, corrected")])
    assert kinds(decision) == [Changed]
    assert decision.changes[0].article == 1  # type: ignore[union-attr]


def test_an_item_with_the_link_of_one_that_is_still_there_is_another_article() -> None:
    shelf = Shelf()
    shelf.poll([item(1, url="http://w.example/live")])
    decision = shelf.poll([item(1, url="http://w.example/live"), item(2, url="http://w.example/live")])
    assert kinds(decision) == [New]


def test_a_renamed_item_with_the_same_content_makes_no_version() -> None:
    shelf = Shelf()
    shelf.poll([item(1)])
    assert kinds(shelf.poll([item(1, guid="other")])) == [Renamed]


def test_a_guid_that_stands_there_twice_counts_once() -> None:
    decision = Shelf().poll([item(1), item(2, guid="g1")])
    assert kinds(decision) == [New]
    assert "g1" in decision.warnings[0]


@pytest.mark.parametrize(
    ("age", "backlog"), [(timedelta(days=8), True), (timedelta(days=6), False), (None, False)]
)
def test_the_first_poll_sends_nothing_older_than_the_backfill(age: timedelta | None, backlog: bool) -> None:
    decision = Shelf().poll([item(1, published=age and NOON - age)], backfill=timedelta(days=7))
    assert decision.changes == (New(decision.changes[0].item, backlog=backlog),)


def test_later_polls_send_what_is_new_however_old_it_says_it_is() -> None:
    shelf = Shelf()
    shelf.poll([item(1)], backfill=timedelta(days=7))
    late = shelf.poll([item(1), item(2, published=NOON - timedelta(days=900))], backfill=timedelta(days=7))
    assert late.changes == (New(late.changes[0].item),)


@pytest.mark.parametrize(("new", "held"), [(30, False), (31, True)])
def test_more_than_flood_at_once_are_held(new: int, held: bool) -> None:
    shelf = Shelf()
    shelf.poll([item(100)])
    decision = shelf.poll([item(n) for n in range(new)], flood=30)
    assert {bool(change.hold) for change in decision.changes if isinstance(change, New)} == {held}
    assert bool(decision.warnings) is held


def test_a_source_whose_whole_past_is_wanted_is_no_flood() -> None:
    decision = Shelf().poll([item(n) for n in range(50)], flood=30, backfill=None)
    assert not any(change.hold for change in decision.changes if isinstance(change, New))


def test_changes_come_oldest_first() -> None:
    decision = Shelf().poll([item(n, published=NOON - timedelta(hours=n)) for n in (1, 3, 2)])
    assert [change.item.guid for change in decision.changes] == ["g3", "g2", "g1"]


@pytest.mark.parametrize(
    "more",
    [
        {"body": "<p>What the union\n  says on 1, told at some length.</p>"},
        {"url": "https://www.w.example/1/?utm_source=rss#top"},
        {"updated": NOON + timedelta(days=1)},
    ],
)
def test_what_a_reader_cannot_see_makes_no_version(more: dict[str, Any]) -> None:
    shelf = Shelf()
    shelf.poll([item(1)])
    assert shelf.poll([item(1, **more)]) == Decision(same=1)
