"""Who gets one article, against what the members' topics say."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Connection, delete, insert, update

from distributor.ledger import search
from distributor.ledger.articles import by_id
from distributor.ledger.audit import note
from distributor.ledger.bell import ring
from distributor.ledger.fanout import Routes, fan_out, open_gate, retract
from distributor.ledger.tables import audience, delivery

LEFT_OUT = "left out by an editor"


def choose(
    db: Connection, article_id: int, member: str, wanted: bool | None, routes: Routes, who: str, now: datetime
) -> int:
    """Add a member, or leave it out; None: as its topics say. How many deliveries that moves.

    It holds for all versions to come. What the member has already is not taken back: withdraw for that.
    Raises: NotFound.
    """
    its = by_id(db, article_id)
    db.execute(delete(audience).where(audience.c.article == article_id, audience.c.member == member))
    if wanted is not None:
        db.execute(insert(audience).values(article=article_id, member=member, wanted=wanted))
    said = {True: "add", False: "leave out", None: "as usual"}[wanted]
    note(db, now, who, "audience", f"article {article_id}", f"{said} {member}")
    moved = retract(db, article_id, routes) + _stop(db, article_id, member, wanted)
    if its.routed:
        moved += fan_out(db, article_id, routes, now) + open_gate(db, article_id)
    search.index(db, article_id)
    ring(db)
    return moved


def _stop(db: Connection, article_id: int, member: str, wanted: bool | None) -> int:
    """What was tried already waits no longer, or waits again."""
    mine = (delivery.c.article == article_id) & (delivery.c.member == member)
    if wanted is False:
        mine = mine & delivery.c.state.in_(("waiting", "pending"))
        return db.execute(update(delivery).where(mine).values(state="canceled", answer=LEFT_OUT)).rowcount
    mine = mine & (delivery.c.state == "canceled") & (delivery.c.answer == LEFT_OUT)
    return db.execute(update(delivery).where(mine).values(state="waiting", answer="")).rowcount
