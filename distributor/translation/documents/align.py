"""Which stretch of a sentence became which stretch of its translation."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from distributor.translation.documents.sentences import gap
from distributor.translation.documents.words import Range, occurrences, tells

_FAINT = 0.03
"""Attention below this says nothing; leaving it out keeps a sentence's ties few."""
_TELLING = re.compile(r"[^\W_]+(?:[./@:+&_-]+[^\W_]+)*")


class Tie(NamedTuple):
    """`start` to `end` of the source had the share `weight` in `to_start` to `to_end` of the target."""

    start: int
    end: int
    to_start: int
    to_end: int
    weight: float


@dataclass(frozen=True, slots=True)
class Translation:
    """A sentence in another language; without ties nobody knows what came from where."""

    text: str
    ties: tuple[Tie, ...] = ()


def unchanged(text: str) -> Translation:
    """A sentence that is its own translation: each character comes from itself."""
    return Translation(
        text, tuple(Tie(i, i + 1, i, i + 1, 1.0) for i, c in enumerate(text) if not c.isspace())
    )


def moved(ties: Sequence[Tie], by: int, to_by: int) -> list[Tie]:
    """The same ties in texts that begin so much earlier."""
    return [Tie(t.start + by, t.end + by, t.to_start + to_by, t.to_end + to_by, t.weight) for t in ties]


def joined(parts: Iterable[tuple[int, Translation]], language: str) -> Translation:
    """One translation of the translations of a sentence's pieces, each with where its piece starts."""
    text, ties = "", list[Tie]()
    for start, part in parts:
        text += gap(text, language)
        ties += moved(part.ties, start, len(text))
        text += part.text
    return Translation(text, tuple(ties))


def attended(
    source: Sequence[Range | None], target: Sequence[Range | None], attention: Sequence[Sequence[float]]
) -> Iterator[Tie]:
    """Ties out of an attention matrix: a row for each target piece, a column for each source piece.

    Pieces without a range (spaces, marks of the model) are passed over, with their share of attention.
    """
    for to, row in zip(target, attention, strict=False):
        if to:
            seen = [(start, share) for start, share in zip(source, row, strict=False) if start]
            whole = sum(share for _, share in seen) or 1.0
            for start, share in seen:
                if share / whole >= _FAINT:
                    yield Tie(*start, *to, share / whole)


def composed(first: Translation, second: Translation) -> Translation:
    """`second` translates what `first` says: from the source of `first` to the text of `second`."""
    shares: defaultdict[tuple[int, int, int, int], float] = defaultdict(float)
    for far in second.ties:
        for near in first.ties:
            common = min(near.to_end, far.end) - max(near.to_start, far.start)
            if common > 0:
                share = far.weight * near.weight * common / (far.end - far.start)
                shares[near.start, near.end, far.to_start, far.to_end] += share
    return Translation(
        second.text, tuple(Tie(*at, share) for at, share in shares.items() if share >= _FAINT / 2)
    )


def anchored(source: str, translation: Translation) -> Translation:
    """With numbers, names and codes that stand in both texts tied to each other, character by character,
    whatever the attention says. Where one stands there more than once, the attention decides which is which.
    """
    pairs = list(_copies(source, translation))
    fixed = [range(b, b + length) for _, b, length in pairs]
    taken = {i for r in fixed for i in r}
    ties = [tie for tie in translation.ties if taken.isdisjoint(range(tie.to_start, tie.to_end))]
    for a, b, length in pairs:
        ties += [Tie(a + i, a + i + 1, b + i, b + i + 1, 1.0) for i in range(length)]
    return Translation(translation.text, tuple(ties))


def _copies(source: str, translation: Translation) -> Iterator[tuple[int, int, int]]:
    """Start in the source, start in the target, length."""
    words: defaultdict[str, list[int]] = defaultdict(list)
    for found in _TELLING.finditer(source):
        if tells(found.group()):
            words[found.group()].append(found.start())
    for word, ours in words.items():
        theirs = list(occurrences(word, translation.text))
        size = len(word)
        rated = [
            (-_share(translation.ties, (a, a + size), (b, b + size)), abs(i - k), a, b)
            for i, a in enumerate(ours)
            for k, b in enumerate(theirs)
        ]
        done: set[tuple[str, int]] = set()
        for _, _, a, b in sorted(rated):
            if done.isdisjoint({("ours", a), ("theirs", b)}):
                done |= {("ours", a), ("theirs", b)}
                yield a, b, size


def _share(ties: Sequence[Tie], ours: Range, theirs: Range) -> float:
    return sum(
        tie.weight
        for tie in ties
        if tie.start < ours[1] and tie.end > ours[0] and tie.to_start < theirs[1] and tie.to_end > theirs[0]
    )
