"""When one article goes: not before its embargo ends, or now, whatever the hours of its members.

The gate is a delivery's `due`: of an article under embargo none is due before that ends, whatever makes it
due (a flag, a replay, a release, a new version), so that every claim asks it, by the database's clock.
"""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Connection, update

from distributor.article import URGENT
from distributor.ledger.articles import by_id
from distributor.ledger.audit import note
from distributor.ledger.bell import ring
from distributor.ledger.tables import article, delivery

_UNSENT = delivery.c.state.in_(("waiting", "pending"))


def embargo(db: Connection, article_id: int, until: datetime | None, who: str, now: datetime) -> int:
    """Nothing more of it leaves before `until`; None lifts it. How many deliveries that moves.

    It is translated meanwhile. Raises: NotFound.
    """
    by_id(db, article_id)
    db.execute(update(article).where(article.c.id == article_id).values(embargoed_until=until))
    mine = (delivery.c.article == article_id) & _UNSENT
    if until is None or until <= now:
        mine, due = mine & (delivery.c.due > now) & (delivery.c.failures == 0), now
    else:
        due = until
    moved = db.execute(update(delivery).where(mine).values(due=due)).rowcount
    note(
        db, now, who, "embargo", f"article {article_id}", f"until {until.isoformat()}" if until else "lifted"
    )
    ring(db)
    return moved


def announced(db: Connection, article_id: int, until: datetime | None, who: str, now: datetime) -> int:
    """Its source names another embargo than before; an editor's word since then is overruled."""
    db.execute(update(article).where(article.c.id == article_id).values(announced=until))
    return embargo(db, article_id, until, who, now)


def send_now(db: Connection, article_id: int, who: str, now: datetime) -> int:
    """Past the hours and the digests of members, and whatever it waits for after a failure; how many go.

    Its urgency stays what it is to those who get it; an embargo holds. Raises: NotFound.
    """
    its = by_id(db, article_id)
    due = max(now, its.embargoed_until or now)
    mine = (delivery.c.article == article_id) & _UNSENT
    values = {"urgency": URGENT, "due": due, "digest": None}
    moved = db.execute(update(delivery).where(mine, delivery.c.urgency > URGENT).values(**values)).rowcount
    late = mine & (delivery.c.due > due)
    moved += db.execute(update(delivery).where(late).values(due=due)).rowcount
    note(db, now, who, "send now", f"article {article_id}")
    ring(db)
    return moved
