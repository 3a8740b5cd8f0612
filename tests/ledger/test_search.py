"""Found by words, in any script, the same on both databases."""

from __future__ import annotations

from collections.abc import Iterable

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import Connection, select, text

from distributor.article import Content
from distributor.ledger import articles, search
from distributor.ledger.articles import Entry
from distributor.ledger.ledger import Ledger
from distributor.ledger.tables import article
from ledger_wire import Clock, Wire

TEXTS = {
    "climate": (
        "Carbon neutrality: ten research fronts",
        "<p>Émissions of CO₂ fell in <b>São Paulo</b>.</p>",
    ),
    "chinese": ("《科技日报》报道气候研究", "<p>气候变化的研究前沿。</p>"),
    "russian": ("Углеродная нейтральность", "<p>Ёлки растут быстрее.</p>"),
    "japanese": ("気候報告書を発表", "<p>カーボンニュートラルの研究。</p>"),
}


@pytest.fixture
async def filled(ledger: Ledger, now: Clock) -> Ledger:
    def fill(db: Connection) -> None:
        for guid, (headline, body) in TEXTS.items():
            content = Content(headline=headline, body=body, language="en", categories=("Energy", guid))
            articles.add(db, Entry("weekly", guid, {}, content, guid), lambda _: [], now())

    await ledger.write(fill)
    return ledger


async def found(ledger: Ledger, asked: str, facets: Iterable[str] = ()) -> list[str]:
    def look(db: Connection) -> list[str]:
        guids = dict(db.execute(select(*article.c["id", "guid"])).all())
        return [guids[id_] for id_ in search.newest(db, search.query(asked, facets), limit=50)]

    return await ledger.read(look)


@pytest.mark.parametrize(
    ("asked", "expected"),
    [
        ("carbon", ["climate"]),
        ("CARB neutr", ["climate"]),
        ("emissions co2", ["climate"]),
        ("sao", ["climate"]),
        ("气候", ["chinese"]),
        ("气候 报道", ["chinese"]),
        ("候气", []),
        ("ニュートラル", ["japanese"]),
        ("углеродная елки", ["russian"]),
        ("carbon nothing", []),
        ("", [*reversed(TEXTS)]),
        ("!?", [*reversed(TEXTS)]),
    ],
)
async def test_words_in_any_script(filled: Ledger, asked: str, expected: list[str]) -> None:
    assert await found(filled, asked) == expected


async def test_what_an_article_is(filled: Ledger) -> None:
    assert await found(filled, "", [search.facet("topic", "energy")]) == [*reversed(TEXTS)]
    assert await found(filled, "", [search.facet("topic", "Chinese")]) == ["chinese"]
    assert await found(filled, "carbon", [search.facet("source", "other")]) == []
    assert await found(filled, "carbon", [search.facet("source", "weekly")]) == ["climate"]


@pytest.mark.parametrize(
    "asked", ['"', "'", "a'b", "NEAR(", "x OR y", "-", "*", "a:b", "\x00", "& | !", "(" * 50]
)
async def test_nothing_that_is_asked_is_taken_for_syntax(filled: Ledger, asked: str) -> None:
    assert set(await found(filled, asked)) <= set(TEXTS)


@given(st.text())
def test_words_are_words(told: str) -> None:
    assert all(word.isalnum() or any(c.isalnum() for c in word) for word in search.words(told))
    assert not any(c in word for word in search.words(told) for c in " '\"\\&|:*()\x00")


async def test_a_translation_is_found_and_an_old_version_is_not(wire: Wire) -> None:
    id_ = await wire.add(headline="Union opens")
    assert await found(wire.ledger, "[ru]") == []
    await wire.translate()  # "[ru] Union opens"
    assert await found(wire.ledger, "opens") == await found(wire.ledger, "[ru]") == ["g1"]
    assert await found(wire.ledger, "", [search.facet("member", "b"), search.facet("language", "ru")]) == [
        "g1"
    ]
    await wire.revise(id_, "Union closes")
    assert await found(wire.ledger, "opens") == await found(wire.ledger, "[ru]") == []
    assert await found(wire.ledger, "closes") == ["g1"]


async def test_what_was_there_before_is_taken_in_step_by_step(
    filled: Ledger, monkeypatch: pytest.MonkeyPatch
) -> None:
    def forget(db: Connection) -> None:
        db.execute(text("DELETE FROM search"))
        db.execute(text("INSERT INTO progress (name, reached) VALUES ('search', 100)"))

    await filled.write(forget)
    monkeypatch.setattr(search, "STEP", 3)
    assert await found(filled, "carbon") == []
    assert [await filled.write(search.catch_up) for _ in range(3)] == [3, 1, 0]
    assert await found(filled, "carbon") == ["climate"]
