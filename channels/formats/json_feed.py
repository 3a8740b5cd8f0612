"""JSON Feed 1.1: https://www.jsonfeed.org/version/1.1/"""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

import orjson

from channels.formats import feeds
from channels.formats.elements import language_tag, timestamp, uri, web_address
from channels.formats.feeds import Feed
from channels.formats.ninjs import SOURCE_TYPES
from channels.story import Story

MEDIA_TYPE = "application/feed+json"

VERSION = "https://jsonfeed.org/version/1.1"


def encode(feed: Feed, stories: Iterable[Story]) -> bytes:
    """A whole feed, UTF-8, in the order of `stories`.

    Raises: UnicodeEncodeError where a text has lone surrogates.
    """
    items = [_item(story) for story in stories]
    whole = {**_feed(feed), "items": items}
    try:
        return orjson.dumps(whole)
    except orjson.JSONEncodeError:
        return json.dumps(whole, ensure_ascii=False).encode()  # says which character it is


def _feed(feed: Feed) -> dict[str, Any]:
    """§"Top-level". Of the other pages it knows only the next."""
    hub = web_address(feed.hub)
    return _told(
        {
            "version": VERSION,
            "title": feed.title,
            "home_page_url": web_address(feed.home),
            "feed_url": web_address(feed.url),
            "description": feed.description,
            "next_url": web_address(feed.next),
            "language": language_tag(feed.language),
            "hubs": [{"type": "WebSub", "url": hub}] if hub else [],
        }
    )


def _told(properties: dict[str, Any]) -> dict[str, Any]:
    """Without what nothing is known of."""
    return {name: value for name, value in properties.items() if value}


def _item(story: Story) -> dict[str, Any]:
    """§"Items"."""
    attachments = [
        _told({"url": address, "mime_type": kind, "title": media.title, "size_in_bytes": media.length})
        for address, kind, media in feeds.enclosures(story)
    ]
    pictures = (address for address, _, media in feeds.enclosures(story) if media.role == "picture")
    address = web_address(story.url)
    return _told(
        {
            "id": uri(story.uri),
            "url": address,
            "title": feeds.title(story),
            "content_html": feeds.content(story) or " ",  # one of the two contents must be there
            "summary": feeds.summary(story),
            "image": next(pictures, ""),
            "date_published": timestamp(story.published),
            "date_modified": timestamp(story.updated),
            "authors": [{"name": name} for name in story.authors if name],
            "tags": list(story.categories),
            "language": language_tag(story.language),
            "attachments": attachments,
            "_distributor": _extension(story),
        }
    )


def _extension(story: Story) -> dict[str, Any]:
    """§"Extensions", by the names of ninjs."""
    return _told(
        {
            "about": "https://iptc.org/std/ninjs/",
            "story": story.slug,
            "version": story.version,
            "pubStatus": story.pub_status,
            "urgency": story.urgency,
            "originalLanguage": story.original_language,
            "digitalSourceType": SOURCE_TYPES.get(story.origin, {}).get("uri", ""),
            "copyrightNotice": story.rights,
        }
    )
