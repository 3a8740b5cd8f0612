"""What a later version of an article changes, and how much it matters. Pure."""

from __future__ import annotations

import re
from collections import Counter
from typing import Literal

from distributor.article import Content
from distributor.markup import plain

Grade = Literal["refile", "correction"]
"""IPTC's words for it: small, or of facts."""

_WORD = re.compile(r"\w+")
SMALL = 0.1
"""Of a text's words: more than that is no small change."""


def graded(before: Content, after: Content) -> tuple[Grade, tuple[str, ...]]:
    """How much it matters, and where: headline, summary, text, pictures, documents, details.

    It is a correction where a number or a name is another, a picture or document, or a good part of the text.
    """
    texts = {
        "headline": (before.headline, after.headline),
        "summary": (before.summary, after.summary),
        "text": (plain(before.body), plain(after.body)),
    }
    places = [name for name, (old, new) in texts.items() if old.split() != new.split()]
    matters = any(_matters(*texts[name]) for name in places)
    for name, role in (("pictures", "picture"), ("documents", "document")):
        old, new = (
            [(m.url, m.caption) for m in content.media if m.role == role] for content in (before, after)
        )
        if old != new:
            places.append(name)
            matters = True
    if not places:
        return "refile", ("details",)
    return ("correction" if matters else "refile"), tuple(places)


def _matters(before: str, after: str) -> bool:
    old, new = Counter(_WORD.findall(before)), Counter(_WORD.findall(after))
    changed = (old - new) + (new - old)
    if any(_is_fact(word) for word in changed):
        return True
    return changed.total() > SMALL * max(old.total(), 1)


def _is_fact(word: str) -> bool:
    """A number, a name, or (where there are no capitals) anything."""
    return any(c.isdigit() for c in word) or word[0].isupper() or word[0].lower() == word[0].upper()
