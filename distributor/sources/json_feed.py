"""JSON Feed 1.0 and 1.1 (https://www.jsonfeed.org/version/1.1/)."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from channels.story import Media
from distributor.article import Item
from distributor.errors import SourceError
from distributor.markup import fold, plain_line
from distributor.sources import embargo
from distributor.sources.feed import Draft, Feed, declared
from distributor.sources.media import attached, merged
from distributor.sources.sanitise import absolute, paragraphs


def parse(text: str, *, url: str, remote: bool, limit: int) -> Feed:
    """Raises: SourceError, if it is no JSON Feed."""
    data = _load(text, url)
    found = [item for item in _list(data.get("items")) if isinstance(item, dict)]
    warnings = []
    if len(found) > limit:
        warnings.append(f"the feed has {len(found):,} items; only the first {limit:,} are read")
    site = _text(data.get("home_page_url"))
    base, authors, language = url if remote else site, _authors(data), _text(data.get("language"))
    items: list[Item] = []
    for position, raw in enumerate(found[:limit], start=1):
        item, more = _draft(raw, base=base, authors=authors, language=language).finish(position)
        until, fault = embargo.read(_extensions(raw))
        items += [replace(item, embargo=until, embargo_fault=fault)] if item else []
        warnings += more
    return Feed(
        title=fold(_text(data.get("title"))),
        url=absolute(site, url if remote else ""),
        language=declared(language),
        items=tuple(items),
        warnings=tuple(warnings),
    )


def _extensions(raw: dict[str, Any]) -> dict[str, Any]:
    """`{"_wire": {"embargo": …}}` as `_wire_embargo` (JSON Feed 1.1 §Extensions)."""
    told = ((name, value) for name, value in raw.items() if name.startswith("_") and isinstance(value, dict))
    return {f"{name}_{key}": value for name, its in told for key, value in its.items()}


def _load(text: str, url: str) -> dict[str, Any]:
    try:
        data = json.loads(text)
    except RecursionError as e:
        raise SourceError(f"{url}: its JSON is nested too deep") from e
    except ValueError as e:
        raise SourceError(f"{url}: its JSON cannot be read: {e}") from e
    if not isinstance(data, dict) or "jsonfeed.org/version/" not in _text(data.get("version")):
        raise SourceError(f"{url}: this is JSON, but not a JSON Feed (no 'version' of jsonfeed.org)")
    return data


def _draft(raw: dict[str, Any], *, base: str, authors: list[str], language: str) -> Draft:
    link = absolute(_text(raw.get("url")) or _text(raw.get("external_url")), base)
    found = _text(raw.get("content_html")) or paragraphs(_text(raw.get("content_text")))
    return Draft(
        guid=_text(raw.get("id")).strip(),
        url=link,
        headline=plain_line(_text(raw.get("title"))),
        html=found,
        summary=paragraphs(_text(raw.get("summary"))),
        base=base or link,
        language=_text(raw.get("language")) or language,
        published=_date(raw.get("date_published")),
        updated=_date(raw.get("date_modified")),
        authors=_authors(raw) or authors,
        categories=[_text(tag) for tag in _list(raw.get("tags"))],
        media=merged(_media(raw, base or link)),
    )


def _media(raw: dict[str, Any], base: str) -> Iterator[Media | None]:
    for key in ("image", "banner_image"):
        yield attached(_text(raw.get(key)), base, role="picture")
    for file in _list(raw.get("attachments")):
        if isinstance(file, dict):
            type_, size = _text(file.get("mime_type")), file.get("size_in_bytes")
            title = fold(_text(file.get("title")))
            yield attached(_text(file.get("url")), base, type=type_, length=size, title=title)


def _authors(raw: dict[str, Any]) -> list[str]:
    """`authors`, or `author` as version 1.0 has it."""
    found = [*_list(raw.get("authors")), raw.get("author")]
    return [_text(author.get("name")) for author in found if isinstance(author, dict)]


def _date(value: Any) -> datetime | None:
    """RFC 3339; without an offset, UTC."""
    try:
        date = datetime.fromisoformat(_text(value))
        return date.replace(tzinfo=UTC) if date.tzinfo is None else date.astimezone(UTC)
    except (ValueError, OverflowError):
        return None


def _text(value: Any) -> str:
    """Also of a number: an `id` may be one (§ Items: "must be coerced to a string")."""
    return str(value) if isinstance(value, str | int | float) and not isinstance(value, bool) else ""


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []
