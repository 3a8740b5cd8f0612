"""Deliveries, their attempts, and the dead ones put back."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Literal

from pydantic import AwareDatetime, Field

from distributor.desk.api.shapes import Delivery, Moved
from distributor.desk.operations import Call, Line, Nothing, Number, Operation, Shape
from distributor.errors import DistributorError, NotFound
from distributor.ledger import deliveries, views
from distributor.ledger.audit import note
from distributor.ledger.tables import delivery

State = Literal["", "waiting", "pending", "sending", "delivered", "dead", "superseded", "canceled"]


class Query(Shape):
    """Which; nothing said is all."""

    state: State = ""
    member: Line = ""
    channel: Line = Field("", description="member/name")
    article: int = Field(0, ge=0, le=2**53)
    before: int = Field(0, ge=0, le=2**53)
    limit: int = Field(100, ge=1, le=500)


class Page(Shape):
    """Newest first. `next`: the query's `before` for the page that follows; null at the end.

    A page may be short, or empty, before the end: where what is asked for is rare.
    """

    deliveries: list[Delivery]
    next: int | None


class Attempt(Shape):
    """One try."""

    id: int
    delivery: int
    number: int
    started: datetime
    took_ms: float
    outcome: str
    answer: str
    worker: str


class Attempts(Shape):
    """In their order."""

    attempts: list[Attempt]


class Replay(Shape):
    """Which of the dead: all that is said holds. `new_keys`: as something that the receivers never saw."""

    ids: list[Number] = Field(default=[], max_length=1000)
    channel: Line = ""
    article: int = Field(0, ge=0, le=2**53)
    since: AwareDatetime | None = None
    new_keys: bool = False


async def page(call: Call[Query, Nothing]) -> Page:
    q = call.query
    which = {"state": q.state, "member": q.member, "lane": q.channel, "article": q.article}
    told = {**which, "before": q.before, "limit": q.limit}
    rows, following = await call.desk.ledger.read(views.page_of_deliveries, **told)  # type: ignore[arg-type]
    return Page.model_validate({"deliveries": rows, "next": following or None})


async def attempts(call: Call[Nothing, Nothing]) -> Attempts:
    rows = await call.desk.ledger.read(views.attempts, call.path["delivery"])
    return Attempts.model_validate({"attempts": rows})


async def replay(call: Call[Nothing, Replay]) -> Moved:
    told = call.body
    where: list[Any] = [delivery.c.id.in_(told.ids)] if told.ids else []
    where += [delivery.c.lane == told.channel] if told.channel else []
    where += [delivery.c.article == told.article] if told.article else []
    where += [delivery.c.settled >= told.since] if told.since else []
    if not where:
        raise DistributorError("say which: ids, channel, article or since")

    def act(db: Any) -> int:
        count = deliveries.replay(db, where, call.desk.now(), new_keys=told.new_keys)
        if not count:
            raise NotFound("none of these is dead, or its text is kept no longer")
        what = told.model_dump_json(exclude_defaults=True)
        note(
            db, call.desk.now(), call.person.name, "replay", told.channel or "deliveries", f"{count}: {what}"
        )
        return count

    return Moved(deliveries=await call.desk.ledger.write(act))


OPERATIONS = (
    Operation("GET", "/deliveries", "viewer", "Deliveries, newest first", page, Page, Query),
    Operation("GET", "/deliveries/{delivery}/attempts", "viewer", "What was tried", attempts, Attempts),
    Operation(
        "POST", "/deliveries/replay", "editor", "Put dead ones back in the queue", replay, Moved, body=Replay
    ),
)
