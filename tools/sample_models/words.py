"""Pieces put together again: the aligner counts words, for they tell more."""

from __future__ import annotations

import re

import numpy as np

from tools.sample_models.pieces import Encoded, Ids

Links = np.ndarray[tuple[int, int], np.dtype[np.bool_]]

LETTERS = re.compile(r"[A-Za-z\u00c0-\u024f\u0400-\u04ff]+")  # Latin and Cyrillic


class Words:
    """Letters that follow letters go on with a word; digits, signs and ideographs' pieces stand alone."""

    def __init__(self, vocabulary: list[str]) -> None:
        self.vocabulary = vocabulary
        self.goes_on = np.array([bool(LETTERS.fullmatch(piece)) for piece in vocabulary])
        self.is_open = np.array([bool(LETTERS.fullmatch(piece.lstrip("▁"))) for piece in vocabulary])
        self.is_space = np.array([piece == "▁" for piece in vocabulary])
        self.is_open |= self.is_space
        self.known: dict[str, int] = {}

    def number(self, pieces: Ids) -> Ids:
        """For each piece the number of its word in the sentence."""
        begins = ~self.goes_on[pieces]
        begins[1:] |= ~self.is_open[pieces[:-1]]
        begins[:1] = False
        return np.cumsum(begins)

    def of(self, pair: Encoded) -> Encoded:
        """The same pair in words."""
        source, target = self.number(pair.source), self.number(pair.target)
        return Encoded(
            self.ids(pair.source, source),
            self.ids(pair.target, target),
            merged(pair.source_marks, source),
            merged(pair.target_marks, target),
        )

    def ids(self, pieces: Ids, words: Ids) -> Ids:
        spelt = [""] * (int(words[-1]) + 1)
        for piece, word in zip(pieces, words, strict=True):
            spelt[word] += self.vocabulary[piece].casefold()
        return np.array([self.known.setdefault(word.lstrip("▁"), len(self.known)) for word in spelt])

    def spread(self, links: Links, pair: Encoded) -> Links:
        """Links between words as links between all their pieces, but not to a space that begins a word."""
        source = self.number(pair.source)
        spaces = np.append((source[1:] == source[:-1]) & self.is_space[pair.source[:-1]], False)
        whole: Links = links[source][:, self.number(pair.target)] & ~spaces[:, None]
        return whole


def merged(marks: Ids, words: Ids) -> Ids:
    """A word is in an anchor if its last piece is: its first may be a space in front of it."""
    last = np.append(words[1:] != words[:-1], True)
    kept: Ids = marks[last]
    return kept
