"""A member's hours: when ordinary items may come, and when a digest is due; in its own time zone.

`"09:00-18:00"`, `"mon-fri 09:00-18:00"` and, over midnight, `"22:00-06:00"` are windows; `"09:00"`,
`"mon-fri 09:00"` and `"mon 09:00"` are times. A local time that a change of clocks skips is taken as that
much later, one that comes twice as its first.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_DAYS = re.compile(r"(?:(?P<days>[a-z,-]+)\s+)?(?P<rest>[0-9:\s-]+)")
_TIME = re.compile(r"([01]?\d|2[0-3]):([0-5]\d)")
_ALL = frozenset(range(7))


@dataclass(frozen=True, slots=True)
class Window:
    """On those days from `opens` to `closes`, which is on the day after where it is not later."""

    days: frozenset[int]
    opens: time
    closes: time

    def until_open(self, now: datetime, zone: ZoneInfo) -> datetime | None:
        """When it opens next; None: it is open."""
        today = now.astimezone(zone).date()
        spans = [self._span(today + timedelta(days=n), zone) for n in range(-1, 9) if self._on(today, n)]
        if any(start <= now < end for start, end in spans):
            return None
        return min(start for start, _ in spans if start > now)

    def until_closed(self, now: datetime, zone: ZoneInfo) -> datetime:
        """When it closes, of an open one: the last of what is open now."""
        today = now.astimezone(zone).date()
        spans = [self._span(today + timedelta(days=n), zone) for n in (-1, 0) if self._on(today, n)]
        return max(end for start, end in spans if start <= now < end)

    def _on(self, today: date, days: int) -> bool:
        return (today + timedelta(days=days)).weekday() in self.days

    def _span(self, day: date, zone: ZoneInfo) -> tuple[datetime, datetime]:
        after = day if self.closes > self.opens else day + timedelta(days=1)
        return at(day, self.opens, zone), at(after, self.closes, zone)


@dataclass(frozen=True, slots=True)
class Times:
    """On those days at `time`."""

    days: frozenset[int]
    time: time

    def last(self, now: datetime, zone: ZoneInfo) -> datetime:
        """The newest that is not after `now`."""
        today = now.astimezone(zone).date()
        instants = [self._at(today, -n, zone) for n in range(9) if self._on(today, -n)]
        return max(i for i in instants if i <= now)

    def next(self, now: datetime, zone: ZoneInfo) -> datetime:
        """The first after `now`."""
        today = now.astimezone(zone).date()
        instants = [self._at(today, n, zone) for n in range(9) if self._on(today, n)]
        return min(i for i in instants if i > now)

    def _on(self, today: date, days: int) -> bool:
        return (today + timedelta(days=days)).weekday() in self.days

    def _at(self, today: date, days: int, zone: ZoneInfo) -> datetime:
        return at(today + timedelta(days=days), self.time, zone)


def at(day: date, clock: time, zone: ZoneInfo) -> datetime:
    """The instant of a local time, UTC."""
    return datetime.combine(day, clock, zone).astimezone(UTC)


def window(text: str) -> Window:
    """Raises: ValueError, with the mend."""
    days, rest = _split(text)
    first, _, last = rest.partition("-")
    opens, closes = _time(first), _time(last)
    if opens is None or closes is None or opens == closes:
        raise ValueError(f"not hours: {text!r}; write '09:00-18:00' or 'mon-fri 09:00-18:00'")
    return Window(days, opens, closes)


def times(text: str) -> Times:
    """Raises: ValueError, with the mend."""
    days, rest = _split(text)
    clock = _time(rest)
    if clock is None:
        raise ValueError(f"not a time: {text!r}; write '09:00', 'mon-fri 09:00' or 'mon 09:00'")
    return Times(days, clock)


def _split(text: str) -> tuple[frozenset[int], str]:
    found = _DAYS.fullmatch(" ".join(text.lower().split()))
    if not found:
        return _ALL, ""
    return _days(found["days"]), found["rest"].strip()


def _days(text: str | None) -> frozenset[int]:
    """`mon-fri`, `fri-mon`, `mon,thu`, `daily`, or nothing for every day."""
    if text in (None, "daily"):
        return _ALL
    days: set[int] = set()
    for part in (text or "").split(","):
        first, _, last = part.partition("-")
        if first not in DAYS or (last or first) not in DAYS:
            raise ValueError(f"not days: {part!r}; write 'mon-fri', 'mon,thu' or 'daily'")
        start, end = DAYS.index(first), DAYS.index(last or first)
        days |= {n % 7 for n in range(start, (end if end >= start else end + 7) + 1)}
    return frozenset(days)


def _time(text: str) -> time | None:
    found = _TIME.fullmatch(text.strip())
    return time(int(found[1]), int(found[2])) if found else None
