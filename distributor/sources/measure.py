"""Cuts a feed's tree down to what a feed may reasonably have.

feedparser takes quadratic time over the attributes of one element (20,000: 4 s), the categories of one item
(20,000: 6 s) and the letters of an author that might be an address (200,000: 280 s).
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

MOST_ATTRIBUTES = 50
"""Of an element; one that has more loses all."""
MOST_PARTS = 1000
"""Elements of an item, or of a feed besides its items."""
LONGEST_WORDS = 5000
"""Characters of any element that is no text to read."""
LONGEST_NAME = 500

TEXTS = {"description", "encoded", "content", "summary", "body", "abstract", "fullitem"}
NAMES = {"author", "creator", "contributor", "name", "email", "managingEditor", "webMaster", "publisher"}


def measure(root: Any, items: Iterable[Any]) -> None:
    """Change the tree; what is cut has no reader."""
    for element in root.iter():
        if len(element.attrib) > MOST_ATTRIBUTES:
            element.attrib.clear()
    kept = set(items)
    for holder in (root, *root.iterchildren("{*}channel"), *kept):
        parts = [part for part in holder if part not in kept and local(part) != "channel"]
        for part in parts[MOST_PARTS:]:
            holder.remove(part)
        for part in parts[:MOST_PARTS]:
            if local(part) not in TEXTS:
                _shorten(part)


def local(element: Any) -> str:
    """The name without its namespace; empty for what is no element."""
    return str(element.tag).rpartition("}")[2] if element is not None and isinstance(element.tag, str) else ""


def _shorten(part: Any) -> None:
    for element in part.iter():
        most = LONGEST_NAME if local(element) in NAMES else LONGEST_WORDS
        if element.text and len(element.text) > most:
            element.text = element.text[:most]
