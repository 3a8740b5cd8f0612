"""A segment: the text of a paragraph, a heading, a cell, an attribute, with what is marked up in it."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

from distributor.translation.documents import sentences
from distributor.translation.documents.align import Tie, Translation, moved, unchanged
from distributor.translation.documents.place import place
from distributor.translation.documents.spans import Ground, Placed, Span, ink
from distributor.translation.documents.words import Range, spaced

_BLANKS = str.maketrans(dict.fromkeys("\u00a0\u2007\u2009\u200a\u202f", " "))
_UNFIT = re.compile(r"[\x00-\x1f\x7f-\x9f\ud800-\udfff\ufffe\uffff\u2028\u2029]")
"""Not in XML, nor in a line of text; a model that writes bytes may write them."""
_OPENING = "([{«“‘„「『（【"


class Woven(NamedTuple):
    """An element of the document with its new content; None: the content that it has."""

    node: int
    content: list[str | Woven] | None


@dataclass(frozen=True, slots=True)
class Segment:
    """`cuts` are its sentences, `speaks` says which of them are to be translated."""

    text: str
    spans: tuple[Span, ...]
    cuts: tuple[Range, ...]
    speaks: tuple[bool, ...]

    @property
    def sentences(self) -> tuple[str, ...]:
        """What is to be translated, as the engine should see it (no-break spaces are spaces)."""
        return tuple(self._shown(at) for at, speaks in zip(self.cuts, self.speaks, strict=True) if speaks)

    @property
    def marked(self) -> tuple[str, ...]:
        """Those of `sentences` that have something marked up in them: it has to find its words."""
        return tuple(self._shown(at) for at, speaks in zip(self.cuts, self.speaks, strict=True)
                     if speaks and any(s.start < at[1] and s.end > at[0] for s in self.spans))  # fmt: skip

    def woven(self, translations: Iterator[Translation], language: str) -> list[str | Woven]:
        """Its content in `language`; takes as many of `translations` as it has `sentences`."""
        ground = self._ground(translations, language)
        placed = place(self.spans, ground)
        return list(_weave(ground, placed, 0, len(ground.target)))

    def _shown(self, at: Range) -> str:
        return self.text[at[0] : at[1]].translate(_BLANKS)

    def _ground(self, translations: Iterator[Translation], language: str) -> Ground:
        """The sentences' translations one after the other, their ties moved to where they stand."""
        target, ties, pairs = "", list[Tie](), []
        for at, speaks in zip(self.cuts, self.speaks, strict=True):
            said = self._fit(at, next(translations)) if speaks else unchanged(self._shown(at))
            target += sentences.gap(target, language)
            ties += moved(said.ties, at[0], len(target))
            pairs.append((at, (len(target), len(target) + len(said.text))))
            target += said.text
        return Ground(self.text, target, ties, pairs)

    def _fit(self, at: Range, said: Translation) -> Translation:
        """Fit to print; the sentence itself where the translation is empty or has no room for its markup."""
        text = _UNFIT.sub(" ", said.text)
        lead = len(text) - len(text.lstrip())
        text = text.strip()
        room = sum(span.need for span in self.spans if span.start < at[1] and span.end > at[0])
        if ink(text, 0, len(text)) < max(room, 1):
            return unchanged(self._shown(at))
        size = at[1] - at[0]
        ties = moved(said.ties, 0, -lead)
        return Translation(
            text, tuple(t for t in ties if 0 <= t.to_start < t.to_end <= len(text) and t.end <= size)
        )


def segment(text: str, spans: Sequence[Span], language: str) -> Segment:
    """`text` has single spaces, none at its ends; `language` is its own, BCP 47."""
    marked = _with_addresses(text, tuple(spans))
    kept = [(span.start, span.end) for span in _all(marked) if span.kept]
    cuts = tuple(sentences.cut(text, language, kept))
    return Segment(text, marked, cuts, tuple(_speaks(text, at, kept) for at in cuts))


def collapsed(text: str) -> str:
    """White space as HTML shows it, invisible characters left out."""
    return re.sub(" +", " ", _UNFIT.sub(" ", re.sub("[\u00ad\u200b\ufeff]", "", text)))


class Plain:
    """A plain text, such as a headline: translated line by line, its lines stay lines."""

    def __init__(self, text: str, source: str) -> None:
        self._lines = [segment(collapsed(line).strip(), (), source) for line in text.split("\n")]
        self._text = text
        self.sentences = tuple(sentence for line in self._lines for sentence in line.sentences)
        self.marked = tuple(sentence for line in self._lines for sentence in line.marked)

    def render(self, translations: Sequence[Translation], language: str) -> str:
        """The same text in `language`, of the translations of `sentences`; untouched if there were none."""
        if not self.sentences:
            return self._text
        told = iter(translations)
        return "\n".join("".join(map(str, line.woven(told, language))) for line in self._lines)


def _with_addresses(text: str, spans: tuple[Span, ...]) -> tuple[Span, ...]:
    for start, end in sentences.addresses(text):
        spans = _inserted(spans, Span(start, end, kept=True, airy=True))
    return spans


def _inserted(spans: tuple[Span, ...], new: Span) -> tuple[Span, ...]:
    """With `new` in the innermost span around it; as they were if it cuts one, or one keeps it anyway."""
    touched = [s for s in spans if s.start < new.end and s.end > new.start]
    if not touched:
        return tuple(sorted((*spans, new), key=lambda s: (s.start, s.end)))
    around = touched[0]
    if around.kept or around.fragment or not (around.start <= new.start and new.end <= around.end):
        return spans
    deeper = replace(around, inner=_inserted(around.inner, new))
    return tuple(deeper if s is around else s for s in spans)


def _all(spans: Sequence[Span]) -> Iterator[Span]:
    for span in spans:
        yield span
        yield from _all(span.inner)


def _speaks(text: str, at: Range, kept: Sequence[Range]) -> bool:
    """Whether there are letters, besides those that are kept."""
    return any(text[i].isalpha() and not any(a <= i < b for a, b in kept) for i in range(*at))


def _weave(ground: Ground, placed: Sequence[Placed], start: int, end: int) -> Iterator[str | Woven]:
    text = ground.target
    for its in placed:
        yield text[start : its.start]
        space = its.start == its.end and its.span.airy
        if space and its.start > 0 and not _apart(text[its.start - 1], _OPENING):
            yield " "
        yield _content(ground, its)
        if space and spaced(text[its.end : its.end + 1]):
            yield " "
        start = its.end
    yield text[start:end]


def _content(ground: Ground, its: Placed) -> str | Woven:
    if its.span.node is None:
        return ground.source[its.span.start : its.span.end]
    inside = None if its.span.kept else list(_weave(ground, its.inner, its.start, its.end))
    return Woven(its.span.node, inside)


def _apart(char: str, marks: str) -> bool:
    """Whether nothing more is needed between `char` and the next word."""
    return char.isspace() or char in marks or (char.isalnum() and not spaced(char))
