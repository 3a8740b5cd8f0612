"""Renditions on their way: waiting → working → ready or held."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Literal

from sqlalchemy import Connection, func, or_, select, update

from distributor import bcp47
from distributor.article import Content
from distributor.errors import LeaseLost, NotFound
from distributor.ledger import search, tally
from distributor.ledger.audit import note
from distributor.ledger.bell import ring
from distributor.ledger.fanout import open_gate, send_original
from distributor.ledger.tables import PENDING, WAITING, WORKING, AnyRow, article, delivery, rendition, version


@dataclass(frozen=True, slots=True)
class Task:
    """A rendition that is to be made."""

    id: int
    article: int
    version: int
    language: str
    urgency: int
    original: Content


def claim(
    db: Connection, worker: str, now: datetime, limit: int, lease: timedelta, *, above: int = 10
) -> list[Task]:
    """waiting → working, the most urgent first, leased to `worker`; only what is more urgent than `above`."""
    free = or_(
        rendition.c.state == WAITING, (rendition.c.state == WORKING) & (rendition.c.leased_until < now)
    )
    due = select(rendition.c.id).where(free, rendition.c.urgency < above)
    due = due.order_by(rendition.c.urgency, rendition.c.id).limit(limit)
    ids = db.execute(due.with_for_update(skip_locked=True)).scalars().all()
    if not ids:
        return []
    mine = update(rendition).where(rendition.c.id.in_(ids))
    db.execute(mine.values(state="working", lease=worker, leased_until=now + lease))
    return _tasks(db, ids)


@dataclass(frozen=True, slots=True)
class Made:
    """A rendition as it came out. `doubts`: what speaks against it, as plain data."""

    content: Content
    model: str
    took_ms: float
    doubts: tuple[dict[str, Any], ...] = ()
    reason: str = ""
    """The doubts in a line, for an editor."""
    origin: Literal["machine", "edited"] = "machine"
    sentences: tuple[tuple[str, str], ...] = ()
    """Each sentence of the original and what it became, in the order of the document."""


def save(db: Connection, task: Task, worker: str, made: Made, now: datetime) -> int:
    """working → ready, or held where there are doubts; how many deliveries that lets go.

    What is in doubt is kept for an editor, and goes to those who want it even so, or the original instead.
    Raises: LeaseLost.
    """
    told = {"model": made.model, "took_ms": made.took_ms, "origin": made.origin}
    told |= {"sentences": [list(pair) for pair in made.sentences]}
    values = {"content": made.content.to_json(), **told}
    if made.doubts:
        held = {"state": "held", "reason": made.reason, "doubts": list(made.doubts)}
        _settle(db, task, worker, {**values, **held})
        send_original(db, task.id)
    else:
        _settle(db, task, worker, {**values, "state": "ready", "ready": now})
    search.index(db, task.article)
    tally.translated(db, task.language, made.took_ms, now)
    return open_gate(db, task.article)


def hold(db: Connection, task: Task, worker: str, reason: str) -> None:
    """working → held, for a person. Raises: LeaseLost."""
    _settle(db, task, worker, {"state": "held", "reason": reason})


def approve(db: Connection, article_id: int, language: str, who: str, now: datetime) -> int:
    """held → ready: an editor has read it; how many deliveries that lets go. Raises: NotFound."""
    row = head(db, article_id, language)
    if row.state != "held" or row.content is None:
        raise NotFound(f"the {language} rendition of article {article_id} is {row.state}: nothing to approve")
    mine = update(rendition).where(rendition.c.id == row.id, rendition.c.state == "held")
    db.execute(mine.values(state="ready", ready=now, edits=row.edits + 1))
    note(db, now, who, "approve", f"article {article_id}", f"{language}: {row.reason}")
    return open_gate(db, article_id)


def again(db: Connection, article_id: int, language: str, who: str, now: datetime) -> None:
    """held → waiting: the glossary, the memory or a model has changed. Raises: NotFound."""
    row = head(db, article_id, language)
    if row.state != "held":
        raise NotFound(f"the {language} rendition of article {article_id} is {row.state}, not held")
    reopen(db, [row.id])
    note(db, now, who, "retranslate", f"article {article_id}", language)


def renew(db: Connection, worker: str, until: datetime) -> None:
    """working, and `worker` is alive."""
    mine = (rendition.c.state == WORKING) & (rendition.c.lease == worker)
    db.execute(update(rendition).where(mine).values(leased_until=until))


def hand_back(db: Connection, worker: str | None = None, ids: Collection[int] | None = None) -> int:
    """working → waiting: what `worker` (or, at a start on SQLite, anybody) had in hand, or `ids` of it."""
    mine = rendition.c.state == WORKING
    if worker is not None:
        mine = mine & (rendition.c.lease == worker)
    if ids is not None:
        mine = mine & rendition.c.id.in_(ids)
    back = update(rendition).where(mine).values(state="waiting", lease=None, leased_until=None)
    if freed := db.execute(back).rowcount:
        ring(db)
    return freed


def held(db: Connection) -> Sequence[AnyRow]:
    """(id, article, version, language, reason, original's language) of all that wait for a person."""
    r = rendition.c
    its = (version.c.article == r.article) & (version.c.number == r.version)
    columns = (r.id, r.article, r.version, r.language, r.reason, version.c.language.label("original"))
    return db.execute(select(*columns).join(version, its).where(r.state == "held").order_by(r.id)).all()


def reopen(db: Connection, ids: Collection[int]) -> int:
    """held → waiting: what they lacked is there now. Whatever text they have goes nowhere any more."""
    mine = rendition.c.id.in_(ids) & (rendition.c.state == "held")
    back = {"state": "waiting", "reason": "", "doubts": None, "content": None, "edits": rendition.c.edits + 1}
    again = db.execute(update(rendition).where(mine).values(**back).returning(rendition.c.id)).scalars().all()
    going = delivery.c.rendition.in_(again) & (delivery.c.state == PENDING)
    db.execute(update(delivery).where(going).values(state="waiting"))  # what was to go in spite of doubts
    ring(db)
    return len(again)


def unfinished(db: Connection) -> int:
    """Renditions that are still to be made."""
    todo = (
        select(func.count())
        .select_from(rendition)
        .where(or_(rendition.c.state == WAITING, rendition.c.state == WORKING))
    )
    number: int = db.execute(todo).scalar_one()
    return number


def machine_made(db: Connection) -> int:
    """Renditions that were, or are still to be, translated."""
    made = select(func.count()).select_from(rendition).where(rendition.c.origin == "machine")
    number: int = db.execute(made).scalar_one()
    return number


def head(db: Connection, article_id: int, language: str) -> AnyRow:
    """The rendition of an article's head version in `language`. Raises: NotFound."""
    its = (article.c.id == rendition.c.article) & (article.c.head == rendition.c.version)
    rows = select(rendition).join(article, its).where(rendition.c.article == article_id)
    found = [row for row in db.execute(rows) if bcp47.same(row.language, language)]
    if not found:
        raise NotFound(f"article {article_id} has no rendition in {language}")
    return found[0]


def _settle(db: Connection, task: Task, worker: str, values: dict[str, Any]) -> None:
    mine = (rendition.c.id == task.id) & (rendition.c.state == WORKING) & (rendition.c.lease == worker)
    if not db.execute(update(rendition).where(mine).values(lease=None, leased_until=None, **values)).rowcount:
        raise LeaseLost(f"rendition {task.id} is no longer ours")


def _tasks(db: Connection, ids: Sequence[int]) -> list[Task]:
    r = rendition.c
    its = (version.c.article == r.article) & (version.c.number == r.version)
    rows = select(r.id, r.article, r.version, r.language, r.urgency, version.c.content).join(version, its)
    rows = rows.where(r.id.in_(ids)).order_by(r.urgency, r.id)
    return [Task(*row[:5], Content.from_json(row.content)) for row in db.execute(rows)]
