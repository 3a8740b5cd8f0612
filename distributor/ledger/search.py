"""Articles by words, in all their languages, and by what they are: source, topic, member, language.

SQLite has FTS5 for it and PostgreSQL tsvector. Both are given words that were told apart here, so that both
find the same: case and accents do not count, and of scripts without spaces each character is a word. So is
each two that stand side by side: there most words have two, and PostgreSQL would have to read every article
that has both characters, of which each is common, to see where they stand.

A page takes as long however many articles there are, and however many of them have the word. FTS5 walks back
from the newest match, and stops when the page is full. A GIN index knows no order: it is quick where few
articles match. Where many do, those of the newest that are looked at one by one fill the page. PostgreSQL is
not left to choose: for it, looking at a text of kilobytes costs as much as looking at a number.
"""

from __future__ import annotations

import hashlib
import re
import unicodedata
from collections.abc import Iterable, Sequence
from itertools import chain, pairwise
from typing import Any, NamedTuple

from sqlalchemy import (
    Connection,
    Select,
    String,
    cast,
    column,
    literal,
    literal_column,
    select,
    table,
    text,
    true,
    update,
)
from sqlalchemy.dialects.postgresql import TSQUERY

from distributor.article import Content
from distributor.ledger.tables import ENDLESS, article, delivery, exactly, progress, rendition, version
from distributor.markup import plain

STEP = 200
"""Articles of one step back through what was there before there was a search."""
LONGEST = 20_000
"""Characters of one text that are looked at."""
MOST = 8
"""Words of one query."""
LAST_PLACE = 16_383
"""In a tsvector."""
LONGEST_WORD = 100
"""Characters; a tsvector takes 2,046 bytes."""
MOST_PAIRS = 20_000
"""Of one article; a tsvector takes 1 MB."""
LOOKED_AT = 4
"""Articles that are looked at one by one, on PostgreSQL, for each that a page has room for."""

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
    return [word[:LONGEST_WORD] for word in _WORD.findall(spaced)]


def pairs(told: Sequence[str]) -> list[str]:
    """Of `words`; `["気候"]` of `["co2", "気", "候"]`."""
    return [one + other for one, other in pairwise(told) if _SINGLE.match(one) and _SINGLE.match(other)]


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
    said = [words(f"{c.headline}\n{c.summary}\n{plain(c.body)}") for c in texts]
    _put(db, article_id, entry(facets, said))


def entry(facets: Iterable[str], texts: Sequence[Sequence[str]]) -> list[str]:
    """All by which an article is found: facets, the words of its texts, and their pairs."""
    beside = dict.fromkeys(pair for its in texts for pair in pairs(its))
    return [*facets, *chain.from_iterable(texts), *[*beside][:MOST_PAIRS]]


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


class Query(NamedTuple):
    """What is asked, as each of the databases takes it."""

    match: str
    tsquery: str


def query(asked: str, facets: Iterable[str]) -> Query | None:
    """All words of `asked` and all `facets`; None: nothing is asked.

    A word of two letters or more may be the beginning of a longer one.
    """
    terms = [_Term((name,)) for name in facets]
    for part in asked.split()[:MOST]:
        terms += _terms(words(part))
    if not terms:
        return None
    return Query(" AND ".join(t.match for t in terms), " & ".join(t.tsquery for t in terms))


class _Term(NamedTuple):
    """Words one after the other."""

    words: tuple[str, ...]
    begins: bool = False
    """The last of them may be the beginning of a longer one."""

    @property
    def match(self) -> str:
        return f'"{" ".join(self.words)}"' + " *" * self.begins

    @property
    def tsquery(self) -> str:
        return "(" + " <-> ".join(f"'{word}'" for word in self.words) + ":*" * self.begins + ")"


def _terms(phrase: list[str]) -> list[_Term]:
    """Two characters are a pair; of more the order is asked, too, where there are all the pairs."""
    beside = [_Term((pair,)) for pair in pairs(phrase)]
    if not phrase or (beside and len(phrase) == 2):
        return beside
    return [*beside, _Term(tuple(phrase), len(phrase[-1]) > 1)]


def newest(
    db: Connection, asked: Query | None, *, among: Select[Any] | None = None, before: int = 0, limit: int
) -> list[int]:
    """The ids of articles that have all that is asked, newest first; below `before`, and in `among`.

    `among` may name an article more than once.
    """
    last = before or ENDLESS
    if asked is None:
        return _ids(db, _candidates(among, last).limit(exactly(limit)))
    look = _walked if db.dialect.name == "sqlite" else _looked_at
    return look(db, asked, among, last, limit)


def _ids(db: Connection, rows: Select[Any]) -> list[int]:
    return list(db.execute(rows).scalars())


def _candidates(among: Select[Any] | None, before: int) -> Select[Any]:
    id_ = article.c.id if among is None else among.subquery().c[0]
    rows = select(id_).where(id_ < before).order_by(id_.desc())
    return rows if among is None else rows.distinct()


def _walked(db: Connection, asked: Query, among: Select[Any] | None, before: int, limit: int) -> list[int]:
    """SQLite's way."""
    found = text("search MATCH :b_asked").bindparams(b_asked=asked.match)
    rows = select(search.c.rowid).where(found, search.c.rowid < before)
    if among is not None:  # not by the rowid itself: FTS5 would begin anew for each
        rows = rows.where((search.c.rowid + literal_column("0")).in_(among))
    return _ids(db, rows.order_by(search.c.rowid.desc()).limit(limit))


def _looked_at(db: Connection, asked: Query, among: Select[Any] | None, before: int, limit: int) -> list[int]:
    """PostgreSQL's: the newest, and if they do not fill the page the index."""
    wanted = cast(literal(asked.tsquery, String), TSQUERY)
    candidates, window = _candidates(among, before), exactly(LOOKED_AT * limit)
    seen = candidates.limit(window).subquery()
    its = select(search.c.words).where(search.c.article == seen.c[0]).offset(exactly(0)).lateral()
    fitting = select(seen.c[0]).join(its, true()).where(its.c.words.op("@@")(wanted))
    found = _ids(db, fitting.order_by(seen.c[0].desc()).limit(exactly(limit)))
    if len(found) < limit and (beyond := _ids(db, candidates.offset(window).limit(exactly(1)))):
        return found + _indexed(db, wanted, among, beyond[0] + 1, limit - len(found))
    return found


def _indexed(db: Connection, wanted: Any, among: Select[Any] | None, before: int, limit: int) -> list[int]:
    """All that match, of which the newest are taken; the offset keeps these two apart."""
    matching = select(search.c.article).where(search.c.words.op("@@")(wanted)).offset(exactly(0)).subquery()
    rows = select(matching.c.article).where(matching.c.article < before)
    rows = rows if among is None else rows.where(matching.c.article.in_(among))
    return _ids(db, rows.order_by(matching.c.article.desc()).limit(exactly(limit)))


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
