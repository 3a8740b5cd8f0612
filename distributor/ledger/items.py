"""What a member fetches: the items of a lane by their numbers, and those that its feed shows."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import Connection, Select, exists, func, select

from distributor.ledger.tables import COUNTED, AnyRow, delivery

RECENT = 200
"""Items in which a change is looked for: a retry may land behind newer ones."""

_TOLD = delivery.c[
    "number", "key", "state", "action", "article", "version", "language", "rendition", "settled"
]
_later = delivery.alias("later")


class Mark(NamedTuple):
    """Differs whenever a feed does."""

    number: int
    settled: datetime | None


def last(db: Connection, lane: str) -> int:
    """The highest number of a lane; 0 before the first."""
    number: int | None = db.execute(
        select(func.max(delivery.c.number)).where(delivery.c.lane == lane, COUNTED)
    ).scalar_one()
    return number or 0


def since(db: Connection, lane: str, number: int, limit: int) -> Sequence[AnyRow]:
    """What was counted after `number`, in order."""
    rows = select(*_TOLD).where(delivery.c.lane == lane, delivery.c.number > number)
    return db.execute(rows.order_by(delivery.c.number).limit(limit)).all()


def page(db: Connection, lane: str, language: str, start: int, size: int) -> Sequence[AnyRow]:
    """The newest delivered item of each article, newest first, from `start` on; one more than `size`."""
    same = (_later.c.article == delivery.c.article) & (_later.c.lane == delivery.c.lane)
    same = same & (_later.c.language == delivery.c.language) & (_later.c.state == "delivered")
    newer = exists().where(same, _later.c.number > delivery.c.number).correlate(delivery)
    rows = _delivered(lane, language).where(~newer).order_by(delivery.c.number.desc())
    return db.execute(rows.offset(start).limit(size + 1)).all()


def mark(db: Connection, lane: str, language: str) -> Mark:
    """Cheap: what has not changed since need not be loaded."""
    recent = _delivered(lane, language).order_by(delivery.c.number.desc()).limit(RECENT).subquery()
    found = select(func.coalesce(func.max(recent.c.number), 0), func.max(recent.c.settled))
    return Mark._make(db.execute(found).one())


def _delivered(lane: str, language: str) -> Select[Any]:
    its = (delivery.c.lane == lane) & (delivery.c.language == language) & (delivery.c.state == "delivered")
    return select(*_TOLD).where(its, COUNTED)
