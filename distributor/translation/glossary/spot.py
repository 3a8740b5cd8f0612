"""Where in a translation the words are that stand for a term, if that can be told."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from distributor.translation.documents.spans import ink
from distributor.translation.documents.spots import DOUBT
from distributor.translation.documents.words import Range
from distributor.translation.glossary.fit import Fitting
from distributor.translation.glossary.hits import Hit

SURE = 0.8
"""Of the highest share in a place: a word at its end with less belongs to the neighbours."""
STRAY = 0.5
"""Of what stands for a term, so much elsewhere than in its place; with more, nobody knows what to replace."""
_PARTICLE = re.compile("[\u3041-\u309f]+|[的了是在和与與及为為由被将將对對從从]")
"""What Japanese and Chinese write between names without a space: no name begins or ends with it alone."""
_LINKS = "-‐‑–'’·・"
"""Between two words without making them two phrases."""
_OPENING, _CLOSING = '«“„「『《"', '»”“」』》"'


class _Word(NamedTuple):
    start: int
    end: int
    share: float
    """Of its attention in the term."""
    stands: bool
    """For the term, as far as anybody knows."""
    links: bool
    """It may be between two words of one name: a hyphen, an *of* that attends to nothing else."""
    certain: bool
    """Something in it is known well enough."""

    @property
    def weight(self) -> float:
        return (self.share - DOUBT) * (self.end - self.start) if self.stands else 0.0


def spot(hit: Hit, fitting: Fitting) -> Range | None:
    """The words that stand for `hit`; None if the ties do not tell, or tell of too many places."""
    runs = list(_runs(_words(hit, fitting)))
    trimmed = [_sure(run, fitting.text) for run in runs]
    best = max(trimmed, key=_weight, default=[])
    strays = sum(map(_weight, runs)) - _weight(best)
    if strays > STRAY * _weight(best) or not any(word.certain for word in best):
        return None
    at = _in_pairs((best[0].start, best[-1].end), hit.wanted, fitting.text)
    sensible = 2 * max(hit.end - hit.start, len(hit.wanted)) + 4
    return at if at and ink(fitting.text, *at) <= sensible else None


def _words(hit: Hit, fitting: Fitting) -> Iterator[_Word]:
    rivals = [other for other in fitting.missed if other is not hit]
    taken = {i for held in fitting.held.values() for i in range(*held)}
    own = fitting.sentence[hit.start : hit.end]
    for at in fitting.words:
        text = fitting.text[at[0] : at[1]]
        share = fitting.share(at, hit)
        if not text[0].isalnum():
            yield _Word(*at, share, False, text in _OPENING + _CLOSING + _LINKS or text in own, False)
            continue
        free = taken.isdisjoint(range(*at)) and all(c in own for c in text if c.isdigit())
        stands = free and share >= DOUBT and all(fitting.share(at, other) <= share for other in rivals)
        links = free and (share >= DOUBT / 2 or not fitting.attention(at))
        yield _Word(*at, share, stands, links, fitting.attention(at, hit) >= DOUBT)


def _runs(words: Iterator[_Word]) -> Iterator[list[_Word]]:
    """Words that stand for the term, with what little is between them."""
    run, between = list[_Word](), list[_Word]()
    for word in words:
        if word.stands:
            run += [*between, word] if run else [word]
            between = []
        elif run and word.links and len(between) < 2:
            between.append(word)
        elif run:
            yield run
            run, between = [], []
    if run:
        yield run


def _sure(run: list[_Word], text: str) -> list[_Word]:
    """Without particles at its ends, and words there that attend to the term less than the others do."""
    enough = SURE * max(word.share for word in run)
    ends = [
        i
        for i, word in enumerate(run)
        if word.stands and word.share >= enough and not _PARTICLE.fullmatch(text, word.start, word.end)
    ]
    return run[ends[0] : ends[-1] + 1] if ends else run


def _weight(run: Sequence[_Word]) -> float:
    return sum(word.weight for word in run)


def _in_pairs(at: Range, wanted: str, text: str) -> Range | None:
    """With quotation marks in pairs; with those around it, if the rendering brings its own."""
    start, end = at
    odd = _odd(text[start:end])
    opened, closed = start > 0 and text[start - 1] in _OPENING, end < len(text) and text[end] in _CLOSING
    if odd and odd in _OPENING and closed:
        return start, end + 1
    if odd and odd in _CLOSING and opened:
        return start - 1, end
    if opened and closed and wanted[0] in _OPENING and wanted[-1] in _CLOSING:
        return start - 1, end + 1
    return None if odd else at


def _odd(text: str) -> str:
    """The first quotation mark without its partner; empty if there is none."""
    waiting = ""
    for c in text:
        if waiting and c in _CLOSING:
            waiting = ""
        elif c in _OPENING:
            waiting = c
        elif c in _CLOSING:
            return c
    return waiting
