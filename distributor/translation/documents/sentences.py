"""A text cut into sentences, and what in it is no language: addresses, identifiers."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from itertools import accumulate

import sentencex

from distributor import bcp47
from distributor.translation.documents.words import Range

LONGEST = 800
"""Characters of a sentence; a longer one is cut at the best place before: models drop what is too long."""

SHORTEST = 20
"""Characters of a clause that is translated by itself."""

_ADDRESS = re.compile(
    r"""
    (?:https?|ftp)://[^\s<>"]+
    | www\.[^\s<>"]+
    | [\w.+-]+@[\w-]+(?:\.[\w-]+)+
    | (?:doi:\s?)?\b10\.\d{4,9}/[^\s<>"]+        # DOI: ISO 26324
    | \barXiv:\d{4}\.\d{4,5}(?:v\d+)?
    | \b(?:[a-z0-9-]+\.)+(?:com|org|net|edu|gov|int|info|eu)\b(?:/[^\s<>"]*)?
    """,
    re.VERBOSE | re.IGNORECASE | re.ASCII,
)
_AFTER = ".,;:!?'\"»”’)]}。，、；：！？）」』"
_BREAKS = (re.compile(r"[;:；：](?=\s|\b|\w)"), re.compile(r"[,，、](?!\d)"), re.compile(r"\s"))


def addresses(text: str) -> Iterator[Range]:
    """Web and e-mail addresses, DOIs and the like, without the punctuation of the sentence around them."""
    for found in _ADDRESS.finditer(text):
        word = found.group().rstrip(_AFTER)
        if ")" in found.group() and word.count("(") > word.count(")"):
            word += ")"
        yield found.start(), found.start() + len(word)


def cut(text: str, language: str, whole: Sequence[Range] = ()) -> list[Range]:
    """The sentences of a text, without the spaces between them; none ends within one of `whole`."""
    ends = list(accumulate(len(part) for part in sentencex.segment(_plain(language), text)))
    if not ends or ends[-1] != len(text):
        ends = [len(text)]
    ends = [end for end in ends if not any(a < end < b for a, b in whole)]
    starts = [0, *ends[:-1]]
    pieces = (piece for start, end in zip(starts, ends, strict=True) for piece in _short(text, start, end))
    trimmed = (_trimmed(text, start, end) for start, end in pieces)
    return [(start, end) for start, end in trimmed if start < end]


def clauses(sentence: str) -> list[Range]:
    """A sentence cut at its inner punctuation, no piece shorter than `SHORTEST`; itself where it has none."""
    ends = [found.end() for mark in _BREAKS[:2] for found in mark.finditer(sentence)]
    cuts, start = list[Range](), 0
    for end in sorted(ends):
        if end - start >= SHORTEST and len(sentence) - end >= SHORTEST:
            cuts.append(_trimmed(sentence, start, end))
            start = end
    return [*cuts, _trimmed(sentence, start, len(sentence))]


def gap(before: str, language: str) -> str:
    """What stands between a sentence and the next: nothing in Chinese and Japanese, except after Latin."""
    unspaced = _plain(language) in ("zh", "ja", "yue")
    return "" if not before or (unspaced and not before[-1].isascii()) else " "


def _short(text: str, start: int, end: int) -> Iterator[Range]:
    while end - start > LONGEST:
        middle = start + next(
            filter(None, (_last(mark, text[start : start + LONGEST]) for mark in _BREAKS)), LONGEST
        )
        yield start, middle
        start = middle
    yield start, end


def _last(mark: re.Pattern[str], text: str) -> int:
    """Behind the last such mark in the second half; 0 if there is none."""
    return max((found.end() for found in mark.finditer(text, len(text) // 2)), default=0)


def _trimmed(text: str, start: int, end: int) -> Range:
    start += len(text[start:end]) - len(text[start:end].lstrip())
    return start, max(start, start + len(text[start:end].rstrip()))


def _plain(language: str) -> str:
    try:
        return bcp47.parts(language)[0]
    except ValueError:
        return "en"
