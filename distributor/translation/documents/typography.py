"""Chinese and Japanese as they are printed: full-width punctuation, no spaces between their characters.

Models learn from texts of the web, where neither is certain.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from distributor import bcp47
from distributor.translation.documents.align import Tie, Translation

_CJK = "\u3005-\u30ff\u3400-\u9fff\uf900-\ufaff々〆ー"
_WIDE = "，、。！？：；（）「」『』《》【】"
_MARKS = {
    "zh": str.maketrans(",.!?:;()", "，。！？：；（）"),
    "ja": str.maketrans(",.!?:;()", "、。！？：；（）"),
}
_BEHIND = re.compile(rf"(?<=[{_CJK}）」』》】])(?:[,!?;]|:(?!//)|\.(?![\w.]))")
"""A mark behind a character of theirs; a point only where a sentence may end."""
_BRACKETS = re.compile(rf"(?<=[{_CJK}])\(([^()]*)\)|\(([^()]*[{_CJK}][^()]*)\)")
_SPACE = re.compile(rf"(?<=[{_CJK}]) (?=[{_CJK}{_WIDE}])|(?<=[{_WIDE}]) | (?=[{_WIDE}])")


def typeset(translation: Translation, language: str) -> Translation:
    """The same in the punctuation of `language` (BCP 47), ties and all; unchanged for all others."""
    marks = _MARKS.get(_primary(language))
    if marks is None:
        return translation
    before = None
    while translation.text != before:  # what one step changes may make place for another
        before = translation.text
        translation = _step(translation, marks)
    return translation


def _step(translation: Translation, marks: dict[int, int]) -> Translation:
    text = _BRACKETS.sub(lambda m: f"（{m[1] if m[1] is not None else m[2]}）", translation.text)
    text = _BEHIND.sub(lambda m: m[0].translate(marks), text)
    gaps = [m.start() for m in _SPACE.finditer(text)]
    if not gaps:
        return Translation(text, translation.ties)
    return Translation(_without(text, gaps), tuple(_moved(translation.ties, text, gaps)))


def _primary(language: str) -> str:
    try:
        return bcp47.parts(language)[0]
    except ValueError:
        return ""


def _without(text: str, gaps: list[int]) -> str:
    drop = set(gaps)
    return "".join(c for i, c in enumerate(text) if i not in drop)


def _moved(ties: tuple[Tie, ...], text: str, gaps: list[int]) -> Iterator[Tie]:
    """To where their words are now; a tie of nothing but a dropped space goes with it."""
    drop, places, new = set(gaps), [0] * (len(text) + 1), 0
    for i in range(len(text)):
        places[i] = new
        new += i not in drop
    places[len(text)] = new
    for tie in ties:
        start, end = places[min(tie.to_start, len(text))], places[min(tie.to_end, len(text))]
        if start < end:
            yield tie._replace(to_start=start, to_end=end)
