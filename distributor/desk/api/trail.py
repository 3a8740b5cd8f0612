"""Who did what; and what wants a person."""

from __future__ import annotations

from datetime import datetime

from pydantic import Field

from distributor.desk.api.shapes import Deed
from distributor.desk.operations import Call, Line, Nothing, Operation, Shape
from distributor.errors import NotFound
from distributor.ledger import dossier, notices
from distributor.ledger.audit import note


class Query(Shape):
    """Nothing said is all."""

    subject: Line = Field("", description="exactly: 'article 12', 'channel jst/email', 'user ada'")
    who: Line = ""
    words: Line = ""
    before: int = Field(0, ge=0, le=2**53)
    limit: int = Field(100, ge=1, le=500)


class Trail(Shape):
    """Newest first. `next`: the query's `before` for the page that follows; null at the end.

    A page may be short, or empty, before the end: where words are searched for that are rare.
    """

    deeds: list[Deed]
    next: int | None


class Notice(Shape):
    """Something that wants a person, or wanted one. `over`: since when it does not any more."""

    id: int
    kind: str
    subject: str
    text: str
    raised: datetime
    over: datetime | None


class Notices(Shape):
    """Newest first."""

    notices: list[Notice]


class NoticesQuery(Shape):
    """`all`: also those that are over."""

    all: bool = False


async def trail(call: Call[Query, Nothing]) -> Trail:
    q = call.query
    told = {"subject": q.subject, "who": q.who, "words": q.words, "before": q.before, "limit": q.limit}
    rows, following = await call.desk.ledger.read(dossier.page_of_trail, **told)  # type: ignore[arg-type]
    return Trail.model_validate({"deeds": rows, "next": following or None})


async def listing(call: Call[NoticesQuery, Nothing]) -> Notices:
    rows = await call.desk.ledger.read(notices.listing, all_=call.query.all, limit=200)
    return Notices.model_validate({"notices": rows})


async def close(call: Call[Nothing, Nothing]) -> Nothing:
    def act(db: object) -> None:
        if not notices.close(db, call.path["notice"], call.desk.now()):  # type: ignore[arg-type]
            raise NotFound(f"no open notice {call.path['notice']}")
        note(db, call.desk.now(), call.person.name, "close notice", f"notice {call.path['notice']}")  # type: ignore[arg-type]

    await call.desk.ledger.write(act)
    return Nothing()


OPERATIONS = (
    Operation("GET", "/audit", "viewer", "Who did what, newest first", trail, Trail, Query),
    Operation("GET", "/notices", "viewer", "What wants a person", listing, Notices, NoticesQuery),
    Operation("POST", "/notices/{notice}/close", "editor", "It is seen to", close),
)
