"""ninjs 3.1 (IPTC News in JSON): https://iptc.org/standards/ninjs/"""

from __future__ import annotations

import json
import re
from html import unescape
from typing import Any
from urllib.parse import quote

import orjson

from channels.formats import about
from channels.formats.elements import web_address
from channels.formats.phrases import is_spaced
from channels.story import Media, Origin, Place, Role, Story, Subject

MEDIA_TYPE = "application/json"

STANDARD = {
    "name": "ninjs",
    "version": "3.1",
    "schema": "http://www.iptc.org/std/ninjs/ninjs-schema_3.1.json#",
}
SOURCE_TYPES: dict[Origin, dict[str, str]] = {
    "machine": {
        "uri": "http://cv.iptc.org/newscodes/digitalsourcetype/trainedAlgorithmicMedia",
        "literal": "machine translation",
    },
    "edited": {
        "uri": "http://cv.iptc.org/newscodes/digitalsourcetype/compositeWithTrainedAlgorithmicMedia",
        "literal": "machine translation, edited by a person",
    },
}
# The standard's news types know no document: a report is a text.
TYPES: dict[Role, str] = {"picture": "picture", "video": "video", "audio": "audio", "document": "text"}

# A body is sanitised: in text and attributes its angle brackets are escaped, so that a pattern finds the
# tags for a fifth of what a parser costs on this, the busiest path.
BLOCK = re.compile(r"</?(?:p|div|h[1-6]|li|tr|ul|ol|dl|dt|dd|blockquote|pre|figure|table|br|hr)\b[^<>]*>")
CELL = re.compile(r"</t[dh]>")
TAG = re.compile(r"<[^<>]*>")
URI_UNSAFE = re.compile(r"""[^!#$%&'()*+,/0-9:;=?@A-Z\[\]_a-z~.-]""")


def encode(story: Story) -> bytes:
    """One ninjs item, UTF-8. Raises: UnicodeEncodeError where the text has lone surrogates."""
    item = _item(story)
    try:
        return orjson.dumps(item)
    except orjson.JSONEncodeError:
        return json.dumps(item, ensure_ascii=False).encode()  # says which character it is


def _item(story: Story) -> dict[str, Any]:
    published = story.published.isoformat()
    return _told(
        {
            "uri": _uri(story.uri),
            "standard": STANDARD,
            "type": "text",
            "representationType": "full",
            "profile": _profile(story),
            "version": str(story.version),
            "firstCreated": published,
            "versionCreated": story.updated.isoformat(),
            "contentCreated": published,
            "embargoedUntil": story.embargoed_until and story.embargoed_until.isoformat(),
            "pubStatus": story.pub_status,
            "urgency": story.urgency,
            "language": story.language,
            "slugline": story.slug,
            "by": ", ".join(story.authors),
            "headlines": [{"role": "main", "contentType": "text/plain", "value": story.headline}],
            "descriptions": _descriptions(summary=story.summary),
            "bodies": _bodies(story),
            "people": _people(story),
            "organisations": [{"name": story.publisher, "rel": "publisher"}] if story.publisher else [],
            "places": list(map(_place, story.places)),
            "subjects": list(map(_subject, about.subjects(story))),
            "infoSources": [{"name": story.source}] if story.source else [],
            "copyrightNotice": story.rights,
            "rightsInfo": _rights(story),
            "edNote": story.ed_note,
            "altIds": _alt_ids(story),
            "digitalSourceType": SOURCE_TYPES.get(story.origin),
            "associations": [*_original(story), *_item_of_the_original(story), *_media(story)],
        }
    )


def _told(properties: dict[str, Any]) -> dict[str, Any]:
    """Without what nothing is known of."""
    return {name: value for name, value in properties.items() if value}


def _profile(story: Story) -> str:
    roles = {media.role for media in story.media}
    return "text-only" if not roles else "text-photo" if roles == {"picture"} else "text-multimedia"


def _descriptions(**values: str) -> list[dict[str, str]]:
    return [
        {"role": role, "contentType": "text/plain", "value": value} for role, value in values.items() if value
    ]


def _bodies(story: Story) -> list[dict[str, Any]]:
    """The body as it is and as plain text; where words are not spaced, they are not counted."""
    plain = _plain(story.body)
    counts = {"charCount": len(plain)}
    if is_spaced(story.language):
        counts["wordCount"] = len(plain.split())
    texts = {"text/html": story.body, "text/plain": plain}
    return [{"role": "main", "contentType": kind, **counts, "value": text} for kind, text in texts.items()]


def _plain(body: str) -> str:
    """The text of an HTML fragment, a line for each block, without figure captions."""
    text = _without_captions(body).replace("\r", " ").replace("\n", " ").replace("\t", " ")
    text = BLOCK.sub("\n", text)
    if "<" in text:
        text = TAG.sub("", CELL.sub(" ", text))
    text = unescape(text)
    return "\n".join(filter(None, map(str.strip, text.split("\n"))))


def _without_captions(body: str) -> str:
    head, *rest = body.split("<figcaption")
    return head + "".join(part.partition("</figcaption>")[2] for part in rest)


def _people(story: Story) -> list[dict[str, str]]:
    """Authors; one that is called as the source is no person."""
    return [{"name": name, "rel": "author"} for name in story.authors if name not in ("", story.source)]


def _place(place: Place) -> dict[str, Any]:
    """The position as GeoJSON (RFC 7946 §3.1.1): the longitude comes first."""
    where = place.position
    point = {"type": "Point", "coordinates": [where[1], where[0]]} if where else None
    return _told({"name": place.name, "rel": "about", "geoJSON": point})


def _subject(subject: Subject) -> dict[str, str]:
    if subject.name and not subject.scheme and not subject.code:
        return {"name": subject.name, "rel": "about"}
    uri = about.concept(subject)
    literal = "" if uri else about.literal(subject)
    return _told({"name": subject.name, "rel": "about", "uri": uri, "literal": literal})


def _rights(story: Story) -> dict[str, str]:
    """Where the terms stand; some feeds have nothing but that for a copyright notice."""
    address = web_address(story.license) or web_address(story.rights)
    return {"linkedRights": address} if address else {}


def _alt_ids(story: Story) -> list[dict[str, str]]:
    """What this item shares with its other languages."""
    ids = {"story": story.slug, "permalink": story.url}
    return [{"role": role, "value": value} for role, value in ids.items() if value]


def _original(story: Story) -> list[dict[str, Any]]:
    """The page of the original, related as IPTC's item relations name it."""
    if not (address := web_address(story.url)):
        return []
    relation = "seeAlso" if story.origin == "original" else "translatedFrom"
    return [
        {
            "name": "original",
            "rel": relation,
            "uri": address,
            "type": "text",
            "language": story.original_language,
        }
    ]


def _item_of_the_original(story: Story) -> list[dict[str, Any]]:
    """What a translation is one of, as we ourselves deliver it."""
    if not about.is_translated(story):
        return []
    uri, language = _uri(story.original_uri), story.original_language
    return [
        {"name": "original-item", "rel": "translatedFrom", "uri": uri, "type": "text", "language": language}
    ]


def _media(story: Story) -> list[dict[str, Any]]:
    return [
        _association(media, address, n, story.language)
        for n, media in enumerate(story.media, 1)
        if (address := about.address(story, media))
    ]


def _association(media: Media, address: str, number: int, language: str) -> dict[str, Any]:
    return _told(
        {
            "name": f"{media.role}-{number}",
            "uri": web_address(media.url),
            "type": TYPES[media.role],
            "language": language,
            "headlines": [{"value": media.title}] if media.title else [],
            "descriptions": _descriptions(caption=media.caption, altText=media.alt),
            "by": media.credit,
            "renditions": [_rendition(media, address)],
        }
    )


def _rendition(media: Media, address: str) -> dict[str, Any]:
    return _told(
        {
            "name": "main",
            "href": address,
            "contentType": media.type,
            "width": media.width,
            "height": media.height,
            "sizeInBytes": media.length,
        }
    )


def _uri(iri: str) -> str:
    """RFC 3987 §3.1: what a URI cannot hold, percent-encoded."""
    return URI_UNSAFE.sub(lambda found: quote(found[0], safe=""), iri)
