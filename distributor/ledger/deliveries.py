"""The queue: sending → delivered, dead, or pending again; dead → pending."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, bindparam, case, exists, func, insert, select, update

from channels.story import Receipt
from distributor.ledger import notices, subscriptions
from distributor.ledger.bell import ring
from distributor.ledger.fanout import another_key, regate
from distributor.ledger.lanes import tend
from distributor.ledger.outcome import Outcome
from distributor.ledger.tables import SENDING, article, attempt, delivery, version

_MINE = (delivery.c.state == SENDING) & (delivery.c.lease == bindparam("b_worker"))
_STILL_MINE = _MINE & (delivery.c.attempts == bindparam("b_attempts"))
"""Nor was it lost and claimed anew meanwhile: a lease that runs out counts as an attempt."""
_FREED = {"attempts": delivery.c.attempts + 1, "lease": None, "leased_until": None}

_DELIVERED = (
    update(delivery)
    .where(delivery.c.id.in_(bindparam("b_ids", expanding=True)), _STILL_MINE)
    .values(
        state="delivered",
        answer=bindparam("b_said"),
        remote_id=bindparam("b_remote_id"),
        remote_url=bindparam("b_remote_url"),
        settled=bindparam("b_now"),
        **_FREED,
    )
    .returning(delivery.c.id)
)
_SETTLED = (
    update(delivery)
    .where(delivery.c.id == bindparam("b_id"), _STILL_MINE)
    .values(
        state=bindparam("b_state"),
        answer=bindparam("b_said"),
        due=bindparam("b_due"),
        failures=bindparam("b_failures"),
        settled=bindparam("b_settled"),
        **_FREED,
    )
    .returning(delivery.c.id)
)
_TRIED = insert(attempt)


def record(db: Connection, worker: str, outcomes: Sequence[Outcome], now: datetime) -> list[Outcome]:
    """sending → delivered, pending, dead, all in one; returns those that were no longer ours, unrecorded."""
    ours = _record_delivered(db, worker, outcomes, now) | _record_others(db, worker, outcomes, now)
    kept = [o for o in outcomes if o.claim.id in ours]
    if kept:
        db.execute(_TRIED, [_attempt(o, worker) for o in kept])
        tend(db, kept, now)
        _tell_of_the_dead(db, kept, now)
        if subscriptions.any_to(db, {o.claim.lane for o in kept if o.state == "delivered"}):
            ring(db)
        if again := [o.claim.id for o in kept if o.state == "pending"]:
            regate(db, again)
    return [o for o in outcomes if o.claim.id not in ours]


def _tell_of_the_dead(db: Connection, outcomes: Sequence[Outcome], now: datetime) -> None:
    for o in outcomes:
        if o.state == "dead":
            notices.raise_(db, "dead", o.claim.lane, f"delivery {o.claim.id}: {o.said}", now)


def _record_delivered(db: Connection, worker: str, outcomes: Sequence[Outcome], now: datetime) -> set[int]:
    """All that arrived with the same answer in one statement: on a good day that is all of it."""
    alike: dict[tuple[str, str, str, int], list[int]] = {}
    for o in outcomes:
        if o.state == "delivered":
            receipt = o.receipt or Receipt()
            told = (o.said, receipt.remote_id, receipt.url, o.claim.attempts)
            alike.setdefault(told, []).append(o.claim.id)
    ours: set[int] = set()
    for (said, remote_id, url, attempts), ids in alike.items():
        values = {"b_said": said, "b_remote_id": remote_id, "b_remote_url": url, "b_now": now}
        mine = {"b_ids": ids, "b_worker": worker, "b_attempts": attempts}
        ours.update(db.execute(_DELIVERED, {**mine, **values}).scalars().all())
    return ours


def _record_others(db: Connection, worker: str, outcomes: Sequence[Outcome], now: datetime) -> set[int]:
    ours: set[int] = set()
    for o in outcomes:
        if o.state != "delivered":
            told = {"b_state": o.state, "b_said": o.said, "b_due": o.due, "b_failures": o.failures}
            settled = None if o.state == "pending" else now
            mine = {"b_id": o.claim.id, "b_worker": worker, "b_attempts": o.claim.attempts}
            mine |= {"b_settled": settled, **told}
            ours.update(db.execute(_SETTLED, mine).scalars())
    return ours


def _attempt(o: Outcome, worker: str) -> dict[str, Any]:
    return {
        "delivery": o.claim.id,
        "number": o.claim.attempts + 1,
        "started": o.started,
        "took_ms": o.took_ms,
        "outcome": o.answer,
        "answer": o.said,
        "worker": worker,
    }


def hand_back(db: Connection, ids: Collection[int] | None = None, *, worker: str | None = None) -> int:
    """sending → pending (or what the article has become): not tried, or nobody knows; how many.

    With neither `ids` nor `worker` everybody's: for a start on SQLite, where the predecessor is dead.
    """
    mine = delivery.c.state == SENDING
    if ids is not None:
        mine = mine & delivery.c.id.in_(ids)
    if worker is not None:
        mine = mine & (delivery.c.lease == worker)
    back = update(delivery).where(mine).values(state="pending", lease=None, leased_until=None)
    freed = db.execute(back.returning(delivery.c.id)).scalars().all()
    if freed:
        regate(db, freed)
        ring(db)
    return len(freed)


_ALIVE = update(delivery).where(_MINE).values(leased_until=bindparam("b_until"))


def renew(db: Connection, worker: str, until: datetime) -> None:
    """sending, and `worker` is alive."""
    db.execute(_ALIVE, {"b_worker": worker, "b_until": until})


def expire(db: Connection, now: datetime) -> int:
    """sending → pending, where the lease ran out: its worker is dead or cut off."""
    over = select(delivery.c.id).where(delivery.c.state == SENDING, delivery.c.leased_until < now)
    late = db.execute(over.with_for_update(skip_locked=True)).scalars().all()
    db.execute(update(delivery).where(delivery.c.id.in_(late)).values(attempts=delivery.c.attempts + 1))
    return hand_back(db, late) if late else 0


_has_text = ~exists().where(
    version.c.article == delivery.c.article,
    version.c.number == delivery.c.version,
    version.c.pruned.is_not(None),
)


def count_dead(db: Connection, where: Sequence[Any]) -> int:
    """How many `replay` would take."""
    dead = select(func.count()).select_from(delivery).where(delivery.c.state == "dead", _has_text, *where)
    number: int = db.execute(dead).scalar_one()
    return number


def replay(db: Connection, where: Sequence[Any], now: datetime, *, new_keys: bool = False) -> int:
    """dead → pending (or what the article has become), with a fresh schedule; how many.

    With its old key, by which a receiver knows what it has already; `new_keys`: as something it never saw.
    """
    again = update(delivery).where(delivery.c.state == "dead", _has_text, *where)
    of = article.c.id == delivery.c.article
    its, embargo = (
        select(c).where(of).scalar_subquery() for c in (article.c.urgency, article.c.embargoed_until)
    )
    due = case((embargo > now, embargo), else_=now)
    fresh = {"state": "pending", "failures": 0, "due": due, "settled": None, "urgency": its}
    back = db.execute(again.values(**fresh).returning(*delivery.c["id", "key", "lane"])).all()
    for row in back if new_keys else ():
        db.execute(update(delivery).where(delivery.c.id == row.id).values(key=another_key(row.key)))
    regate(db, [row.id for row in back])
    for lane in {row.lane for row in back}:
        if not count_dead(db, [delivery.c.lane == lane]):
            notices.settle(db, lane, now, ("dead",))
    ring(db)
    return len(back)
