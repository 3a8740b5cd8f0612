"""A body into a feed: RSS 0.9 to 2.0, RDF and Atom by feedparser, JSON Feed by our own."""

from __future__ import annotations

from calendar import timegm
from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from io import BytesIO
from typing import Any
from urllib.parse import urlsplit

import feedparser

from channels.story import Media, Place, Subject
from distributor.article import Item
from distributor.errors import SourceError
from distributor.links import shown
from distributor.markup import fold, plain_line
from distributor.sources import charset, embargo, json_feed
from distributor.sources.feed import LONGEST_TTL, Draft, Feed, declared
from distributor.sources.media import attached, merged
from distributor.sources.sanitise import absolute, paragraphs
from distributor.sources.tidy import Tidy, tidy

__all__ = ["Feed", "parse"]

LONGEST_CODE = 500
"""Characters of a code, or of the name of its vocabulary."""
PERIODS = {"hourly": 1, "daily": 24, "weekly": 168, "monthly": 720, "yearly": 8760}
"""Hours (RSS 1.0 module Syndication)."""


def parse(body: bytes, *, url: str, headers: Mapping[str, str] | None = None, limit: int = 1000) -> Feed:
    """What can be had of `body`, which was found at `url` (http(s), or a file's path) with `headers` (names
    in lower case). Takes as long as a large feed is large: call it off the event loop.

    Raises: SourceError, if it is no feed at all.
    """
    headers = headers or {}
    name, remote = shown(url), urlsplit(url).scheme in ("http", "https")
    if not body.strip():
        raise SourceError(f"{name}: the feed is empty")
    text, odd = charset.decode(body, headers)
    warnings = [odd] if odd else []
    if text.lstrip("\ufeff \t\r\n").startswith(("{", "[")):
        feed = json_feed.parse(text.lstrip("\ufeff"), url=name, remote=remote, limit=limit)
    else:
        feed = _read(tidy(text, url=name, remote=remote, limit=limit), name, headers)
    return replace(feed, warnings=(*warnings, *feed.warnings))


def _read(tree: Tidy, name: str, headers: Mapping[str, str]) -> Feed:
    found = _feedparser(tree, name, headers)
    told, warnings = found.feed, list(tree.warnings)
    fits = len(found.entries) == len(tree.media)
    if not fits:
        warnings.append("its items cannot be told apart; their pictures and places are left out")
    items: list[Item] = []
    for n, entry in enumerate(found.entries):
        try:
            draft = _draft(entry, told, tree.base, tree.media[n] if fits else ())
            item, more = draft.finish(n + 1)
            item = item and _told(item, entry, found, tree.places[n] if fits else ())
        except (ValueError, TypeError, KeyError, AttributeError) as e:  # one bad item is not the feed's end
            item, more = None, [f"item {entry.get('id') or entry.get('link') or n + 1}: left out: {e}"]
        items += [item] if item else []
        warnings += more
    return Feed(
        title=plain_line(told.get("title", "")),
        url=absolute(told.get("link", ""), tree.base),
        language=declared(told.get("language") or ""),
        ttl=_ttl(told),
        items=tuple(items),
        warnings=tuple(warnings),
    )


def _feedparser(tree: Tidy, name: str, headers: Mapping[str, str]) -> Any:
    """Its sanitising and resolving are off: `sanitise` does both, faster and more strictly."""
    told = {"content-type": "application/xml; charset=utf-8", "content-location": tree.base}
    if headers.get("content-language"):
        told["content-language"] = headers["content-language"]
    source = BytesIO(tree.xml)  # what is no stream might be taken for an address and fetched
    try:
        found = feedparser.parse(
            source, response_headers=told, sanitize_html=False, resolve_relative_uris=False
        )
    except (ValueError, TypeError, KeyError, IndexError, AttributeError, RecursionError) as e:
        raise SourceError(f"{name}: the feed cannot be read: {e!r}") from e
    if not found.version:
        raise SourceError(f"{name}: this is XML, but not a feed of any known kind")
    return found


def _draft(entry: Any, feed: Any, base: str, media: tuple[Media, ...]) -> Draft:
    full, summary = _texts(entry)
    details = [entry.get("title_detail"), *entry.get("content", ()), entry.get("summary_detail")]
    known = [detail for detail in details if detail]
    base = next((d.get("base") for d in reversed(known) if d.get("base")), base) or ""
    link = absolute(entry.get("link", ""), base)
    spoken = next((d.get("language") for d in known if d.get("language")), "")
    enclosed = [_enclosure(found, base or link) for found in entry.get("links", ())]
    return Draft(
        guid=entry.get("id", "").strip(),
        url=link,
        headline=plain_line(entry.get("title") or ""),  # in RSS nobody says whether it is HTML
        html=full or summary,
        summary=summary,
        base=base or link,
        language=entry.get("language") or spoken or feed.get("language") or "",
        published=_date(entry, "published") or _date(entry, "created"),
        updated=_date(entry, "updated"),
        authors=[_author(author) for author in entry.get("authors", ())],
        categories=[tag.get("label") or tag.get("term") or "" for tag in entry.get("tags", ())],
        media=merged([*enclosed, *media]),
        rights=plain_line(entry.get("rights") or feed.get("rights") or ""),
    )


def _told(item: Item, entry: Any, found: Any, places: tuple[Place, ...]) -> Item:
    """With what machines read besides."""
    content = item.content.having(
        subjects=tuple(_subjects(entry)),
        places=places,
        publisher=_publisher(entry, found),
        license=_license(entry) or _license(found.feed),
    )
    until, fault = embargo.read(entry)
    return replace(item, content=content, embargo=until, embargo_fault=fault)


def _subjects(entry: Any) -> Iterator[Subject]:
    """The categories that are of a vocabulary (Atom's `scheme`, RSS's `domain`) or have a code beside the
    name."""
    found = dict.fromkeys(map(_subject, entry.get("tags", ())))
    yield from (subject for subject in found if subject.name and (subject.scheme or subject.code))


def _subject(tag: Any) -> Subject:
    scheme, code, label = (fold(tag.get(key) or "") for key in ("scheme", "term", "label"))
    if max(len(scheme), len(code)) > LONGEST_CODE:
        return Subject(label or code)
    return Subject(label or code, scheme, code if scheme or label not in ("", code) else "")


def _publisher(entry: Any, found: Any) -> str:
    """Dublin Core's, the entry's or else the feed's; but in RSS feedparser takes the `webMaster` for it."""
    name = entry.get("publisher") or ""
    if not name and (found.version in ("rss090", "rss10") or found.version.startswith("atom")):
        name = found.feed.get("publisher") or ""
    return plain_line(name)


def _license(told: Any) -> str:
    """Atom's link (RFC 4946), or Creative Commons' own element."""
    links = (link.get("href") or "" for link in told.get("links", ()) if link.get("rel") == "license")
    return next(filter(None, (absolute(link, "") for link in links)), "")


def _texts(entry: Any) -> tuple[str, str]:
    """The full text ("" if there is none but the summary) and the summary, as HTML. Where there is only a
    full text, feedparser copies it."""
    full = max((_html(detail) for detail in entry.get("content", ())), key=len, default="")
    detail = entry.get("summary_detail")
    return full, _html({**detail, "value": entry.get("summary", "")}) if detail else ""


def _html(detail: Any) -> str:
    """A text construct (RFC 4287 §3.1) as HTML; nothing of what is no text."""
    value, kind = detail.get("value") or "", detail.get("type") or "text/html"
    if kind == "text/plain":
        return paragraphs(value)
    return value if kind in ("text/html", "application/xhtml+xml") else ""


def _enclosure(link: Any, base: str) -> Media | None:
    if link.get("rel") != "enclosure":
        return None
    title = fold(link.get("title") or "")
    return attached(
        link.get("href") or "", base, type=link.get("type") or "", length=link.get("length"), title=title
    )


def _author(author: Any) -> str:
    return plain_line(author.get("name") or author.get("email") or "")


def _date(entry: Any, name: str) -> datetime | None:
    parsed = dict.get(entry, f"{name}_parsed")  # its own `get` offers the date of publication for `updated`
    try:
        return datetime.fromtimestamp(timegm(parsed), UTC) if parsed else None
    except (ValueError, OverflowError, OSError):
        return None


def _ttl(feed: Any) -> timedelta | None:
    """RSS `ttl` (minutes), else the Syndication module's period and frequency."""
    return next(filter(None, _lifetimes(feed)), None)


def _lifetimes(feed: Any) -> Iterator[timedelta]:
    minutes = str(feed.get("ttl", "")).strip()
    if minutes.isascii() and minutes.isdigit():
        yield min(timedelta(minutes=int(minutes[:6])), LONGEST_TTL)
    hours = PERIODS.get(str(feed.get("sy_updateperiod", "")).strip().lower())
    often = str(feed.get("sy_updatefrequency", "")).strip() or "1"
    if hours and often.isascii() and often.isdigit() and int(often[:6]):
        yield min(timedelta(hours=hours) / int(often[:6]), LONGEST_TTL)
