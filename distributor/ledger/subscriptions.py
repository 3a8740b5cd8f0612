"""Subscriptions to feeds (WebSub): what a subscriber asks for holds once it has confirmed it."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime, timedelta
from functools import cache
from typing import Any, Literal, NamedTuple

from sqlalchemy import Connection, bindparam, delete, func, or_, select, update
from sqlalchemy.dialects import postgresql, sqlite

from distributor.ledger.bell import ring
from distributor.ledger.tables import AnyRow, subscription

AT_MOST = 20
"""Of one feed, with those that are not confirmed yet: nobody makes us send to the whole world."""
UNHEARD = timedelta(hours=1)
"""After that a request that no worker could verify is forgotten."""

_s = subscription.c
_ANY = select(_s.id).where(_s.lane.in_(bindparam("b_lanes", expanding=True))).limit(1)
_FREE = {"lease": None, "leased_until": None}
_ANSWERED = {"asked": None, "asked_secret": "", **_FREE}
SEEN = ("id", "lane", "language", "topic", "until", "sent", "next", "failures", "asked", "asked_at",
        "leased_until")  # fmt: skip

Task = Literal["ask", "tell"]
"""Ask a subscriber whether it agrees; tell it what is new."""


class Wish(NamedTuple):
    """What a subscriber asks for: for how many seconds, and what it is to be signed with, if anything."""

    mode: Literal["subscribe", "unsubscribe"]
    topic: str
    callback: str
    secret: str
    seconds: int


class Shelf(NamedTuple):
    """Where the feed of a topic is from."""

    lane: str
    language: str
    format: str


def ask(db: Connection, wish: Wish, shelf: Shelf, now: datetime) -> Literal["asked", "unknown", "full"]:
    """To be verified, in place of what the same subscriber has asked before; what holds, holds until then."""
    same = (_s.topic == wish.topic) & (_s.callback == wish.callback)
    if db.execute(select(_s.id).where(same)).first() is None:
        if wish.mode == "unsubscribe":
            return "unknown"
        count = select(func.count()).select_from(subscription).where(_s.topic == wish.topic)
        if db.execute(count).scalar_one() >= AT_MOST:
            return "full"
    asked = {"asked": wish.mode, "asked_secret": wish.secret, "asked_seconds": wish.seconds}
    place = {"topic": wish.topic, "callback": wish.callback, **shelf._asdict()}
    db.execute(_upsert(db.dialect.name), {**place, **asked, "asked_at": now, "next": now})
    ring(db)
    return "asked"


@cache
def _upsert(dialect: str) -> Any:
    """The same request may come twice at the same time."""
    into: Any = {"sqlite": sqlite.insert, "postgresql": postgresql.insert}[dialect](subscription)
    asked = ("asked", "asked_secret", "asked_seconds", "asked_at")
    new = {name: into.excluded[name] for name in asked}
    return into.on_conflict_do_update(index_elements=("topic", "callback"), set_=new)


def any_to(db: Connection, lanes: Collection[str]) -> bool:
    """Whether somebody is to hear of what came over these."""
    return bool(lanes) and db.execute(_ANY, {"b_lanes": list(lanes)}).first() is not None


def listing(db: Connection) -> Sequence[AnyRow]:
    """`SEEN` of all, those that fare well first."""
    return db.execute(select(*subscription.c[SEEN]).order_by(_s.failures, _s.next, _s.id)).all()


def take(
    db: Connection, task: Task, ids: Collection[int], worker: str, now: datetime, lease: timedelta
) -> Sequence[AnyRow]:
    """Those of `ids` for which that is still to be done, and by nobody else; whole, leased to `worker`."""
    free = or_(_s.leased_until.is_(None), _s.leased_until <= now)
    due = _s.asked.is_not(None) if task == "ask" else (_s.until > now) & (_s.next <= now)
    ours = select(_s.id).where(_s.id.in_(ids), free, due).with_for_update(skip_locked=True)
    taken = update(subscription).where(_s.id.in_(ours)).values(lease=worker, leased_until=now + lease)
    return db.execute(taken.returning(subscription)).all()


def confirm(db: Connection, row: AnyRow, began: datetime) -> None:
    """It did ask: the lease counts from `began`, when it was asked whether it did (§5.3)."""
    if row.asked == "unsubscribe":
        _answer(db, row, until=None)
    else:
        until = began + timedelta(seconds=row.asked_seconds)
        _answer(db, row, until=until, secret=row.asked_secret, failures=0, next=began)


def decline(db: Connection, row: AnyRow) -> None:
    """It did not ask, or does not answer: what held, holds."""
    _answer(db, row)


def _answer(db: Connection, row: AnyRow, **values: Any) -> None:
    """What was asked anew meanwhile is asked of the subscriber next."""
    if not _change(db, row, _s.asked_at == row.asked_at, **values, **_ANSWERED):
        _change(db, row, **_FREE)
    _tidy(db, row)


def sent(db: Connection, row: AnyRow, tag: str, next_: datetime) -> None:
    """It has the feed as of `tag`; not before `next_` it gets more."""
    _change(db, row, sent=tag, failures=0, next=next_, **_FREE)


def failed(db: Connection, row: AnyRow, next_: datetime) -> None:
    """It did not get it; at `next_` it is tried again."""
    _change(db, row, failures=row.failures + 1, next=next_, **_FREE)


def end(db: Connection, row: AnyRow) -> None:
    """It said that it is gone."""
    _change(db, row, until=None, sent="", **_FREE)
    _tidy(db, row)


def hand_back(db: Connection, worker: str | None = None) -> None:
    """What `worker` has in hand; or everybody: for a start on SQLite, where the predecessor is dead."""
    theirs = _s.lease.is_not(None) if worker is None else _s.lease == worker
    db.execute(update(subscription).where(theirs).values(_FREE))


def expire(db: Connection, now: datetime) -> None:
    """What is over is deleted."""
    unheard = _s.asked.is_not(None) & (_s.asked_at <= now - UNHEARD)
    db.execute(update(subscription).where(unheard).values(asked=None, asked_secret=""))
    over = or_(_s.until.is_(None), _s.until <= now)
    db.execute(delete(subscription).where(_s.asked.is_(None), over))


def _change(db: Connection, row: AnyRow, *where: Any, **values: Any) -> bool:
    """Unless the lease ran out and it is another's now."""
    mine = (_s.id == row.id) & (_s.lease == row.lease) & (_s.leased_until == row.leased_until)
    return bool(db.execute(update(subscription).where(mine, *where).values(values)).rowcount)


def _tidy(db: Connection, row: AnyRow) -> None:
    """Nothing is left of what does not hold and is not asked for."""
    nothing = _s.until.is_(None) & _s.asked.is_(None)
    db.execute(delete(subscription).where(_s.id == row.id, nothing))
