"""What comes most often where a feed should be: a page for people. It may say where its feed is."""

from __future__ import annotations

import re
from collections.abc import Iterator

from lxml import etree

from distributor.sources.sanitise import absolute

FEED_TYPES = {"application/rss+xml", "application/atom+xml", "application/rdf+xml", "application/feed+json"}
MOST = 200_000
"""Characters that are looked at: links to feeds stand in the head."""

_begins = re.compile(
    r"\ufeff?\s*(?:<\?xml[^>]*>\s*)?(?:<!--[^>]*>\s*)*<(?:!doctype\s+html|html|head|body|meta|script|div)\b",
    re.IGNORECASE,
)


def is_html(text: str) -> bool:
    """Whether it begins as a page does."""
    return bool(_begins.match(text))


def describe(text: str, url: str) -> str:
    """What to tell an operator who gave the address of this page as a feed's."""
    feeds = list(dict.fromkeys(_feeds(text[:MOST], url)))
    hint = f"; the page names this feed: {feeds[0]}" if feeds else ""
    return f"this is an HTML page, not a feed{hint}"


def _feeds(text: str, url: str) -> Iterator[str]:
    parser = etree.HTMLParser(no_network=True, encoding="utf-8")
    root = etree.fromstring(text.encode("utf-8", "replace"), parser)
    for link in root.iter("link") if root is not None else ():
        rel, type_ = link.get("rel", "").lower().split(), link.get("type", "").strip().lower()
        if "alternate" in rel and type_ in FEED_TYPES and (feed := absolute(link.get("href", ""), url)):
            yield feed
