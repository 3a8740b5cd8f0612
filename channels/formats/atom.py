"""Atom (RFC 4287), in pages (RFC 5005), with tombstones for what is withdrawn (RFC 6721)."""

from __future__ import annotations

from collections.abc import Iterable

from lxml import etree

from channels.formats import about, feeds
from channels.formats.elements import (
    LANG,
    add,
    carried,
    language_tag,
    line,
    root,
    timestamp,
    to_bytes,
    uri,
    web_address,
)
from channels.formats.feeds import DCTERMS, GEORSS, Feed
from channels.story import Story, Subject

MEDIA_TYPE = "application/atom+xml"

NAMESPACE = "http://www.w3.org/2005/Atom"
TOMBSTONES = "http://purl.org/atompub/tombstones/1.0"
PREFIXES = {"dcterms": DCTERMS, "georss": GEORSS, "at": TOMBSTONES}


def encode(feed: Feed, stories: Iterable[Story]) -> bytes:
    """A feed document (§4.1.1), UTF-8, in the order of `stories`.

    Raises: UnicodeEncodeError where a text has lone surrogates.
    """
    document = root(NAMESPACE, "feed", {LANG: language_tag(feed.language)}, PREFIXES)
    add(document, "id", uri(feed.id or feed.url))
    add(document, "title", line(feed.title))
    add(document, "updated", timestamp(feed.updated))
    add(add(document, "author"), "name", line(feed.title))  # §4.1.1: for entries that name none
    if feed.description:
        add(document, "subtitle", line(feed.description))
    if feed.rights:
        add(document, "rights", line(feed.rights))
    for relation, address in feed.links():
        _link(document, relation, address, MEDIA_TYPE if relation != "hub" else "")
    if home := web_address(feed.home):
        _link(document, "alternate", home, "text/html")
    for story in stories:
        _entry(document, story)
    return to_bytes(document)


def _link(parent: etree._Element, relation: str, address: str, kind: str, **more: object) -> None:
    add(parent, "link", "", {"rel": relation, "href": address, "type": kind, **more})


def _entry(document: etree._Element, story: Story) -> None:
    """§4.1.2. A withdrawn story is an entry, too, for readers that do not know of tombstones."""
    if feeds.is_withdrawn(story):
        _tombstone(document, story)
    entry = add(document, "entry", "", {LANG: language_tag(story.language)})
    add(entry, "id", uri(story.uri))
    add(entry, "title", line(feeds.title(story)))
    add(entry, "published", timestamp(story.published))
    add(entry, "updated", timestamp(story.updated))
    for author in filter(None, map(line, story.authors)):
        add(add(entry, "author"), "name", author)
    for subject in about.subjects(story):
        _category(entry, subject)
    feeds.places(entry, story)
    add(entry, f"{{{DCTERMS}}}isVersionOf", line(story.slug))
    _links(entry, story)
    if story.rights:
        add(entry, "rights", line(story.rights))
    if summary := feeds.summary(story):
        add(entry, "summary", carried(summary))
    add(entry, "content", feeds.content(story), {"type": "html"})


def _category(entry: etree._Element, subject: Subject) -> None:
    """§4.2.2: `term` is the code, where there is one, and `label` the name."""
    name, code = line(subject.name), line(subject.code)
    if name or code:
        told = {"term": code or name, "scheme": subject.scheme, "label": name if code else ""}
        add(entry, "category", "", told)


def _links(entry: etree._Element, story: Story) -> None:
    """§4.2.7: the page of the original, in its language; of a translation it is also where it comes from."""
    if address := web_address(story.url):
        language = language_tag(story.original_language)
        _link(entry, "alternate", address, "text/html", hreflang=language)
        if story.origin != "original":
            _link(entry, "via", address, "text/html", hreflang=language)
    for address, kind, media in feeds.enclosures(story):
        _link(entry, "enclosure", address, kind, length=media.length, title=media.title)


def _tombstone(document: etree._Element, story: Story) -> None:
    """RFC 6721 §3: `deleted-entry`, its `when` not before the entry's `updated`."""
    told = {"ref": uri(story.uri), "when": timestamp(story.updated)}
    deleted = add(document, f"{{{TOMBSTONES}}}deleted-entry", "", told)
    if story.ed_note:
        add(deleted, "comment", line(story.ed_note))
