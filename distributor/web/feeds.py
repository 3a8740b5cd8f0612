"""A page of a private feed, as bytes."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable
from dataclasses import replace
from datetime import UTC, datetime
from typing import NamedTuple

from sqlalchemy import Connection

from channels.formats import atom, json_feed, rss
from channels.formats.feeds import Feed
from channels.story import Story
from distributor.ledger import items
from distributor.ledger.stories import Naming, load
from distributor.ledger.tables import AnyRow
from distributor.web.addresses import Topic

ENCODERS: dict[str, tuple[Callable[[Feed, Iterable[Story]], bytes], str]] = {
    "rss": (rss.encode, rss.MEDIA_TYPE),
    "atom": (atom.encode, atom.MEDIA_TYPE),
    "json": (json_feed.encode, json_feed.MEDIA_TYPE),
}


class Page(NamedTuple):
    """`tag`: an entity tag without quotes; `updated`: None while there is nothing in the feed."""

    feed: Feed
    stories: list[Story]
    tag: str
    updated: datetime | None


def tag_of(mark: items.Mark, topic: Topic, nth: int) -> str:
    """Of the same state of the feed and the same words about it."""
    told = (*mark, topic.url, topic.settings.title, topic.settings.size, nth)
    return hashlib.sha256(repr(told).encode()).hexdigest()[:24]


def page(db: Connection, topic: Topic, nth: int, naming: Naming) -> Page:
    """The `nth` page, from 1; a page past the last is empty."""
    size = topic.settings.size
    mark = items.mark(db, topic.lane, topic.language)
    rows = items.page(db, topic.lane, topic.language, (nth - 1) * size, size)
    found = load(db, {row.rendition for row in rows[:size]}, naming)
    stories = [as_sent(found[row.rendition], row) for row in rows[:size] if row.rendition in found]
    return Page(_feed(topic, nth, len(rows) > size, mark), stories, tag_of(mark, topic, nth), mark.settled)


def document(topic: Topic, found: Page) -> tuple[bytes, str]:
    """It in the topic's format, and its `Content-Type`."""
    encode, media_type = ENCODERS[topic.kind]
    return encode(found.feed, found.stories), f"{media_type}; charset=utf-8"


def as_sent(story: Story, row: AnyRow) -> Story:
    """A withdrawal is the story, withdrawn."""
    return replace(story, pub_status="canceled", ed_note="") if row.action == "cancel" else story


def _feed(topic: Topic, nth: int, more: bool, mark: items.Mark) -> Feed:
    return Feed(
        title=topic.settings.title or f"Science Wire for {topic.member.name}",
        url=_page_url(topic.url, nth),
        id=topic.url,
        hub=topic.hub,
        language=topic.language,
        updated=mark.settled or datetime.fromtimestamp(0, UTC),
        first=topic.url if more or nth > 1 else "",
        previous=_page_url(topic.url, nth - 1) if nth > 1 else "",
        next=_page_url(topic.url, nth + 1) if more else "",
    )


def _page_url(url: str, nth: int) -> str:
    return url if nth == 1 else f"{url}?page={nth}"
