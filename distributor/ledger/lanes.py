"""Lanes: a row for each channel, with its terms, its state and how it fares."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, bindparam, insert, or_, select, update

from distributor.errors import NotFound
from distributor.ledger import notices
from distributor.ledger.audit import note
from distributor.ledger.bell import ring
from distributor.ledger.circuit import Health, Terms, after
from distributor.ledger.outcome import Outcome
from distributor.ledger.tables import AnyRow, lane

_SOUND: dict[str, Any] = {"reason": "", "probe": None, "failures": 0, "failing_since": None, "blocked": None}
_OVER = ("parked", "off", "slowed")


def sync(db: Connection, configured: Mapping[str, Terms], now: datetime) -> None:
    """Make the table say what the configuration says.

    A lane that is no longer configured keeps its deliveries, unclaimed. A start probes what is parked or
    resting at once: the operator may just have mended it.
    """
    there = {row.id: row for row in db.execute(select(*lane.c["id", "state", "interval"]))}
    for name, terms in configured.items():
        interval = terms.interval and terms.interval.total_seconds()
        told = {**terms._asdict(), "interval": interval, "disable_after": terms.disable_after.total_seconds()}
        if name not in there:
            db.execute(insert(lane).values(id=name, since=now, state="open", pace=interval, **told))
            continue
        paced = {"pace": interval, "slowed": None} if there[name].interval != interval else {}
        back = {"state": "open", "since": now, **_SOUND} if there[name].state == "removed" else {"probe": now}
        db.execute(update(lane).where(lane.c.id == name).values(**told, **paced, **back))
    for name in there.keys() - configured.keys():
        gone = (lane.c.id == name) & (lane.c.state != "removed")
        db.execute(update(lane).where(gone).values(state="removed", reason="not configured", since=now))


def _tended() -> Any:
    """Of those that took all there was, only the ones that were not well before."""
    unwell = or_(lane.c.state != "open", lane.c.failures > 0, lane.c.blocked.is_not(None))
    care = or_(unwell, lane.c.failing_since.is_not(None), lane.c.slowed.is_not(None))
    failed = lane.c.id.in_(bindparam("b_failed", expanding=True))
    which = lane.c.id.in_(bindparam("b_names", expanding=True)) & or_(care, failed)
    return select(lane).where(which).order_by(lane.c.id).with_for_update()


_TENDED = _tended()


def tend(db: Connection, outcomes: Sequence[Outcome], now: datetime) -> None:
    """What a batch of attempts makes of their lanes."""
    by_lane: dict[str, list[Outcome]] = {}
    for o in outcomes:
        by_lane.setdefault(o.claim.lane, []).append(o)
    failed = {o.claim.lane for o in outcomes if o.state != "delivered"}
    for row in db.execute(_TENDED, {"b_names": list(by_lane), "b_failed": list(failed)}).all():
        before = Health._make(getattr(row, name) for name in Health._fields)
        then = after(before, row.interval, row.disable_after, by_lane[row.id], now)
        if then != before:
            db.execute(update(lane).where(lane.c.id == row.id).values(**then._asdict()))
            _tell(db, row, before, then, now)


def _tell(db: Connection, row: AnyRow, before: Health, then: Health, now: datetime) -> None:
    if then.state in ("parked", "off"):
        notices.raise_(db, then.state, row.id, then.reason, now)
    elif before.state in ("parked", "resting") and then.state == "open":
        notices.settle(db, row.id, now, ("parked", "off"))
        ring(db)
    if then.pace != before.pace and then.slowed == now and (then.pace or 0) > (before.pace or 0):
        notices.raise_(db, "slowed", row.id, f"asks for less: one in {then.pace:g} s", now)
    elif before.slowed and then.slowed is None:
        notices.settle(db, row.id, now, ("slowed",))


def pause(db: Connection, name: str, reason: str, who: str, now: datetime) -> None:
    """Send nothing more over it until it is resumed. Raises: NotFound."""
    _find(db, name)
    values = {"state": "paused", "reason": reason, "since": now, "probe": None}
    db.execute(update(lane).where(lane.c.id == name).values(**values))
    note(db, now, who, "pause", f"channel {name}", reason)


def resume(db: Connection, name: str, who: str, now: datetime) -> str:
    """Whatever it was → open, as if it had never failed; what it was. Raises: NotFound."""
    row = _find(db, name)
    if row.state == "removed":
        raise NotFound(f"channel {name} is not in the configuration any more; put it back there")
    sound = {"state": "open", "since": now, "next": None, "pace": row.interval, "slowed": None, **_SOUND}
    db.execute(update(lane).where(lane.c.id == name).values(**sound))
    notices.settle(db, name, now, _OVER)
    note(db, now, who, "resume", f"channel {name}", row.state)
    ring(db)
    return str(row.state)


def _find(db: Connection, name: str) -> AnyRow:
    row = db.execute(select(lane).where(lane.c.id == name).with_for_update()).one_or_none()
    if row is None:
        raise NotFound(f"no channel called {name!r}; see: distributor channels")
    return row
