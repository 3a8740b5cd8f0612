"""An article's page into its text: found by trafilatura, cleaned by our own sanitiser. Pure; nothing of the
page is fetched, run or believed."""

from __future__ import annotations

import html
import logging
import re
from collections.abc import Mapping
from dataclasses import replace
from itertools import islice
from typing import Any

from lxml import etree
from lxml import html as lxml_html

from channels.extras import extra
from distributor.errors import SourceError
from distributor.links import shown
from distributor.markup import plain
from distributor.sources import charset, page_head, sanitise
from distributor.sources.page_head import Page

with extra("page"):
    import trafilatura

TYPES = ("text/html", "application/xhtml+xml")
LARGEST = 3_000_000
"""Bytes of a page."""
MOST_ELEMENTS = 20_000
"""trafilatura takes 2.5 s over so many in the worst shape that was found (40,000: 5 s)."""
MOST_ATTRIBUTES = 1000
"""Of an element. libxml2 takes quadratic time over them (40,000: 1.4 s)."""

_control = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")
_meta_charset = re.compile(rb"""<meta\b[^>]{0,200}?charset\s*=\s*["']?([\w.:-]{1,40})""", re.IGNORECASE)
_attribute = r"""=?[^\s/>=]++(?:\s*+=\s*+(?:"[^"]*+"|'[^']*+'|(?!["'])[^\s>]++)?+)?+"""
_attributes = re.compile(rf"[\s/]({_attribute})")
_piece = re.compile(
    r"<(?:(?:script|style)\b(?:[^<]++|<(?!/(?:script|style)\b))*+"
    r"|!--(?:[^-]++|-(?!->))*+"
    rf"|([a-z][^\s/>]*+(?:[\s/]++|{_attribute})*+))",
    re.IGNORECASE,
)
"""One thing that markup is made of; a tag (WHATWG HTML §13.2.5) is a group of its own. Never looks back, so
it takes linear time whatever the quotes."""
_picture = re.compile(r"""<img\b(?:[^>"]|"[^"]*")*\ssrc="([^"]*)"(?:[^>"]|"[^"]*")*>""")
_code = re.compile(r"<pre>([^<\n]*)</pre>")
"""As which trafilatura writes code within a sentence, too."""
_heading = re.compile(r"\s*<h([12])\b[^>]*>(.*?)</h\1>", re.DOTALL)
_on_top = re.compile(rf"\s*(?:<p>\s*{_picture.pattern}\s*</p>|{_picture.pattern})")

logging.getLogger("trafilatura").setLevel(logging.CRITICAL)  # what it has to say, we say in our own words


def read(body: bytes, *, url: str, headers: Mapping[str, str]) -> Page:
    """The page that was found at `url` with `headers` (names in lower case). Takes as long as a large page is
    large: call it off the event loop.

    Raises: SourceError, if it is no page, or beyond measure.
    """
    kind = headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind and kind not in TYPES:
        raise SourceError(f"{shown(url)}: is {kind[:100]}, not a page")
    root = _tree(_decoded(body, headers), url)
    where = page_head.base(root, url)
    head = page_head.read(root, where)
    clean, cut = sanitise.body(_text(root, where), where)
    if cut:
        raise SourceError(f"{shown(url)}: {cut}")
    clean, lead = _without_top(clean, head.titles)
    picture = (lead and page_head.figure(root, where, lead)) or head.picture
    return Page(body=clean, head=replace(head, picture=picture))


def _decoded(body: bytes, headers: Mapping[str, str]) -> str:
    """By the server's word, or by the page's own where that is wrong or missing."""
    text, odd = charset.decode(body, headers)
    inside = _meta_charset.search(body[:5000])
    if inside and (odd or "charset" not in headers.get("content-type", "").lower()):
        again, still_odd = charset.decode(body, {"content-type": f"text/html; charset={inside[1].decode()}"})
        return text if still_odd else again
    return text


def _tree(text: str, url: str) -> Any:
    """Raises: SourceError."""
    text = _control.sub("", text)
    if _has_endless_tag(text):
        raise SourceError(f"{shown(url)}: its markup is beyond measure")
    parser = lxml_html.HTMLParser(encoding="utf-8", remove_comments=True, remove_pis=True, collect_ids=False)
    try:
        root = lxml_html.document_fromstring(text.encode(), parser=parser)
    except (etree.ParserError, etree.XMLSyntaxError) as e:
        raise SourceError(f"{shown(url)}: the page is empty, or none at all") from e
    if next(islice(root.iter(), MOST_ELEMENTS, None), None) is not None:
        raise SourceError(f"{shown(url)}: the page has more than {MOST_ELEMENTS:,} elements")
    return root


def _has_endless_tag(text: str) -> bool:
    """Whether an element has more attributes than a parser should see."""
    tags = (found[1] for found in _piece.finditer(text) if found[1] and len(found[1]) > MOST_ATTRIBUTES)
    return any(len(_attributes.findall(tag)) > MOST_ATTRIBUTES for tag in tags)


def _text(root: Any, where: str) -> str:
    """The article alone, as HTML that nobody has cleaned yet; empty if there is none."""
    for script in list(root.iter("script")):  # else it takes a text that no reader sees out of JSON-LD
        script.drop_tree()
    for link in root.iter("a"):  # which it would take as relative to the site, not to the page
        link.set("href", sanitise.absolute(link.get("href") or "", where))
    found = trafilatura.extract(
        root,
        url=where,
        output_format="html",
        include_comments=False,
        include_formatting=True,
        include_images=True,
        include_links=True,
    )
    return _code.sub(r"<code>\1</code>", found or "")


def _without_top(body: str, titles: tuple[str, ...]) -> tuple[str, str]:
    """The text without its headline and the picture over it, which an item has beside its text; and where
    that picture is ("" if there is none)."""
    lead = ""
    for _ in range(3):
        heading, picture = _heading.match(body), _on_top.match(body)
        if heading and plain(heading[2]) in titles:
            body = body[heading.end() :]
        elif picture and not lead:
            lead, body = html.unescape(picture[1] or picture[2]), body[picture.end() :]
    return body.lstrip(), lead
