"""What a feed is, once read; what all formats share."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from channels.story import Media
from distributor.article import Content, Item
from distributor.bcp47 import canonical
from distributor.markup import fold, plain
from distributor.sources import sanitise

LONGEST_TTL = timedelta(days=1)
"""A slip in a template must not silence a source for a year."""
LONGEST_LINE = 1000
"""Characters of a headline."""
LONGEST_GUID = 1000
SHORT_TEXT = 100
"""Characters of text that stand in for a headline that is missing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Feed:
    """A feed as it was read."""

    title: str
    url: str = ""
    """The site it belongs to."""
    language: str = ""
    """As declared, BCP 47; empty if it is not."""
    ttl: timedelta | None = None
    """The feed's own word on how long it stays as it is."""
    items: tuple[Item, ...] = ()
    """In the order of the feed."""
    warnings: tuple[str, ...] = ()
    """A line each; those on an item name it."""


@dataclass(slots=True, kw_only=True)
class Draft:
    """An item on its way in, the same for all formats; `html` and `summary` are HTML as found."""

    guid: str = ""
    url: str = ""
    headline: str = ""
    html: str = ""
    summary: str = ""
    base: str = ""
    language: str = ""
    published: datetime | None = None
    updated: datetime | None = None
    authors: Iterable[str] = ()
    categories: Iterable[str] = ()
    media: tuple[Media, ...] = ()
    rights: str = ""

    def finish(self, position: int) -> tuple[Item | None, list[str]]:
        """The item, or None if it says nothing; and warnings that name it. `position` counts from 1."""
        body, warning = sanitise.body(self.html, self.base)
        short = body if self.summary == self.html else sanitise.body(self.summary, self.base)[0]
        text, summary = plain(body), plain(short)
        if summary and not text:
            body, text = short, summary
        headline = _shortened(self.headline, LONGEST_LINE) or _shortened(text, SHORT_TEXT)
        if not headline:
            return None, [f"item {self.guid or self.url or position}: has neither title nor text; left out"]
        content = Content(
            headline=headline,
            summary="" if summary == text else summary,
            body=body,
            language=declared(self.language),
            url=self.url,
            published=self.published,
            updated=self.updated,
            authors=distinct(self.authors),
            categories=distinct(self.categories),
            media=self.media,
            rights=self.rights,
        )
        item = Item(_guid(self.guid or self.url, content), content)
        return item, [f"item {item.guid}: {warning}"] if warning else []


def distinct(texts: Iterable[str]) -> tuple[str, ...]:
    """White space folded, empty ones and repetitions left out, order kept."""
    return tuple(dict.fromkeys(filter(None, map(fold, texts))))


def declared(language: str) -> str:
    """A feed's language tag in its usual form; empty if it is none."""
    tag = language.strip().replace("_", "-")
    shorter = re.match(r"[A-Za-z]{2,3}(?:-[A-Za-z]{4})?(?:-(?:[A-Za-z]{2}|\d{3}))?(?=-|$)", tag)
    known = canonical(shorter[0]) if shorter else ""
    return "" if known in ("und", "mul", "mis", "zxx") else known


def _shortened(text: str, most: int) -> str:
    text = fold(text)
    return text if len(text) <= most else text[: most - 1].rsplit(" ", 1)[0] + "…"


def _guid(found: str, content: Content) -> str:
    """The feed's own (or the link), where it is there and of a length to keep; else a hash."""
    if found and len(found) <= LONGEST_GUID:
        return found
    told = found or f"{content.headline}\n{plain(content.body)}"
    return "sha256:" + hashlib.sha256(told.encode("utf-8", "surrogatepass")).hexdigest()
