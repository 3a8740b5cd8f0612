"""The nouns that all rooms share."""

from __future__ import annotations

import hashlib
import html
import json
import re
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from typing import Any

from channels.story import Media, Place, Subject
from distributor.links import link_key

__all__ = ["URGENT", "Content", "Item", "Media", "Place", "Subject"]

_LINK = re.compile(r'(\s(?:href|src)=")([^"]*)')
_UNSEEN = ("subjects", "places", "publisher", "license")
"""Fields that only machines read."""
_BESIDE_TAG = re.compile(r"\s*(<[^>]*>)\s*")


@dataclass(frozen=True, slots=True, kw_only=True)
class Content:
    """What one version of an article says, in one language."""

    headline: str
    summary: str = ""
    """Plain text."""
    body: str = ""
    """A sanitised HTML fragment with absolute links."""
    language: str = ""
    """BCP 47."""
    url: str = ""
    published: datetime | None = None
    """Aware, UTC, as `updated`; None where the feed does not say."""
    updated: datetime | None = None
    authors: tuple[str, ...] = ()
    categories: tuple[str, ...] = ()
    subjects: tuple[Subject, ...] = ()
    """Those of the categories for which the feed names a vocabulary."""
    places: tuple[Place, ...] = ()
    publisher: str = ""
    media: tuple[Media, ...] = ()
    rights: str = ""
    license: str = ""
    """The address of the terms."""

    def fingerprint(self) -> str:
        """The same for two contents that a reader could not tell apart: dates do not count, nor do the order
        of categories, their codes, white space, and the scheme or tracking parameters of a link. What was
        added to this class later does not count either: else an upgrade would make new versions of old news.
        """
        told = asdict(replace(self, published=None, updated=None, body=_markup(self.body)))
        for unseen in _UNSEEN:
            del told[unseen]
        told["url"] = _link(self.url)
        told["categories"] = sorted(self.categories)
        for media in told["media"]:
            media["url"] = _link(media["url"])
        folded = json.dumps(_folded(told), ensure_ascii=False, sort_keys=True)
        return hashlib.sha256(folded.encode()).hexdigest()

    def having(self, **changes: Any) -> Content:
        """The same with some fields changed."""
        return replace(self, **changes)

    def to_json(self) -> dict[str, Any]:
        """As plain data, dates as ISO 8601."""
        data = asdict(self)
        for key in ("published", "updated"):
            data[key] = data[key] and data[key].isoformat()
        return data

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> Content:
        """The inverse of `to_json`; what an older version of this program did not know is empty."""
        dates = {key: _date(data.get(key)) for key in ("published", "updated")}
        lists = {key: tuple(data.get(key, ())) for key in ("authors", "categories")}
        media = tuple(Media(**m) for m in data.get("media", ()))
        subjects = tuple(Subject(**s) for s in data.get("subjects", ()))
        places = tuple(_place(**p) for p in data.get("places", ()))
        return cls(**{**data, **dates, **lists, "media": media, "subjects": subjects, "places": places})


URGENT = 2
"""IPTC urgency up to which an article is urgent: it overtakes, passes quiet hours, is tried more often."""


@dataclass(frozen=True, slots=True)
class Item:
    """One entry of a feed as it was read: who it is, and what it says."""

    guid: str
    """The feed's own, or the link, or a hash of the text where it has neither."""
    content: Content
    embargo: datetime | None = None
    """Aware, UTC: nothing may leave before."""
    embargo_fault: str = ""
    """Why its embargo cannot be read; empty if it can, or there is none."""


def _place(name: str, position: list[float] | None) -> Place:
    return Place(name, (position[0], position[1]) if position else None)


def _link(url: str) -> str:
    return link_key(url) or url


def _markup(body: str) -> str:
    """Without white space beside tags, links as their keys."""
    linked = _LINK.sub(lambda found: found[1] + _link(html.unescape(found[2])), body)
    return _BESIDE_TAG.sub(r"\1", linked)


def _folded(value: Any) -> Any:
    """With white space folded in every string."""
    match value:
        case str():
            return " ".join(value.split())
        case dict():
            return {key: _folded(part) for key, part in value.items()}
        case list() | tuple():
            return [_folded(part) for part in value]
    return value


def _date(text: str | None) -> datetime | None:
    return datetime.fromisoformat(text).astimezone(UTC) if text else None
