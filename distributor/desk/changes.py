"""What changed between two versions, word by word."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator
from difflib import SequenceMatcher
from itertools import chain, takewhile
from typing import Literal

from distributor.article import Content
from distributor.markup import plain

_WORD = re.compile(r"\s*\w+|\s*[^\w\s]|\s+")
MOST = 100_000
"""Pairs of equal parts that are weighed against each other: beyond that it would take seconds."""
NEAR = 6
"""Words that are told around what changed."""

Change = tuple[Literal["same", "new", "gone"], str]


def changes(before: Content, after: Content) -> list[Change]:
    """Runs of words: the same, new or gone; long runs of the same are cut. Empty: a reader sees no change.

    Of long texts that differ throughout, whole paragraphs are told; at worst the whole text.
    """
    old, new = _text(before), _text(after)
    if old == new:
        return []
    for split in (_WORD.findall, _lines):
        a, b = split(old), split(new)
        first = _alike(zip(a, b, strict=False))
        last = _alike(zip(reversed(a[first:]), reversed(b[first:]), strict=False))
        aligned = _aligned(a[first : len(a) - last], b[first : len(b) - last])
        if aligned is not None:
            head: Change = ("same", "".join(a[:first]))
            tail: Change = ("same", "".join(a[len(a) - last :]))
            return [(kind, _shown(kind, told)) for kind, told in (head, *aligned, tail) if told]
    return [("gone", old), ("new", new)]


def _alike(pairs: Iterable[tuple[str, str]]) -> int:
    """How many there are before the first that differ."""
    return sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], pairs))


def _aligned(old: list[str], new: list[str]) -> list[Change] | None:
    """None: it would take too long."""
    often = Counter(new)
    if sum(often[part] for part in old) > MOST:
        return None
    codes = SequenceMatcher(None, old, new, autojunk=False).get_opcodes()
    return list(chain.from_iterable(_told(*code, old, new) for code in codes))


def _told(tag: str, a: int, b: int, c: int, d: int, old: list[str], new: list[str]) -> Iterator[Change]:
    if tag == "equal":
        yield "same", "".join(old[a:b])
        return
    if b > a:
        yield "gone", "".join(old[a:b])
    if d > c:
        yield "new", "".join(new[c:d])


def _shown(kind: str, told: str) -> str:
    words = _WORD.findall(told) if kind == "same" else []
    if len(words) <= 4 * NEAR:
        return told
    return "".join([*words[:NEAR], " … ", *words[-NEAR:]])


def _lines(told: str) -> list[str]:
    return told.splitlines(keepends=True)


def _text(content: Content) -> str:
    captions = "\n".join(f"{m.caption} {m.alt}" for m in content.media)
    return f"{content.headline}\n{content.summary}\n{plain(content.body)}\n{captions}"
