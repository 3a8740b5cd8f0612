"""RSS 2.0 (https://www.rssboard.org/rss-specification), with the namespaces that its profile recommends."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC
from email.utils import format_datetime

from lxml import etree

from channels.formats import about, feeds
from channels.formats.elements import add, carried, language_tag, line, timestamp, to_bytes, uri, web_address
from channels.formats.feeds import DCTERMS, GEORSS, Feed
from channels.story import Media, Role, Story

MEDIA_TYPE = "application/rss+xml"

ATOM = "http://www.w3.org/2005/Atom"
CONTENT = "http://purl.org/rss/1.0/modules/content/"
DC = "http://purl.org/dc/elements/1.1/"
MEDIA = "http://search.yahoo.com/mrss/"
PREFIXES = {"atom": ATOM, "content": CONTENT, "dc": DC, "dcterms": DCTERMS, "georss": GEORSS, "media": MEDIA}

MEDIUMS: dict[Role, str] = {"picture": "image", "video": "video", "audio": "audio", "document": "document"}


def encode(feed: Feed, stories: Iterable[Story]) -> bytes:
    """A whole feed, UTF-8, in the order of `stories`.

    Raises: UnicodeEncodeError where a text has lone surrogates.
    """
    document = etree.Element("rss", {"version": "2.0"}, nsmap=PREFIXES)
    channel = add(document, "channel")
    add(channel, "title", line(feed.title))
    add(channel, "link", web_address(feed.home) or web_address(feed.url))
    add(channel, "description", line(feed.description or feed.title))
    add(channel, "language", language_tag(feed.language))
    if feed.rights:
        add(channel, "copyright", line(feed.rights))
    add(channel, "lastBuildDate", format_datetime(feed.updated.astimezone(UTC)))
    for relation, address in feed.links():
        kind = MEDIA_TYPE if relation != "hub" else ""
        add(channel, f"{{{ATOM}}}link", "", {"rel": relation, "href": address, "type": kind})
    for story in stories:
        _item(channel, story)
    return to_bytes(document)


def _item(channel: etree._Element, story: Story) -> None:
    """§item. RSS has no way to take one back: a withdrawn story keeps its title, which says so."""
    item = add(channel, "item")
    add(item, "title", line(feeds.title(story)))
    if address := web_address(story.url):
        add(item, "link", address)
    if summary := feeds.summary(story):
        add(item, "description", carried(summary))
    add(item, f"{{{CONTENT}}}encoded", feeds.content(story))
    add(item, "guid", uri(story.uri), {"isPermaLink": "false"})
    add(item, "pubDate", format_datetime(story.published.astimezone(UTC)))
    add(item, f"{{{ATOM}}}updated", timestamp(story.updated))
    for author in filter(None, map(line, story.authors)):
        add(item, f"{{{DC}}}creator", author)
    for subject in about.subjects(story):
        if name := line(subject.name):
            add(item, "category", name, {"domain": subject.scheme})
    feeds.places(item, story)
    _relations(item, story)
    _media(item, story)


def _relations(item: etree._Element, story: Story) -> None:
    """Its language, the article that it is one language of, and where a translation comes from."""
    add(item, f"{{{DC}}}language", language_tag(story.language))
    add(item, f"{{{DCTERMS}}}isVersionOf", line(story.slug))
    if story.rights:
        add(item, f"{{{DC}}}rights", line(story.rights))
    if story.origin != "original" and (address := web_address(story.url)):
        language = language_tag(story.original_language)
        add(item, f"{{{ATOM}}}link", "", {"rel": "via", "href": address, "hreflang": language})


def _media(item: etree._Element, story: Story) -> None:
    """The profile, §enclosure: one for each item, and all in Media RSS, which knows captions and credits."""
    for n, (address, kind, media) in enumerate(feeds.enclosures(story)):
        if not n:
            add(item, "enclosure", "", {"url": address, "length": media.length or 0, "type": kind})
        _shown(item, address, kind, media)


def _shown(item: etree._Element, address: str, kind: str, media: Media) -> None:
    told = {"url": address, "type": kind, "medium": MEDIUMS[media.role], "fileSize": media.length}
    shown = add(item, f"{{{MEDIA}}}content", "", {**told, "width": media.width, "height": media.height})
    captions = {"title": media.title, "description": media.caption or media.alt, "credit": media.credit}
    for name, text in captions.items():
        if text:
            add(shown, name, line(text))
