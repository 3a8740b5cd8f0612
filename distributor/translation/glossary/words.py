"""Texts as words, spaces and marks, and finding a wording in them whatever its case."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache
from itertools import accumulate
from unicodedata import category

from distributor.translation.documents.words import Range, spaced

_TOKEN = re.compile(r"[^\W_]+|\s+|.", re.DOTALL)
_ALIKE = str.maketrans({"’": "'", "‐": "-", "‑": "-"})
"""Written in one way by one desk, in another by the next, and never meant differently."""


@dataclass(frozen=True)
class Tokens:
    """A text cut up without a rest: words, each character of a script without spaces, runs of white space.

    `seen` are its parts as they stand there, `folded` the same for comparing.
    """

    seen: Sequence[str]
    folded: Sequence[str]

    @cached_property
    def starts(self) -> list[int]:
        """Where each begins in the text, in characters; behind the last one its length."""
        return [0, *accumulate(map(len, self.seen))]

    @cached_property
    def first(self) -> int:
        """The number of the first word."""
        return next((i for i, token in enumerate(self.seen) if token[0].isalnum()), 0)

    def range(self, at: int, size: int) -> Range:
        """Of `size` tokens from the one with number `at`, in characters."""
        return self.starts[at], self.starts[at + size]


def tokens(text: str) -> Tokens:
    """Cut up by the rules of `words.joined`: a wording is found where no word goes on over its ends."""
    parts = [part for token in _TOKEN.findall(text) for part in _parts(token)]
    return Tokens([seen for seen, _ in parts], [folded for _, folded in parts])


@dataclass(frozen=True)
class Pattern:
    """A wording to be found; of its words those in `exact` are in their own case only.

    `open` are words of which only the beginning is told.
    """

    words: Tokens
    exact: frozenset[int]
    open: frozenset[int] = frozenset()

    @cached_property
    def size(self) -> int:
        """In tokens."""
        return len(self.words.seen)

    def stands(self, there: Tokens, at: int) -> bool:
        """Whether it is in `there` from the token with number `at`."""
        if at + self.size > len(there.seen):
            return False
        return all(self._fits(i, there, at + i) for i in range(self.size)) and not _goes_on(
            there, at + self.size
        )

    def places(self, there: Tokens) -> Iterator[Range]:
        """All places, in characters."""
        begin = self.words.folded[0]
        for at, word in enumerate(there.folded):
            if word.startswith(begin) and self.stands(there, at):
                yield there.range(at, self.size)

    def _fits(self, mine: int, there: Tokens, at: int) -> bool:
        if mine in self.open:
            return there.folded[at].startswith(self.words.folded[mine])
        if there.folded[at] != self.words.folded[mine]:
            return False
        wanted, seen = self.words.seen[mine], there.seen[at]
        return mine not in self.exact or seen == wanted or (at == there.first and seen == capital(wanted))


@lru_cache(8192)
def pattern(wording: str, case: bool = False) -> Pattern:
    """`case`: all of it is in exactly this case; else only the words that have an inner capital: `eLife`."""
    words = tokens(wording)
    exact = (i for i, word in enumerate(words.seen) if word[0].isalnum() and (case or _inner_capital(word)))
    return Pattern(words, frozenset(exact))


@lru_cache(8192)
def form(wording: str) -> Pattern:
    """As `pattern`; a `*` behind a word stands for any ending: `поглотител* углерода`."""
    starred = tokens(wording)
    ends = {i for i, word in enumerate(starred.seen) if i and word == "*" and starred.seen[i - 1].isalnum()}
    whole = pattern("".join(word for i, word in enumerate(starred.seen) if i not in ends))
    open_ = frozenset(i - 1 - sum(other < i for other in ends) for i in ends)
    return Pattern(whole.words, whole.exact - open_, open_)


def capital(text: str) -> str:
    """With its first letter in capital, if it has one that is one character, too."""
    at = next((i for i, c in enumerate(text) if c.isalnum()), 0)
    upper = text[at : at + 1].upper()
    return text[:at] + upper + text[at + 1 :] if len(upper) == 1 else text


def _inner_capital(word: str) -> bool:
    return any(c.isupper() for c in word[1:])


def _goes_on(there: Tokens, at: int) -> bool:
    """Whether the next token is an accent or a vowel sign that belongs to the character before it."""
    return at < len(there.seen) and category(there.seen[at][0]).startswith("M")


@lru_cache(16384)
def _parts(token: str) -> tuple[tuple[str, str], ...]:
    """A run of letters and digits, which may be of several scripts, as seen and folded."""
    if token[0].isspace():
        return ((token, " "),)
    if token.isascii() or not token[0].isalnum():
        return ((token, token.translate(_ALIKE).casefold()),)
    pieces = re.findall(r"\0+|[^\0]", "".join("\0" if spaced(c) else c for c in token))
    ends = list(accumulate(map(len, pieces)))
    cut = [token[end - len(piece) : end] for piece, end in zip(pieces, ends, strict=True)]
    return tuple((piece, piece.casefold()) for piece in cut)
