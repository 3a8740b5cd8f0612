"""A delivery in a worker's hands, and what its attempt came to."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Literal, NamedTuple

from channels.story import IdempotencyKey, Receipt

Answer = Literal["delivered", "unavailable", "unknown", "refused", "denied", "gone"]


class Claim(NamedTuple):
    """A delivery that is ours to bring, until its lease runs out."""

    id: int
    key: IdempotencyKey
    article: int
    version: int
    action: str
    lane: str
    member: str
    language: str
    rendition: int
    urgency: int
    attempts: int
    failures: int
    due: datetime
    number: int | None = None
    """In its lane, from the first claim on: how a receiver sees what it missed."""


class Outcome(NamedTuple):
    """What one attempt came to, and what follows from it."""

    claim: Claim
    state: Literal["delivered", "pending", "dead"]
    answer: Answer
    said: str
    """The receiver's words, or what went wrong."""
    started: datetime
    took_ms: float
    due: datetime
    failures: int
    receipt: Receipt | None = None
    lane: Literal["open", "parked", "off"] = "open"
    wish: timedelta | None = None
    """Of the receiver: to be left alone for so long."""
    slow: bool = False
    """The receiver gets more than it wants."""
    blocks: datetime | None = None
    """In an ordered lane, until when nothing that is not urgent goes before this."""
