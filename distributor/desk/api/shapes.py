"""What several operations answer."""

from __future__ import annotations

from datetime import datetime
from typing import Literal

from pydantic import Field

from distributor.desk.operations import Shape

PubStatus = Literal["usable", "withheld", "canceled"]


class Moved(Shape):
    """How many deliveries an act touched."""

    deliveries: int


class Said(Shape):
    """What a receiver or a channel answered."""

    fine: bool
    said: str


class LanguageState(Shape):
    """A language of an article's head version."""

    article: int
    version: int
    language: str
    origin: str
    state: str = Field(description="waiting, working, ready, held or superseded")
    reason: str


class MemberState(Shape):
    """A member that is to get an article."""

    member: str
    state: str = Field(description="the least happy of its deliveries")
    received: datetime | None = Field(description="when the last of it arrived")


class Article(Shape):
    """A row of the wire."""

    id: int
    source: str
    guid: str
    head: int = Field(description="its newest version")
    urgency: int
    pub_status: PubStatus
    reason: str
    embargoed_until: datetime | None
    undo_until: datetime | None = Field(description="until then its urgency can be taken back")
    routed: bool
    published: datetime
    created: datetime
    headline: str
    language: str
    url: str
    topics: list[str]
    languages: list[LanguageState]
    members: list[MemberState]


class Delivery(Shape):
    """One version in one language over one channel."""

    id: int
    article: int
    version: int
    member: str
    channel: str
    language: str
    state: str
    attempts: int
    due: datetime
    answer: str
    action: str
    urgency: int
    key: str
    headline: str
    took_ms: float | None
    remote_url: str
    created: datetime
    settled: datetime | None


class Deed(Shape):
    """A line of the audit trail."""

    id: int
    at: datetime
    who: str
    action: str
    subject: str
    detail: str


class Version(Shape):
    """One state of an article."""

    number: int
    language: str
    headline: str
    created: datetime
    pruned: str | None
