"""Pruning, in steps so small that nobody waits for them.

What proves what was sent stays: the delivery with its times, its receiver's answer and its remote id, the
headline, the hash of the text, and the audit trail.
"""

from __future__ import annotations

import hashlib
import json
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, delete, exists, func, or_, select, update

from distributor.ledger.tables import article, attempt, delivery, notice, rendition, version

STEP = 500
"""Rows of one transaction."""
KEEPING = 0x6B656570  # the number of an advisory lock of ours on PostgreSQL
_OPEN = ("waiting", "pending", "sending")


def prune_attempts(db: Connection, before: datetime, after: int = 0) -> tuple[int, int | None]:
    """A step through the attempts with ids above `after`; how many went, and where the next step begins.

    None: that was the last. Those stay whose delivery is not settled, and those of which nobody knows
    whether they arrived: the next version goes there, too.
    """
    if not _alone(db):
        return 0, None
    newest = select(func.max(attempt.c.id)).scalar_subquery()  # SQLite would give its id again; see `tally`
    rows = select(*attempt.c["id", "delivery", "outcome", "started"])
    rows = rows.where(attempt.c.id > after, attempt.c.id < newest)
    some = db.execute(rows.order_by(attempt.c.id).limit(STEP)).all()
    old = [row for row in some if row.started < before]
    if not old:
        return 0, None
    open_ = select(delivery.c.id).where(
        delivery.c.id.in_({row.delivery for row in old}),
        or_(delivery.c.state.in_(_OPEN), (delivery.c.state != "delivered") & _unknown),
    )
    kept = set(db.execute(open_).scalars())
    gone = [row.id for row in old if row.delivery not in kept]
    db.execute(delete(attempt).where(attempt.c.id.in_(gone)))
    return len(gone), some[-1].id if len(old) == STEP else None


_unknown = exists().where(attempt.c.delivery == delivery.c.id, attempt.c.outcome == "unknown")


def prune_notices(db: Connection, before: datetime) -> int:
    """Those that are over and told; how many went."""
    old = notice.c.over.is_not(None) & (notice.c.over < before) & notice.c.told.is_not(None)
    return db.execute(delete(notice).where(old)).rowcount


def prune_bodies(db: Connection, before: datetime) -> int:
    """A step: the texts of versions that old, where nothing is under way, and of their renditions."""
    if not _alone(db):
        return 0
    its = (delivery.c.article == version.c.article) & delivery.c.state.in_(_OPEN)
    busy = exists().where(its)
    old = (version.c.created < before) & version.c.pruned.is_(None) & ~busy
    held = select(article.c.id).where(article.c.pub_status == "withheld")
    rows = select(*version.c["article", "number", "content"])
    rows = rows.where(old, version.c.article.not_in(held)).order_by(version.c.article).limit(STEP)
    found = db.execute(rows).all()
    for row in found:
        this = (version.c.article == row.article) & (version.c.number == row.number)
        db.execute(update(version).where(this).values(**_without_text(row.content)))
        _prune_renditions(db, row.article, row.number)
    return len(found)


def _prune_renditions(db: Connection, article_id: int, number: int) -> None:
    its = (rendition.c.article == article_id) & (rendition.c.version == number)
    rows = select(*rendition.c["id", "content"]).where(its, rendition.c.content.is_not(None))
    for row in db.execute(rows).all():
        bare = {**_without_text(row.content), "doubts": None, "sentences": None}
        db.execute(update(rendition).where(rendition.c.id == row.id).values(**bare))


def _without_text(content: dict[str, Any]) -> dict[str, Any]:
    whole = json.dumps(content, ensure_ascii=False, sort_keys=True).encode(errors="surrogatepass")
    bare = {**content, "body": "", "summary": ""}
    return {"content": bare, "pruned": "sha256:" + hashlib.sha256(whole).hexdigest()}


def _alone(db: Connection) -> bool:
    """One worker prunes at a time; the others have better to do."""
    if db.dialect.name != "postgresql":
        return True
    return bool(db.execute(select(func.pg_try_advisory_xact_lock(KEEPING))).scalar_one())
