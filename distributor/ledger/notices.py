"""Notices: what a person should know of, each raised once and closed when it is over."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, insert, select, update

from distributor.ledger.tables import notice


def raise_(db: Connection, kind: str, subject: str, text: str, now: datetime) -> bool:
    """Unless it stands there already; whether it is new. The newest text is kept."""
    its = (notice.c.kind == kind) & (notice.c.subject == subject) & notice.c.over.is_(None)
    if db.execute(update(notice).where(its).values(text=text)).rowcount:
        return False
    db.execute(insert(notice).values(kind=kind, subject=subject, text=text, raised=now))
    return True


def settle(db: Connection, subject: str, now: datetime, kinds: Collection[str]) -> int:
    """It is over; how many that closes. Who was told of it is told that, too."""
    its = (notice.c.subject == subject) & notice.c.kind.in_(kinds) & notice.c.over.is_(None)
    return db.execute(update(notice).where(its).values(over=now, told=None)).rowcount


def close(db: Connection, id_: int, now: datetime) -> bool:
    """A person has seen to it; whether it was open."""
    its = (notice.c.id == id_) & notice.c.over.is_(None)
    return bool(db.execute(update(notice).where(its).values(over=now, told=now)).rowcount)


def listing(db: Connection, *, all_: bool = False, limit: int = 0) -> list[dict[str, Any]]:
    """id, kind, subject, text, raised, over; open ones only unless `all_`; newest first."""
    rows = select(*notice.c["id", "kind", "subject", "text", "raised", "over"]).order_by(notice.c.id.desc())
    if not all_:
        rows = rows.where(notice.c.over.is_(None))
    return [dict(row._mapping) for row in db.execute(rows.limit(limit or None))]
