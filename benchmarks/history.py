"""Many rows at once, as years of work or a long queue would leave them: an INSERT … SELECT for each table."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import (
    JSON,
    Connection,
    FromClause,
    String,
    Table,
    Text,
    cast,
    func,
    insert,
    literal,
    select,
    true,
)

from distributor.article import Content
from distributor.ledger.tables import Instant, article, attempt, delivery, lane, rendition, version

SHORT = Content(headline="An article of the past", summary="It was short.", language="en").to_json()


def insert_rows(
    db: Connection, name: str, articles: int, lanes: list[str], state: str, due: datetime, urgency: int = 5
) -> None:
    """So many articles of the source `name`, each with a delivery to each of `lanes`; delivered ones with an
    attempt.
    """
    now = literal(due, Instant)
    n = _numbers(articles)
    guid = literal(f"{name}-", Text) + cast(n.c.n, Text)
    _insert(
        db, article, n,
        source=literal(name), guid=guid, slug=guid, head=literal(1), urgency=literal(urgency),
        pub_status=literal("usable"), reason=literal(""), routed=true(), fingerprint=guid, published=now,
        created=now,
    )  # fmt: skip
    mine = select(article).where(article.c.source == name).subquery()
    told = {"article": mine.c.id, "language": literal("en"), "created": now}
    content = literal(SHORT, JSON)
    _insert(db, version, mine, **told, number=literal(1), headline=literal("An article"), content=content)
    _insert(
        db, rendition, mine,
        **told, version=literal(1), origin=literal("original"), state=literal("ready"),
        urgency=literal(urgency), reason=literal(""), model=literal(""), ready=now,
    )  # fmt: skip
    _deliveries(db, mine, lanes, state, due, urgency)
    analyze(db)


def analyze(db: Connection) -> None:
    """Bring the planner's statistics up to date, as PostgreSQL does by itself; SQLite has none in service."""
    if db.dialect.name == "postgresql":
        db.exec_driver_sql("ANALYZE")


def _deliveries(db: Connection, mine: Any, lanes: list[str], state: str, due: datetime, urgency: int) -> None:
    now, settled = literal(due, Instant), state == "delivered"
    its = mine.join(rendition, rendition.c.article == mine.c.id).join(lane, lane.c.id.in_(lanes))
    sqlite = db.dialect.name == "sqlite"
    chance = func.hex(func.randomblob(20)) if sqlite else func.md5(cast(func.random(), String))
    key = literal("dlv_") + chance + literal("-") + cast(rendition.c.id, String) + lane.c.id
    more: dict[str, Any] = {"settled": now, "number": _next_numbers()} if settled else {}
    _insert(
        db, delivery, its,
        key=key, article=mine.c.id, version=literal(1), action=literal("publish"), lane=lane.c.id,
        member=lane.c.member, language=literal("en"), rendition=rendition.c.id, on_doubt=literal("hold"),
        state=literal(state), urgency=literal(urgency), due=now, attempts=literal(int(settled)),
        failures=literal(0), answer=literal("204"), remote_id=literal(""), remote_url=literal(""),
        created=now, **more,
    )  # fmt: skip
    if settled:
        tried = delivery.join(mine, mine.c.id == delivery.c.article)
        _insert(
            db, attempt, tried,
            delivery=delivery.c.id, number=literal(1), started=now, took_ms=literal(1.5),
            outcome=literal("delivered"), answer=literal("204"), worker=literal("benchmark"),
        )  # fmt: skip


def _next_numbers() -> Any:
    """After those that the lane has counted."""
    counted = select(func.max(delivery.c.number)).where(delivery.c.lane == lane.c.id).correlate(lane)
    nth = func.row_number().over(partition_by=lane.c.id, order_by=rendition.c.id)
    return func.coalesce(counted.scalar_subquery(), 0) + nth


def _insert(db: Connection, table: Table, from_: FromClause, /, **columns: Any) -> None:
    db.execute(insert(table).from_select([*columns], select(*columns.values()).select_from(from_)))


def _numbers(count: int) -> Any:
    first = select(literal(1).label("n")).cte("numbers", recursive=True)
    return first.union_all(select(first.c.n + 1).where(first.c.n < count))
