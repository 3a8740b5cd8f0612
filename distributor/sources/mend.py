"""What feeds do to XML, mended in the text before a parser sees it. All in linear time."""

from __future__ import annotations

import re
from html.entities import html5

CDATA = "<![CDATA["
NAMESPACES = {
    "atom": "http://www.w3.org/2005/Atom",
    "content": "http://purl.org/rss/1.0/modules/content/",
    "dc": "http://purl.org/dc/elements/1.1/",
    "dcterms": "http://purl.org/dc/terms/",
    "itunes": "http://www.itunes.com/dtds/podcast-1.0.dtd",
    "media": "http://search.yahoo.com/mrss/",
    "rdf": "http://www.w3.org/1999/02/22-rdf-syntax-ns#",
    "sy": "http://purl.org/rss/1.0/modules/syndication/",
    "xhtml": "http://www.w3.org/1999/xhtml",
}
"""Feeds use them without saying so."""
CHARACTERS = ((0x20, 0xD7FF), (0xE000, 0xFFFD), (0x10000, 0x10FFFF))
XML_NAMES = {"lt;", "gt;", "amp;", "quot;", "apos;"}
TEXTS = ("title", "description", "content:encoded", "summary", "content")

_reference = re.compile(r"&(#\d{1,7};|#x[\dA-Fa-f]{1,6};|[A-Za-z]\w{0,31};)?")


def with_namespaces(text: str, root: str) -> str:
    """`text` begins with `<root`; the usual prefixes are declared there if it uses them without."""
    missing = [p for p in NAMESPACES if f"<{p}:" in text and f"xmlns:{p}" not in text]
    declared = "".join(f' xmlns:{prefix}="{NAMESPACES[prefix]}"' for prefix in missing)
    return f"<{root}{declared}{text[len(root) + 1 :]}"


def without_entities(text: str) -> str:
    """HTML's named references as characters, all others and bare ampersands as text. Not in CDATA. (One
    regular expression for both would take quadratic time over CDATA sections that never end.)"""
    pieces: list[str] = []
    inside = False
    for n, part in enumerate(text.split(CDATA)):
        if n:
            pieces.append(CDATA)
            inside = True
        if inside:
            held, end, part = part.partition("]]>")
            pieces += [held, end]
            inside = not end
        pieces.append(_reference.sub(_character, part))
    return "".join(pieces)


def with_markup_as_text(text: str) -> str:
    """HTML that stands unescaped in a title or a text, where a `<br>` that nobody closes swallows the rest of
    the item, is put into CDATA."""
    for name in TEXTS:
        text = "".join(_enclosed(text, f"<{name}>", f"</{name}>"))
    return text


def _enclosed(text: str, opening: str, closing: str) -> list[str]:
    pieces: list[str] = []
    at = 0
    while (start := text.find(opening, at)) >= 0 and (end := text.find(closing, start)) >= 0:
        start += len(opening)
        inner = text[start:end]
        if "<" in inner and CDATA not in inner and "<item" not in inner and "<entry" not in inner:
            inner = CDATA + inner.replace("]]>", "") + "]]>"
        pieces += [text[at:start], inner]
        at = end
    return [*pieces, text[at:]]


def _character(found: re.Match[str]) -> str:
    name = found[1]
    if name in XML_NAMES:
        return found[0]
    if name and name.startswith("#"):
        return found[0] if _is_char(name) else ""
    if name in html5:
        return "".join(f"&#{ord(c)};" for c in html5[name])
    return "&amp;" + (name or "")


def _is_char(reference: str) -> bool:
    """XML 1.0 §2.2."""
    number = reference[1:-1]
    code = int(number[1:], 16) if number.startswith("x") else int(number)
    return code in (0x9, 0xA, 0xD) or any(first <= code <= last for first, last in CHARACTERS)
