"""Inline markup onto the right words of a translation: pure, and nothing is lost, doubled or left empty."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from distributor.translation.documents.spans import Ground, Placed, Span
from distributor.translation.documents.spots import (
    DOUBT,
    copy_of,
    covers,
    shares_of,
    spot,
    sureness,
    within_marks,
)
from distributor.translation.documents.words import Range


def place(spans: Sequence[Span], ground: Ground) -> tuple[Placed, ...]:
    """All spans on the target, in its order. It must have the visible characters that they need."""
    return _level(spans, (0, len(ground.source)), (0, len(ground.target)), ground)


def _level(spans: Sequence[Span], home: Range, room: Range, ground: Ground) -> tuple[Placed, ...]:
    """The spans of one parent, whose own place is `home` in the source and `room` in the target."""
    spots = _arranged([s for s in spans if s.start < s.end], home, room, ground)
    placed = []
    for span, at in spots.items():
        inner = _level(span.inner, (span.start, span.end), at, ground) if span.inner else ()
        placed.append(Placed(span, *at, inner))
    placed += list(_points([s for s in spans if s.start == s.end], spots, home, room, ground))
    return tuple(sorted(placed, key=lambda p: (p.start, p.end)))


def _arranged(spans: Sequence[Span], home: Range, room: Range, ground: Ground) -> dict[Span, Range]:
    """A place for each: the surest first, each on what the surer ones left; failing that, dealt out in order.

    Fragments come last and may have none.
    """
    shares = {span: shares_of(span, ground) for span in spans}
    whole = {span for span in spans if covers(span, home, ground.source)}
    surest = sorted(spans, key=lambda s: (s.fragment, s not in whole, -sureness(shares[s], room)))
    spots: dict[Span, Range] = {}
    for span in surest:
        free = _free(room, spots.values())
        if span.fragment:
            at = copy_of(span, shares[span], free, ground)
        elif span in whole and free == [room]:
            at = within_marks(span, home, room, ground)
        else:
            at = spot(span, shares[span], free, ground)
        if at:
            spots[span] = at
        elif not span.fragment:
            return _dealt([s for s in spans if not s.fragment], room, ground.target)
    return spots


def _points(
    points: Sequence[Span], spots: dict[Span, Range], home: Range, room: Range, ground: Ground
) -> Iterator[Placed]:
    """Each before the word that it stood before, never within a neighbour."""
    for point in points:
        at = _point(point, home, room, ground)
        clash = next((b for a, b in spots.values() if a < at < b), at)
        yield Placed(point, clash, clash)


def _point(point: Span, home: Range, room: Range, ground: Ground) -> int:
    source = ground.source
    if not source[home[0] : point.start].strip():
        return room[0]
    if not source[point.start : home[1]].strip():
        return room[1]
    inside = [t for t in ground.ties if room[0] <= t.to_start and t.to_end <= room[1] and t.weight >= DOUBT]
    after = [t for t in inside if t.start <= point.start < t.end or t.start == point.start]
    before = [t for t in inside if t.end <= point.start]
    if after:
        return min(t.to_start for t in after)
    if before:
        return max(before, key=lambda t: t.end).to_end
    return room[1]


def _free(room: Range, taken: Iterable[Range]) -> list[Range]:
    """What is left of `room`."""
    areas, start = [], room[0]
    for a, b in sorted(taken):
        areas.append((start, a))
        start = max(start, b)
    return [(a, b) for a, b in (*areas, (start, room[1])) if a < b]


def _dealt(spans: Sequence[Span], room: Range, text: str) -> dict[Span, Range]:
    """Room for all, in the order of the source, by their lengths."""
    visible = [i for i in range(*room) if not text[i].isspace()]
    spare = len(visible) - sum(s.need for s in spans)
    total = sum(s.end - s.start for s in spans)
    spots, at = {}, 0
    for span in spans:
        size = span.need + spare * (span.end - span.start) // total
        spots[span] = visible[at], visible[at + size - 1] + 1
        at += size
    return spots
