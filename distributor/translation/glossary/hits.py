"""Which terms a sentence has, by a look at its words: as fast with thousands of terms as with one."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from distributor.bcp47 import same
from distributor.translation.documents import sentences
from distributor.translation.documents.words import Range
from distributor.translation.glossary.terms import Term
from distributor.translation.glossary.words import Pattern, Tokens, pattern, tokens


@dataclass(frozen=True, slots=True)
class Hit:
    """A term from `start` to `end` of a sentence; `wanted` is what its translation must have for it."""

    term: Term
    start: int
    end: int
    plural: bool
    wanted: str


class _Entry(NamedTuple):
    pattern: Pattern
    term: Term
    plural: bool


class Index:
    """Terms of the language `source` by the words that they begin with."""

    def __init__(self, terms: Sequence[Term], source: str) -> None:
        self._entries: defaultdict[tuple[str, ...], list[_Entry]] = defaultdict(list)
        for entry in _entries(terms, source):
            self._entries[tuple(entry.pattern.words.folded)].append(entry)
        sizes: defaultdict[str, set[int]] = defaultdict(set)
        for words, entries in self._entries.items():
            sizes[words[0]].add(len(words))
            entries.sort(key=lambda e: -len(e.pattern.exact))  # stable: what is spelled out before plurals
        self._sizes = {word: tuple(found) for word, found in sizes.items()}

    def hits(self, sentence: str) -> list[Hit]:
        """In their order; of those that overlap the longest. None within an address."""
        there = tokens(sentence)
        found = list(self._found(there))
        if not found:
            return []
        taken = _addresses(sentence)
        chosen = []
        for (start, end), entry in sorted(found, key=lambda f: (f[0][0] - f[0][1], f[0][0])):
            if taken.isdisjoint(range(start, end)):
                taken.update(range(start, end))
                wanted = entry.term.rendering(sentence[start:end], entry.plural)
                chosen.append(Hit(entry.term, start, end, entry.plural, wanted))
        return sorted(chosen, key=lambda hit: hit.start)

    def _found(self, there: Tokens) -> Iterator[tuple[Range, _Entry]]:
        """All of them, also those that overlap."""
        for at, word in enumerate(there.folded):
            for size in self._sizes.get(word, ()):
                entries = self._entries.get(tuple(there.folded[at : at + size]), ())
                entry = next((e for e in entries if e.pattern.stands(there, at)), None)
                if entry:
                    yield there.range(at, entry.pattern.size), entry


def _addresses(sentence: str) -> set[int]:
    """The places within web addresses and the like. Most sentences have no mark that one would need."""
    if not any(mark in sentence[:-1] for mark in ".:@"):
        return set()
    return {i for at in sentences.addresses(sentence) for i in range(*at)}


def _entries(terms: Sequence[Term], source: str) -> Iterator[_Entry]:
    """What is spelled out comes before the plurals that a rule makes of it."""
    for term in terms:
        for spelling in (term.term, *term.also):
            yield _Entry(pattern(spelling, term.case), term, False)
        for spelling in term.irregular:
            yield _Entry(pattern(spelling, term.case), term, True)
    for term in terms if same(source, "en") else ():
        for spelling in (term.term, *term.also):
            yield _Entry(pattern(plural(spelling), term.case), term, True)


def plural(noun: str) -> str:
    """The regular plural of an English noun: `sinks`, `fluxes`, `studies`."""
    low = noun.lower()
    if low.endswith(("s", "x", "z", "ch", "sh")):
        return noun + "es"
    if low.endswith("y") and low[-2:-1] not in ("", *"aeiou"):
        return noun[:-1] + "ies"
    return noun + "s"
