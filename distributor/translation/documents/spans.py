"""Marked stretches of a text, and their places in its translation."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from distributor.translation.documents.align import Tie
from distributor.translation.documents.words import Range


@dataclass(frozen=True, slots=True, eq=False)
class Span:
    """A stretch of a text that is marked up, with the spans within it; a point if it is empty."""

    start: int
    end: int
    inner: tuple[Span, ...] = ()
    node: int | None = None
    """Which element of the document it is; None for an address in plain text."""
    kept: bool = False
    """Its content comes back as it was, whatever the translation says: code, addresses, pictures."""
    fragment: bool = False
    """It means part of a word (the 2 of CO₂) and has no place where the translation has no such part."""
    airy: bool = False
    """There is a space on either side of it."""

    @property
    def need(self) -> int:
        """The least number of visible characters that it must be given."""
        return max(sum(span.need for span in self.inner), int(self.start < self.end))


@dataclass(frozen=True, slots=True, eq=False)
class Placed:
    """A span with its place in the translation; those within it lie within its place, none overlap."""

    span: Span
    start: int
    end: int
    inner: tuple[Placed, ...] = ()


@dataclass(frozen=True, slots=True)
class Ground:
    """Two texts, what is known of which came from which, and their sentences, pair by pair."""

    source: str
    target: str
    ties: Sequence[Tie]
    sentences: Sequence[tuple[Range, Range]]


def ink(text: str, start: int, end: int) -> int:
    """How many visible characters there are."""
    return sum(not c.isspace() for c in text[start:end])


def trimmed(spot: Range, text: str) -> Range:
    start, end = spot
    while start < end and text[start].isspace():
        start += 1
    while start < end and text[end - 1].isspace():
        end -= 1
    return start, end
