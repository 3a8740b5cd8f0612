"""ninjs 3.1 (IPTC News in JSON): https://iptc.org/standards/ninjs/"""

from __future__ import annotations

import json
import re
from html import unescape
from typing import Any
from urllib.parse import quote

import orjson

from channels.formats.phrases import is_spaced
from channels.story import Media, Origin, Role, Story

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
    return _told(
        {
            "uri": _uri(story.uri),
            "standard": STANDARD,
            "type": "text",
            "representationType": "full",
            "profile": _profile(story),
            "version": str(story.version),
            "firstCreated": story.published.isoformat(),
            "versionCreated": story.updated.isoformat(),
            "contentCreated": story.published.isoformat(),
            "pubStatus": story.pub_status,
            "urgency": story.urgency,
            "language": story.language,
            "slugline": story.slug,
            "by": ", ".join(story.authors),
            "headlines": [{"role": "main", "contentType": "text/plain", "value": story.headline}],
            "descriptions": _descriptions(summary=story.summary),
            "bodies": _bodies(story),
            "subjects": [{"name": name, "rel": "about"} for name in story.categories],
            "infoSources": [{"name": story.source}] if story.source else [],
            "copyrightNotice": story.rights,
            "edNote": story.ed_note,
            "altIds": _alt_ids(story),
            "digitalSourceType": SOURCE_TYPES.get(story.origin),
            "associations": [*_original(story), *_media(story)],
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
    text = unescape(TAG.sub("", CELL.sub(" ", BLOCK.sub("\n", text))))
    return "\n".join(filter(None, map(str.strip, text.split("\n"))))


def _without_captions(body: str) -> str:
    head, *rest = body.split("<figcaption")
    return head + "".join(part.partition("</figcaption>")[2] for part in rest)


def _alt_ids(story: Story) -> list[dict[str, str]]:
    """What this item shares with its other languages."""
    ids = {"story": story.slug, "permalink": story.url}
    return [{"role": role, "value": value} for role, value in ids.items() if value]


def _original(story: Story) -> list[dict[str, Any]]:
    """The page of the original, related as IPTC's item relations name it."""
    if not story.url:
        return []
    relation = "seeAlso" if story.origin == "original" else "translatedFrom"
    return [
        {
            "name": "original",
            "rel": relation,
            "uri": _uri(story.url),
            "type": "text",
            "language": story.original_language,
        }
    ]


def _media(story: Story) -> list[dict[str, Any]]:
    return [_association(media, n, story.language) for n, media in enumerate(story.media, 1) if media.url]


def _association(media: Media, number: int, language: str) -> dict[str, Any]:
    return _told(
        {
            "name": f"{media.role}-{number}",
            "uri": _uri(media.url),
            "type": TYPES[media.role],
            "language": language,
            "headlines": [{"value": media.title}] if media.title else [],
            "descriptions": _descriptions(caption=media.caption, altText=media.alt),
            "by": media.credit,
            "renditions": [_rendition(media)],
        }
    )


def _rendition(media: Media) -> dict[str, Any]:
    return _told(
        {
            "name": "main",
            "href": _uri(media.url),
            "contentType": media.type,
            "width": media.width,
            "height": media.height,
            "sizeInBytes": media.length,
        }
    )


def _uri(iri: str) -> str:
    """RFC 3987 §3.1: what a URI cannot hold, percent-encoded."""
    return URI_UNSAFE.sub(lambda found: quote(found[0], safe=""), iri)
