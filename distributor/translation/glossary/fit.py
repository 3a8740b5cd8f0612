"""The terms of a sentence against its translation: which renderings are there, what attends to which term."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import cached_property
from itertools import accumulate

from distributor.translation.documents.align import Translation
from distributor.translation.documents.words import Range, units
from distributor.translation.glossary.hits import Hit
from distributor.translation.glossary.words import Pattern, form, pattern, tokens


class Fitting:
    """`held` is where the renderings of the hits are, `missed` are the hits whose rendering is nowhere."""

    def __init__(self, sentence: str, translation: Translation, hits: Sequence[Hit]) -> None:
        self.sentence, self.text, self.hits = sentence, translation.text, hits
        self._ties = [t for t in translation.ties if 0 <= t.to_start < t.to_end <= len(self.text)]
        self._all = self._attention(0, len(sentence))
        self._its = {hit: self._attention(hit.start, hit.end) for hit in hits}
        self.held = self._held()
        self.missed = [hit for hit in hits if hit not in self.held]

    @cached_property
    def words(self) -> list[Range]:
        """Of the translation, with its punctuation."""
        glued = {i for tie in self._ties for i in range(tie.to_start + 1, tie.to_end)}
        return units(self.text, (0, len(self.text)), glued)

    def attention(self, word: Range, hit: Hit | None = None) -> float:
        """What is known of a word's attention to `hit`, or to anything: about 1 if all of it is."""
        sums = self._its[hit] if hit else self._all
        return (sums[word[1]] - sums[word[0]]) / (word[1] - word[0])

    def share(self, word: Range, hit: Hit) -> float:
        """How much of a word's attention is `hit`'s, from 0 to 1."""
        whole = self.attention(word)
        return self.attention(word, hit) / whole if whole > 1e-6 else 0.0

    def _attention(self, start: int, end: int) -> list[float]:
        """To this stretch of the sentence, of all characters of the translation before each of its places."""
        each = [0.0] * len(self.text)
        for tie in self._ties:
            common = min(tie.end, end) - max(tie.start, start)
            if common > 0:
                share = tie.weight * common / (tie.end - tie.start)
                for i in range(tie.to_start, tie.to_end):
                    each[i] += share
        return [0.0, *accumulate(each)]

    def _held(self) -> dict[Hit, Range]:
        """The longest renderings first, then by attention, then in their order; none in two places."""
        there = tokens(self.text)
        rated = [
            (a - b, -self.attention((a, b), hit), abs(i - k), i, (a, b))
            for i, hit in enumerate(self.hits)
            for k, (a, b) in enumerate(at for right in _right(hit) for at in right.places(there))
        ]
        held: dict[Hit, Range] = {}
        taken = set[int]()
        for *_, i, at in sorted(rated):
            if self.hits[i] not in held and taken.isdisjoint(range(*at)):
                held[self.hits[i]] = at
                taken.update(range(*at))
        return held


def _right(hit: Hit) -> Iterator[Pattern]:
    yield pattern(hit.wanted)
    yield from map(form, hit.term.forms)
