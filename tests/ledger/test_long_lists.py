"""However long a list is, each page of it costs the same, and all pages together are the whole."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import Connection, insert, select

from distributor.article import Content
from distributor.ledger import articles, dossier, newsroom, search, views
from distributor.ledger.articles import Entry
from distributor.ledger.audit import note
from distributor.ledger.ledger import Ledger
from distributor.ledger.newsroom import Filter
from distributor.ledger.tables import delivery
from distributor.ledger.urgency import make_urgent
from ledger_wire import NOON, Clock, Wire


async def fill(ledger: Ledger, *headlines: str) -> None:
    def add(db: Connection) -> None:
        for n, headline in enumerate(headlines, 1):
            content = Content(headline=headline, language="en")
            articles.add(db, Entry("weekly", f"g{n}", {}, content, f"{n}"), lambda _: [], NOON)

    await ledger.write(add)


async def all_pages(ledger: Ledger, wanted: Filter, limit: int) -> list[int]:
    found: list[int] = []
    while page := await ledger.read(newsroom.wire, wanted, before=found[-1] if found else 0, limit=limit):
        found += [row["id"] for row in page]
    return found


@pytest.fixture(params=[1, 2, 10])
def looked_at(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> int:
    """How many articles are looked at one by one, before the index is asked."""
    monkeypatch.setattr(search, "LOOKED_AT", request.param)
    return int(request.param)


@pytest.mark.parametrize("limit", [1, 2, 3, 50])
async def test_a_search_is_whole_and_in_order(ledger: Ledger, looked_at: int, limit: int) -> None:
    told = ("the sea", "a hill", "the sea", "a hill", "a hill", "a hill", "the sea", "a hill")
    await fill(ledger, *told)
    assert await all_pages(ledger, Filter(words="sea"), limit) == [7, 3, 1]
    assert await all_pages(ledger, Filter(words="hi"), limit) == [8, 6, 5, 4, 2]
    assert await all_pages(ledger, Filter(words="lake"), limit) == []


@pytest.mark.parametrize("limit", [1, 50])
async def test_a_search_among_the_urgent(wire: Wire, ledger: Ledger, looked_at: int, limit: int) -> None:
    await fill(ledger, "the sea", "the sea", "a hill", "the sea", "a hill", "a hill")
    for id_ in (1, 3, 4, 5):
        await ledger.write(make_urgent, id_, 1, lambda _: [], "ada", NOON)
    assert await all_pages(ledger, Filter(words="sea", state="urgent"), limit) == [4, 1]
    assert await all_pages(ledger, Filter(source="weekly", state="urgent"), limit) == [5, 4, 3, 1]
    assert await all_pages(ledger, Filter(words="sea", state="dead"), limit) == []


async def trail(ledger: Ledger, **asked: Any) -> list[str]:
    """All pages."""
    told: list[str] = []
    before, pages = 0, 0
    while pages == 0 or before:
        rows, before = await ledger.read(dossier.page_of_trail, before=before, **asked)
        told += [row["subject"] for row in rows]
        pages += 1
        assert pages < 20
    return told


async def test_words_are_sought_in_the_whole_trail_step_by_step(
    ledger: Ledger, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(dossier, "LOOKED_BACK", 3)
    for n in range(1, 11):
        await ledger.write(
            note, NOON, "ada" if n % 2 else "ben", "hold", f"article {n}", "sea" if n < 3 else ""
        )
    assert await ledger.read(dossier.page_of_trail, words="sea") == ([], 8)
    assert await trail(ledger, words="SEA") == ["article 2", "article 1"]
    assert await trail(ledger, words="sea", who="ada") == ["article 1"]
    assert await trail(ledger, words="hold", limit=2) == [f"article {n}" for n in range(10, 0, -1)]
    assert await ledger.read(dossier.page_of_trail, words="sea", subject="article 1", limit=5) != ([], 0)
    assert len((await ledger.read(dossier.page_of_trail, who="ada"))[0]) == 5


async def test_deliveries_are_sought_step_by_step(
    wire: Wire, ledger: Ledger, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(views, "LOOKED_BACK", 3)
    for n in range(3):
        await wire.add(f"g{n}")
    await wire.settle([c for c in await wire.claim() if c.article == 1])
    one = (
        await ledger.read(lambda db: db.execute(select(delivery).where(delivery.c.id == 5)).one())
    )._mapping
    rare = {**one, "id": 7, "key": "rare", "lane": "b/webhook", "member": "b", "state": "superseded"}
    await ledger.write(lambda db: db.execute(insert(delivery), [{**rare, "language": "fr"}]).rowcount)

    async def found(**asked: Any) -> list[int]:
        which = {"state": "", "member": "", "lane": "", "article": 0, **asked}
        told: list[int] = []
        before, pages = 0, 0
        while pages == 0 or before:
            rows, before = await ledger.read(views.page_of_deliveries, **which, before=before, limit=2)
            told += [row["id"] for row in rows]
            pages += 1
            assert pages < 20
        return told

    assert await found() == [7, 6, 5, 4, 3, 2, 1]
    assert await found(member="a") == await found(lane="a/webhook") == [5, 3, 1]
    assert await found(state="delivered") == [1]
    assert await found(state="superseded") == [7]
    assert await found(state="waiting") == [6, 4, 2]
    assert await found(state="sending", member="a") == [5, 3]
    assert await found(state="sending", lane="b/webhook") == []
    assert await found(article=2) == [4, 3]
    assert await found(article=2, member="b") == [4]


async def test_a_word_of_any_length_is_taken_in(ledger: Ledger) -> None:
    await fill(ledger, "x" * 5000, "研" * 15_000)
    assert await all_pages(ledger, Filter(words="x" * 5000), 50) == [1]
    assert await all_pages(ledger, Filter(words="研研研"), 50) == [2]


async def test_characters_are_found_side_by_side(ledger: Ledger, now: Clock) -> None:
    await fill(ledger, "火海山", "火山口", "山火", "山口火", "火山喷发")
    assert search.pairs(search.words("CO₂と火山")) == ["と火", "火山"]
    assert await all_pages(ledger, Filter(words="火山"), 50) == [5, 2]
    assert await all_pages(ledger, Filter(words="火山口"), 50) == [2]
    assert await all_pages(ledger, Filter(words="山口"), 50) == [4, 2]
    assert await all_pages(ledger, Filter(words="山"), 50) == [5, 4, 3, 2, 1]


async def test_a_page_is_full_though_several_deliveries_of_an_article_are_open(
    wire: Wire, ledger: Ledger
) -> None:
    for n in range(3):
        await wire.add(f"g{n}", "the sea")
    for wanted in (Filter(state="moving"), Filter(state="moving", words="sea")):
        rows = await ledger.read(newsroom.wire, wanted, limit=2)
        assert [row["id"] for row in rows] == [3, 2]
