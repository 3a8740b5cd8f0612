"""What a page says about itself, for machines: JSON-LD (schema.org), meta elements, Open Graph."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from itertools import islice
from typing import Any
from urllib.parse import urljoin

from channels.story import Media
from distributor.links import link_key
from distributor.markup import fold, plain_line
from distributor.sources.feed import declared, distinct
from distributor.sources.media import attached
from distributor.sources.sanitise import absolute

MOST_SCRIPTS, LONGEST_SCRIPT = 20, 200_000
"""JSON-LD that is looked at: elements, and characters of one."""
MOST_NODES = 200
MOST_AUTHORS, LONGEST_NAME, LONGEST_WORDS = 20, 200, 1000
AUTHOR_NAMES = ("author", "article:author", "dc.creator", "citation_author", "parsely-author")
DATE_NAMES = ("article:published_time", "datepublished", "dc.date.issued", "citation_publication_date")
NOT_FREE = {"false", "http://schema.org/false", "https://schema.org/false"}
XML_LANG = "{http://www.w3.org/XML/1998/namespace}lang"

Node = dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Head:
    """Nothing of it is more than a claim."""

    titles: tuple[str, ...] = ()
    """The first headings, and what a browser's tab says."""
    language: str = ""
    """BCP 47; empty if the page does not say."""
    authors: tuple[str, ...] = ()
    published: datetime | None = None
    """Aware, UTC."""
    picture: Media | None = None
    free: bool = True
    """False: the page says that one pays to read it (`isAccessibleForFree`)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """What can be had of one."""

    body: str
    """A sanitised HTML fragment with absolute links; empty if no text was found."""
    head: Head


def base(root: Any, url: str) -> str:
    """What the links of the page that was found at `url` are relative to."""
    for found in islice(root.iter("base"), 1):
        try:
            return absolute(urljoin(url, (found.get("href") or "").strip()), url) or url
        except ValueError:
            break
    return url


def read(root: Any, where: str) -> Head:
    """Of a page's lxml tree; `where`: what its links are relative to."""
    metas, nodes = _metas(root), _articles(root)
    return Head(
        titles=distinct(_titles(root)),
        language=declared((root.get("lang") or root.get(XML_LANG) or "")[:50]),
        authors=_authors(nodes, metas),
        published=next(filter(None, map(_date, _dates(nodes, metas))), None),
        picture=_picture(root, where, nodes, metas),
        free=not any(_text(node.get("isAccessibleForFree")).lower() in NOT_FREE for node in nodes),
    )


def _metas(root: Any) -> dict[str, list[str]]:
    """What is said under each name, in the order of the page."""
    found: dict[str, list[str]] = {}
    for meta in islice(root.iter("meta"), 500):
        name = meta.get("property") or meta.get("name") or meta.get("itemprop") or ""
        if content := (meta.get("content") or "").strip():
            found.setdefault(name.strip().lower(), []).append(content[:LONGEST_WORDS])
    return found


def _articles(root: Any) -> list[Node]:
    """The JSON-LD nodes that are an article of some kind."""
    found = []
    for node in islice(_nodes(root), MOST_NODES):
        kinds = [_text(kind) for kind in _list(node.get("@type"))]
        if any(kind.endswith(("Article", "Posting", "Report")) for kind in kinds):
            found.append(node)
    return found


def _nodes(root: Any) -> Iterator[Node]:
    scripts = (s for s in root.iter("script") if "ld+json" in (s.get("type") or "").lower())
    for script in islice(scripts, MOST_SCRIPTS):
        text = script.text or ""
        try:
            told = json.loads(text) if len(text) <= LONGEST_SCRIPT else None
        except (ValueError, RecursionError):
            continue
        for top in _list(told):
            if isinstance(top, dict):
                yield top
                yield from (node for node in _list(top.get("@graph")) if isinstance(node, dict))


def _titles(root: Any) -> Iterator[str]:
    for name, most in (("h1", 3), ("title", 1)):
        yield from map(_words, islice(root.iter(name), most))


def _authors(nodes: list[Node], metas: dict[str, list[str]]) -> tuple[str, ...]:
    told = [_name(author) for node in nodes for author in _list(node.get("author"))]
    told = told if any(told) else [name for key in AUTHOR_NAMES for name in metas.get(key, ())]
    names = (plain_line(name) for name in told if 0 < len(name) <= LONGEST_NAME and "://" not in name)
    return distinct(islice(names, MOST_AUTHORS))


def _name(author: Any) -> str:
    """Of a person; an organisation that signs for all its articles is no author."""
    if isinstance(author, dict):
        return "" if "Organization" in _text(author.get("@type")) else _text(author.get("name"))
    return _text(author)


def _dates(nodes: list[Node], metas: dict[str, list[str]]) -> Iterator[str]:
    yield from (_text(node.get("datePublished")) for node in nodes)
    yield from (date for key in DATE_NAMES for date in metas.get(key, ()))


def _date(text: str) -> datetime | None:
    """ISO 8601; without an offset, UTC."""
    try:
        date = datetime.fromisoformat(text.strip())
        return date.replace(tzinfo=UTC) if date.tzinfo is None else date.astimezone(UTC)
    except (ValueError, OverflowError):
        return None


def _picture(root: Any, where: str, nodes: list[Node], metas: dict[str, list[str]]) -> Media | None:
    """The one that the page shows for itself elsewhere, with what stands at it in the page."""
    told = [image for node in nodes for image in _list(node.get("image"))]
    urls = [*metas.get("og:image", ()), *metas.get("og:image:url", ()), *map(_address, told)]
    lead = next(filter(None, (attached(url, where, role="picture") for url in urls)), None)
    if not lead:
        return None
    shown = figure(root, where, lead.url) or Media(url=lead.url)
    credits = (_text(i.get("creditText")) for i in told if isinstance(i, dict))
    return replace(
        lead,
        alt=shown.alt or plain_line(next(iter(metas.get("og:image:alt", ())), "")),
        caption=shown.caption,
        credit=shown.credit or plain_line(next(filter(None, credits), "")[:LONGEST_WORDS]),
    )


def figure(root: Any, where: str, url: str) -> Media | None:
    """The picture at `url` with the words that stand at it in the page; None if it is not there."""
    for img in root.iter("img"):
        sources = (img.get("src") or "", img.get("data-src") or "")
        if link_key(url) not in [link_key(absolute(source, where)) for source in sources if source]:
            continue
        caption, credit = _caption(img)
        return Media(url=url, alt=fold(img.get("alt") or "")[:LONGEST_WORDS], caption=caption, credit=credit)
    return None


def _caption(img: Any) -> tuple[str, str]:
    """The `figcaption` without the credit that it may hold, and that."""
    for around in islice(img.iterancestors("figure"), 1):
        for told in islice(around.iter("figcaption"), 1):
            credit = next(
                filter(None, (_words(e) for e in told.iter() if e is not told and _is_credit(e))), ""
            )
            words = _words(told)
            return fold(words.replace(credit, " ", 1)) if credit else words, credit
    return "", ""


def _is_credit(element: Any) -> bool:
    said = f"{element.get('class') or ''} {element.get('itemprop') or ''}".lower()
    return "credit" in said or "copyright" in said


def _words(element: Any) -> str:
    return fold("".join(islice(element.itertext(), 200)))[:LONGEST_WORDS]


def _address(image: Any) -> str:
    return _text(image.get("url") or image.get("contentUrl")) if isinstance(image, dict) else _text(image)


def _text(value: Any) -> str:
    return str(value) if isinstance(value, str | bool) else ""


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [] if value is None else [value]
