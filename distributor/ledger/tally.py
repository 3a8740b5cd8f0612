"""What happened in each hour, counted once: the figures cost the same however much was ever delivered.

`what` is an attempt's outcome, or `translated`; how long it took is kept in buckets that grow by a fifth.
Sums are kept ready: of each hour and day, of each member and of all, in each language and in all, so that a
month is told from its days, and a chart of its hours from one row for each of its points and buckets.
"""

from __future__ import annotations

import math
from bisect import bisect_left
from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from functools import cache
from itertools import accumulate, takewhile
from typing import Any, NamedTuple

from sqlalchemy import (
    Column,
    ColumnElement,
    Connection,
    Select,
    Subquery,
    Text,
    cast,
    func,
    select,
    union_all,
    update,
)
from sqlalchemy.dialects import postgresql, sqlite

from distributor.ledger.tables import AnyRow, article, attempt, delivery, lane, progress, tally, version
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
TRANSLATED = "translated"
COUNT, HOUR, DAY = SPANS = ("hour, counted", "hour", "day")
"""Of sums: of an hour how many, and in which buckets; of a day in which buckets."""
IN_EACH = ", in each language"
"""After a span: of each language by itself."""
ANY = "*"
"""All members, or all languages; none is called so."""
_NAME = "tally"
_KEY = ("span", "member", "start", "language", "what", "bucket")


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


@cache
def seconds_of(bucket_: int) -> float:
    """The middle of a bucket; no more than 9 % from what was measured."""
    return FIRST * 2.0 ** ((bucket_ - 0.5) / PER_OCTAVE) if bucket_ else FIRST


def hour_of(at: datetime) -> datetime:
    """In which hour it was."""
    return at.replace(minute=0, second=0, microsecond=0)


def add(db: Connection, counted: Counter[Key]) -> None:
    """To what is there."""
    summed: Counter[tuple[Any, ...]] = Counter()
    for key, number in counted.items():
        for row in _sums_of(key):
            summed[row] += number
    if summed:
        rows = [{**dict(zip(_KEY, row, strict=True)), "number": n} for row, n in sorted(summed.items())]
        db.execute(_upsert(db.dialect.name), rows)


def _sums_of(key: Key) -> Iterator[tuple[Any, ...]]:
    """In which sums it counts; a translation is no member's."""
    sums = ((COUNT, key.hour, 0), (HOUR, key.hour, key.bucket), (DAY, key.hour.replace(hour=0), key.bucket))
    for member in (key.member, ANY) if key.member else ("",):
        for span, start, in_bucket in sums:
            yield span, member, start, ANY, key.what, in_bucket
            yield span + IN_EACH, member, start, key.language, key.what, in_bucket


@cache
def _upsert(dialect: str) -> Any:
    into: Any = {"sqlite": sqlite.insert, "postgresql": postgresql.insert}[dialect](tally)
    more = {"number": tally.c.number + into.excluded.number}
    return into.on_conflict_do_update(index_elements=list(_KEY), set_=more)


def translated(db: Connection, language: str, took_ms: float, now: datetime) -> None:
    """A rendition was made."""
    add(db, Counter([Key(hour_of(now), "", language, TRANSLATED, bucket(took_ms / 1000))]))


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
    rows = select(*tally.c["start", "what", "number"]).order_by(tally.c.start, tally.c.what)
    rows = rows.where(_of(COUNT, member or ANY, language), tally.c.start >= since)
    return [{"hour": row.start, "what": row.what, "number": row.number} for row in db.execute(rows)]


def times(
    db: Connection, what: str, by: str, since: datetime, member: str = "", language: str = ""
) -> list[Record]:
    """How long it took, in seconds, by `hour`, `member` or `language`: median, p95, p99 and how many."""
    whose: Any = member or ("" if what == TRANSLATED else ANY)
    if by == "hour":
        rows = select(tally.c.start.label("of"), *tally.c["bucket", "number"])
        rows = rows.where(_of(HOUR, whose, language), tally.c.start >= since, tally.c.what == what)
    elif by == "member":
        members = member or select(lane.c.member).distinct()
        rows = _summed(tally.c.member, _back_to(since, members, language), what)
    else:
        rows = _summed(tally.c.language, _back_to(since, whose, language, in_each=True), what)
    return [{by: row.of, **percentiles(_buckets(row.told))} for row in db.execute(_gathered(rows.subquery()))]


def _of(span: str, member: Any, language: str, *, in_each: bool = False) -> ColumnElement[bool]:
    """`member`: one, or a select of some. `in_each`: each language by itself."""
    whose = tally.c.member.in_(member) if isinstance(member, Select) else tally.c.member == member
    if language or in_each:
        span += IN_EACH
    its = (tally.c.span == span) & whose
    return its if in_each and not language else its & (tally.c.language == (language or ANY))


def _back_to(since: datetime, member: Any, language: str, *, in_each: bool = False) -> list[tuple[Any, ...]]:
    """The hours until midnight, and the days from then."""
    midnight = since.replace(hour=0)
    midnight += timedelta(days=since > midnight)
    hours, days = (_of(span, member, language, in_each=in_each) for span in (HOUR, DAY))
    return [(hours, tally.c.start >= since, tally.c.start < midnight), (days, tally.c.start >= midnight)]


def _summed(of: Column[Any], parts: Sequence[tuple[Any, ...]], what: str) -> Select[Any]:
    """of, bucket, number: the sum of the parts."""
    told = of.label("of"), *tally.c["bucket", "number"]
    some = union_all(*(select(*told).where(tally.c.what == what, *part) for part in parts)).subquery()
    summed = select(*some.c["of", "bucket"], func.sum(some.c.number).label("number"))
    return summed.group_by(some.c.of, some.c.bucket)


def _gathered(its: Subquery) -> Select[Any]:
    """`told`: all buckets of each in one row, for a row takes longer to fetch than to read."""
    one = cast(its.c.bucket, Text) + ":" + cast(its.c.number, Text)
    rows = select(its.c.of, func.aggregate_strings(one, " ").label("told"))
    return rows.group_by(its.c.of).order_by(its.c.of)


def _buckets(told: str) -> list[tuple[int, int]]:
    numbers = list(map(int, told.replace(":", " ").split()))
    return sorted(zip(numbers[::2], numbers[1::2], strict=True))


def percentiles(buckets: Sequence[tuple[int, int]]) -> Record:
    """Of (bucket, number) in the order of buckets: number, median, p95, p99 in seconds."""
    passed = list(accumulate(number for _, number in buckets))
    points = {
        name: round(seconds_of(buckets[bisect_left(passed, passed[-1] * share)][0]), 3)
        for name, share in (("median", 0.5), ("p95", 0.95), ("p99", 0.99))
    }
    return {"number": passed[-1], **points}


def prune(db: Connection, before: datetime) -> int:
    """Hours and days that began that long ago; how many rows went."""
    spans = tally.c.span.in_([span + each for span in SPANS for each in ("", IN_EACH)])
    old = tally.delete().where(spans, tally.c.start < before)
    members: tuple[Any, ...] = (select(lane.c.member), ("", ANY))  # one by one, each by the key
    return sum(db.execute(old.where(tally.c.member.in_(whose))).rowcount for whose in members)
