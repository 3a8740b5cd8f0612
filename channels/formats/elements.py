"""XML elements, and what of a story's text they can carry."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote

from lxml import etree

LANG = "{http://www.w3.org/XML/1998/namespace}lang"

# XML 1.0 §2.2: no character reference can name them either, and a parser stops at the first. They show
# nothing to a reader. Lone surrogates stay, to be an error when they are encoded: text is lost there.
ILLEGAL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]")
TAG = re.compile(r"[A-Za-z]{1,8}(?:-[A-Za-z0-9]{1,8})*")
ADDRESS = re.compile(
    r"(https?://(?:[^\s/?#\[\]@]*@)?(?:[^\s/?#\[\]@:]+|\[[0-9a-f:.]+\])(?::\d{1,5})?)([/?][^#]*)?(?:#(.*))?",
    re.IGNORECASE | re.DOTALL,
)
UNSAFE = re.compile(r"%(?![0-9A-Fa-f]{2})|[^!$%&'()*+,/0-9:;=?@A-Z_a-z~.\[\]-]")
USUAL = re.compile(r"https?://[A-Za-z0-9.-]+(?::\d{1,5})?(?:[/?][!$&'()*+,/0-9:;=?@A-Z_a-z~.-]*)?")
"""An address in which nothing is to be mended, as nearly all are."""
FILE = re.compile(r"(?=[^:]*[0-9a-f]{32})[A-Za-z0-9_.~%-]+(?:/[A-Za-z0-9_.~%-]+)*")
"""How a file beside an item is called: there is always a digest in it, so that no feed has one by chance."""
BRACKETS = {"[": "%5B", "]": "%5D"}


def root(
    namespace: str, name: str, attributes: Mapping[str, object], prefixes: Mapping[str, str] | None = None
) -> etree._Element:
    """An element whose namespace needs no prefix; what is empty among `attributes` is left out."""
    spaces: Any = {None: namespace, **(prefixes or {})}
    element = etree.Element(f"{{{namespace}}}{name}", nsmap=spaces)
    _set(element, attributes)
    return element


def add(
    parent: etree._Element, name: str, text: str = "", attributes: Mapping[str, object] | None = None
) -> etree._Element:
    """A child of the same namespace, or of its own where `name` has one in braces."""
    space = etree.QName(parent).namespace
    element = etree.SubElement(parent, f"{{{space}}}{name}" if space and name[0] != "{" else name)
    element.text = carried(text) or None
    _set(element, attributes or {})
    return element


def _set(element: etree._Element, attributes: Mapping[str, object]) -> None:
    for name, value in attributes.items():
        if value is not None and value != "":
            element.set(name, line(str(value)))


def to_bytes(element: etree._Element) -> bytes:
    """A whole document, UTF-8."""
    encoded: bytes = etree.tostring(element, encoding="utf-8", xml_declaration=True)
    return encoded


def carried(text: str) -> str:
    """Without what XML 1.0 cannot carry."""
    return ILLEGAL.sub("", text)


def line(text: str) -> str:
    """In one line, white space folded."""
    return " ".join(carried(text).split())


def language_tag(language: str) -> str:
    """As `xs:language` allows it: BCP 47's `und`, where it is no tag."""
    return language if TAG.fullmatch(language) else "und"


def timestamp(moment: datetime) -> str:
    """RFC 3339, UTC."""
    return moment.astimezone(UTC).replace(tzinfo=None).isoformat(timespec="seconds") + "Z"


def uri(iri: str) -> str:
    """RFC 3987 §3.1: what a URI cannot hold, percent-encoded."""
    return UNSAFE.sub(lambda found: quote(found[0], safe=""), iri)


def web_address(iri: str) -> str:
    """An http(s) URI; empty where it is none: nothing like `javascript:` or `http://[` goes out."""
    if USUAL.fullmatch(iri):
        return iri
    found = ADDRESS.fullmatch(iri.strip())
    if not found:
        return ""
    authority, path, fragment = found.groups(default="")
    beyond = uri(path.replace("#", "%23")) + ("#" + uri(fragment).replace("#", "%23") if fragment else "")
    return uri(authority) + "".join(BRACKETS.get(letter, letter) for letter in beyond)


def picture_address(iri: str) -> str:
    """Of a picture in a body: a web address, or a file beside the item; empty where it is neither."""
    return iri if FILE.fullmatch(iri) else web_address(iri)
