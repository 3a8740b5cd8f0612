"""pending → sending: from lane to lane, the most urgent first, no more than each lane takes now."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from datetime import datetime, timedelta
from functools import cache
from typing import Any, NamedTuple

from sqlalchemy import (
    ColumnElement,
    Connection,
    Select,
    and_,
    bindparam,
    case,
    exists,
    func,
    literal_column,
    or_,
    select,
    true,
    union_all,
    update,
)

from distributor.article import URGENT
from distributor.ledger.outcome import Claim
from distributor.ledger.tables import (
    COUNTED,
    PENDING,
    SENDING,
    WAITING,
    AnyRow,
    article,
    delivery,
    lane,
    rendition,
)

BURST = 0.1
"""Seconds that a lane with a rate may save up: it is paced evenly, and turns take some milliseconds."""
LEAST = 9

_STEPS: list[ColumnElement[int]] = [literal_column(str(n)) for n in range(1, LEAST + 1)]
"""Written into the statement: a list that is bound is written anew each time."""

CLAIMED = [delivery.c[name] for name in Claim._fields]
_d = delivery.alias("d")
_beside = delivery.alias("beside")
_flying = delivery.alias("flying")


class Share(NamedTuple):
    """What a lane takes now: how many, and nothing less urgent than `least`."""

    lane: AnyRow
    room: int
    least: int


def claim(
    db: Connection, worker: str, now: datetime, limit: int, lease: timedelta, quiet: Collection[str] = ()
) -> list[Claim]:
    """pending → sending, the most urgent first, leased to `worker`; of `quiet` lanes only what is urgent.

    Goes from lane to lane, so that what waits in a closed or busy one is never looked at, and takes no
    more of a lane than its concurrency and its rate have room for.
    """
    ours = {"b_worker": worker, "b_until": now + lease, "b_now": now}
    claims: list[Claim] = []
    for lane_, room, least in _shares(_rooms(db, now), now, quiet):
        told = {"b_lane": lane_.id, "b_room": min(room, limit - len(claims)), "b_least": least, **ours}
        rows = db.execute(_claim(lane_.ordered, db.dialect.name), told).all()
        claims += map(Claim._make, rows)
        if rows and lane_.pace:
            _spend(db, lane_, len(rows), now)
        if len(claims) >= limit:
            break
    return sorted(claims, key=lambda c: (c.urgency, c.due, c.id))


def _shares(rows: Sequence[AnyRow], now: datetime, quiet: Collection[str]) -> Iterator[Share]:
    for row in rows:
        room = min(row.room, allowance(row.pace, row.next, now)) if row.pace else row.room
        routine = row.id not in quiet and (row.blocked is None or row.blocked <= now)
        if room > 0 and (routine or row.head <= URGENT):
            yield Share(row, room, LEAST if routine else URGENT)


def allowance(pace: float, next_: datetime | None, now: datetime) -> int:
    """How many may go now, one in `pace` seconds; a little that was not used is saved up (GCRA)."""
    free = (now - _start(next_, now)).total_seconds()
    return 0 if free < 0 else 1 + int(free / pace)


def _start(next_: datetime | None, now: datetime) -> datetime:
    return max(next_ or now, now - timedelta(seconds=BURST))


def _spend(db: Connection, row: AnyRow, count: int, now: datetime) -> None:
    then = _start(row.next, now) + timedelta(seconds=row.pace * count)
    db.execute(update(lane).where(lane.c.id == row.id).values(next=then))


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
    now: Any = bindparam("b_now")
    probed = lane.c.state.in_(("parked", "resting")) & (lane.c.probe <= now)
    return and_(or_(lane.c.state == "open", probed), or_(lane.c.next.is_(None), lane.c.next <= now))


def _lock() -> Select[Any]:
    waits = exists().where(_d.c.lane == lane.c.id, _d.c.state == PENDING, _d.c.due <= bindparam("b_now"))
    return select(lane.c.id).where(_may_go(), waits.correlate(lane)).with_for_update(skip_locked=True)


def _lanes(ours: Any = None) -> Select[Any]:
    digest = _flying.c.digest.is_not(None)  # as large as it may be, it is one attempt
    flying = select(func.count()).where(_flying.c.lane == lane.c.id, _flying.c.state == SENDING, ~digest)
    all_ = case((and_(lane.c.state == "open", ~lane.c.ordered), lane.c.concurrency), else_=1)
    first = select(_d.c.urgency).where(*_due("sqlite" if ours is None else "", _d.c.lane == lane.c.id))
    head = first.order_by(_d.c.urgency, _d.c.due, _d.c.id).limit(1).correlate(lane).scalar_subquery()
    room = (all_ - flying.correlate(lane).scalar_subquery()).label("room")
    told = lane.c["id", "ordered", "pace", "next", "blocked"]
    lanes = select(*told, room, head.label("head")).where(_may_go()).subquery()
    among = [] if ours is None else [lanes.c.id.in_(ours)]
    return select(*lanes.c).where(lanes.c.head.is_not(None), lanes.c.room > 0, *among).order_by(lanes.c.head)


def _due(dialect: str, *where: Any) -> list[Any]:
    """SQLite goes to each urgency in the index, and past none that is due later only, if it is told which."""
    steps = [_d.c.urgency.in_(_STEPS)] if dialect == "sqlite" else []
    return [*where, *steps, _d.c.state == PENDING, _d.c.due <= bindparam("b_now")]


@cache
def _claim(ordered: bool, dialect: str) -> Any:
    """The first of a lane; never a version beside another of the same article that is still in flight."""
    same = (_beside.c.lane == _d.c.lane) & (_beside.c.article == _d.c.article)
    same = same & (_beside.c.language == _d.c.language) & (_beside.c.state == SENDING)
    urgency = _d.c.urgency + literal_column("0") if dialect == "sqlite" else _d.c.urgency  # not by the index
    due = _due(dialect, _d.c.lane == bindparam("b_lane"), urgency <= bindparam("b_least"))
    due.append(~exists().where(same).correlate(_d))
    if ordered:
        due.append(or_(_d.c.urgency <= URGENT, ~_comes_before()))
    urgent_first = case((_d.c.urgency <= URGENT, _d.c.urgency), else_=LEAST)  # then as they were published
    order = (urgent_first, _d.c.id) if ordered else (_d.c.urgency, _d.c.due, _d.c.id)
    first = select(*_d.c["id", "number", "urgency", "due"]).where(*due).order_by(*order)
    first = first.limit(bindparam("b_room")).with_for_update(skip_locked=True)
    numbered = _numbered(first.cte("first")).cte("numbered")
    mine = update(delivery).where(delivery.c.id == numbered.c.id).values(number=numbered.c.nth)
    leased = mine.values(state="sending", lease=bindparam("b_worker"), leased_until=bindparam("b_until"))
    return leased.returning(*CLAIMED)


def _numbered(first: Any) -> Select[Any]:
    """What is claimed for the first time has the lane's next numbers; a claim has its lane to itself."""
    new = case((first.c.number.is_(None), 1), else_=0)
    nth = func.sum(new).over(order_by=(first.c.urgency, first.c.due, first.c.id))
    return select(first.c.id, func.coalesce(first.c.number, _last(bindparam("b_lane")) + nth).label("nth"))


def _last(name: Any) -> Any:
    last = select(func.max(delivery.c.number)).where(delivery.c.lane == name, COUNTED)
    return func.coalesce(last.scalar_subquery(), 0)


def count(db: Connection, claims: Sequence[Claim]) -> list[Claim]:
    """Those of one lane, which is this worker's for now, with numbers."""
    last = db.execute(select(_last(claims[0].lane))).scalar_one()
    new = [c for c in claims if c.number is None]
    numbers = {c.id: last + nth for nth, c in enumerate(new, 1)}
    for id_, number in numbers.items():
        db.execute(update(delivery).where(delivery.c.id == id_).values(number=number))
    return [c._replace(number=numbers.get(c.id, c.number)) for c in claims]


def _comes_before() -> Any:
    """Something earlier is being translated; what waits for a person holds up nobody."""
    earlier = (_beside.c.lane == _d.c.lane) & (_beside.c.id < _d.c.id) & (_beside.c.state == WAITING)
    its = select(rendition.c.id).where(rendition.c.state.in_(("waiting", "working")))
    goes = select(article.c.id).where(article.c.pub_status == "usable")
    coming = earlier & (_beside.c.urgency > URGENT)
    coming = coming & _beside.c.rendition.in_(its) & _beside.c.article.in_(goes)
    return exists().where(coming).correlate(_d)


_LANES, _LANES_OF, _LOCK = _lanes(), _lanes(bindparam("b_ours", expanding=True)), _lock()


def _next() -> Select[Any]:
    """Of each lane and urgency the first in the index: what closed lanes have waiting is never looked at."""
    steps = union_all(*(select(step.label("n")) for step in _STEPS)).subquery()
    its = (_d.c.lane == lane.c.id) & (_d.c.urgency == steps.c.n) & (_d.c.state == PENDING)
    first = select(_d.c.due).where(its, _d.c.due > bindparam("b_after"))
    first = first.order_by(_d.c.due, _d.c.id).limit(1)
    soonest = func.min(first.correlate(lane, steps).scalar_subquery(), type_=_d.c.due.type)
    return select(soonest).select_from(lane.join(steps, true())).where(lane.c.state == "open")


_NEXT = _next()


def next_due(db: Connection, after: datetime) -> datetime | None:
    """When, after `after`, a delivery of an open lane, a closed lane's probe or a paced lane has its turn."""
    instants = [db.execute(_NEXT, {"b_after": after}).scalar_one()]
    waits = exists().where(delivery.c.lane == lane.c.id, delivery.c.state == PENDING)
    for column, states in (
        (lane.c.probe, ("parked", "resting")),
        (lane.c.next, ("open", "resting")),
        (lane.c.blocked, ("open",)),
    ):
        soonest = select(func.min(column)).where(column > after, lane.c.state.in_(states), waits)
        instants.append(db.execute(soonest).scalar_one())
    return min((t for t in instants if t is not None), default=None)
