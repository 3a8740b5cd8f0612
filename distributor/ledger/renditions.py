"""Renditions on their way: waiting → working → ready or held."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, func, or_, select, update

from distributor.article import Content
from distributor.errors import LeaseLost
from distributor.ledger.fanout import open_gate
from distributor.ledger.tables import WAITING, WORKING, AnyRow, rendition, version


@dataclass(frozen=True, slots=True)
class Task:
    """A rendition that is to be made."""

    id: int
    article: int
    version: int
    language: str
    urgency: int
    original: Content


def claim(db: Connection, worker: str, now: datetime, limit: int, lease: timedelta) -> list[Task]:
    """waiting → working, the most urgent first, leased to `worker`."""
    free = or_(
        rendition.c.state == WAITING, (rendition.c.state == WORKING) & (rendition.c.leased_until < now)
    )
    due = select(rendition.c.id).where(free).order_by(rendition.c.urgency, rendition.c.id).limit(limit)
    ids = db.execute(due.with_for_update(skip_locked=True)).scalars().all()
    if not ids:
        return []
    mine = update(rendition).where(rendition.c.id.in_(ids))
    db.execute(mine.values(state="working", lease=worker, leased_until=now + lease))
    return _tasks(db, ids)


def save(
    db: Connection, task: Task, worker: str, content: Content, model: str, took_ms: float, now: datetime
) -> int:
    """working → ready; how many deliveries that lets go. Raises: LeaseLost."""
    values = {
        "state": "ready",
        "content": content.to_json(),
        "model": model,
        "took_ms": took_ms,
        "ready": now,
    }
    _settle(db, task, worker, values)
    return open_gate(db, task.article)


def hold(db: Connection, task: Task, worker: str, reason: str) -> None:
    """working → held, for a person. Raises: LeaseLost."""
    _settle(db, task, worker, {"state": "held", "reason": reason})


def hand_back(db: Connection, worker: str | None = None) -> int:
    """working → waiting: what `worker` (or, at a start on SQLite, anybody) had in hand."""
    mine = rendition.c.state == WORKING
    if worker is not None:
        mine = mine & (rendition.c.lease == worker)
    back = update(rendition).where(mine).values(state="waiting", lease=None, leased_until=None)
    return db.execute(back).rowcount


def held(db: Connection) -> Sequence[AnyRow]:
    """(id, article, version, language, reason, original's language) of all that wait for a person."""
    r = rendition.c
    its = (version.c.article == r.article) & (version.c.number == r.version)
    columns = (r.id, r.article, r.version, r.language, r.reason, version.c.language.label("original"))
    return db.execute(select(*columns).join(version, its).where(r.state == "held").order_by(r.id)).all()


def reopen(db: Connection, ids: Collection[int]) -> int:
    """held → waiting: what they lacked is there now."""
    mine = rendition.c.id.in_(ids) & (rendition.c.state == "held")
    return db.execute(update(rendition).where(mine).values(state="waiting", reason="")).rowcount


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
