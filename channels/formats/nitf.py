"""NITF 3.6, the News Industry Text Format (IPTC): https://iptc.org/std/NITF/3.6/"""

from __future__ import annotations

from datetime import UTC, datetime

from lxml import etree

from channels.formats import about, fragment
from channels.formats.elements import LANG, add, language_tag, line, root, to_bytes, uri, web_address
from channels.formats.ninjs import SOURCE_TYPES
from channels.formats.nitf_content import NAMESPACE, Content
from channels.formats.phrases import phrases_for
from channels.story import Media, Story

MEDIA_TYPE = "application/nitf+xml"

LEAST_URGENT = 8
"""NITF's last; IPTC's other formats go to 9."""


def encode(story: Story) -> bytes:
    """One `nitf` document, UTF-8. Raises: UnicodeEncodeError where the text has lone surrogates."""
    attributes = {
        "uno": uri(story.uri),
        "version": "-//IPTC//DTD NITF 3.6//EN",
        "change.date": "September 11, 2009",
        "change.time": "12:26",
        "baselang": language_tag(story.language),
    }
    document = root(NAMESPACE, "nitf", attributes)
    _head(add(document, "head"), story)
    _body(add(document, "body", "", {LANG: language_tag(story.language)}), story)
    return to_bytes(document)


def _head(head: etree._Element, story: Story) -> None:
    """`head`: about the document as a whole; its children's order is fixed."""
    add(head, "title", line(story.headline))
    for name, content in _told(story).items():
        if content:
            add(head, "meta", "", {"name": name, "content": content})
    _docdata(head, story)
    if address := web_address(story.url):
        published = {"date.publication": _norm(story.published), "name": story.source, "ex-ref": address}
        add(head, "pubdata", "", {"type": "web", **published})
    if story.version > 1:
        revised = {"function": "editor", "norm": _norm(story.updated), "comment": _note(story)}
        add(head, "revision-history", "", revised)


def _told(story: Story) -> dict[str, str]:
    """What NITF has no element for, by the names that IPTC's newer formats give it."""
    translated = story.origin != "original"
    return {
        "version": str(story.version),
        "language": language_tag(story.language),
        "translatedFrom": web_address(story.url) if translated else "",
        "originalItem": uri(story.original_uri) if about.is_translated(story) else "",
        "originalLanguage": language_tag(story.original_language) if translated else "",
        "digitalSourceType": SOURCE_TYPES.get(story.origin, {}).get("uri", ""),
        "publisher": story.publisher,
        "linkedRights": web_address(story.license),
    }


def _docdata(head: etree._Element, story: Story) -> None:
    """`docdata`: status, identity, dates, keywords. An embargo is `date.release`."""
    status: dict[str, str] = {"management-status": _status(story)}
    if story.version > 1 or story.pub_status == "canceled":
        status["management-doc-idref"] = uri(story.uri)  # one id for all versions: that of the one before
    data = add(head, "docdata", "", status)
    if story.version > 1 and story.pub_status != "canceled":
        add(
            data,
            "correction",
            "",
            {"info": _note(story), "id-string": uri(story.uri), "regsrc": story.source},
        )
    add(data, "doc-id", "", {"regsrc": story.source, "id-string": uri(story.uri)})
    add(data, "urgency", "", {"ed-urg": min(story.urgency, LEAST_URGENT)})
    add(data, "date.issue", "", {"norm": _norm(story.updated)})
    add(data, "date.release", "", {"norm": _norm(story.embargoed_until or story.published)})
    if note := _note(story):
        add(data, "ed-msg", "", {"msg-type": _message_type(story), "info": note})
    add(data, "du-key", "", {"key": story.slug, "version": story.version})
    if story.rights:
        add(data, "doc.copyright", "", {"holder": story.rights})
    _keywords(data, story)
    _identified(data, story)


def _status(story: Story) -> str:
    """NITF has a word of its own for what waits for a date."""
    return "embargoed" if story.embargoed_until and story.pub_status == "withheld" else story.pub_status


def _keywords(data: etree._Element, story: Story) -> None:
    if story.categories:
        keys = add(data, "key-list")
        for category in story.categories:
            add(keys, "keyword", "", {"key": category})


def _identified(data: etree._Element, story: Story) -> None:
    """`identified-content`: subjects of vocabularies, and places."""
    classified = [subject for subject in about.subjects(story) if about.literal(subject)]
    if not (classified or story.places):
        return
    content = add(data, "identified-content")
    for subject in classified:
        value = {"type": "subject", "idsrc": subject.scheme, "value": subject.code}
        add(content, "classifier", line(subject.name), value)
    for place in story.places:
        code = about.geo_uri(place)
        source = "RFC 5870" if code else ""
        add(content, "location", line(place.name), {"location-code": code, "code-source": source})


def _note(story: Story) -> str:
    withdrawn = phrases_for(story.language).withdrawn if story.pub_status == "canceled" else ""
    return story.ed_note or withdrawn


def _message_type(story: Story) -> str:
    if story.pub_status == "canceled":
        return "withdrawal"
    return "correction" if story.version > 1 else "note"


def _norm(moment: datetime) -> str:
    """As the schema prefers: `YYYYMMDDTHHMMSS±HHMM`."""
    return f"{moment.astimezone(UTC):%Y%m%dT%H%M%S}+0000"


def _body(body: etree._Element, story: Story) -> None:
    _body_head(add(body, "body.head"), story)
    # A system that overlooks the status finds nothing to publish.
    if story.pub_status != "canceled":
        body.append(_content(story))
    _tagline(body, story)


def _body_head(head: etree._Element, story: Story) -> None:
    add(add(head, "hedline"), "hl1", line(story.headline))
    if story.rights:
        add(head, "rights", line(story.rights))
    if story.authors:
        byline = add(head, "byline")
        for author in story.authors:
            add(byline, "person", line(author))
    if story.source:
        add(head, "distributor", line(story.source))
    add(add(head, "dateline"), "story.date", "", {"norm": _norm(story.published)})
    if story.summary and story.pub_status != "canceled":
        add(add(head, "abstract"), "p", line(story.summary))


def _content(story: Story) -> etree._Element:
    """`body.content`: the body, and the media that it does not show itself."""
    body = fragment.read(story.body)
    shown = fragment.pictures(body)
    content = Content(body).read()
    for media in story.media:
        address = about.address(story, media)
        if address and address not in shown:
            _media(content, media, address)
    return content


def _media(content: etree._Element, media: Media, address: str) -> None:
    """`media`: `media-type` is one of text, audio, image, video, data, application, other."""
    kinds = {"picture": "image", "document": "application"}
    element = add(content, "media", "", {"media-type": kinds.get(media.role, media.role)})
    if (original := web_address(media.url)) != address:  # of a file beside the item
        add(element, "media-metadata", "", {"name": "original", "value": original})
    size = {"height": media.height, "width": media.width}
    reference = {"source": address, "name": media.title, "mime-type": media.type, "alternate-text": media.alt}
    add(element, "media-reference", "", {**reference, **size})
    if caption := media.caption or media.title:
        add(element, "media-caption", line(caption))
    if media.credit:
        add(element, "media-producer", line(media.credit))


def _tagline(body: etree._Element, story: Story) -> None:
    """`tagline`: for readers, what a machine had a part in and where the original stands."""
    phrases = phrases_for(story.language)
    made = {"machine": phrases.machine, "edited": phrases.edited}.get(story.origin, "")
    if made:
        tagline = add(add(body, "body.end"), "tagline", f"{made} ", {LANG: phrases.language})
        if address := web_address(story.url):
            add(tagline, "a", phrases.original, {"href": address})
