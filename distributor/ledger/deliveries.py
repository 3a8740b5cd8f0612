"""The queue: pending → sending → delivered, dead, or pending again."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime, timedelta
from typing import Any, Literal, NamedTuple

from sqlalchemy import (
    Connection,
    Select,
    and_,
    bindparam,
    case,
    exists,
    func,
    insert,
    or_,
    select,
    update,
)

from channels.story import IdempotencyKey, Receipt
from distributor.ledger.bell import ring
from distributor.ledger.fanout import regate
from distributor.ledger.lanes import park, reopen
from distributor.ledger.tables import PENDING, SENDING, AnyRow, article, attempt, delivery, lane

Answer = Literal["delivered", "unavailable", "unknown", "refused", "denied", "gone"]


class Claim(NamedTuple):
    """A delivery that is ours to bring, until its lease runs out."""

    id: int
    key: IdempotencyKey
    article: int
    version: int
    action: str
    lane: str
    member: str
    language: str
    rendition: int
    urgency: int
    attempts: int
    failures: int
    due: datetime


class Outcome(NamedTuple):
    """What one attempt came to, and what follows from it."""

    claim: Claim
    state: Literal["delivered", "pending", "dead"]
    answer: Answer
    said: str
    """The receiver's words, or what went wrong."""
    started: datetime
    took_ms: float
    due: datetime
    failures: int
    receipt: Receipt | None = None
    lane: Literal["open", "parked", "off"] = "open"


CLAIMED = [delivery.c[name] for name in Claim._fields]
_d = delivery.alias("d")
_sibling = delivery.alias("sibling")
_flying = delivery.alias("flying")


def claim(db: Connection, worker: str, now: datetime, limit: int, lease: timedelta) -> list[Claim]:
    """pending → sending, the most urgent first, leased to `worker`.

    Goes from lane to lane, so that what waits in a closed or busy one is never looked at, and takes no
    more of a lane than its concurrency has room for.
    """
    ours = {"b_worker": worker, "b_until": now + lease, "b_now": now}
    claims: list[Claim] = []
    for name, room in _rooms(db, now):
        rows = db.execute(_CLAIM, {"b_lane": name, "b_room": min(room, limit - len(claims)), **ours})
        claims += map(Claim._make, rows.all())
        if len(claims) >= limit:
            break
    return sorted(claims, key=lambda c: (c.urgency, c.due, c.id))


def _rooms(db: Connection, now: datetime) -> Sequence[AnyRow]:
    """Lanes with room for more that have something due, and how much; the one with the most urgent first.

    Where several workers claim, each lane is one's at a time until it has committed, and its room is counted
    after that: else two that count at the same time would fill it twice.
    """
    if db.dialect.name == "sqlite":
        return db.execute(_LANES, {"b_now": now}).all()
    ours = db.execute(_LOCK, {"b_now": now}).scalars().all()
    return db.execute(_LANES_OF, {"b_now": now, "b_ours": ours}).all() if ours else ()


def _may_go() -> Any:
    return or_(lane.c.state == "open", and_(lane.c.state == "parked", lane.c.probe <= bindparam("b_now")))


def _lock() -> Select[Any]:
    waits = exists().where(_d.c.lane == lane.c.id, _d.c.state == PENDING, _d.c.due <= bindparam("b_now"))
    return select(lane.c.id).where(_may_go(), waits.correlate(lane)).with_for_update(skip_locked=True)


def _lanes(ours: Any = None) -> Select[Any]:
    flying = select(func.count()).where(_flying.c.lane == lane.c.id, _flying.c.state == SENDING)
    room = (
        case((lane.c.state == "open", lane.c.concurrency), else_=1) - flying.correlate(lane).scalar_subquery()
    )
    first = select(_d.c.urgency).where(
        _d.c.lane == lane.c.id, _d.c.state == PENDING, _d.c.due <= bindparam("b_now")
    )
    head = first.order_by(_d.c.urgency, _d.c.due, _d.c.id).limit(1).correlate(lane).scalar_subquery()
    lanes = select(lane.c.id, room.label("room"), head.label("head")).where(_may_go()).subquery()
    among = [] if ours is None else [lanes.c.id.in_(ours)]
    return (
        select(lanes.c.id, lanes.c.room)
        .where(lanes.c.head.is_not(None), lanes.c.room > 0, *among)
        .order_by(lanes.c.head)
    )


def _claim_of_lane() -> Any:
    """The first of a lane; never a version beside another of the same article that is still in flight."""
    same = (_sibling.c.lane == _d.c.lane) & (_sibling.c.article == _d.c.article)
    flying = (
        exists().where(same, _sibling.c.language == _d.c.language, _sibling.c.state == SENDING).correlate(_d)
    )
    due = (
        (_d.c.lane == bindparam("b_lane"))
        & (_d.c.state == PENDING)
        & (_d.c.due <= bindparam("b_now"))
        & ~flying
    )
    first = select(_d.c.id).where(due).order_by(_d.c.urgency, _d.c.due, _d.c.id).limit(bindparam("b_room"))
    mine = update(delivery).where(delivery.c.id.in_(first.with_for_update(skip_locked=True)))
    leased = mine.values(state="sending", lease=bindparam("b_worker"), leased_until=bindparam("b_until"))
    return leased.returning(*CLAIMED)


_LANES, _LANES_OF = _lanes(), _lanes(bindparam("b_ours", expanding=True))
_LOCK, _CLAIM = _lock(), _claim_of_lane()

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
        _tend_lanes(db, kept, now)
        if again := [o.claim.id for o in kept if o.state == "pending"]:
            regate(db, again)
    return [o for o in outcomes if o.claim.id not in ours]


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


def _tend_lanes(db: Connection, outcomes: Sequence[Outcome], now: datetime) -> None:
    """A lane that took something is open again; one that wants a person is parked or off."""
    taken = {o.claim.lane for o in outcomes if o.state == "delivered"}
    closed = sorted((o for o in outcomes if o.lane != "open"), key=lambda o: o.lane == "off")
    denied = {o.claim.lane: o for o in closed if o.claim.lane not in taken}  # gone goes before denied
    reopen(db, taken, now)
    for name, o in denied.items():
        park(db, name, o.lane, o.said, now)


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


def next_due(db: Connection, after: datetime) -> datetime | None:
    """When, after `after`, a delivery of an open lane or a parked lane's probe wants its turn."""
    later = select(delivery.c.due).join(lane, lane.c.id == delivery.c.lane)
    later = later.where(delivery.c.state == PENDING, delivery.c.due > after, lane.c.state == "open")
    due = db.execute(later.order_by(delivery.c.due).limit(1)).scalar_one_or_none()
    waits = exists().where(delivery.c.lane == lane.c.id, delivery.c.state == PENDING)
    probes = select(func.min(lane.c.probe)).where(lane.c.state == "parked", lane.c.probe > after, waits)
    return min((t for t in (due, db.execute(probes).scalar_one()) if t is not None), default=None)


def count_dead(db: Connection, where: Sequence[Any]) -> int:
    """How many `replay` would take."""
    dead = select(func.count()).select_from(delivery).where(delivery.c.state == "dead", *where)
    number: int = db.execute(dead).scalar_one()
    return number


def replay(db: Connection, where: Sequence[Any], now: datetime) -> int:
    """dead → pending (or what the article has become), with the old key and a fresh schedule; how many."""
    again = update(delivery).where(delivery.c.state == "dead", *where)
    its = select(article.c.urgency).where(article.c.id == delivery.c.article).scalar_subquery()
    fresh = {"state": "pending", "failures": 0, "due": now, "settled": None, "urgency": its}
    ids = db.execute(again.values(**fresh).returning(delivery.c.id))
    back = ids.scalars().all()
    regate(db, back)
    ring(db)
    return len(back)
