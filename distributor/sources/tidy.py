"""A feed's text into one well-formed tree: no entities, no more items than wanted, none that is cut off.

What feedparser gets is always well-formed, so that its strict parser reads it; the loose one that it keeps
for all else takes quadratic time over some bodies.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from lxml import etree

from channels.story import Media, Place
from distributor.errors import SourceError
from distributor.sources import html_page, media, mend, places
from distributor.sources.measure import local, measure

HOLDERS = {"channel", "RDF", "rss", "feed"}
ITEMS = {"item", "entry"}
END = 2000
"""Characters in which the root element's end is looked for."""

_control = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")
_root = re.compile(r"<((?:[\w.-]{1,20}:)?(?:rss|RDF|feed))(?=[\s/>])")
_any_root = re.compile(r"\s*(?:<\?[^>]*>\s*|<!--[^>]*>\s*)*<([\w.:-]{1,50})[\s/>]")
_entity = re.compile(r"""<!ENTITY\s+(?:%\s+)?[^\s"'>]{1,200}\s+(?:"([^"]*)"|'([^']*)'|(SYSTEM|PUBLIC)\b)""")


@dataclass(frozen=True, slots=True, kw_only=True)
class Tidy:
    """`media` and `places` have an entry for each item that is left."""

    xml: bytes
    media: tuple[tuple[Media, ...], ...]
    places: tuple[tuple[Place, ...], ...]
    base: str
    """What its links are relative to; may be empty."""
    warnings: tuple[str, ...]


def tidy(text: str, *, url: str, remote: bool, limit: int) -> Tidy:
    """Links are relative to `url` if it is `remote`, else to the site that the feed names.

    Raises: SourceError, if it is no feed.
    """
    text, warnings = _from_root(_control.sub("", text), url)
    root, error = _tree(text, url)
    if error:
        root, _ = _tree(mend.with_markup_as_text(text), url)
    items = _items(root)
    if error:
        warnings += _mishap(text, root, items, error)
    if len(items) > limit:
        warnings.append(f"the feed has {len(items):,} items; only the first {limit:,} are read")
        for item in items[limit:]:
            item.getparent().remove(item)
    base = url if remote else _site(root)
    root.getroottree().docinfo.URL = base or None
    found = tuple(media.taken_out(item) for item in items[:limit])
    where = tuple(places.named(item) for item in items[:limit])
    places.taken_out(root)
    measure(root, items[:limit])
    xml = etree.tostring(root, encoding="utf-8", xml_declaration=True)
    return Tidy(xml=xml, media=found, places=where, base=base, warnings=tuple(warnings))


def name_of(item: Any) -> str:
    """An item's guid, link or title, for messages."""
    for wanted in ("guid", "id", "link", "title"):
        for child in item:
            if local(child) == wanted and (text := (child.text or child.get("href") or "").strip()):
                return text[:200]
    return "without a name"


def _from_root(text: str, url: str) -> tuple[str, list[str]]:
    """From the root element on, so that there is no DTD; each reference as what it stands for."""
    start = None if html_page.is_html(text) else _root.search(text)
    if not start:
        raise SourceError(f"{url}: {_no_feed(text, url)}")
    warnings = _entities(text[: start.start()], url)
    text = mend.with_namespaces(text[start.start() :], start[1])
    return mend.without_entities(text), warnings


def _no_feed(text: str, url: str) -> str:
    if html_page.is_html(text):
        return html_page.describe(text, url)
    if not text.strip():
        return "the feed is empty"
    if other := _any_root.match(text):
        return f"this is XML, but not a feed (its root element is <{other[1]}>)"
    return "this is neither XML nor JSON, so no feed"


def _entities(head: str, url: str) -> list[str]:
    """Raises: SourceError, on entities made of entities: a few lines of them unfold to gigabytes."""
    found = _entity.findall(head)
    if any("&" in (a or b).replace("&#", "") or "%" in (a or b) for a, b, _ in found):
        raise SourceError(f"{url}: its entities are made of entities (an entity bomb?); it is not read")
    if any(outside for *_, outside in found):
        return ["the feed refers to files outside itself (external entities); they are not read"]
    return ["the feed defines entities of its own; they are not expanded"] if found else []


def _tree(text: str, url: str) -> tuple[Any, Any]:
    """The root element, and the first error (None if there was none)."""
    parser = etree.XMLParser(
        recover=True,
        huge_tree=False,
        resolve_entities=False,
        no_network=True,
        load_dtd=False,
        remove_comments=True,
        remove_pis=True,
        encoding="utf-8",
    )
    try:
        root = etree.fromstring(text.encode(), parser)
    except etree.XMLSyntaxError as e:
        raise SourceError(f"{url}: its XML cannot be read: {e}") from e
    if root is None:
        raise SourceError(f"{url}: its XML cannot be read")
    fatal = [e for e in parser.error_log if e.level >= etree.ErrorLevels.ERROR]
    return root, fatal[0] if fatal else None


def _mishap(text: str, root: Any, items: list[Any], error: Any) -> list[str]:
    """What to say of malformed XML. An item that is cut off is taken away: half of it must not go out as
    if it were the whole, and the next poll may have the rest."""
    whole = f"</{_tag(root)}" in text[-END:]
    if not whole and items and _is_open(text, items[-1]):
        last = items.pop()
        last.getparent().remove(last)
        return [f"item {name_of(last)}: the feed is cut off within it; left out until it is whole"]
    if not whole:
        return ["the feed is cut off; what is there is read"]
    before = [item for item in items if item.sourceline <= error.line]
    where = f"item {name_of(before[-1])}" if before else "the feed"
    why = " ".join(error.message.split())[:100]
    return [f"{where}: not well-formed ({why}); what can be had is read"]


def _is_open(text: str, item: Any) -> bool:
    name = _tag(item)
    return text.rfind(f"</{name}") < max(text.rfind(f"<{name}>"), text.rfind(f"<{name} "))


def _tag(element: Any) -> str:
    """As it stands in the text."""
    return f"{element.prefix}:{local(element)}" if element.prefix else local(element)


def _items(root: Any) -> list[Any]:
    """Also those that stand in another, because that one was never closed; each then by itself."""
    for nested in reversed([e for e in _all_items(root) if local(e.getparent()) in ITEMS]):
        outermost = [a for a in nested.iterancestors() if local(a) in ITEMS][-1]
        outermost.addnext(nested)
    return [e for e in _all_items(root) if local(e.getparent()) in HOLDERS]


def _all_items(root: Any) -> list[Any]:
    return list(root.iter(*(f"{{*}}{name}" for name in ITEMS)))


def _site(root: Any) -> str:
    """Where the feed says that its site is; empty if it does not."""
    for parent in (root, *root.iterchildren("{*}channel")):
        for link in parent.iterchildren("{*}link"):
            url = link.get("href") if link.get("rel", "alternate") == "alternate" else None
            if (found := (url or link.text or "").strip()).startswith(("http://", "https://")):
                return found
    return ""
