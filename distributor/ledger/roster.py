"""How each channel fares, in figures that cost the same however much was ever delivered."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Connection, func, select

from distributor.ledger import items
from distributor.ledger.tables import (
    DEAD,
    PENDING,
    SENDING,
    WAITING,
    AnyRow,
    attempt,
    delivery,
    exactly,
    lane,
)
from distributor.ledger.views import Record

RECENT = 50
"""Deliveries of a lane in which its last answer is looked for."""
_NAMED = ("member", "kind", "state", "reason", "since", "probe", "failures", "failing_since")
_OPEN = (("waiting", WAITING), ("pending", PENDING), ("sending", SENDING), ("dead", DEAD))


def lanes(db: Connection, now: datetime) -> list[Record]:
    """Of each channel: its state, what is open or dead, what is late, and what was answered last."""
    counts = {name: _counts(db, state) for name, state in _OPEN}
    found = []
    for row in db.execute(select(lane).order_by(lane.c.id)):
        said = _last(db, row.id)
        found.append(
            {
                "channel": row.id,
                **{name: row._mapping[name] for name in _NAMED},
                "rate": row.pace and round(60 / row.pace, 2),
                **{name: its.get(row.id, 0) for name, its in counts.items()},
                "tried": items.last(db, row.id),
                "oldest": _oldest(db, row.id, now),
                "last": said.answer if said else "",
                "last_at": said.started if said else None,
            }
        )
    return found


def _counts(db: Connection, state: object) -> dict[str, int]:
    rows = select(delivery.c.lane, func.count()).where(delivery.c.state == state).group_by(delivery.c.lane)
    return {row.lane: row[1] for row in db.execute(rows)}


def _oldest(db: Connection, name: str, now: datetime) -> datetime | None:
    due = select(func.min(delivery.c.due)).where(delivery.c.lane == name, delivery.c.state == PENDING)
    oldest: datetime | None = db.execute(due.where(delivery.c.due <= now)).scalar_one()
    return oldest


def _last(db: Connection, name: str) -> AnyRow | None:
    """Of its newest deliveries: what is tried again may be behind others."""
    newest = select(delivery.c.id).where(delivery.c.lane == name, delivery.c.number.is_not(None))
    newest = newest.order_by(delivery.c.number.desc()).limit(exactly(RECENT))
    its = select(*attempt.c["answer", "started"]).where(attempt.c.delivery.in_(newest))
    return db.execute(its.order_by(attempt.c.id.desc()).limit(exactly(1))).one_or_none()
