"""Addresses and identifiers, brackets and quotation marks."""

from __future__ import annotations

from collections.abc import Iterator

from distributor.translation.checks.bare import kept_words
from distributor.translation.checks.doubt import Doubt, shortened

_PAIRS = {
    "brackets": ("()", "（）", "[]", "［］", "{}", "｛｝", "【】", "〔〕", "〈〉", "《》"),
    "quotes": ("«»", "‹›", "「」", "『』"),
}
_WIDE = str.maketrans("（）［］｛｝", "()[]{}")
_EVEN = frozenset('"“”„‟＂〝〞〟')
"""Which of these opens and which closes depends on the language; of all together there is an even number."""


def of_links(source: str, target: str) -> Iterator[Doubt]:
    """Each address, handle and identifier comes over as it is, and none is added."""
    ours, folded = kept_words(source), target.lower()
    for word in sorted(ours):
        if word.lower() not in folded:
            yield Doubt("links", f"{shortened(word)} is missing or changed")
    for word in sorted(kept_words(target)):
        if word.lower() not in source.lower() and not any(own in word for own in ours):
            yield Doubt("links", f"{shortened(word)} is not in the original")


def of_marks(source: str, target: str) -> Iterator[Doubt]:
    """Pairs that are whole in the source and broken in the target. Apostrophes are no quotes."""
    for kind in _PAIRS:
        if not (broken := _broken(kind, target)) or _broken(kind, source):
            continue
        yield Doubt(kind, f"{broken} stands without its other half")


def _broken(kind: str, text: str) -> str:
    """The mark that has no partner; empty if all have."""
    text = text.translate(_WIDE)
    for pair in _PAIRS[kind]:
        if (pair[0] in text or pair[1] in text) and (odd := _unpaired(text, pair)):
            return odd
    odd_marks = [c for c in text if c in _EVEN] if kind == "quotes" else []
    return odd_marks[-1] if len(odd_marks) % 2 else ""


def _unpaired(text: str, pair: str) -> str:
    """Brackets close after they open; «» may stand the other way round, as they do in Danish."""
    opening, closing = pair[0], pair[1]
    depth = 0
    for c in text:
        depth += (c == opening) - (c == closing)
        if depth < 0 and pair not in ("«»", "‹›"):
            return closing
    return "" if not depth else opening if depth > 0 else closing
