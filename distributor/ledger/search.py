"""Articles by words, in all their languages, and by what they are: source, topic, member, language.

SQLite has FTS5 for it and PostgreSQL tsvector. Both are given words that were told apart here, so that both
find the same: case and accents do not count, and of scripts without spaces each character is a word.
"""

from __future__ import annotations

import hashlib
import re
import unicodedata
from collections.abc import Iterable, Sequence
from typing import Any

from sqlalchemy import Connection, Select, String, bindparam, cast, column, select, table, text, update
from sqlalchemy.dialects.postgresql import TSQUERY

from distributor.article import Content
from distributor.ledger.tables import article, delivery, progress, rendition, version
from distributor.markup import plain

STEP = 200
"""Articles of one step back through what was there before there was a search."""
LONGEST = 20_000
"""Characters of one text that are looked at."""
MOST = 8
"""Words of one query."""
LAST_PLACE = 16_383
"""In a tsvector."""

_WORD = re.compile(r"[^\W_]+")
_SINGLE = re.compile(
    "[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3005-\u3007\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff"
    "\U00020000-\U0003ffff]"
)
"""Thai, Lao, Burmese, Khmer, kana and Han are written without spaces."""

search = table("search", column("rowid"), column("article"), column("words"))


def words(told: str) -> list[str]:
    """Folded; `["co2", "気", "候"]` of "CO₂-気候"."""
    folded = unicodedata.normalize("NFKD", told[:LONGEST]).casefold()
    bare = "".join(c for c in folded if not unicodedata.combining(c) or _SINGLE.match(c))
    spaced = _SINGLE.sub(lambda found: f" {found[0]} ", bare)
    return _WORD.findall(spaced)


def facet(kind: str, value: str) -> str:
    """A word that no text has: `kind` is source, topic, member or language."""
    digest = hashlib.sha256(f"{kind}\x1f{value.casefold()}".encode()).hexdigest()
    return f"zz{kind}{digest[:12]}"


def index(db: Connection, article_id: int) -> None:
    """Take in what the article's head version says, in each language, and who gets it."""
    row = db.execute(select(*article.c["source", "head"]).where(article.c.id == article_id)).one()
    its = (version.c.article == article_id) & (version.c.number == row.head)
    original = Content.from_json(db.execute(select(version.c.content).where(its)).scalar_one())
    others = select(*rendition.c["language", "content"])
    others = others.where(rendition.c.article == article_id, rendition.c.version == row.head)
    made = {r.language: r.content for r in db.execute(others)}
    texts = [original, *(Content.from_json(content) for content in made.values() if content)]
    members = select(delivery.c.member).where(delivery.c.article == article_id).distinct()
    facets = [facet("source", row.source), *(facet("topic", t) for t in original.categories)]
    facets += [facet("language", name) for name in {original.language, *made}]
    facets += [facet("member", name) for name in db.execute(members).scalars()]
    _put(db, article_id, [*facets, *(word for content in texts for word in words(_said(content)))])


def _said(content: Content) -> str:
    return f"{content.headline}\n{content.summary}\n{plain(content.body)}"


def _put(db: Connection, article_id: int, told: Sequence[str]) -> None:
    if db.dialect.name == "sqlite":
        db.execute(text("DELETE FROM search WHERE rowid = :article"), {"article": article_id})
        values = {"article": article_id, "words": " ".join(told)}
        db.execute(text("INSERT INTO search (rowid, words) VALUES (:article, :words)"), values)
        return
    # Cast, not parsed: what PostgreSQL takes for a word depends on the locale of the database.
    placed = " ".join(f"'{word}':{min(nth, LAST_PLACE)}" for nth, word in enumerate(told, 1))
    db.execute(_UPSERT, {"article": article_id, "words": placed})


_UPSERT = text(
    "INSERT INTO search (article, words) VALUES (:article, CAST(:words AS tsvector)) "
    "ON CONFLICT (article) DO UPDATE SET words = excluded.words"
)


def only(rows: Select[Any], dialect: str, asked: str, facets: Iterable[str]) -> Select[Any]:
    """Of `rows`, which select articles, those that have all words of `asked` and all `facets`.

    A word may be the beginning of a longer one.
    """
    phrases = [phrase for part in asked.split()[:MOST] if (phrase := words(part))]
    wanted = list(facets)
    if not phrases and not wanted:
        return rows
    if dialect == "sqlite":  # it walks back from the newest, and stops at the end of the page
        told = [f'"{name}"' for name in wanted] + [f'"{" ".join(phrase)}" *' for phrase in phrases]
        found = text("search MATCH :b_asked").bindparams(b_asked=" AND ".join(told))
        walked = rows.join(search, search.c.rowid == article.c.id).where(found)
        return walked.order_by(None).order_by(search.c.rowid.desc())
    told = wanted + ["(" + " <-> ".join(f"'{word}'" for word in phrase) + ":*)" for phrase in phrases]
    query = cast(bindparam("b_asked", " & ".join(told), String), TSQUERY)
    return rows.join(search, search.c.article == article.c.id).where(search.c.words.op("@@")(query))


def catch_up(db: Connection) -> int:
    """A step back through articles that were there before the search; how many it took in."""
    mark = db.execute(select(progress.c.reached).where(progress.c.name == "search")).scalar_one_or_none()
    if not mark:
        return 0
    rows = select(article.c.id).where(article.c.id < mark).order_by(article.c.id.desc()).limit(STEP)
    ids = list(db.execute(rows).scalars())
    for id_ in ids:
        index(db, id_)
    lowest = ids[-1] if len(ids) == STEP else 0
    db.execute(update(progress).where(progress.c.name == "search").values(reached=lowest))
    return len(ids)
