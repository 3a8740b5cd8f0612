"""Figures: what was delivered in each hour, and how long it took."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Literal

from pydantic import Field
from sqlalchemy import Connection

from distributor.desk.desk import Desk
from distributor.desk.operations import Call, Line, Nothing, Operation, Shape
from distributor.ledger import tally

Outcome = Literal["delivered", "unavailable", "unknown", "refused", "denied", "gone"]


class Query(Shape):
    """`hours` back from now; of all members and languages unless said."""

    hours: int = Field(24, ge=1, le=24 * 366)
    member: Line = ""
    language: Line = ""


class Hour(Shape):
    """How many attempts of an hour ended so."""

    hour: datetime
    what: str = Field(description="delivered, unavailable, unknown, refused, denied or gone")
    number: int


class Times(Shape):
    """Seconds, no more than 9 % off."""

    number: int
    median: float
    p95: float
    p99: float


class HourTimes(Times):
    """Of an hour."""

    hour: datetime


class MemberTimes(Times):
    """Of a member."""

    member: str


class LanguageTimes(Times):
    """Of a language."""

    language: str


class Figures(Shape):
    """`receipt`: from publication to receipt. They are some seconds old."""

    since: datetime
    hours: list[Hour]
    receipt_by_hour: list[HourTimes]
    receipt_by_member: list[MemberTimes]
    receipt_by_language: list[LanguageTimes]
    translation_by_language: list[LanguageTimes]


async def figures(call: Call[Query, Nothing]) -> Figures:
    return await gathered(call.desk, call.query, points=True)


async def gathered(desk: Desk, query: Query, *, points: bool) -> Figures:
    """For the page, too, which leaves the times by hour, the `points` of a chart, to the chart's own call."""
    since = tally.hour_of(desk.now() - timedelta(hours=query.hours - 1))

    def look(db: Connection) -> Figures:
        of = query.member, query.language
        told = {
            "since": since,
            "hours": tally.by_hour(db, since, *of),
            "receipt_by_hour": tally.times(db, "delivered", "hour", since, *of) if points else [],
            "receipt_by_member": tally.times(db, "delivered", "member", since, *of),
            "receipt_by_language": tally.times(db, "delivered", "language", since, *of),
            "translation_by_language": tally.times(db, "translated", "language", since, "", query.language),
        }
        return Figures.model_validate(told)

    return await desk.ledger.read(look)


OPERATIONS = (
    Operation("GET", "/figures", "viewer", "What was delivered, and how fast", figures, Figures, Query),
)
