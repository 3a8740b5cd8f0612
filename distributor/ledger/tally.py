"""What happened in each hour, counted once: the figures cost the same however much was ever delivered.

`what` is an attempt's outcome, or `translated`; how long it took is kept in buckets that grow by a fifth.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from functools import cache
from itertools import takewhile
from typing import Any, NamedTuple

from sqlalchemy import Connection, func, select, update
from sqlalchemy.dialects import postgresql, sqlite

from distributor.ledger.tables import AnyRow, article, attempt, delivery, progress, tally, version
from distributor.ledger.views import Record

STEP = 2000
"""Attempts of one transaction."""
SETTLES = timedelta(seconds=60)
"""On PostgreSQL an attempt with a lower id may be committed after one with a higher, but not much later than
it ended."""
PER_OCTAVE = 4
FIRST = 0.05
"""Seconds; what is quicker is in bucket 0."""
OLD = timedelta(days=1)
"""An article that was older when we first saw it says nothing of how quick we are."""
_NAME = "tally"


class Key(NamedTuple):
    """A row's. `member` is empty for translations."""

    hour: datetime
    member: str
    language: str
    what: str
    bucket: int


def bucket(seconds: float) -> int:
    """0 for up to 50 ms, then four for each doubling."""
    return max(0, math.ceil(PER_OCTAVE * math.log2(max(seconds, FIRST) / FIRST)))


def seconds_of(bucket_: int) -> float:
    """The middle of a bucket; no more than 9 % from what was measured."""
    return FIRST * 2.0 ** ((bucket_ - 0.5) / PER_OCTAVE) if bucket_ else FIRST


def hour_of(at: datetime) -> datetime:
    """In which hour it was."""
    return at.replace(minute=0, second=0, microsecond=0)


def add(db: Connection, counted: Counter[Key]) -> None:
    """To what is there."""
    if counted:
        rows = [{**key._asdict(), "number": number} for key, number in sorted(counted.items())]
        db.execute(_upsert(db.dialect.name), rows)


@cache
def _upsert(dialect: str) -> Any:
    into: Any = {"sqlite": sqlite.insert, "postgresql": postgresql.insert}[dialect](tally)
    more = {"number": tally.c.number + into.excluded.number}
    return into.on_conflict_do_update(index_elements=list(Key._fields), set_=more)


def translated(db: Connection, language: str, took_ms: float, now: datetime) -> None:
    """A rendition was made."""
    add(db, Counter([Key(hour_of(now), "", language, "translated", bucket(took_ms / 1000))]))


def count(db: Connection, now: datetime) -> int:
    """A step on through the attempts; how many it counted."""
    reached = _reached(db)
    rows = _attempts().where(attempt.c.id > reached).order_by(attempt.c.id).limit(STEP)
    some = db.execute(rows).all()
    if db.dialect.name != "sqlite":  # not one beyond the first that is fresh: nobody would come back for that
        some = list(takewhile(lambda row: _arrived(row) < now - SETTLES, some))
    if some:
        add(db, Counter(_key(row) for row in some))
        db.execute(update(progress).where(progress.c.name == _NAME).values(reached=some[-1].id))
    return len(some)


def _reached(db: Connection) -> int:
    """Up to which attempt, for nobody else to count until this transaction ends."""
    into: Any = {"sqlite": sqlite.insert, "postgresql": postgresql.insert}[db.dialect.name](progress)
    db.execute(into.values(name=_NAME, reached=0).on_conflict_do_nothing())
    mine = select(progress.c.reached).where(progress.c.name == _NAME).with_for_update()
    reached: int = db.execute(mine).scalar_one()
    return reached


def _attempts() -> Any:
    its = (version.c.article == delivery.c.article) & (version.c.number == delivery.c.version)
    what = (*attempt.c["id", "started", "took_ms", "outcome"], *delivery.c["member", "language", "version"])
    dates = article.c.published, article.c.created, version.c.created.label("revised")
    its_own = delivery.c.action, delivery.c.created.label("ordered")
    return (
        select(*what, *dates, *its_own)
        .join(delivery, delivery.c.id == attempt.c.delivery)
        .join(version, its)
        .join(article)
    )


def _key(row: AnyRow) -> Key:
    took = (_arrived(row) - _since(row)).total_seconds() if row.outcome == "delivered" else 0
    return Key(hour_of(row.started), row.member, row.language, row.outcome, bucket(took))


def _arrived(row: AnyRow) -> datetime:
    return row.started + timedelta(milliseconds=row.took_ms)  # type: ignore[no-any-return]


def _since(row: AnyRow) -> datetime:
    """When it was published, or withdrawn; or, where that says nothing of us, when we had it."""
    if row.action == "cancel":
        return row.ordered  # type: ignore[no-any-return]
    if row.version > 1:
        return row.revised  # type: ignore[no-any-return]
    fresh = timedelta() <= row.created - row.published <= OLD
    return row.published if fresh else row.created  # type: ignore[no-any-return]


def by_hour(db: Connection, since: datetime, member: str = "", language: str = "") -> list[Record]:
    """hour, what, number; in their order, of deliveries only."""
    rows = select(tally.c.hour, tally.c.what, func.sum(tally.c.number).label("number"))
    rows = _of(rows, since, member, language).where(tally.c.what != "translated")
    rows = rows.group_by(tally.c.hour, tally.c.what).order_by(tally.c.hour)
    return [{"hour": row.hour, "what": row.what, "number": int(row.number)} for row in db.execute(rows)]


def times(
    db: Connection, what: str, by: str, since: datetime, member: str = "", language: str = ""
) -> list[Record]:
    """How long it took, in seconds, by `hour`, `member` or `language`: median, p95, p99 and how many."""
    column = tally.c[by]
    rows = select(column.label("of"), tally.c.bucket, func.sum(tally.c.number).label("number"))
    rows = _of(rows, since, member, language).where(tally.c.what == what)
    rows = rows.group_by(column, tally.c.bucket).order_by(column, tally.c.bucket)
    found: dict[Any, list[tuple[int, int]]] = {}
    for row in db.execute(rows):
        found.setdefault(row.of, []).append((row.bucket, int(row.number)))
    return [{by: of, **percentiles(buckets)} for of, buckets in found.items()]


def percentiles(buckets: Sequence[tuple[int, int]]) -> Record:
    """Of (bucket, number) in the order of buckets: number, median, p95, p99 in seconds."""
    whole = sum(number for _, number in buckets)
    points = (("median", 0.5), ("p95", 0.95), ("p99", 0.99))
    return {"number": whole, **{name: _point(buckets, whole * share) for name, share in points}}


def _point(buckets: Iterable[tuple[int, int]], rank: float) -> float:
    passed, found = 0, 0
    for bucket_, number in buckets:
        passed, found = passed + number, bucket_
        if passed >= rank:
            break
    return round(seconds_of(found), 3)


def _of(rows: Any, since: datetime, member: str, language: str) -> Any:
    rows = rows.where(tally.c.hour >= since)
    rows = rows.where(tally.c.member == member) if member else rows
    return rows.where(tally.c.language == language) if language else rows


def prune(db: Connection, before: datetime) -> int:
    """Hours that long ago; how many rows went."""
    return db.execute(tally.delete().where(tally.c.hour < before)).rowcount
