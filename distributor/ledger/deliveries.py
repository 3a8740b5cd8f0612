"""The queue: pending → sending → delivered, dead, or pending again."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Literal

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
from distributor.ledger.fanout import regate
from distributor.ledger.lanes import park, reopen
from distributor.ledger.tables import PENDING, SENDING, attempt, delivery, lane

Answer = Literal["delivered", "unavailable", "unknown", "refused", "denied", "gone"]


@dataclass(frozen=True, slots=True)
class Claim:
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


@dataclass(frozen=True, slots=True)
class Outcome:
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


CLAIMED = [delivery.c[name] for name in Claim.__dataclass_fields__]
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
    for name, room in db.execute(_LANES, {"b_now": now}).all():
        rows = db.execute(_CLAIM, {"b_lane": name, "b_room": min(room, limit - len(claims)), **ours})
        claims += [Claim(*row) for row in rows]
        if len(claims) >= limit:
            break
    return sorted(claims, key=lambda c: (c.urgency, c.id))


def _lanes() -> Select[Any]:
    """Lanes with room for more that have something due, the one with the most urgent first."""
    flying = select(func.count()).where(_flying.c.lane == lane.c.id, _flying.c.state == SENDING)
    room = (
        case((lane.c.state == "open", lane.c.concurrency), else_=1) - flying.correlate(lane).scalar_subquery()
    )
    first = select(_d.c.urgency).where(
        _d.c.lane == lane.c.id, _d.c.state == PENDING, _d.c.due <= bindparam("b_now")
    )
    head = first.order_by(_d.c.urgency, _d.c.due, _d.c.id).limit(1).correlate(lane).scalar_subquery()
    open_ = or_(lane.c.state == "open", and_(lane.c.state == "parked", lane.c.probe <= bindparam("b_now")))
    lanes = select(lane.c.id, room.label("room"), head.label("head")).where(open_).subquery()
    return (
        select(lanes.c.id, lanes.c.room)
        .where(lanes.c.head.is_not(None), lanes.c.room > 0)
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


_LANES, _CLAIM = _lanes(), _claim_of_lane()

_RECORD = (
    update(delivery)
    .where(
        delivery.c.id == bindparam("_id"),
        delivery.c.state == SENDING,
        delivery.c.lease == bindparam("_worker"),
    )
    .values(
        state=bindparam("_state"),
        answer=bindparam("_said"),
        due=bindparam("_due"),
        failures=bindparam("_failures"),
        took_ms=bindparam("_took"),
        settled=bindparam("_settled"),
        remote_id=bindparam("_remote_id"),
        remote_url=bindparam("_remote_url"),
        attempts=delivery.c.attempts + 1,
        lease=None,
        leased_until=None,
    )
)


def record(db: Connection, worker: str, outcomes: Sequence[Outcome], now: datetime) -> list[Outcome]:
    """sending → delivered, pending, dead, all in one; returns those that were no longer ours, unrecorded."""
    ours = _ours(db, worker, [o.claim.id for o in outcomes])
    kept = [o for o in outcomes if o.claim.id in ours]
    if kept:
        db.execute(_RECORD, [_settled(o, worker, now) for o in kept])
        db.execute(insert(attempt), [_attempt(o, worker) for o in kept])
        _tend_lanes(db, kept, now)
        if again := [o.claim.id for o in kept if o.state == "pending"]:
            regate(db, again)
    return [o for o in outcomes if o.claim.id not in ours]


def _ours(db: Connection, worker: str, ids: Sequence[int]) -> set[int]:
    mine = delivery.c.id.in_(ids) & (delivery.c.state == SENDING) & (delivery.c.lease == worker)
    return set(db.execute(select(delivery.c.id).where(mine).with_for_update()).scalars())


def _settled(o: Outcome, worker: str, now: datetime) -> dict[str, Any]:
    receipt = o.receipt or Receipt()
    return {
        "_id": o.claim.id,
        "_worker": worker,
        "_state": o.state,
        "_said": o.said,
        "_due": o.due,
        "_failures": o.failures,
        "_took": o.took_ms,
        "_settled": None if o.state == "pending" else now,
        "_remote_id": receipt.remote_id,
        "_remote_url": receipt.url,
    }


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
    denied = {o.claim.lane: o for o in outcomes if o.lane != "open" and o.claim.lane not in taken}
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
    regate(db, freed)
    return len(freed)


def expire(db: Connection, now: datetime) -> int:
    """sending → pending, where the lease ran out: its worker is dead or cut off."""
    over = select(delivery.c.id).where(delivery.c.state == SENDING, delivery.c.leased_until < now)
    late = db.execute(over.with_for_update(skip_locked=True)).scalars().all()
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
    ids = db.execute(
        again.values(state="pending", failures=0, due=now, settled=None).returning(delivery.c.id)
    )
    back = ids.scalars().all()
    regate(db, back)
    return len(back)
