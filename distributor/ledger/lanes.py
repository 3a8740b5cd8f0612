"""Lanes: a row for each channel, with its state: open, parked, off, or removed from the configuration."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import datetime, timedelta

from sqlalchemy import Connection, bindparam, insert, select, update

from distributor.ledger.bell import ring
from distributor.ledger.tables import lane

PROBE_AFTER = timedelta(minutes=10)


def sync(db: Connection, configured: Mapping[str, tuple[str, str, int]], now: datetime) -> None:
    """Make the table say what the configuration says: lane → (member, kind, concurrency).

    A lane that is no longer configured keeps its deliveries, unclaimed. A start probes what is parked
    at once: the operator may just have mended it.
    """
    there = {row.id: row.state for row in db.execute(select(lane.c.id, lane.c.state))}
    for name, (member, kind, concurrency) in configured.items():
        told = {"member": member, "kind": kind, "concurrency": concurrency}
        if name not in there:
            db.execute(insert(lane).values(id=name, since=now, state="open", **told))
            continue
        back = {"state": "open", "reason": "", "since": now} if there[name] == "removed" else {"probe": now}
        db.execute(update(lane).where(lane.c.id == name).values(**told, **back))
    for name in there.keys() - configured.keys():
        gone = (lane.c.id == name) & (lane.c.state != "removed")
        db.execute(update(lane).where(gone).values(state="removed", reason="not configured", since=now))


_REOPEN = (
    update(lane)
    .where(lane.c.id.in_(bindparam("b_names", expanding=True)), lane.c.state == "parked")
    .values(state="open", reason="", since=bindparam("b_now"), probe=None)
)


def reopen(db: Connection, names: Collection[str], now: datetime) -> None:
    """parked → open: it took something."""
    if db.execute(_REOPEN, {"b_names": list(names), "b_now": now}).rowcount:
        ring(db)


def park(db: Connection, name: str, state: str, reason: str, now: datetime) -> None:
    """open, parked → parked (with a probe later) or off (with none)."""
    mine = (lane.c.id == name) & lane.c.state.in_(("open", "parked"))
    probe = now + PROBE_AFTER if state == "parked" else None
    db.execute(update(lane).where(mine).values(state=state, reason=reason, since=now, probe=probe))
