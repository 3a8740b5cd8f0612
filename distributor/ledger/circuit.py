"""How a channel fares, and what its answers make of that; pure.

A lane is `open`, or `resting`: it failed several times without a success between, its circuit is open, and a
single probe now and then tells whether it is back. `parked` wants a person, with a probe now and then, `off`
and `paused` want one without. A rest costs no worker: nothing of such a lane is claimed.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import NamedTuple

from distributor.ledger.outcome import Outcome

TRIP = 5
"""Failures without a success between, after which a lane rests."""
FIRST_REST, LONGEST_REST = timedelta(seconds=5), timedelta(minutes=5)
PROBE_AFTER = timedelta(minutes=10)
"""Of a parked lane."""
LONGEST_WISH = timedelta(hours=1)
"""What a receiver may ask of the whole lane; the delivery that it answered waits as long as it asked."""
SLOWEST = timedelta(minutes=1)
FIRST_PACE = timedelta(seconds=1)
"""Between two attempts, for a lane without a rate that was told to slow down."""
EASE_AFTER = timedelta(minutes=1)
EASE = 0.7
FREE = timedelta(milliseconds=10)
"""A pace that is none any more."""
CALM = timedelta(seconds=10)
"""After a lane was slowed down, other answers of the same burst do not slow it down again."""


class Health(NamedTuple):
    """The part of a lane's row that answers change. `pace`: seconds from one attempt to the next."""

    state: str
    reason: str
    since: datetime
    probe: datetime | None
    failures: int
    failing_since: datetime | None
    next: datetime | None
    blocked: datetime | None
    pace: float | None
    slowed: datetime | None


class Terms(NamedTuple):
    """What the configuration says of a lane. `interval`: between two attempts, where it has a rate."""

    member: str
    kind: str
    concurrency: int
    ordered: bool = False
    interval: timedelta | None = None
    disable_after: timedelta = timedelta(days=5)


def after(
    health: Health, interval: float | None, disable_after: float, outcomes: Sequence[Outcome], now: datetime
) -> Health:
    """The lane once one batch of its attempts has landed; `interval` and `disable_after` in seconds."""
    health = _paced(health, interval, outcomes, now)
    answers = {o.answer for o in outcomes}
    if "delivered" in answers or ("refused" in answers and not answers & {"denied", "gone"}):
        return _well(health, now)  # it heard, and answered
    return _unwell(health, disable_after, outcomes, now)


def _well(health: Health, now: datetime) -> Health:
    health = health._replace(failures=0, failing_since=None, blocked=None)
    if health.state in ("resting", "parked"):
        return health._replace(state="open", reason="", since=now, probe=None)
    return health


def _unwell(health: Health, disable_after: float, outcomes: Sequence[Outcome], now: datetime) -> Health:
    wishes = [o.wish for o in outcomes if o.wish]
    blocks = [o.blocks for o in outcomes if o.blocks]
    failed = sum(not o.slow for o in outcomes)
    health = health._replace(
        failures=health.failures + failed,
        failing_since=health.failing_since or min(o.started for o in outcomes),
        next=_latest(health.next, now + min(max(wishes), LONGEST_WISH) if wishes else None),
        blocked=_latest(health.blocked, max(blocks, default=None)),
    )
    if health.state not in ("open", "resting", "parked"):
        return health
    return _closed(health, disable_after, outcomes, now)


def _closed(health: Health, disable_after: float, outcomes: Sequence[Outcome], now: datetime) -> Health:
    """The gravest of what the answers say: gone, disabled, denied, failing."""
    last = outcomes[-1].said
    gone = [o for o in outcomes if o.lane == "off"]
    denied = [o for o in outcomes if o.lane == "parked"]
    failing = now - (health.failing_since or now)
    if gone:
        return _to(health, "off", gone[-1].said, now, None)
    if failing >= timedelta(seconds=disable_after):
        return _to(health, "off", f"disabled after failing for {_days(failing)}: {last}", now, None)
    if denied or health.state == "parked":
        return _to(health, "parked", denied[-1].said if denied else last, now, now + PROBE_AFTER)
    if health.failures >= TRIP or health.state == "resting":
        return _to(health, "resting", last, now, now + rest(health.failures))
    return health


def _to(health: Health, state: str, reason: str, now: datetime, probe: datetime | None) -> Health:
    since = health.since if health.state == state else now
    return health._replace(state=state, reason=reason, since=since, probe=probe)


def rest(failures: int) -> timedelta:
    """How long a lane rests after so many failures: twice as long after each probe that fails."""
    doubled: int = 2 ** min(max(failures - TRIP, 0), 16)
    return min(FIRST_REST * doubled, LONGEST_REST)


def _paced(health: Health, interval: float | None, outcomes: Sequence[Outcome], now: datetime) -> Health:
    """Half as fast for who says that it is too much; faster again, step by step, when that was long ago."""
    pace, calm = health.pace, health.slowed is None or health.slowed + CALM <= now
    if any(o.slow for o in outcomes):
        slower = max((pace or 0) * 2, FIRST_PACE.total_seconds())
        slower = max(min(slower, SLOWEST.total_seconds()), interval or 0)
        return health._replace(pace=slower, slowed=now) if calm else health
    if pace is None or health.slowed is None or health.slowed + EASE_AFTER > now:
        return health
    faster: float | None = max(pace * EASE, interval or 0)
    if interval is None and pace * EASE < FREE.total_seconds():
        faster = None
    done = faster == interval
    return health._replace(pace=faster, slowed=None if done else now)


def _latest(*instants: datetime | None) -> datetime | None:
    return max((i for i in instants if i is not None), default=None)


def _days(span: timedelta) -> str:
    hours = round(span.total_seconds() / 3600)
    return f"{hours // 24} d {hours % 24} h" if hours >= 24 else f"{hours} h"
