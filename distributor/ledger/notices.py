"""Notices: what a person should know of, each raised once and closed when it is over."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, insert, or_, select, update

from distributor.ledger.bell import ring
from distributor.ledger.tables import AnyRow, notice


def raise_(db: Connection, kind: str, subject: str, text: str, now: datetime) -> bool:
    """Unless it stands there already; whether it is new. The newest text is kept."""
    its = (notice.c.kind == kind) & (notice.c.subject == subject) & notice.c.over.is_(None)
    if db.execute(update(notice).where(its).values(text=text)).rowcount:
        return False
    db.execute(insert(notice).values(kind=kind, subject=subject, text=text, raised=now))
    ring(db)
    return True


def settle(db: Connection, subject: str, now: datetime, kinds: Collection[str]) -> int:
    """It is over; how many that closes. Who was told of it is told that, too."""
    its = (notice.c.subject == subject) & notice.c.kind.in_(kinds) & notice.c.over.is_(None)
    number = db.execute(update(notice).where(its).values(over=now, told=None)).rowcount
    if number:
        ring(db)
    return number


def close(db: Connection, id_: int, now: datetime) -> bool:
    """A person has seen to it; whether it was open."""
    its = (notice.c.id == id_) & notice.c.over.is_(None)
    return bool(db.execute(update(notice).where(its).values(over=now, told=now)).rowcount)


def take(db: Connection, worker: str, now: datetime, lease: timedelta) -> AnyRow | None:
    """The oldest that nobody has been told of yet, leased to `worker`."""
    free = or_(notice.c.leased_until.is_(None), notice.c.leased_until < now)
    untold = select(notice.c.id).where(notice.c.told.is_(None), free).order_by(notice.c.id).limit(1)
    mine = update(notice).where(notice.c.id.in_(untold.with_for_update(skip_locked=True)))
    taken = mine.values(lease=worker, leased_until=now + lease).returning(notice)
    return db.execute(taken).one_or_none()


def tell(db: Connection, id_: int, over: datetime | None, now: datetime) -> None:
    """Somebody has been told; `over` as it was then: what ended meanwhile is to be told again."""
    its = (notice.c.id == id_) & (notice.c.over.is_(None) if over is None else notice.c.over == over)
    db.execute(update(notice).where(its).values(told=now))
    db.execute(update(notice).where(notice.c.id == id_).values(lease=None, leased_until=None))


def listing(db: Connection, *, all_: bool = False, limit: int = 0) -> list[dict[str, Any]]:
    """id, kind, subject, text, raised, over; open ones only unless `all_`; newest first."""
    rows = select(*notice.c["id", "kind", "subject", "text", "raised", "over"]).order_by(notice.c.id.desc())
    if not all_:
        rows = rows.where(notice.c.over.is_(None))
    return [dict(row._mapping) for row in db.execute(rows.limit(limit or None))]
