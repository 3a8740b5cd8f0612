"""HTML of a feed into a fragment that is safe, flat and has absolute links."""

from __future__ import annotations

import html
import re
from collections import Counter
from urllib.parse import urljoin

import nh3

from distributor.markup import HIDDEN, escape_ampersands

BLOCKS = {
    "p", "h1", "h2", "h3", "h4", "h5", "h6", "ul", "ol", "li", "dl", "dt", "dd", "blockquote", "pre",
    "hr", "figure", "figcaption", "table", "caption", "colgroup", "col", "thead", "tbody", "tfoot", "tr",
    "th", "td",
}  # fmt: skip
INLINE = {
    "a", "em", "strong", "b", "i", "u", "s", "small", "mark", "sup", "sub", "code", "kbd", "samp", "var",
    "q", "cite", "dfn", "abbr", "del", "ins", "span", "br", "img", "ruby", "rt", "rp", "bdi", "bdo",
    "wbr",
}  # fmt: skip
TAGS = BLOCKS | INLINE
BOXES = {
    "div", "section", "article", "header", "footer", "main", "aside", "nav", "address", "center",
    "details", "summary", "form",
}  # fmt: skip
"""They mean nothing to a reader but that a paragraph begins and ends."""

ATTRIBUTES: dict[str, set[str]] = {tag: {"lang", "dir", "translate"} for tag in TAGS}
ATTRIBUTES["*"] = set()  # else nh3 allows some on all, boxes too
ATTRIBUTES["a"] |= {"href", "title"}
ATTRIBUTES["img"] |= {"src", "alt", "title", "width", "height"}
ATTRIBUTES["abbr"] |= {"title"}
for _cell in ("td", "th"):
    ATTRIBUTES[_cell] |= {"colspan", "rowspan"}
SCHEMES = {"http", "https", "mailto"}

LONGEST = 500_000
"""Characters of one article, embedded pictures not counted."""
DEEPEST = 200
"""Elements in each other. Beyond, the HTML parser takes quadratic time (70,000: 24 s)."""
MOST_REFERENCES = 50_000
"""The same of these (500,000: 4 s)."""

_embedded = re.compile(r"data:[\w/+.;=-]{0,100};base64,[A-Za-z0-9+/=\s]+")
_box = re.compile(rf"<(/?)(?:{'|'.join(BOXES)})>")
_breaks = re.compile(r"(?:<br>\s*){2,}|\n[ \t]*\n\s*")
_has_block = re.compile(rf"<(?:{'|'.join(BLOCKS)})\b")
_without_use = re.compile(
    r'<img(?![^>]*\ssrc="[^"])[^>]*>|<img(?=[^>]*\swidth="[01]")(?=[^>]*\sheight="[01]")[^>]*>|<p>\s*</p>'
)
_anchor = re.compile(r"<a>(.*?)</a>", re.DOTALL)
_tag = re.compile(r"<(/?)([A-Za-z][A-Za-z0-9]*)")
_shallow = {
    "br", "img", "hr", "col", "wbr", "input", "meta", "link", "source", "area", "embed", "param",
    "track", "p", "li", "dt", "dd", "tr", "td", "th", "tbody", "thead", "tfoot", "option", "colgroup",
}  # fmt: skip
"""Void, or closed by the next of their kind."""


def body(markup: str, base: str) -> tuple[str, str]:
    """The clean fragment, its links made absolute against `base` (or dropped, where that is empty), and a
    warning if something of it had to go ("" if not)."""
    if warning := _beyond(markup):
        return paragraphs(_roughly(markup[:LONGEST])), warning
    markup = _clean(markup, TAGS | BOXES, base)
    markup = _box.sub(r"<\1p>", markup)
    if not _has_block.search(markup):
        markup = "<p>" + _breaks.sub("</p><p>", markup.strip()) + "</p>"
    markup = _clean(markup, TAGS, base)  # mends what the two lines above left crossing
    markup = _without_use.sub("", _anchor.sub(r"\1", markup))
    return _without_use.sub("", markup).strip(), ""


def paragraphs(text: str) -> str:
    """Plain text as HTML: an empty line parts paragraphs."""
    parts = (" ".join(part.split()) for part in re.split(r"\n[ \t\r]*\n", text))
    return "".join(f"<p>{html.escape(part, quote=False)}</p>" for part in parts if part)


def absolute(url: str, base: str) -> str:
    """`url` against `base`; empty if that gives no http(s) address."""
    try:
        whole = urljoin(base, url.strip()) if url.strip() else ""
    except ValueError:
        return ""
    return whole if whole.lower().startswith(("http://", "https://")) else ""


def _clean(markup: str, tags: set[str], base: str) -> str:
    return nh3.clean(
        escape_ampersands(markup),
        tags=tags,
        clean_content_tags=HIDDEN,
        attributes=ATTRIBUTES,
        url_schemes=SCHEMES,
        url_relative=lambda url: absolute(url, base) or None,
        link_rel=None,
    )


def _beyond(markup: str) -> str:
    """Why no HTML parser should see this; empty if one may."""
    told = _embedded.sub("", markup) if len(markup) > LONGEST else markup
    if len(told) > LONGEST:
        return f"its text is longer than {LONGEST:,} characters; cut, and without its markup"
    if told.count("&") > MOST_REFERENCES or _depth(markup) > DEEPEST:
        return "its markup is beyond measure; only the text is kept"
    return ""


def _roughly(markup: str) -> str:
    return html.unescape(re.sub(r"<[^<>]*>", " ", _embedded.sub("", markup)))


def _depth(markup: str) -> int:
    """How many elements are open at most; an estimate from above for what is not well-formed."""
    opened: Counter[str] = Counter()
    depth = deepest = 0
    for found in _tag.finditer(markup):
        name = found[2].lower()
        if name in _shallow:
            continue
        if not found[1]:
            opened[name] += 1
            depth += 1
            deepest = max(deepest, depth)
        elif opened[name]:
            opened[name] -= 1
            depth -= 1
    return deepest
