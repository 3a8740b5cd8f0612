"""All that is of one article: its versions, its texts sentence by sentence, what was done with it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, func, literal, select, tuple_

from distributor.article import Content
from distributor.ledger import newsroom, renditions, views
from distributor.ledger.articles import by_id
from distributor.ledger.edits import has_left, mark_of
from distributor.ledger.fanout import facts_of
from distributor.ledger.tables import ENDLESS, AnyRow, article, audit, delivery, exactly, version
from distributor.ledger.views import Record
from distributor.routing import Facts

LOOKED_BACK = 3_000
"""Lines of the audit trail, weeks of a busy desk: so many are read in some milliseconds."""


def dossier(db: Connection, article_id: int) -> Record:
    """The wire's row, its versions, renditions of the head, deliveries and audit. Raises: NotFound."""
    by_id(db, article_id)
    (row,) = newsroom.rows_of(db, [article_id])
    return {
        **row,
        "versions": versions(db, article_id),
        "deliveries": views.deliveries(db, [delivery.c.article == article_id], limit=500),
        "audit": trail(db, subject=f"article {article_id}"),
    }


def versions(db: Connection, article_id: int) -> list[Record]:
    """number, language, headline, created, pruned; the newest first."""
    columns = version.c["number", "language", "headline", "created", "pruned"]
    rows = select(*columns).where(version.c.article == article_id).order_by(version.c.number.desc())
    return [dict(row._mapping) for row in db.execute(rows)]


def text(db: Connection, article_id: int, number: int) -> Content | None:
    """What a version says; None: there is no such version."""
    its = (version.c.article == article_id) & (version.c.number == number)
    found = db.execute(select(version.c.content).where(its)).scalar_one_or_none()
    return None if found is None else Content.from_json(found)


def rendered(db: Connection, article_id: int, language: str) -> Record:
    """The head's rendition: its content beside the original's, the sentences of both, the doubts; `left`:
    whether a receiver has it. Raises: NotFound.
    """
    row = renditions.head(db, article_id, language)
    head = db.execute(select(article.c.head).where(article.c.id == article_id)).scalar_one()
    original = text(db, article_id, head)
    left = has_left(db, row.id)
    return {**_rendition(row), "original": original, "content": _content(row), "left": left}


def _rendition(row: AnyRow) -> Record:
    named = ("id", "article", "version", "language", "origin", "state", "reason", "model", "took_ms")
    told: dict[str, Any] = {name: row._mapping[name] for name in named}
    return {**told, "mark": mark_of(row), "doubts": row.doubts or [], "sentences": row.sentences or []}


def _content(row: AnyRow) -> Content | None:
    return None if row.content is None else Content.from_json(row.content)


def trail(
    db: Connection, *, subject: str = "", who: str = "", words: str = "", before: int = 0, limit: int = 100
) -> list[Record]:
    """Who did what, the newest first: id, at, who, action, subject, detail.

    `subject` and `who` have their indexes. `words` may stand anywhere in a line, and are looked for in the
    newest `LOOKED_BACK` below `before` only, unless of one subject: an index of all words would cost more to
    keep than these few lines to read.
    """
    rows = select(audit).limit(exactly(limit))
    if subject:
        rows = rows.where(audit.c.subject == subject)
    elif words:
        rows = rows.where(audit.c.id >= _looked_back(db, before))
    if who and not subject:  # told as a stretch of its index, which PostgreSQL would not take else
        last = tuple_(literal(who), literal(before or ENDLESS))
        rows = rows.where(audit.c.who >= who, tuple_(audit.c.who, audit.c.id) < last)
        rows = rows.order_by(audit.c.who.desc(), audit.c.id.desc())
    else:
        rows = rows.where(audit.c.who == who) if who else rows
        rows = rows.where(audit.c.id < before) if before else rows
        rows = rows.order_by(audit.c.id.desc())
    for word in words.split():
        told = audit.c.who + " " + audit.c.action + " " + audit.c.subject + " " + audit.c.detail
        rows = rows.where(told.icontains(word, autoescape=True))
    return [dict(row._mapping) for row in db.execute(rows)]


def page_of_trail(
    db: Connection, *, subject: str = "", who: str = "", words: str = "", before: int = 0, limit: int = 100
) -> tuple[list[Record], int]:
    """`trail`, and the `before` of the page that follows, which goes on where this one stopped looking; 0:
    there is none.
    """
    rows = trail(db, subject=subject, who=who, words=words, before=before, limit=limit + 1)
    if len(rows) > limit:
        return rows[:limit], rows[limit - 1]["id"]
    rest = _looked_back(db, before) if words and not subject else 0
    return rows, rest if rest > 1 else 0


def _looked_back(db: Connection, before: int) -> int:
    """The lowest id in which words are looked for."""
    newest: int | None = db.execute(select(func.max(audit.c.id))).scalar_one()
    return min(before or ENDLESS, (newest or 0) + 1) - LOOKED_BACK


def facts(db: Connection, article_id: int) -> Facts:
    """What routing looks at. Raises: NotFound."""
    return facts_of(db, by_id(db, article_id))


def flagged(db: Connection, ids: Sequence[int]) -> dict[int, datetime]:
    """When each of these articles was last flagged by a person."""
    subjects = {f"article {id_}": id_ for id_ in ids}
    rows = select(audit.c.subject, func.max(audit.c.at)).where(audit.c.action == "urgent")
    found = db.execute(rows.where(audit.c.subject.in_(subjects)).group_by(audit.c.subject))
    return {subjects[subject]: at for subject, at in found}
