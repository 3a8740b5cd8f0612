"""Termbases (TBX: ISO 30042:2019 in both styles, and its first edition, MARTIF) into terms of a glossary.

The file comes from outside: no entity is resolved, nothing it refers to is opened, its size is bounded.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

from lxml import etree
from pydantic import ValidationError

from distributor.bcp47 import same
from distributor.errors import TranslationError
from distributor.translation.glossary.terms import Term

LARGEST = 50_000_000
"""Bytes of a file."""
_CONCEPT, _LANGUAGE = ("conceptEntry", "termEntry"), ("langSec", "langSet")
_SECTION = ("termSec", "tig", "ntig")
_XML_LANG = "{http://www.w3.org/XML/1998/namespace}lang"
_RANKS = {"preferred": 0, "standardized": 0, "legal": 0, "regulated": 0, "admitted": 2}
"""The best first; between them what has no status, or one that is not known here."""
_REFUSED = ("deprecated", "superseded", "notrecommended", "obsolete", "forbidden")


class BadTermbase(TranslationError):
    """A file that is no TBX, or too large a one."""


@dataclass(frozen=True, slots=True)
class Termbase:
    """`without` is how many concepts have no usable term in one of the two languages."""

    terms: tuple[Term, ...]
    without: int


class _Wording(NamedTuple):
    rank: int
    text: str
    plural: bool


def read(path: Path, source: str, target: str) -> Termbase:
    """The concepts that have a term in both languages (BCP 47). Raises: BadTermbase."""
    try:
        if path.stat().st_size > LARGEST:
            raise BadTermbase(f"{path}: larger than {LARGEST:,} bytes; split it")
        return parse(path.read_bytes(), source, target, path.name)
    except OSError as e:
        raise BadTermbase(f"{path}: cannot be read: {e.strerror}") from e


def parse(data: bytes, source: str, target: str, name: str = "the file") -> Termbase:
    """As `read`. Raises: BadTermbase."""
    found = [_term(concept, source, target) for concept in _concepts(_root(data, name))]
    if not found:
        raise BadTermbase(f"{name}: no conceptEntry and no termEntry in it; is it TBX?")
    return Termbase(tuple(term for term in found if term), found.count(None))


def _root(data: bytes, name: str) -> Any:
    parser = etree.XMLParser(
        resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False, remove_comments=True
    )
    try:
        return etree.fromstring(data, parser)
    except (etree.XMLSyntaxError, ValueError) as e:
        raise BadTermbase(f"{name}: its XML cannot be read: {e}") from e


def _concepts(root: Any) -> Iterator[Any]:
    return (element for element in root.iter(etree.Element) if _name(element) in _CONCEPT)


def _term(concept: Any, source: str, target: str) -> Term | None:
    """None if it has nothing to say for this pair."""
    ours, theirs = _wordings(concept, source), _wordings(concept, target)
    names = [w.text for w in ours if not w.plural] or [w.text for w in ours]
    if not names or not theirs:
        return None
    wanted = next((w.text for w in theirs if not w.plural), theirs[0].text)
    try:
        if wanted == names[0]:
            return Term(term=names[0], keep=True, also=tuple(names[1:]))
        return Term(
            term=names[0],
            translation=wanted,
            plural=next((w.text for w in theirs if w.plural and w.text != wanted), None),
            also=tuple(names[1:]),
            irregular=tuple(w.text for w in ours if w.plural and w.text not in names),
        )
    except ValidationError:  # a term without a letter, such as a sign
        return None


def _wordings(concept: Any, language: str) -> list[_Wording]:
    """The usable terms in a language, the preferred first."""
    sets = (e for e in concept if _name(e) in _LANGUAGE and same(e.get(_XML_LANG) or "", language))
    told = (_wording(section) for its in sets for section in its.iter(etree.Element))
    found = sorted((w for w in told if w), key=lambda w: w.rank)  # stable
    return list({w.text: w for w in reversed(found)}.values())[::-1]


def _wording(section: Any) -> _Wording | None:
    """None for what is no term section, or is one of a term that is not to be used."""
    if _name(section) not in _SECTION:
        return None
    text = next((_text(e) for e in section.iter(etree.Element) if _name(e) == "term"), "")
    status = _note(section, "administrativeStatus").removesuffix("-admn-sts").removesuffix("term")
    if not text or status in _REFUSED:
        return None
    return _Wording(_RANKS.get(status, 1), text, _note(section, "grammaticalNumber") == "plural")


def _note(section: Any, what: str) -> str:
    """The value of a data category, in small letters: `<termNote type="x">`, or an element `<ns:x>`."""
    notes = (e for e in section.iter(etree.Element) if what in (_name(e), e.get("type")))
    return next((_text(e).lower() for e in notes), "")


def _text(element: Any) -> str:
    """With single spaces; empty if it has an entity of the file's own in it: that may stand for anything."""
    if next(element.iter(etree.Entity), None) is not None:
        return ""
    return " ".join("".join(element.itertext()).split())


def _name(element: Any) -> str:
    return etree.QName(element).localname
