"""Where words begin and end, in scripts with and without spaces between them."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator

Range = tuple[int, int]
"""From, to (exclusive), in characters."""

_UNSPACED = re.compile(
    "[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3005-\u30ff\u3400-\u9fff\uf900-\ufaff\U00020000-\U0003ffff]"
)
"""Thai, Lao, Burmese, Khmer, kana and Chinese characters."""
_KATAKANA = re.compile("[\u30a1-\u30fa\u30fc-\u30ff]{2}")
_KANJI = re.compile("[\u3005\u3400-\u9fff\uf900-\ufaff]{2}")
_KANA = re.compile("[\u3041-\u30ff]")


def tells(word: str) -> bool:
    """Whether a word that two languages have must be the same: `CO2`, `1.5`, `Clarivate`, not `come`."""
    return any(c.isdigit() for c in word) or (
        len(word) > 1 and any(c.isupper() or not c.isalnum() for c in word)
    )


def occurrences(word: str, text: str) -> Iterator[int]:
    """Where `word` stands as a word of its own (for scripts without spaces: at all)."""
    start = text.find(word)
    while start >= 0:
        if not joined(text, start) and not joined(text, start + len(word)):
            yield start
        start = text.find(word, start + 1)


def joined(text: str, at: int) -> bool:
    """Whether a word of a script with spaces goes on over the place `at`."""
    return 0 < at < len(text) and spaced(text[at - 1]) and spaced(text[at])


def spaced(char: str) -> bool:
    """Whether it is part of a word, and of a script that puts spaces between words."""
    return char.isalnum() and not _UNSPACED.match(char)


def units(text: str, area: Range, glued: Collection[int]) -> list[Range]:
    """The words in an area of a text; punctuation marks by themselves.

    Without spaces, what the engine wrote in one piece is a word (`glued`: the places within its pieces); in
    Japanese, so is what is written in katakana or in Chinese characters without a break.
    """
    japanese = bool(_KANA.search(text))
    found: list[Range] = []
    for i in range(*area):
        if text[i].isspace():
            continue
        if (
            found
            and found[-1][1] == i
            and (joined(text, i) or _one(text[i - 1 : i + 1], i in glued, japanese))
        ):
            found[-1] = (found[-1][0], i + 1)
        else:
            found.append((i, i + 1))
    return found


def _one(pair: str, glued: bool, japanese: bool) -> bool:
    written = _KATAKANA.match(pair) or (japanese and _KANJI.match(pair))
    return pair.isalnum() and bool(glued or written)
