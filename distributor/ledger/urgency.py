"""How urgent an article is, from feed to receipt; and an editor's second thought, before it has left."""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import Connection, update

from distributor.errors import Conflict
from distributor.ledger import search
from distributor.ledger.articles import by_id
from distributor.ledger.audit import note
from distributor.ledger.bell import ring
from distributor.ledger.fanout import Routes, fan_out, retract
from distributor.ledger.tables import article, delivery, rendition

_UNSENT = delivery.c.state.in_(("waiting", "pending"))


def make_urgent(
    db: Connection,
    article_id: int,
    urgency: int,
    routes: Routes,
    who: str,
    now: datetime,
    pause: timedelta = timedelta(),
) -> int:
    """Set the urgency of all that is not settled, at the front at once; how many deliveries that moves.

    `pause`: so long nothing leaves, and `undo` takes it back; translation begins at once.
    """
    its = by_id(db, article_id)
    leaves = max(now + pause, its.embargoed_until or now)
    second = {"former_urgency": its.urgency, "undo_until": now + pause} if pause else {"undo_until": None}
    db.execute(update(article).where(article.c.id == article_id).values(urgency=urgency, **second))
    open_ = (delivery.c.article == article_id) & delivery.c.state.in_(("waiting", "pending", "sending"))
    moved = db.execute(update(delivery).where(open_).values(urgency=urgency)).rowcount
    late = (delivery.c.article == article_id) & _UNSENT & (delivery.c.due != leaves)
    late = late if pause else late & (delivery.c.due > leaves)
    db.execute(update(delivery).where(late).values(due=leaves))
    db.execute(update(rendition).where(rendition.c.article == article_id).values(urgency=urgency))
    ring(db)
    note(db, now, who, "urgent", f"article {article_id}", f"urgency {its.urgency} → {urgency}")
    if not its.routed:
        return moved
    more = fan_out(db, article_id, routes, now + pause)
    if more:
        search.index(db, article_id)
    return moved + more


def undo(db: Connection, article_id: int, routes: Routes, who: str, now: datetime) -> int:
    """As urgent as before; how many deliveries only the urgency had made. Raises: Conflict, NotFound."""
    its = by_id(db, article_id)
    if its.undo_until is None or its.undo_until <= now:
        raise Conflict(f"article {article_id} is on its way: nothing is left to undo")
    before, mine = its.former_urgency, delivery.c.article == article_id
    due = max(now, its.embargoed_until or now)
    db.execute(update(article).where(article.c.id == article_id).values(urgency=before, undo_until=None))
    gone = retract(db, article_id, routes)
    db.execute(update(delivery).where(mine, _UNSENT).values(urgency=before, due=due))
    db.execute(update(rendition).where(rendition.c.article == article_id).values(urgency=before))
    ring(db)
    note(db, now, who, "undo urgent", f"article {article_id}", f"urgency {its.urgency} → {before}")
    return gone
