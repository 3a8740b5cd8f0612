"""When an unknown guid is a known article, and when it is not."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from distributor.article import Content, Item
from distributor.sources.diff import Change, Changed, Decision, Known, Memory, New, Renamed, decide
from distributor.sources.identity import link_key, text_key

NOON = datetime(2021, 12, 21, 12, tzinfo=UTC)
LONG = "<p>What the union has to say about {}, told at some length.</p>"


def item(guid: str, *, link: str, text: str = "kelp", headline: str = "News in brief") -> Item:
    return Item(guid, Content(headline=headline, body=LONG.format(text), url=link))


def memory(*items: Item) -> Memory:
    known = {n: Known(n, i.guid, i.content.fingerprint()) for n, i in enumerate(items)}
    return Memory(
        by_guid={i.guid: known[n] for n, i in enumerate(items)},
        by_link={link_key(i.content.url): known[n] for n, i in enumerate(items)},
        by_text={text_key(i.content): known[n] for n, i in enumerate(items)},
    )


def told(items: list[Item], known: Memory) -> Decision:
    return decide(items, known, first_poll=False, backfill=timedelta(days=7), flood=30, now=NOON)


OLD = item("http://w.example/?p=1", link="http://w.example/kelp")


@pytest.mark.parametrize(
    ("now", "expected"),
    [
        pytest.param(item("new", link="https://w.example/kelp/"), Renamed, id="http to https"),
        pytest.param(item("new", link="https://cms.example/7"), Renamed, id="a new CMS has new links"),
        pytest.param(item("new", link="http://w.example/kelp", text="ice"), Changed, id="link, other text"),
        pytest.param(item("new", link="http://w.example/ice", text="ice"), New, id="nothing in common"),
        pytest.param(item(OLD.guid, link="http://w.example/ice", text="ice"), Changed, id="only the guid"),
    ],
)
def test_an_article_is_known_again(now: Item, expected: type[Change]) -> None:
    [change] = told([now], memory(OLD)).changes
    assert isinstance(change, expected)


def test_the_front_page_is_no_articles_own_link() -> None:
    front = item("1", link="https://w.example/")
    [change] = told([item("2", link="https://w.example/", text="ice")], memory(front)).changes
    assert isinstance(change, New)


def test_a_link_that_several_items_share_tells_nothing() -> None:
    issue = "https://w.example/issue"
    items = [item("2", link=issue, text="ice"), item("3", link=issue, text="snow")]
    assert all(isinstance(c, New) for c in told(items, memory(item("1", link=issue))).changes)


def test_a_headline_too_short_to_tell_is_no_text_to_be_known_by() -> None:
    known = Item("1", Content(headline="In brief", url="https://w.example/1"))
    now = Item("2", Content(headline="In brief", url="https://w.example/2"))
    [change] = told([now], memory(known)).changes
    assert isinstance(change, New)


def test_two_items_never_claim_the_same_article() -> None:
    items = [item("a", link="https://cms.example/1"), item("b", link="https://cms.example/2")]
    assert [type(c) for c in told(items, memory(OLD)).changes] == [New, Renamed]


def test_two_names_of_one_article_count_once() -> None:
    both = memory(OLD)
    alias = Memory(by_guid={**both.by_guid, "new": both.by_guid[OLD.guid]})
    decision = told([OLD, item("new", link="https://w.example/kelp", text="ice")], alias)
    assert (decision.changes, decision.same) == ((), 1)
    assert decision.warnings == ("item new: the same article as another item; the first one counts",)


def test_undated_items_count_as_recent() -> None:
    decision = decide([OLD], Memory(), first_poll=True, backfill=timedelta(days=7), flood=30, now=NOON)
    assert decision.changes == (New(OLD),)


def test_a_flood_on_the_first_poll_is_held_too_and_its_backlog_is_not() -> None:
    old = Item("old", Content(headline="Old", published=NOON - timedelta(days=9)))
    items = [*(Item(f"n{n}", Content(headline=f"News {n}", published=NOON)) for n in range(3)), old]
    decision = decide(items, Memory(), first_poll=True, backfill=timedelta(days=7), flood=2, now=NOON)
    assert decision.changes[0] == New(old, backlog=True)
    assert {c.hold for c in decision.changes[1:] if isinstance(c, New)} == {
        "more than 2 new items in one poll"
    }
