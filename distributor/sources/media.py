"""Pictures, films, sounds and documents of an item: Media RSS, enclosures, attachments.

feedparser lays the children of all `media:content` of an item on one heap (and a `media:title` over the
item's own), so these are read from the tree.
"""

from __future__ import annotations

import mimetypes
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import fields, replace
from itertools import islice
from typing import Any
from urllib.parse import urlsplit

from channels.story import Media, Role
from distributor.markup import plain_line
from distributor.sources.sanitise import absolute

NAMESPACES = ("http://search.yahoo.com/mrss/", "http://search.yahoo.com/mrss")
NAMESPACES_BEGIN = "{http://search.yahoo.com/mrss"
MOST = 100
"""Files of one item."""
ROLES: dict[str, Role] = {"image": "picture", "video": "video", "audio": "audio"}


def attached(url: str, base: str, *, type: str = "", length: Any = None, **more: Any) -> Media | None:
    """One file; `length` in bytes, `more` as in `Media`. None if `url` leads nowhere."""
    where = absolute(url, base)
    if not where:
        return None
    known = {"role": role(where, type), "length": _number(length), **more}
    return Media(url=where, type=type.strip().lower(), **known)


def role(url: str, type: str = "", medium: str = "") -> Role:
    """By what the feed says, else by the name of the file; a document if nothing tells."""
    guessed = type or mimetypes.guess_type(urlsplit(url).path)[0] or ""
    return ROLES.get(medium or guessed.partition("/")[0].strip().lower(), "document")


def merged(found: Iterable[Media | None]) -> tuple[Media, ...]:
    """Each address once; a later one fills in what an earlier left open."""
    by_url: dict[str, Media] = {}
    for media in filter(None, found):
        there = by_url.get(media.url)
        by_url[media.url] = _filled(there, media) if there else media
    return tuple(by_url.values())


def taken_out(item: Any) -> tuple[Media, ...]:
    """What Media RSS says in an lxml element (thumbnails only where there is nothing else), which is then
    as if it had none."""
    contents = [media for group in _groups(item) for media in group]
    found = merged(contents) or merged(_thumbnail(t) for t in _all(item, "thumbnail"))
    for element in list(item.iter(*(f"{{{namespace}}}*" for namespace in NAMESPACES))):
        if not element.getparent().tag.startswith(NAMESPACES_BEGIN):  # else it goes with its parent
            _keep_tail(element)
            element.getparent().remove(element)
    return found


def _keep_tail(element: Any) -> None:
    before, parent, tail = element.getprevious(), element.getparent(), element.tail or ""
    if before is not None:
        before.tail = (before.tail or "") + tail
    else:
        parent.text = (parent.text or "") + tail


def _all(element: Any, name: str) -> Iterator[Any]:
    yield from islice(element.iter(*(f"{{{namespace}}}{name}" for namespace in NAMESPACES)), MOST)


def _groups(item: Any) -> Iterator[list[Media]]:
    """Of a `media:group` (one thing in several renditions) the best; of others each by itself."""
    grouped = set()
    for group in _all(item, "group"):
        members = list(_all(group, "content"))
        grouped.update(members)
        yield [media for media in map(_content, _best(members)) if media]
    yield [
        media for element in _all(item, "content") if element not in grouped and (media := _content(element))
    ]


def _best(members: list[Any]) -> list[Any]:
    """One of each role, but all that have words of their own: such are no renditions of each other."""
    plain_ones: dict[str, Any] = {}
    telling = []
    for element in members:
        if len(element):
            telling.append(element)
            continue
        kind = role(element.get("url", ""), element.get("type", ""), element.get("medium", ""))
        if kind not in plain_ones or _rank(element) > _rank(plain_ones[kind]):
            plain_ones[kind] = element
    chosen = {*telling, *plain_ones.values()}
    return [element for element in members if element in chosen]


def _rank(element: Any) -> tuple[bool, int]:
    return element.get("isDefault") == "true", _number(element.get("width")) or 0


def _content(element: Any) -> Media | None:
    url, type_ = element.get("url", ""), element.get("type", "")
    made = attached(url, element.base or "", type=type_, length=element.get("fileSize"))
    if not made:
        return None
    return replace(
        made,
        role=role(made.url, type_, element.get("medium", "")),
        title=_words(element, "title"),
        caption=_words(element, "description") or _words(element, "text"),
        credit=_words(element, "credit"),
        width=_number(element.get("width")),
        height=_number(element.get("height")),
    )


def _words(element: Any, name: str) -> str:
    """From the element or, as the specification has it, what it stands in; not from the item, where the
    words are as a rule the article's."""
    while element is not None and element.tag.startswith(NAMESPACES_BEGIN):
        for child in islice(element, MOST):
            if child.tag in [f"{{{namespace}}}{name}" for namespace in NAMESPACES]:
                return plain_line("".join(child.itertext()))
        element = element.getparent()
    return ""


def _thumbnail(element: Any) -> Media | None:
    size: Mapping[str, Any] = {side: _number(element.get(side)) for side in ("width", "height")}
    made = attached(element.get("url", ""), element.base or "", **size)
    return made and replace(made, role="picture")


def _filled(there: Media, more: Media) -> Media:
    gaps = {f.name: getattr(more, f.name) for f in fields(Media) if not getattr(there, f.name)}
    return replace(there, **gaps, role=more.role if there.role == "document" else there.role)


def _number(text: Any) -> int | None:
    found = str(text if text is not None else "").strip()
    return int(found) or None if found.isascii() and found.isdigit() and len(found) < 16 else None
