"""A withdrawal's clock: who has not confirmed it in time is told to a person, until all have."""

from __future__ import annotations

from collections import defaultdict
from datetime import datetime, timedelta

from sqlalchemy import Connection, or_, select

from distributor.ledger import notices
from distributor.ledger.tables import DEAD, PENDING, SENDING, AnyRow, delivery, notice

KIND = "kill"
SHOWN = 10
"""Channels that a notice names; it says how many there are."""


def watch(db: Connection, deadline: timedelta, now: datetime) -> int:
    """Raise a notice for each article whose withdrawal some have not confirmed in time, and close those that
    all have; how many are open."""
    late = _unconfirmed(db, now - deadline)
    for subject, rows in late.items():
        names = [f"{row.lane} ({row.answer or row.state})" for row in rows]
        more = f" and {len(names) - SHOWN} more" if len(names) > SHOWN else ""
        text = f"its withdrawal is not confirmed by {', '.join(names[:SHOWN])}{more}"
        notices.raise_(db, KIND, subject, text, now)
    told = select(notice.c.subject).where(notice.c.kind == KIND, notice.c.over.is_(None))
    for subject in set(db.execute(told).scalars()) - late.keys():
        notices.settle(db, subject, now, (KIND,))
    return len(late)


def _unconfirmed(db: Connection, before: datetime) -> dict[str, list[AnyRow]]:
    open_ = or_(delivery.c.state == PENDING, delivery.c.state == SENDING, delivery.c.state == DEAD)
    late = (delivery.c.action == "cancel") & (delivery.c.created < before)
    rows = (
        select(*delivery.c["article", "lane", "state", "answer"]).where(open_, late).order_by(delivery.c.id)
    )
    found: defaultdict[str, list[AnyRow]] = defaultdict(list)
    for row in db.execute(rows):
        found[f"article {row.article}"].append(row)
    return found
