"""What people and scripts read: rows as plain data, in the shapes that others build on."""

from __future__ import annotations

from collections.abc import Collection
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Connection, Select, func, select

from distributor.article import URGENT
from distributor.ledger.articles import listing
from distributor.ledger.tables import (
    DEAD,
    ENDLESS,
    PENDING,
    SENDING,
    WAITING,
    article,
    attempt,
    delivery,
    exactly,
    lane,
    rendition,
    source,
    version,
)

Record = dict[str, Any]

LOOKED_BACK = 10_000
"""Deliveries that are looked at for a page of what has no index."""
_FOUND = {"waiting": WAITING, "pending": PENDING, "sending": SENDING, "dead": DEAD}
"""States with an index."""


def articles(db: Connection, *, source: str = "", pub_status: str = "", limit: int = 0) -> list[Record]:
    """id, source, guid, version, pub_status, urgency, language, headline, url, published, …; newest first."""
    rows = listing()
    if source:
        rows = rows.where(article.c.source == source)
    if pub_status:
        rows = rows.where(article.c.pub_status == pub_status)
    return [_article(row._mapping) for row in db.execute(rows.limit(limit or None))]


def _article(row: Any) -> Record:
    kept = {name: row[name] for name in ("id", "source", "guid")}
    more = {name: row[name] for name in ("pub_status", "urgency", "language", "headline")}
    url = row["content"]["url"]
    last = {"reason": row["reason"], "slug": row["slug"], "sent": row["routed"]}
    return {**kept, "version": row["head"], **more, "url": url, "published": row["published"], **last}


_took = (
    select(attempt.c.took_ms)
    .where(attempt.c.delivery == delivery.c.id)
    .order_by(attempt.c.number.desc())
    .limit(1)
    .scalar_subquery()
    .label("took_ms")
)


def deliveries(db: Connection, where: list[Any], *, limit: int = 0) -> list[Record]:
    """id, article, version, member, channel, language, state, attempts, due, answer, …; newest first."""
    its = (version.c.article == delivery.c.article) & (version.c.number == delivery.c.version)
    rows = select(delivery, version.c.headline, _took).join(version, its).where(*where)
    rows = rows.order_by(delivery.c.id.desc()).limit(exactly(limit) if limit else None)
    return [_delivery(row._mapping) for row in db.execute(rows)]


def page_of_deliveries(
    db: Connection, *, state: str, member: str, lane: str, article: int, before: int, limit: int
) -> tuple[list[Record], int]:
    """The newest `deliveries` below `before`, and the `before` of the page that follows; 0: there is none.

    What is open or dead, and what is of one article, is found at once. Among all others the newest
    `LOOKED_BACK` are looked at for each page, which may be short, or empty, before the last.
    """
    named = {"member": member, "lane": lane, "article": article}
    where = [delivery.c[name] == value for name, value in named.items() if value]
    rest = 0
    if state in _FOUND:
        its = select(delivery.c.id).where(delivery.c.state == _FOUND[state], *where)
        where = [delivery.c.id.in_(its)]
    elif state:
        where.append(delivery.c.state == state)
    if where and not article and state not in _FOUND:
        newest: int | None = db.execute(select(func.max(delivery.c.id))).scalar_one()
        rest = max(0, min(before or ENDLESS, (newest or 0) + 1) - LOOKED_BACK)
        where.append(delivery.c.id >= rest)
    if before:
        where.append(delivery.c.id < before)
    rows = deliveries(db, where, limit=limit + 1)
    return (rows[:limit], rows[limit - 1]["id"]) if len(rows) > limit else (rows, rest if rest > 1 else 0)


def _delivery(row: Any) -> Record:
    first = {name: row[name] for name in ("id", "article", "version", "member")}
    more = {name: row[name] for name in ("language", "state", "attempts")}
    last = {
        name: row[name]
        for name in ("answer", "action", "urgency", "key", "headline", "took_ms", "remote_url")
    }
    dates = {"created": row["created"], "settled": row["settled"]}
    return {**first, "channel": row["lane"], **more, "due": row["due"], **last, **dates}


def attempts(db: Connection, delivery_id: int) -> list[Record]:
    """number, started, took_ms, outcome, answer of each try at one delivery."""
    rows = select(attempt).where(attempt.c.delivery == delivery_id).order_by(attempt.c.number)
    return [dict(row._mapping) for row in db.execute(rows)]


def by_state(db: Connection) -> dict[str, int]:
    """How many deliveries are in each state."""
    rows = db.execute(select(delivery.c.state, func.count().label("number")).group_by(delivery.c.state))
    return {row.state: row.number for row in rows}


def waiting_for_hours(db: Connection, quiet: Collection[str]) -> int:
    """How many deliveries only wait for their member's hours or digest, in lanes that are `quiet`."""
    ordinary = delivery.c.lane.in_(quiet) & (delivery.c.urgency > URGENT) & (delivery.c.failures == 0)
    rows = select(func.count()).select_from(delivery).where(delivery.c.state == "pending", ordinary)
    number: int = db.execute(rows).scalar_one()
    return number


def lanes(db: Connection) -> list[Record]:
    """channel, member, kind, state, reason, since, how it fares, and its deliveries by state.

    `rate`: attempts a minute that it gets now, where there is a bound.
    """
    counts: dict[str, dict[str, int]] = {}
    grouped: Select[Any] = select(delivery.c.lane, delivery.c.state, func.count())
    for name, state, number in db.execute(grouped.group_by(delivery.c.lane, delivery.c.state)):
        counts.setdefault(name, {})[state] = number
    rows = db.execute(select(lane).order_by(lane.c.id))
    told = ("member", "kind", "state", "reason", "since", "probe", "failures", "failing_since", "next")
    return [
        {
            "channel": r.id,
            **{name: getattr(r, name) for name in told},
            "rate": r.pace and round(60 / r.pace, 2),
            **counts.get(r.id, {}),
        }
        for r in rows
    ]


def sources(db: Connection) -> list[Record]:
    """source, state, reason, last_polled, due, failures."""
    names = ("state", "reason", "last_polled", "due", "failures")
    rows = db.execute(select(source).order_by(source.c.name))
    return [{"source": row.name, **{n: getattr(row, n) for n in names}} for row in rows]


def held(db: Connection) -> list[Record]:
    """Renditions that wait for a person: how many, in which language, for which reason, of which articles."""
    rows = select(rendition.c.language, rendition.c.reason, rendition.c.article)
    waiting: dict[tuple[str, str], list[int]] = {}
    for row in db.execute(rows.where(rendition.c.state == "held").order_by(rendition.c.id)):
        waiting.setdefault((row.language, row.reason), []).append(row.article)
    return [
        {"count": len(a), "language": lang, "reason": why, "articles": a}
        for (lang, why), a in waiting.items()
    ]


def renditions(db: Connection, where: list[Any], *, limit: int = 0) -> list[Record]:
    """article, version, language, origin, state, model, reason, doubts, …; newest first."""
    its = (version.c.article == rendition.c.article) & (version.c.number == rendition.c.version)
    names = ("id", "article", "version", "language", "origin", "state", "model", "reason", "doubts")
    columns = [rendition.c[name] for name in (*names, "took_ms")]
    rows = select(*columns, version.c.headline).join(version, its).where(*where)
    rows = rows.order_by(rendition.c.id.desc()).limit(limit or None)
    return [{**row._mapping, "doubts": row.doubts or []} for row in db.execute(rows)]


def iso(at: datetime | None) -> str | None:
    """How an instant is written for machines: UTC, ISO 8601, to the millisecond."""
    return (
        None if at is None else at.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    )
