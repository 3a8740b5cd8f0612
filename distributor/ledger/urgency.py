"""How urgent an article is, from feed to receipt; and an editor's second thought, before it has left."""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import Connection, delete, select, update

from distributor.errors import Conflict
from distributor.ledger import search
from distributor.ledger.articles import by_id
from distributor.ledger.audit import note
from distributor.ledger.bell import ring
from distributor.ledger.fanout import Routes, fan_out, had_before, head_content
from distributor.ledger.tables import article, delivery, rendition
from distributor.routing import Facts

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
    its, leaves = by_id(db, article_id), now + pause
    second = {"former_urgency": its.urgency, "undo_until": leaves} if pause else {"undo_until": None}
    db.execute(update(article).where(article.c.id == article_id).values(urgency=urgency, **second))
    open_ = (delivery.c.article == article_id) & delivery.c.state.in_(("waiting", "pending", "sending"))
    moved = db.execute(update(delivery).where(open_).values(urgency=urgency)).rowcount
    late = (delivery.c.article == article_id) & _UNSENT & (delivery.c.due != leaves)
    late = late if pause else late & (delivery.c.due > now)
    db.execute(update(delivery).where(late).values(due=leaves))
    db.execute(update(rendition).where(rendition.c.article == article_id).values(urgency=urgency))
    ring(db)
    note(db, now, who, "urgent", f"article {article_id}", f"urgency {its.urgency} → {urgency}")
    if not its.routed:
        return moved
    more = fan_out(db, article_id, routes, leaves)
    if more:
        search.index(db, article_id)
    return moved + more


def undo(db: Connection, article_id: int, routes: Routes, who: str, now: datetime) -> int:
    """As urgent as before; how many deliveries only the urgency had made. Raises: Conflict, NotFound."""
    its = by_id(db, article_id)
    if its.undo_until is None or its.undo_until <= now:
        raise Conflict(f"article {article_id} is on its way: nothing is left to undo")
    before, mine = its.former_urgency, delivery.c.article == article_id
    db.execute(update(article).where(article.c.id == article_id).values(urgency=before, undo_until=None))
    gone = _only_urgent(db, article_id, routes)
    db.execute(delete(delivery).where(delivery.c.id.in_(gone)))
    db.execute(update(delivery).where(mine, _UNSENT).values(urgency=before, due=now))
    db.execute(update(rendition).where(rendition.c.article == article_id).values(urgency=before))
    ring(db)
    note(db, now, who, "undo urgent", f"article {article_id}", f"urgency {its.urgency} → {before}")
    return len(gone)


def _only_urgent(db: Connection, article_id: int, routes: Routes) -> list[int]:
    """Deliveries that were never claimed, to places that get it only because it was urgent."""
    its = by_id(db, article_id)
    content = head_content(db, its)
    usual = {
        (r.lane, r.language)
        for r in routes(Facts(its.source, content.language, content.categories, its.urgency))
    }
    kept = usual | had_before(db, its).keys()
    new = (delivery.c.article == article_id) & (delivery.c.version == its.head) & _UNSENT
    new = new & (delivery.c.attempts == 0) & delivery.c.number.is_(None)
    rows = db.execute(select(*delivery.c["id", "lane", "language"]).where(new))
    return [row.id for row in rows if (row.lane, row.language) not in kept]
