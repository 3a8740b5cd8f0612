"""When each lane takes what is not urgent: in its member's hours, or together at its times."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from distributor.hours import Times, Window


@dataclass(frozen=True, slots=True)
class Rhythm:
    """Of one lane. `window`: None is always; `digest`: None is each item on its own."""

    zone: ZoneInfo
    window: Window | None = None
    digest: Times | None = None

    @property
    def plain(self) -> bool:
        """Whatever comes goes, at any time."""
        return self.window is None and self.digest is None

    def next(self, now: datetime) -> datetime:
        """When something changes. Not for a plain one."""
        if self.digest:
            return self.digest.next(now, self.zone)
        if self.window is None:
            raise ValueError("a plain rhythm never changes")
        return self.window.until_open(now, self.zone) or self.window.until_closed(now, self.zone)

    def quiet(self, now: datetime) -> bool:
        """Whether single items wait that are not urgent."""
        closed = self.window is not None and self.window.until_open(now, self.zone) is not None
        return self.digest is not None or closed


PLAIN = Rhythm(ZoneInfo("UTC"))


class Rhythms:
    """Of all lanes; asked at each turn, so that it keeps its answer until that changes."""

    def __init__(self, lanes: Mapping[str, Rhythm]) -> None:
        self.lanes = {name: rhythm for name, rhythm in lanes.items() if not rhythm.plain}
        self.digests = {name: rhythm for name, rhythm in self.lanes.items() if rhythm.digest}
        self.quiet: frozenset[str] = frozenset()
        """Lanes that take only what is urgent."""
        self.last: dict[str, datetime] = {}
        """Of lanes with digests, the newest of their times."""
        self.until: datetime | None = None
        """When that changes; None: never."""
        self._since: datetime | None = None

    def at(self, now: datetime) -> None:
        """Look again, if the answer may be another one."""
        if not self.lanes or (self._since and self.until and self._since <= now < self.until):
            return
        self._since = now
        self.quiet = frozenset(name for name, rhythm in self.lanes.items() if rhythm.quiet(now))
        self.last = {name: r.digest.last(now, r.zone) for name, r in self.digests.items() if r.digest}
        self.until = min(rhythm.next(now) for rhythm in self.lanes.values())
