"""What changed between two versions, word by word."""

from __future__ import annotations

import re
from collections.abc import Iterator
from difflib import SequenceMatcher
from itertools import chain
from typing import Literal

from distributor.article import Content
from distributor.markup import plain

_WORD = re.compile(r"\w+|[^\w\s]|\s+")
LONGEST = 20_000
"""Words of each text that are compared: beyond that it would take seconds."""
NEAR = 6
"""Words that are told around what changed."""

Change = tuple[Literal["same", "new", "gone"], str]


def changes(before: Content, after: Content) -> list[Change]:
    """Runs of words: the same, new or gone; long runs of the same are cut. Empty: a reader sees no change."""
    old, new = (_WORD.findall(_text(content))[:LONGEST] for content in (before, after))
    if old == new:
        return []
    matched = (
        SequenceMatcher(None, old, new, autojunk=False)
        if len(old) < 4000
        else SequenceMatcher(None, old, new)
    )
    return list(chain.from_iterable(_told(*code, old, new) for code in matched.get_opcodes()))


def _told(tag: str, a: int, b: int, c: int, d: int, old: list[str], new: list[str]) -> Iterator[Change]:
    if tag == "equal":
        yield "same", _shortened(old[a:b])
        return
    if b > a:
        yield "gone", "".join(old[a:b])
    if d > c:
        yield "new", "".join(new[c:d])


def _shortened(words: list[str]) -> str:
    if len(words) <= 4 * NEAR:
        return "".join(words)
    return "".join([*words[: 2 * NEAR], " … ", *words[-2 * NEAR :]])


def _text(content: Content) -> str:
    captions = "\n".join(f"{m.caption} {m.alt}" for m in content.media)
    return f"{content.headline}\n{content.summary}\n{plain(content.body)}\n{captions}"
