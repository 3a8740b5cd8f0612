"""The memory: each sentence that was translated well, by (sentence, pair, model, glossary).

A person's wording goes before any model's.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import Any, Literal

from sqlalchemy import Connection, delete, func, select
from sqlalchemy.dialects import postgresql, sqlite

from distributor.ledger.tables import AnyRow, memory

CHUNK = 500  # below SQLite's and PostgreSQL's bounds on bound values
KEY = ("source_language", "target_language", "digest", "model", "glossary")
EDITED: Literal["edited"] = "edited"


@dataclass(frozen=True, slots=True)
class Remembered:
    """One sentence and its translation. `ties`: rows of `align.Tie`; None where nobody asked for them.

    An edited one has neither model nor glossary: it holds whatever these are.
    """

    source: str
    target: str
    origin: Literal["machine", "edited"]
    model: str = ""
    glossary: str = ""
    ties: list[list[float]] | None = None


def recall(
    db: Connection, source_language: str, target_language: str, model: str, wanted: Mapping[str, str]
) -> dict[str, Remembered]:
    """What is known of the sentences in `wanted`, by sentence; its values are their glossaries' marks."""
    digests = {_digest(sentence): sentence for sentence in wanted}
    found: dict[str, Remembered] = {}
    for row in _rows(db, source_language, target_language, list(digests)):
        sentence = digests[row.digest]
        edited = row.origin == EDITED
        if edited or (row.model == model and row.glossary == wanted[sentence] and sentence not in found):
            found[sentence] = _remembered(row)
    return found


def remember(
    db: Connection, source_language: str, target_language: str, some: Sequence[Remembered], now: datetime
) -> None:
    """Keep these, in place of what was kept under the same sentence, model and glossary."""
    pair = {"source_language": source_language, "target_language": target_language, "changed": now}
    rows = {(digest := _digest(r.source), r.model, r.glossary): _row(r, digest, pair) for r in some}
    if rows:
        db.execute(_upsert(db.dialect.name), list(rows.values()))


@cache
def _upsert(dialect: str) -> Any:
    """Two workers may have translated the same sentence at the same time."""
    into: Any = {"sqlite": sqlite.insert, "postgresql": postgresql.insert}[dialect](memory)
    new = {name: into.excluded[name] for name in ("target", "ties", "origin", "changed")}
    return into.on_conflict_do_update(index_elements=KEY, set_=new)


def forget(db: Connection, source_language: str, target_language: str, source: str) -> int:
    """All that is kept of one sentence; how many."""
    here = _here(source_language, target_language, [_digest(source)])
    return db.execute(delete(memory).where(here)).rowcount


def kept(
    db: Connection, source_language: str = "", target_language: str = "", *, edited: bool = False
) -> Iterator[AnyRow]:
    """All rows of a pair (or of all), the oldest first, some at a time."""
    rows = select(memory).order_by(memory.c.id)
    if source_language:
        rows = rows.where(memory.c.source_language == source_language)
    if target_language:
        rows = rows.where(memory.c.target_language == target_language)
    if edited:
        rows = rows.where(memory.c.origin == EDITED)
    yield from db.execution_options(yield_per=1000).execute(rows)


def counts(db: Connection) -> list[dict[str, Any]]:
    """source_language, target_language, origin, model, sentences."""
    names = (memory.c.source_language, memory.c.target_language, memory.c.origin, memory.c.model)
    rows = select(*names, func.count().label("sentences")).group_by(*names).order_by(*names)
    return [dict(row._mapping) for row in db.execute(rows)]


def _rows(
    db: Connection, source_language: str, target_language: str, digests: Sequence[str]
) -> Iterator[AnyRow]:
    for start in range(0, len(digests), CHUNK):
        here = _here(source_language, target_language, digests[start : start + CHUNK])
        yield from db.execute(select(memory).where(here))


def _here(source_language: str, target_language: str, digests: Sequence[str]) -> Any:
    pair = (memory.c.source_language == source_language) & (memory.c.target_language == target_language)
    return pair & memory.c.digest.in_(digests)


def _remembered(row: AnyRow) -> Remembered:
    return Remembered(row.source, row.target, row.origin, row.model, row.glossary, row.ties)


def _row(r: Remembered, digest: str, pair: Mapping[str, Any]) -> dict[str, Any]:
    told = {"source": r.source, "target": r.target, "origin": r.origin, "ties": r.ties}
    return {**pair, **told, "digest": digest, "model": r.model, "glossary": r.glossary}


def _digest(sentence: str) -> str:
    return hashlib.sha256(sentence.encode("utf-8", "surrogatepass")).hexdigest()
