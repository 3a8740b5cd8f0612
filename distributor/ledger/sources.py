"""What is remembered of each source between two polls."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, func, insert, select, update

from distributor.ledger.tables import AnyRow, source


def sync(db: Connection, configured: Mapping[str, str], now: datetime) -> None:
    """A row for each configured source (name → address); an address that changed is asked afresh."""
    there = {row.name: row.url for row in db.execute(select(source.c.name, source.c.url))}
    for name, url in configured.items():
        if name not in there:
            db.execute(insert(source).values(name=name, url=url, due=now))
        elif there[name] != url:
            afresh = {
                "url": url,
                "moved_to": None,
                "etag": None,
                "last_modified": None,
                "ttl": None,
                "state": "on",
                "due": now,
            }
            db.execute(update(source).where(source.c.name == name).values(**afresh))


def get(db: Connection, name: str) -> AnyRow:
    """The row of a source that `sync` made."""
    return db.execute(select(source).where(source.c.name == name)).one()


def take(db: Connection, name: str, now: datetime, until: datetime) -> bool:
    """Whether the source is due and now ours to poll: for all others it is not, until `until`."""
    due = (source.c.name == name) & (source.c.state == "on") & (source.c.due <= now)
    return db.execute(update(source).where(due).values(due=until)).rowcount == 1


def hand_back(db: Connection, name: str, now: datetime) -> None:
    """What `take` took and nobody read: due at once."""
    db.execute(update(source).where(source.c.name == name).values(due=now))


def polled(db: Connection, name: str, now: datetime, **values: Any) -> None:
    """It was read, or found unchanged; `values` are columns: due, etag, last_modified, moved_to."""
    fine = {
        "last_polled": now,
        "failures": 0,
        "reason": "",
        "first_polled": func.coalesce(source.c.first_polled, now),
    }
    db.execute(update(source).where(source.c.name == name).values(**fine, **values))


def failed(db: Connection, name: str, reason: str, due: datetime) -> None:
    """It gave nothing; asked again when `due`."""
    more = {"failures": source.c.failures + 1, "reason": reason, "due": due}
    db.execute(update(source).where(source.c.name == name).values(**more))


def switch_off(db: Connection, name: str, reason: str) -> None:
    """on → off: 410, never asked again until its address is changed."""
    db.execute(update(source).where(source.c.name == name).values(state="off", reason=reason))
