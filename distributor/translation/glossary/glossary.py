"""The terms for one pair of languages: found in a sentence, put into its translation."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence

from distributor.translation.documents.align import Translation
from distributor.translation.glossary.fit import Fitting
from distributor.translation.glossary.hits import Hit, Index
from distributor.translation.glossary.rewrite import replaced
from distributor.translation.glossary.spot import spot
from distributor.translation.glossary.terms import Term


class Glossary:
    """`terms` of the language `source` (BCP 47). It never changes: a changed file makes another one."""

    def __init__(self, terms: Sequence[Term] = (), source: str = "en") -> None:
        self.terms, self.source = tuple(terms), source
        self.fingerprint = _hash(self.terms)
        self._index = Index(self.terms, source)

    def hits(self, sentence: str) -> list[Hit]:
        """The terms that a sentence has, in its order, without overlaps."""
        return self._index.hits(sentence)

    def fingerprint_for(self, sentence: str) -> str:
        """Changes only with the terms that the sentence has; empty if it has none."""
        return _hash({hit.term for hit in self.hits(sentence)})

    def enforce(self, sentence: str, translation: Translation) -> Translation:
        """The translation with the renderings of all terms for which the ties tell a place."""
        hits = self.hits(sentence)
        if not hits:
            return translation
        fitting = Fitting(sentence, translation, hits)
        while better := _better(fitting, translation):
            fitting, translation = better
        return translation

    def missed(self, sentence: str, translation: Translation) -> list[Hit]:
        """The terms of the sentence whose rendering is not in its translation: for an editor."""
        hits = self.hits(sentence)
        return Fitting(sentence, translation, hits).missed if hits else []


def _better(fitting: Fitting, translation: Translation) -> tuple[Fitting, Translation] | None:
    """With one rendering more; None if there is nothing left that could be done without guessing.

    Each step takes one from what is missed, so there is an end, and enforcing again changes nothing.
    """
    for hit in fitting.missed:
        if at := spot(hit, fitting):
            done = replaced(translation, hit, at)
            after = Fitting(fitting.sentence, done, fitting.hits)
            if set(after.held) > set(fitting.held):
                return after, done
    return None


def _hash(terms: Iterable[Term]) -> str:
    told = sorted(term.model_dump_json() for term in terms)
    return hashlib.sha256("\n".join(told).encode()).hexdigest()[:16] if told else ""
