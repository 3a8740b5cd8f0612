"""What a member fetches: the items of a lane by their numbers, and those that its feed shows."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import Connection, Select, and_, bindparam, exists, func, or_, select

from distributor.ledger.tables import COUNTED, AnyRow, article, delivery, version

RECENT = 200
"""Items in which a change is looked for: a retry may land behind newer ones."""

_later = delivery.alias("later")

# What was sent may be read again, unless it was withdrawn since or its text is kept no longer; what was not
# sent, only while it still would be.
_goes = and_(article.c.pub_status == "usable", article.c.head == delivery.c.version)
_due = and_(delivery.c.state.in_(("pending", "sending", "dead")), _goes)
_there = and_(article.c.pub_status != "canceled", version.c.pruned.is_(None))
_MAY_BE_TOLD = or_(delivery.c.action == "cancel", and_(_there, or_(delivery.c.state == "delivered", _due)))


class Mark(NamedTuple):
    """Differs whenever a feed does."""

    number: int
    settled: datetime | None


def last(db: Connection, lane: str) -> int:
    """The highest number of a lane; 0 before the first."""
    highest = select(func.coalesce(func.max(delivery.c.number), 0)).where(delivery.c.lane == lane, COUNTED)
    number: int = db.execute(highest).scalar_one()
    return number


def since(db: Connection, lane: str, number: int, limit: int) -> Sequence[AnyRow]:
    """What was counted after `number`, in order; `told`: whether its content may be."""
    rows = _items().where(delivery.c.lane == lane, delivery.c.number > number)
    return db.execute(rows.order_by(delivery.c.number).limit(limit)).all()


def page(db: Connection, lane: str, language: str, start: int, size: int) -> Sequence[AnyRow]:
    """The newest delivered item of each article, newest first, from `start` on; one more than `size`."""
    same = (_later.c.article == delivery.c.article) & (_later.c.lane == delivery.c.lane)
    same = same & (_later.c.language == delivery.c.language) & (_later.c.state == "delivered")
    newer = exists().where(same, _later.c.number > delivery.c.number).correlate(delivery)
    rows = _items().where(*_delivered(lane, language), _MAY_BE_TOLD, ~newer)
    return db.execute(rows.order_by(delivery.c.number.desc()).offset(start).limit(size + 1)).all()


def mark(db: Connection, lane: str, language: str) -> Mark:
    """Cheap: what has not changed since need not be loaded."""
    return Mark._make(db.execute(_MARK, {"b_lane": lane, "b_language": language}).one())


def _mark() -> Select[Any]:
    recent = select(*delivery.c["number", "settled"])
    recent = recent.where(*_delivered(bindparam("b_lane"), bindparam("b_language")))
    recent_ = recent.order_by(delivery.c.number.desc()).limit(RECENT).subquery()
    return select(func.coalesce(func.max(recent_.c.number), 0), func.max(recent_.c.settled))


def _items() -> Select[Any]:
    its = (version.c.article == delivery.c.article) & (version.c.number == delivery.c.version)
    columns = delivery.c["number", "key", "state", "action", "article", "version", "language", "rendition"]
    return select(*columns, _MAY_BE_TOLD.label("told")).join(version, its).join(article)


def _delivered(lane: Any, language: Any) -> tuple[Any, ...]:
    return delivery.c.lane == lane, delivery.c.language == language, delivery.c.state == "delivered", COUNTED


_MARK = _mark()
