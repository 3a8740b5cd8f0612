"""Nothing at all, too little, too much, or the same over and over."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from distributor.scripts import CJK, script_counts
from distributor.translation.checks.bare import kept_words
from distributor.translation.checks.doubt import Doubt, shortened

_WEIGHT = {"HAN": 3.0, "KANA": 1.65, "HANGUL": 2.4, "ARABIC": 1.2, "HEBREW": 1.3}
"""How much one letter says, in letters of an alphabet."""
_BOUNDS = {True: (0.6, 1.9), False: (0.52, 2.0)}
"""Of sentences, whether both are in letters or not: the least and the most of the original's length."""
_BOUNDS_OF_TEXT = {True: (0.68, 1.5), False: (0.6, 1.7)}
_SLACK, _SLACK_ABOVE = 8, 22
"""In letters of an alphabet; it is this that loosens the bounds of short sentences."""

_UNSPACED = "\u0e00-\u0eff\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff"
_TOKEN = re.compile(rf"[{_UNSPACED}]|[^\W_{_UNSPACED}]+")
_SYLLABLES = re.compile(r"(\w{2,8}?)\1{3,}|(\w)\2{5,}|([^\w\s.…=_*-])(?: ?\3){4,}")
_LONGEST_LOOP = 16


class Loop(NamedTuple):
    """`words` said `times` times, one right after the other."""

    words: str
    times: int


def is_empty(source: str, target: str) -> bool:
    """Whether nothing is left of something."""
    return any(map(str.isalnum, source)) and not any(map(str.isalnum, target))


def of_length(source: str, target: str, *, whole: bool = False) -> Iterator[Doubt]:
    """Out of proportion; `whole` texts have narrower bounds than sentences."""
    ours, theirs = size(source), size(target)
    low, high = (_BOUNDS_OF_TEXT if whole else _BOUNDS)[_in_letters(source) and _in_letters(target)]
    if theirs < ours * low - _SLACK:
        yield Doubt("length", f"it is too short: about {_share(theirs, ours)} % of the original's length")
    elif theirs > ours * high + _SLACK_ABOVE:
        yield Doubt("length", f"it is too long: about {_share(theirs, ours)} % of the original's length")


def _in_letters(text: str) -> bool:
    counts = script_counts(text)
    return 2 * sum(counts[script] for script in CJK) < counts.total()


def size(text: str) -> float:
    """Letters and digits, as an alphabet would need; addresses do not count."""
    for word in kept_words(text):
        text = text.replace(word, " ")
    counts = script_counts(text)
    digits = sum(map(str.isdigit, text))
    return digits + sum(n * _WEIGHT.get(script, 1.0) for script, n in counts.items())


def _share(theirs: float, ours: float) -> int:
    return round(100 * theirs / max(ours, 1))


def of_repetition(source: str, target: str) -> Iterator[Doubt]:
    """A loop, unless the source has one as well."""
    found = loop(target)
    if found and not ((own := loop(source)) and own.times * 2 >= found.times):
        yield Doubt("repetition", f"the translation says {shortened(found.words)!r} {found.times} times")


def loop(text: str) -> Loop | None:
    """What a text says again and again; None if it has no such thing."""
    if found := _SYLLABLES.search(text):
        unit = found[1] or found[2] or found[3]
        if not found[0].isdigit():
            return Loop(unit, len(found[0]) // len(unit))
    tokens = [m.group() for m in _TOKEN.finditer(text.lower())]
    counts = Counter(tokens)
    if not counts or counts.most_common(1)[0][1] < 2:
        return None
    return _consecutive(tokens) or _scattered(tokens, counts)


def _consecutive(tokens: Sequence[str]) -> Loop | None:
    for period in range(1, min(_LONGEST_LOOP, len(tokens) // 2) + 1):
        run = longest = end = 0
        for i, (a, b) in enumerate(zip(tokens, tokens[period:], strict=False)):
            run = run + 1 if a == b else 0
            if run > longest:
                longest, end = run, i
        times = longest // period + 1
        said = tokens[end - period + 1 : end + 1]
        if times >= _too_often(said):
            return Loop(_joined(said), times)
    return None


def _too_often(said: Sequence[str]) -> int:
    """How many times in a row are too many: a long phrase twice, a word three times, a character four."""
    letters = sum(map(len, said))
    if all(map(str.isdigit, said)):
        return 6
    if len(said) >= (3 if letters >= 2 * len(said) else 6) and letters >= 8:
        return 2
    return 4 if letters < 2 else 3


def _scattered(tokens: Sequence[str], counts: Counter[str]) -> Loop | None:
    """One word that makes up much of a text, with others in between."""
    word, times = counts.most_common(1)[0]
    telling = len(word) > 3 and not word.isdigit()
    return Loop(word, times) if telling and times >= 6 and times * 3 >= len(tokens) else None


def _joined(said: Sequence[str]) -> str:
    return ("" if all(len(token) == 1 for token in said) else " ").join(said)
