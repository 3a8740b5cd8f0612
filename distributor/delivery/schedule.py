"""When to try again."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from random import Random

from distributor import article


@dataclass(frozen=True, slots=True)
class Schedule:
    """`waits[n]` follows failure n+1; `jitter` is the largest share added, so that a crowd spreads."""

    waits: tuple[timedelta, ...]
    jitter: float = 0.1

    def next(
        self, failures: int, now: datetime, retry_after: timedelta | None, random: Random
    ) -> datetime | None:
        """When to try again after `failures` (1, 2, …); None: give up.

        Not before the receiver's own wish, which counts up to the longest wait.
        """
        if failures > len(self.waits):
            return None
        wait = self.waits[failures - 1] * (1 + self.jitter * random.random())
        return now + max(wait, min(retry_after or timedelta(), self.waits[-1]))


def _schedule(**waits: list[float]) -> Schedule:
    return Schedule(tuple(timedelta(**{unit: n}) for unit, numbers in waits.items() for n in numbers))


ORDINARY = _schedule(seconds=[5], minutes=[5, 30], hours=[2, 5, 10, 14, 20, 24])
"""Standard Webhooks 1.0, "Deliverability and reliability": 5 s, 5 min, 30 min, 2, 5, 10, 14, 20, 24 h."""

URGENT = _schedule(seconds=[2, 5, 10, 20, 40], minutes=[1, 2, 5, 10, 15, 30], hours=[1, 2, 5, 10, 14, 20, 24])
"""Minutes matter: tries often at first, and gives up no sooner."""


def schedule_for(urgency: int) -> Schedule:
    """The schedule of a delivery of this urgency."""
    return URGENT if urgency <= article.URGENT else ORDINARY
