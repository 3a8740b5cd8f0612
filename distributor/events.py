"""What happened, typed. Loops emit; logs, metrics and the demo's progress listen."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from distributor.ledger.outcome import Claim, Outcome


@dataclass(frozen=True, slots=True)
class Polled:
    """A source was read. `new` were sent on, `changed` are new versions of known articles."""

    source: str
    new: int = 0
    changed: int = 0
    held: int = 0
    same: int = 0
    warnings: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class PollFailed:
    """A source gave nothing this time; `gone`: and never will."""

    source: str
    reason: str
    gone: bool = False


@dataclass(frozen=True, slots=True)
class Translated:
    """A rendition is ready."""

    article: int
    version: int
    language: str
    milliseconds: float


@dataclass(frozen=True, slots=True)
class RenditionHeld:
    """A rendition waits for a person."""

    article: int
    version: int
    language: str
    reason: str


@dataclass(frozen=True, slots=True)
class Attempted:
    """One try at a delivery, and what follows."""

    claim: Claim
    outcome: Outcome


@dataclass(frozen=True, slots=True)
class Started:
    """A worker is at work, and heeds signals."""

    worker: str
    duties: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Serving:
    """The web server listens; where it is reached."""

    address: str


@dataclass(frozen=True, slots=True)
class Pruned:
    """What was too old to be kept is gone: so many attempts, the texts of so many versions."""

    attempts: int
    bodies: int


@dataclass(frozen=True, slots=True)
class Trouble:
    """Something outside fails (the database, the disk); the service waits and goes on by itself."""

    where: str
    reason: str


Event = Polled | PollFailed | Translated | RenditionHeld | Attempted | Started | Serving | Pruned | Trouble
Listener = Callable[[Event], None]


class Events:
    """Hands each event to every listener, in order."""

    def __init__(self, *listeners: Listener) -> None:
        self.listeners = list(listeners)

    def emit(self, event: Event) -> None:
        """A listener must not raise: it would stop the loop that emits."""
        for listener in self.listeners:
            listener(event)
