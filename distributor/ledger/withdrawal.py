"""usable, withheld → canceled: nothing more of an article leaves but the word that it is withdrawn."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, func, insert, or_, select, update

from distributor.ledger.articles import by_id
from distributor.ledger.audit import note
from distributor.ledger.bell import ring
from distributor.ledger.fanout import idempotency_key, may_have_arrived
from distributor.ledger.tables import AnyRow, article, delivery, rendition

MOST_URGENT = 1

_MAY_BE_THERE = or_(delivery.c.state.in_(("delivered", "sending")), may_have_arrived)


def withdraw(db: Connection, article_id: int, reason: str, who: str, now: datetime) -> int:
    """Tell everybody that has any version of it, or may have; how many are told. Done twice, it is once.

    Nobody who never got it hears of it. The word needs no translation, and overtakes all that waits.
    """
    its = by_id(db, article_id)
    if its.pub_status == "canceled":
        return 0
    told = {"pub_status": "canceled", "reason": reason, "urgency": MOST_URGENT, "undo_until": None}
    db.execute(update(article).where(article.c.id == article_id).values(**told))
    mine = delivery.c.article == article_id
    having = _having(db, article_id)
    unsent = mine & delivery.c.state.in_(("waiting", "pending"))
    db.execute(update(delivery).where(unsent).values(state="canceled", settled=now))
    unmade = rendition.c.state.in_(("waiting", "working", "held"))
    stale = (rendition.c.article == article_id) & unmade
    db.execute(update(rendition).where(stale).values(state="superseded"))
    if having:
        db.execute(insert(delivery), [_word(its, row, now) for row in having])
        ring(db)
    note(db, now, who, "withdraw", f"article {article_id}", reason)
    return len(having)


def _having(db: Connection, article_id: int) -> Sequence[AnyRow]:
    """The newest version that each lane has in each language, or may have."""
    mine = (delivery.c.article == article_id) & (delivery.c.action == "publish") & _MAY_BE_THERE
    last = select(func.max(delivery.c.id)).where(mine).group_by(delivery.c.lane, delivery.c.language)
    return db.execute(select(delivery).where(delivery.c.id.in_(last)).order_by(delivery.c.id)).all()


def _word(its: AnyRow, had: AnyRow, now: datetime) -> dict[str, Any]:
    same = ("article", "version", "lane", "member", "language", "rendition", "on_doubt")
    key = idempotency_key(had.lane, its.source, its.guid, had.version, had.language, "cancel")
    new = {"key": key, "action": "cancel", "state": "pending", "urgency": MOST_URGENT}
    return {**{name: had._mapping[name] for name in same}, **new, "due": now, "created": now}
