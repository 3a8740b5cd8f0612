"""What a member received, as a page that a person can read: a heading and a text."""

from __future__ import annotations

import json
from collections.abc import Callable
from email import message_from_bytes, policy
from html import escape
from pathlib import Path

from lxml import etree

from channels.formats.newsml_g2 import NAMESPACE, XHTML

NAMES = {"nar": NAMESPACE, "x": XHTML}


def page(path: Path) -> str:
    """HTML of the file at `path`, by its suffix."""
    return KINDS[path.suffix](path.read_bytes())


def mail(content: bytes) -> str:
    """The HTML part of a mail, a whole page."""
    part = message_from_bytes(content, policy=policy.default).get_body(("html",))
    return part.get_content() if part else ""


def ninjs(content: bytes) -> str:
    """The HTML body of a ninjs item, under its headline."""
    item = json.loads(content)
    html = "".join(body["value"] for body in item["bodies"] if body["contentType"] == "text/html")
    return titled(item["headlines"][0]["value"], html)


def newsml_g2(content: bytes) -> str:
    """The text of a NewsML-G2 item, which is XHTML, under its headline."""
    item = etree.fromstring(content, etree.XMLParser(resolve_entities=False, no_network=True))
    headline = item.findtext("nar:contentMeta/nar:headline", "", NAMES)
    body = item.find("nar:contentSet/nar:inlineXML/x:html/x:body", NAMES)
    parts = [] if body is None else [etree.tostring(part, encoding="unicode", method="html") for part in body]
    return titled(headline, "".join(parts))


def entry(content: bytes) -> str:
    """An entry of a JSON Feed."""
    told = json.loads(content)
    return titled(told["title"], told["content_html"])


KINDS: dict[str, Callable[[bytes], str]] = {
    ".eml": mail,
    ".json": ninjs,
    ".xml": newsml_g2,
    ".entry": entry,
    ".html": bytes.decode,
}


def titled(headline: str, html: str) -> str:
    """`html` under its headline."""
    return f"<h1>{escape(headline)}</h1>{html}"
