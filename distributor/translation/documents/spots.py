"""Where one span of a sentence is in its translation."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from math import sqrt
from statistics import fmean
from unicodedata import category

from distributor.translation.documents.spans import Ground, Span, ink, trimmed
from distributor.translation.documents.words import Range, joined, tells, units

DOUBT = 0.4
"""A word with a smaller share of its attention in a span does not belong to it, where others have more."""
_CONTRAST = 0.15
"""How far above the average the best word must be, for the attention to tell anything."""
_COPY = 2
"""A number or a name outweighs so many words of which the attention is sure: it is wrong at times."""
_PAIRS = tuple(zip("([{«“„‘「『《（【", ")]}»”“’」』》）】", strict=True))


def spot(span: Span, shares: Sequence[float], free: Sequence[Range], ground: Ground) -> Range | None:
    """Its whole sentences if it is these; where its words are; failing that, the end of its sentence; failing
    that, anywhere; None if there is no room."""
    home, window = _window(span, ground)
    near = [(max(a, window[0]), min(b, window[1])) for a, b in free if a < window[1] and b > window[0]]
    if covers(span, home, ground.source) and window in near:
        return within_marks(span, home, window, ground)
    best = _densest(_units(span, near, ground), shares, span, ground)
    if best and not span.kept:
        best = _grown(_with_marks(best, span, near, ground), span, near, ground.target)
    if not best and span.kept:
        return _behind(near or free, ground.target)
    return best or _last(span, near, ground) or _last(span, free, ground)


def within_marks(span: Span, home: Range, room: Range, ground: Ground) -> Range:
    """All of `room`, without the punctuation that the source has around the span."""
    start, end = room
    text = ground.target
    if ground.source[home[0] : span.start].strip():
        start = next((i for i in range(start, end) if text[i].isalnum()), start)
    if ground.source[span.end : home[1]].strip():
        end = next((i + 1 for i in reversed(range(start, end)) if text[i].isalnum()), end)
    start, end = trimmed((start, end), text)
    return (start, end) if ink(text, start, end) >= span.need else trimmed(room, text)


def covers(span: Span, home: Range, source: str) -> bool:
    """Whether its parent has no letter or digit besides it."""
    rest = source[home[0] : span.start] + source[span.end : home[1]]
    return not any(c.isalnum() for c in rest)


def shares_of(span: Span, ground: Ground) -> list[float]:
    """For each character of the target the share of its attention that lies in the span."""
    inside, total = [0.0] * len(ground.target), [0.0] * len(ground.target)
    for tie in ground.ties:
        common = min(tie.end, span.end) - max(tie.start, span.start)
        share = tie.weight * common / (tie.end - tie.start) if common > 0 else 0.0
        for i in range(tie.to_start, tie.to_end):
            total[i] += tie.weight
            inside[i] += share
    return [a / b if b else 0.0 for a, b in zip(inside, total, strict=True)]


def sureness(shares: Sequence[float], room: Range) -> float:
    """How surely a span is known to be in `room`: by its best character, then by their number."""
    seen = shares[room[0] : room[1]]
    return max(seen, default=0.0) * 1000 + sum(seen)


def copy_of(span: Span, shares: Sequence[float], free: Sequence[Range], ground: Ground) -> Range | None:
    """A fragment on the very same characters, or nowhere."""
    text = ground.source[span.start : span.end]
    starts = [i for i in range(len(ground.target)) if ground.target.startswith(text, i)]
    whole = [i for i in starts if not text.isdigit() or not _amid_digits(ground.target, i, i + len(text))]
    open_ = [i for i in whole if any(a <= i and i + len(text) <= b for a, b in free)]
    before = ground.source[span.start - 1 : span.start]
    alike = [i for i in open_ if ground.target[i - 1 : i] == before] or [
        i for i in open_ if shares[i] >= DOUBT
    ]
    best = max(alike, key=lambda i: shares[i], default=None)
    return None if best is None else (best, best + len(text))


def _amid_digits(text: str, start: int, end: int) -> bool:
    return text[max(start - 1, 0) : start].isdigit() or text[end : end + 1].isdigit()


def _window(span: Span, ground: Ground) -> tuple[Range, Range]:
    """The sentences that the span is in, in the source and in the target."""
    pairs = [(at, to) for at, to in ground.sentences if at[0] < span.end and at[1] > span.start]
    if not pairs:
        return (span.start, span.end), (0, len(ground.target))
    (first, to_first), (last, to_last) = pairs[0], pairs[-1]
    return (first[0], last[1]), (to_first[0], to_last[1])


def _units(span: Span, areas: Iterable[Range], ground: Ground) -> Iterator[list[Range]]:
    """For each area its words; its characters if the span begins or ends within a word."""
    broken = joined(ground.source, span.start) or joined(ground.source, span.end)
    glued = {i for tie in ground.ties for i in range(tie.to_start + 1, tie.to_end)}
    for area in areas:
        if broken:
            yield [(i, i + 1) for i in range(*area) if not ground.target[i].isspace()]
        else:
            yield units(ground.target, area, glued)


def _densest(
    areas: Iterable[Sequence[Range]], shares: Sequence[float], span: Span, ground: Ground
) -> Range | None:
    """The run of words that has most of the span and least of anything else; the shortest of equal ones.

    None if no word stands out.
    """
    rated = [[(unit, _mean(shares, unit)) for unit in words] for words in areas]
    all_shares = [share for words in rated for _, share in words]
    highest = max(all_shares, default=0.0)
    if not highest or highest < min(0.5, fmean(all_shares) + _CONTRAST):
        return None
    doubt = min(DOUBT, highest / 2)
    best, best_sum = None, 0.0
    for words in rated:
        start, so_far = 0, 0.0
        for unit, share in words:
            if so_far <= 0:
                start, so_far = unit[0], 0.0
            so_far += (share - doubt) * sqrt(unit[1] - unit[0])  # long words tell more than particles
            if share > DOUBT and _copied(unit, span, ground):
                so_far += _COPY
            if so_far > best_sum:
                best, best_sum = (start, unit[1]), so_far
    return best


def _mean(shares: Sequence[float], unit: Range) -> float:
    return sum(shares[unit[0] : unit[1]]) / (unit[1] - unit[0])


def _copied(unit: Range, span: Span, ground: Ground) -> bool:
    """Whether it is a number or a name that the span has, too."""
    word = ground.target[unit[0] : unit[1]]
    return tells(word) and word in ground.source[span.start : span.end]


def _with_marks(at: Range, span: Span, areas: Sequence[Range], ground: Ground) -> Range:
    """Punctuation at its ends belongs to the span if the source has it so; brackets stay in pairs."""
    start, end = at
    low, high = next((a, b) for a, b in areas if a <= start and end <= b)
    text, was = ground.target, ground.source[span.start : span.end]
    if not all(c.isspace() or _mark(c) for c in text[start:end]):
        start, end = _bare(at, text, not _mark(was[0]), not _mark(was[-1]))
    while _mark(was[-1]) and end < high and _mark(text[end]):
        end += 1
    while _mark(was[0]) and start > low and _mark(text[start - 1]):
        start -= 1
    for opening, closing in _PAIRS:
        inside = text[start:end]
        if inside.count(opening) > inside.count(closing) and text[end:high][:1] == closing:
            end += 1
        elif inside.count(opening) < inside.count(closing) and text[low:start][-1:] == opening:
            start -= 1
    return start, end


def _bare(at: Range, text: str, left: bool, right: bool) -> Range:
    start, end = at
    while left and (_mark(text[start]) or text[start].isspace()):
        start += 1
    while right and (_mark(text[end - 1]) or text[end - 1].isspace()):
        end -= 1
    return start, end


def _mark(char: str) -> bool:
    """Punctuation, but not what is read aloud."""
    return category(char).startswith("P") and char not in "%‰@#&§"


def _grown(spot: Range, span: Span, areas: Sequence[Range], text: str) -> Range | None:
    """Widened, to the right first, until there is room for all that is within the span."""
    start, end = spot
    low, high = next((a, b) for a, b in areas if a <= start and end <= b)
    while ink(text, start, end) < span.need and (start, end) != (low, high):
        start, end = (start, end + 1) if end < high else (start - 1, end)
    return trimmed((start, end), text) if ink(text, start, end) >= span.need else None


def _last(span: Span, areas: Sequence[Range], ground: Ground) -> Range | None:
    """The last words before the end mark, as many as the span has of its sentence."""
    home, window = _window(span, ground)
    words = _words(next(_units(span, [window], ground)), ground.target)
    wanted = max(round((span.end - span.start) / (home[1] - home[0]) * len(words)), 1)
    for (_, high), free in reversed(list(zip(areas, _units(span, areas, ground), strict=True))):
        if last := _words(free, ground.target)[-wanted:] or free[-1:]:
            low = free[0][0]
            if best := _grown((last[0][0], last[-1][1]), span, [(low, high)], ground.target):
                return best
    return None


def _words(found: Sequence[Range], text: str) -> list[Range]:
    return [unit for unit in found if text[unit[1] - 1].isalnum()]


def _behind(areas: Sequence[Range], text: str) -> Range | None:
    """The place after the last word: what is kept as it was needs no word of the translation."""
    for low, high in reversed(areas):
        words = [i + 1 for i in range(low, high) if text[i].isalnum()]
        if words:
            return words[-1], words[-1]
    return None
