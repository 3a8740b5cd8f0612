"""The wire, an article, and what an editor does with one."""

from __future__ import annotations

from datetime import timedelta
from typing import Any, Literal

from pydantic import Field

from distributor.desk.api.shapes import Article, Deed, Delivery, Moved, Version
from distributor.desk.operations import Call, Line, Name, Nothing, Operation, Shape
from distributor.ledger import articles, dossier, newsroom, urgency, withdrawal
from distributor.ledger.newsroom import Filter

State = Literal["", "urgent", "moving", "doubt", "dead", "held", "withdrawn"]


class WireQuery(Shape):
    """Which articles; nothing said is all."""

    state: State = ""
    language: Line = ""
    topic: Line = ""
    member: Line = ""
    source: Line = ""
    words: Line = Field("", description="in any language; a word may be a beginning")
    before: int = Field(0, ge=0, le=2**53, description="only ids below this: the last of the page before")
    limit: int = Field(50, ge=1, le=200)

    def filter(self) -> Filter:
        """For the ledger."""
        return Filter(self.state, self.language, self.topic, self.member, self.source, self.words)


class Wire(Shape):
    """A page, newest first. `next`: the query's `before` for the page that follows; null at the end."""

    articles: list[Article]
    next: int | None


class Whole(Article):
    """An article with all that is of it."""

    versions: list[Version]
    deliveries: list[Delivery]
    audit: list[Deed]


class Flag(Shape):
    """IPTC's urgency, 1 most; `pause` seconds in which it can be taken back."""

    urgency: int = Field(1, ge=1, le=9)
    pause: float = Field(0, ge=0, le=60)


class Why(Shape):
    """For everybody who looks."""

    reason: Line = ""


class Withdrawal(Shape):
    """Members are told that it is withdrawn; `reason` is for us."""

    reason: Line = Field(min_length=1)


class Verdicts(Shape):
    """Who gets it in what, and why others do not."""

    members: list[Verdict]


class Verdict(Shape):
    """Of one member."""

    member: Name
    gets: list[str]
    why: str


async def wire(call: Call[WireQuery, Nothing]) -> Wire:
    q = call.query
    rows = await call.desk.ledger.read(newsroom.wire, q.filter(), before=q.before, limit=q.limit + 1)
    more = rows[q.limit - 1]["id"] if len(rows) > q.limit else None
    return Wire.model_validate({"articles": rows[: q.limit], "next": more})


async def one(call: Call[Nothing, Nothing]) -> Whole:
    return Whole.model_validate(await call.desk.ledger.read(dossier.dossier, call.path["article"]))


async def flag(call: Call[Nothing, Flag]) -> Moved:
    told = call.body.urgency, call.desk.routes, call.person.name, call.desk.now()
    pause = timedelta(seconds=call.body.pause)
    return Moved(
        deliveries=await call.desk.ledger.write(urgency.make_urgent, call.path["article"], *told, pause)
    )


async def undo(call: Call[Nothing, Nothing]) -> Moved:
    told = call.desk.routes, call.person.name, call.desk.now()
    return Moved(deliveries=await call.desk.ledger.write(urgency.undo, call.path["article"], *told))


async def hold(call: Call[Nothing, Why]) -> Moved:
    told = call.body.reason or "held by an editor", call.person.name, call.desk.now()
    return Moved(deliveries=await call.desk.ledger.write(articles.hold, call.path["article"], *told))


async def release(call: Call[Nothing, Nothing]) -> Moved:
    told = call.desk.routes, call.person.name, call.desk.now()
    return Moved(deliveries=await call.desk.ledger.write(articles.release, call.path["article"], *told))


async def withdraw(call: Call[Nothing, Withdrawal]) -> Moved:
    told = call.body.reason, call.person.name, call.desk.now()
    return Moved(deliveries=await call.desk.ledger.write(withdrawal.withdraw, call.path["article"], *told))


async def why(call: Call[Nothing, Nothing]) -> Verdicts:
    facts = await call.desk.ledger.read(dossier.facts, call.path["article"])
    return Verdicts(members=[Verdict.model_validate(told) for told in verdicts(call.desk.router, facts)])


def verdicts(router: Any, facts: Any) -> list[dict[str, Any]]:
    """Of each member: what it gets over what, and why."""
    return [
        {"member": v.member, "gets": [f"{r.language} over {r.lane}" for r in v.routes], "why": v.why}
        for v in router.explain(facts)
    ]


OPERATIONS = (
    Operation("GET", "/articles", "viewer", "The wire, newest first", wire, Wire, WireQuery),
    Operation("GET", "/articles/{article}", "viewer", "An article with all that is of it", one, Whole),
    Operation(
        "GET", "/articles/{article}/why", "viewer", "Who gets it, and why others do not", why, Verdicts
    ),
    Operation(
        "POST",
        "/articles/{article}/urgency",
        "editor",
        "Set its urgency, in front of all",
        flag,
        Moved,
        body=Flag,
    ),
    Operation("POST", "/articles/{article}/undo", "editor", "Take its urgency back, in time", undo, Moved),
    Operation("POST", "/articles/{article}/hold", "editor", "Let nothing more leave", hold, Moved, body=Why),
    Operation("POST", "/articles/{article}/release", "editor", "Let it go", release, Moved),
    Operation(
        "POST",
        "/articles/{article}/withdraw",
        "editor",
        "Tell everybody that has it that it is withdrawn",
        withdraw,
        Moved,
        body=Withdrawal,
    ),
)
