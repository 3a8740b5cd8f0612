"""A person's hand on a translation: what has not left is made anew with it, what has is corrected."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import Connection, func, insert, select, update

from distributor.errors import Conflict, NotFound
from distributor.ledger import memory, search
from distributor.ledger.articles import add_version, by_id
from distributor.ledger.audit import note
from distributor.ledger.bell import ring
from distributor.ledger.fanout import Routes, fan_out, head_content, may_have_arrived, supersede
from distributor.ledger.memory import EDITED, Remembered
from distributor.ledger.renditions import head, reopen
from distributor.ledger.tables import AnyRow, article, delivery, rendition

_MADE = ("held", "ready")


def edit(
    db: Connection,
    article_id: int,
    language: str,
    seen: str,
    sentences: Sequence[tuple[str, str]],
    routes: Routes,
    who: str,
    now: datetime,
) -> bool:
    """Say how `sentences` (original, wording) read in `language`, from now on; whether it is a correction.

    `seen`: `mark_of` the rendition that the editor looked at. It is made anew out of the memory; what
    receivers have already becomes the next version of the article, for this language only.
    Raises: NotFound, Conflict.
    """
    row = looked_at(db, article_id, language, seen)
    if row.state not in _MADE or row.origin == "original":
        raise NotFound(
            f"the {row.language} rendition of article {article_id} is {row.state}: nothing to edit"
        )
    its = by_id(db, article_id)
    original = head_content(db, its)
    kept = [Remembered(sentence, wording, EDITED) for sentence, wording in sentences]
    memory.remember(db, original.language, row.language, kept, now)
    note(db, now, who, "edit", f"article {article_id}", f"{row.language}: {len(kept)} sentences")
    if has_left(db, row.id):
        _correct(db, its, row, routes, now)
        return True
    db.execute(update(rendition).where(rendition.c.id == row.id).values(state="held"))
    reopen(db, [row.id])
    return False


def mark_of(row: AnyRow) -> str:
    """Another for each text that a rendition ever had, and for that of each version."""
    return f"{row.id}.{row.edits}"


def looked_at(db: Connection, article_id: int, language: str, seen: str) -> AnyRow:
    """The rendition, if it is as the editor saw it; and stays so. Raises: NotFound, Conflict."""
    db.execute(select(article.c.id).where(article.c.id == article_id).with_for_update())
    row = head(db, article_id, language)
    if mark_of(row) != seen:
        raise Conflict(f"the {row.language} text was changed meanwhile; look at it again")
    return row


def has_left(db: Connection, rendition_id: int) -> bool:
    """Whether a receiver has it, or may have."""
    gone = delivery.c.state.in_(("delivered", "sending")) | may_have_arrived
    whose = select(rendition.c.article).where(rendition.c.id == rendition_id).scalar_subquery()
    its = (delivery.c.article == whose) & (delivery.c.rendition == rendition_id)  # by the article's index
    found = select(func.count()).select_from(delivery).where(its, gone)
    return bool(db.execute(found).scalar_one())


def _correct(db: Connection, its: AnyRow, row: AnyRow, routes: Routes, now: datetime) -> None:
    """The next version: its other languages are as they were, and go to nobody who has them."""
    bump = update(article).where(article.c.id == its.id).values(head=article.c.head + 1)
    number: int = db.execute(bump.returning(article.c.head)).scalar_one()
    add_version(db, its.id, number, head_content(db, its), now, ("correction", ["translation"]))
    _carry_over(db, its, number, row.language)
    had = select(delivery.c.lane, delivery.c.language).where(
        delivery.c.article == its.id,
        delivery.c.version == its.head,
        delivery.c.state == "delivered",
        delivery.c.language != row.language,
    )
    served = {(lane, language) for lane, language in db.execute(had)}
    supersede(db, its.id, number)
    fan_out(db, its.id, routes, now, served)
    search.index(db, its.id)
    ring(db)


def _carry_over(db: Connection, its: AnyRow, number: int, but: str) -> None:
    same = [c for c in rendition.c if c.name not in ("id", "version", "lease", "leased_until")]
    rows = select(*same).where(
        rendition.c.article == its.id,
        rendition.c.version == its.head,
        rendition.c.language != but,
        rendition.c.state == "ready",
    )
    for row in db.execute(rows).all():
        db.execute(insert(rendition).values(**{**row._mapping, "version": number}))
