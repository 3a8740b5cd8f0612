"""What the courier has in hand: open channels, and what is on its way over them."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from typing import NamedTuple

from channels.channel import Channel
from channels.story import IdempotencyKey, Story
from distributor.delivery.rhythm import PLAIN, Rhythm
from distributor.ledger.outcome import Claim


@dataclass(frozen=True, slots=True)
class Line:
    """An open channel; `timeout`: seconds for one attempt, and up to a sweep of the courier more."""

    channel: Channel
    timeout: float
    ordered: bool = False
    paced: bool = False
    rhythm: Rhythm = PLAIN


class Cargo(NamedTuple):
    """What goes at once: one delivery, or those of a digest."""

    claims: tuple[Claim, ...]
    key: IdempotencyKey
    story: Story | None


@dataclass(slots=True, eq=False)
class Flight:
    """What is on its way, and until when (the loop's clock) it may be."""

    cargo: Cargo
    until: float
    overdue: bool = False
    task: asyncio.Task[None] = field(init=False)
