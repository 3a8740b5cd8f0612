"""A story's body as a tree, ready to be turned into other markup."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator
from typing import Any

from lxml import etree

from channels.formats.elements import carried, picture_address

DEEPEST = 100
"""Elements in each other; what is deeper is kept as text. libxml2 reads no more than 256, and one of ours may
become two of another format's."""

TAG = re.compile(r"<[^<>]*>")
VOID = re.compile(r"</?wbr\b[^<>]*>")
"""HTML 4 did not know it, nor does the parser: each would hold all that follows."""
SPACE = re.compile(r"[ \t\n\r\f]+")
HIDDEN = ("script", "style", "template", "noscript", "title", "iframe", "object", "svg", "math")
HEADINGS = frozenset(("h1", "h2", "h3", "h4", "h5", "h6"))
CELLS = frozenset(("td", "th"))
BLOCKS = HEADINGS | CELLS | frozenset(
    (
        "p", "ul", "ol", "li", "dl", "dt", "dd", "blockquote", "pre", "hr", "figure", "figcaption", "table",
        "caption", "thead", "tbody", "tfoot", "tr", "div", "section", "article", "header", "footer", "main",
        "aside", "nav", "address", "center", "details", "summary", "form", "fieldset",
    )
)  # fmt: skip


def read(body: str) -> etree._Element:
    """The element that holds all of `body`. Raises: UnicodeEncodeError, on lone surrogates."""
    markup = VOID.sub("", carried(body))
    held, whole = _parsed(markup)
    if not whole:
        held, _ = _parsed(TAG.sub(" ", markup))
    etree.strip_elements(held, *HIDDEN, with_tail=False)
    for element in _deepest(held):
        text = "".join(map(str, element.itertext()))
        del element[:]
        element.text = text
    return held


def _parsed(markup: str) -> tuple[etree._Element, bool]:
    """The tree, and whether it is all: beyond 2048 levels the parser leaves the rest out without a word."""
    parser = etree.HTMLParser(encoding="utf-8", remove_comments=True, remove_pis=True, huge_tree=True)
    document = etree.fromstring(f"<div>{markup}</div>".encode(), parser)
    (held,) = document.iter("body")
    return held, not any(error.type == etree.ErrorTypes.ERR_RESOURCE_LIMIT for error in parser.error_log)


def _deepest(held: etree._Element) -> list[etree._Element]:
    walk = etree.iterwalk(held, events=("start", "end"))
    found, depth = [], 0
    for event, element in walk:
        depth += 1 if event == "start" else -1
        if event == "start" and depth == DEEPEST:
            found.append(element)
            walk.skip_subtree()
    return found


def holders(held: etree._Element, blocks: Collection[str] = BLOCKS) -> set[etree._Element]:
    """The elements with `blocks` in them: what they say besides stands in paragraphs of its own."""
    found: set[etree._Element] = set()
    for block in held.iter(*blocks):
        for around in block.iterancestors():
            if around in found:
                break
            found.add(around)
    return found


def pieces(element: etree._Element) -> Iterator[tuple[str, etree._Element | None]]:
    """What is in `element`, one level deep: the text before each child, and the child; at last None."""
    text = element.text
    for child in element:
        yield text or "", child
        text = child.tail
    yield text or "", None


def said(element: etree._Element) -> str:
    """All the text in `element`, as it is; a line break where there is one."""
    parts: Any = element.xpath("descendant::text() | descendant::br")
    return "".join("\n" if isinstance(part, etree._Element) else str(part) for part in parts)


def pictures(held: etree._Element) -> set[str]:
    """The addresses of those that the body shows itself."""
    return {picture_address(image.get("src", "")) for image in held.iter("img")}


def rows(table: etree._Element) -> list[etree._Element]:
    """Of the table itself, not of those in its cells; `tr` elements that hold at least one cell."""
    found: Any = table.xpath("tr[td|th] | thead/tr[td|th] | tbody/tr[td|th] | tfoot/tr[td|th]")
    return list(found)


def plain(held: etree._Element) -> str:
    """The text, a line for each block, without figure captions."""
    parts: list[str] = []
    walk = etree.iterwalk(held, events=("start", "end"))
    for event, element in walk:
        if element.tag in CELLS:
            parts.append(" ")
        elif element.tag in BLOCKS or element.tag == "br":
            parts.append("\n")
        if event == "start" and element.tag == "figcaption":
            walk.skip_subtree()
        else:
            parts.append(SPACE.sub(" ", (element.text if event == "start" else element.tail) or ""))
    lines = "".join(parts).split("\n")
    return "\n".join(filter(None, (" ".join(told.split()) for told in lines)))
