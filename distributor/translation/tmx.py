"""Translation Memory eXchange 1.4b (LISA, today with GALA): memories in and out, one unit after the other.

https://www.gala-global.org/oscarStandards/tmx/tmx14b.html
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.metadata import version
from itertools import chain, islice, permutations
from typing import Any, BinaryIO, Literal, NamedTuple

from lxml import etree

from distributor import bcp47
from distributor.errors import DistributorError

_STEP = 2**16
_STRETCH = 2**24
"""Bytes that may pass without the end of a `<tu>`: what is not yet ended is held in memory."""
_MOST = 200
"""Languages in one `<tu>`: with srclang "*all*" each is paired with each."""
_REASONS = 100
"""Different things that are told about what was left out."""

_LANG = "{http://www.w3.org/XML/1998/namespace}lang"
_DOCTYPE = '<!DOCTYPE tmx SYSTEM "tmx14.dtd">'
_ALL = "*all*"
_NATIVE = frozenset(("bpt", "ept", "it", "ph", "ut"))
"""Their own text is code of another format (TMX 1.4b, "Content Markup"); a `<sub>` in it is text again."""
_NO_XML = re.compile(r"[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]+")  # XML 1.0 §2.2

Element = Any  # lxml has no types of its own
Origin = Literal["machine", "edited"]


class BadMemory(DistributorError):
    """This is no TMX, or broken from `line` on (counted from 1; 0 where none can be named)."""

    def __init__(self, reason: str, line: int = 0) -> None:
        super().__init__(f"line {line}: {reason}" if line else reason)
        self.line = line


@dataclass(frozen=True, slots=True)
class Unit:
    """A text and its translation, both plain. The languages are BCP 47; `changed` is UTC, to the second."""

    source_language: str
    target_language: str
    source: str
    target: str
    origin: Origin = "edited"
    model: str = ""
    changed: datetime | None = None


def write(units: Iterable[Unit], out: BinaryIO) -> int:
    """The units as TMX 1.4 in UTF-8; how many. Characters that XML cannot carry are left out.

    The header names the source language of the first unit, a unit with another one its own.
    """
    rest, count = iter(units), 0
    first = list(islice(rest, 1))
    source = _clean(first[0].source_language) if first else _ALL
    with etree.xmlfile(out, encoding="utf-8") as file:
        file.write_declaration()
        file.write_doctype(_DOCTYPE)
        with file.element("tmx", version="1.4"):
            file.write(_header(source), "\n")
            with file.element("body"):
                for unit in chain(first, rest):
                    file.write("\n", _tu(unit, source))
                    count += 1
    return count


def read(
    file: BinaryIO, source: str = "", target: str = "", *, left_out: Counter[str] | None = None
) -> Iterator[Unit]:
    """From the srclang of each `<tu>` into each of its other languages, in the order of the file; with the
    srclang "*all*", from each language into each other.

    `source`, `target`: BCP 47, only what is as good as these (`bcp47.same`). `left_out` counts what could not
    be used, by reason. A text may be empty: some segments are nothing but codes. Entities are not resolved,
    nothing outside `file` is looked at. Raises: BadMemory, once what stands before the fault has been given.
    """
    skipped = Counter[str]() if left_out is None else left_out
    for tu, srclang in _tus(file):
        for unit in _units(tu, srclang, skipped):
            wanted = (source, unit.source_language), (target, unit.target_language)
            if all(not wish or bcp47.same(has, wish) for wish, has in wanted):
                yield unit


# --- writing ----------------------------------------------------------------------------------------------


def _clean(text: str) -> str:
    return _NO_XML.sub("", text)


def _header(source: str) -> Element:
    told = {
        "creationtool": "distributor",
        "creationtoolversion": version("distributor"),
        "segtype": "sentence",
        "o-tmf": "distributor",
        "adminlang": "en",
        "srclang": source,
        "datatype": "plaintext",
    }
    return etree.Element("header", told)


def _tu(unit: Unit, usual: str) -> Element:
    """`usual`: the source language that the header names."""
    tu = etree.Element("tu")
    if (own := _clean(unit.source_language)) != usual:
        tu.set("srclang", own)
    _prop(tu, "x-origin", unit.origin)
    if unit.model:
        _prop(tu, "x-model", unit.model)
    _tuv(tu, unit.source_language, unit.source)
    tuv = _tuv(tu, unit.target_language, unit.target)
    if unit.changed:
        tuv.set("changedate", _stamp(unit.changed))
    return tu


def _prop(tu: Element, kind: str, text: str) -> None:
    etree.SubElement(tu, "prop", type=kind).text = _clean(text)


def _tuv(tu: Element, language: str, text: str) -> Element:
    tuv = etree.SubElement(tu, "tuv", {_LANG: _clean(language)})
    etree.SubElement(tuv, "seg").text = _clean(text)
    return tuv


def _stamp(time: datetime) -> str:
    """`20260131T235959Z`; strftime's %Y writes early years with fewer than four digits."""
    utc = time.astimezone(UTC)
    return f"{utc.year:04}{utc:%m%dT%H%M%SZ}"


# --- reading ----------------------------------------------------------------------------------------------


def _tus(file: BinaryIO) -> Iterator[tuple[Element, str]]:
    """Each `<tu>` with its source language; it is gone from memory once the next one is asked for.

    Raises: BadMemory.
    """
    parser, usual, since = _parser(), _ALL, 0
    while True:
        fault = _feed(parser, chunk := file.read(_STEP))
        since += len(chunk)
        for event, element in parser.read_events():
            if event == "start":
                _check_root(element)
            elif _name(element) == "header":
                usual = element.get("srclang") or _ALL
            else:
                yield element, element.get("srclang") or usual
                since = 0
                _forget(element)
        if fault:
            raise fault
        if since > _STRETCH:
            raise BadMemory(f"{since:,} bytes and no end of a <tu> in sight; it is not read any further")
        if not chunk:
            return


def _parser() -> Any:
    return etree.XMLPullParser(
        events=("start", "end"),
        tag=("{*}header", "{*}tu"),
        resolve_entities=False,
        load_dtd=False,
        no_network=True,
        huge_tree=False,
        collect_ids=False,
        remove_comments=True,
        remove_pis=True,
    )


def _feed(parser: Any, chunk: bytes) -> BadMemory | None:
    """The end of the file, if the chunk is empty. A fault is handed back: events from before it wait."""
    try:
        if chunk:
            parser.feed(chunk)
        else:
            _check_root(parser.close())
    except etree.XMLSyntaxError as e:
        said = (e.msg or "not XML").rpartition(", line ")[0] or e.msg
        return BadMemory(f"the XML is broken: {said}", e.lineno or 0)
    except BadMemory as e:
        return e
    return None


def _check_root(element: Element) -> None:
    root = element.getroottree().getroot()
    if _name(root) != "tmx":
        raise BadMemory(f"this is no TMX: its root is <{_name(root)[:40]}>, not <tmx>", root.sourceline or 0)


def _name(element: Element) -> str:
    """Without a namespace: TMX has none, some tools give it one."""
    tag: str = element.tag
    return tag.rpartition("}")[2]


def _forget(element: Element) -> None:
    element.clear()
    while element.getprevious() is not None:
        del element.getparent()[0]


class _Variant(NamedTuple):
    """A `<tuv>`."""

    language: str
    text: str
    tuv: Element


def _units(tu: Element, srclang: str, left_out: Counter[str]) -> Iterator[Unit]:
    if next(tu.iter(etree.Entity), None) is not None:
        _leave_out(left_out, "an entity of the file's own in the text")
        return
    variants = list(_variants(tu, left_out))
    if len(variants) > _MOST:
        _leave_out(left_out, f"more than {_MOST} languages in one <tu>")
        return
    props = _props(tu)
    for one, other in _paired(variants, srclang, left_out):
        told = props | _props(other.tuv)
        yield Unit(
            one.language,
            other.language,
            one.text,
            other.text,
            "machine" if told.get("x-origin") == "machine" else "edited",
            told.get("x-model", ""),
            _changed(other.tuv) or _changed(tu),
        )


def _variants(tu: Element, left_out: Counter[str]) -> Iterator[_Variant]:
    for tuv in _children(tu, "tuv"):
        code = (tuv.get(_LANG) or tuv.get("lang") or "").strip()  # `lang`: up to TMX 1.3
        segs = _children(tuv, "seg")
        try:
            language = bcp47.canonical(code)
        except ValueError:
            _leave_out(left_out, f"the language code {code[:35]!r}")
        else:
            if segs:
                yield _Variant(language, "".join(_readable(segs[0])), tuv)


def _paired(
    variants: list[_Variant], srclang: str, left_out: Counter[str]
) -> Iterator[tuple[_Variant, _Variant]]:
    pairs: Iterable[tuple[_Variant, ...]]
    if srclang.lower() == _ALL:
        pairs = permutations(variants, 2)
    elif source := _matching(variants, srclang.strip()):
        pairs = ((source, other) for other in variants)
    else:
        _leave_out(left_out, f"no text in the source language {srclang[:35]!r}")
        return
    for one, other in pairs:
        if one.language != other.language:
            yield one, other


def _matching(variants: list[_Variant], srclang: str) -> _Variant | None:
    """Some tools write `en` in the header and `en-US` in the units."""
    exact = (v for v in variants if v.language.lower() == srclang.replace("_", "-").lower())
    close = (v for v in variants if bcp47.same(v.language, srclang))
    return next(chain(exact, close), None)


def _children(element: Element, name: str) -> list[Element]:
    return [child for child in element if _name(child) == name]


def _props(element: Element) -> dict[str, str]:
    return {prop.get("type", ""): prop.text or "" for prop in _children(element, "prop")}


def _readable(element: Element) -> Iterator[str]:
    """The text of a `<seg>` without native codes. libxml2 bounds the depth (256)."""
    shown = _name(element) not in _NATIVE
    if shown and element.text:
        yield element.text
    for child in element:
        yield from _readable(child)
        if shown and child.tail:
            yield child.tail


def _changed(element: Element) -> datetime | None:
    """TMX 1.4b, "changedate": ISO 8601, `YYYYMMDDTHHMMSSZ`; None where it is not said or makes no sense."""
    for name in ("changedate", "creationdate"):
        try:
            time = datetime.fromisoformat(element.get(name, ""))
            return (time if time.tzinfo else time.replace(tzinfo=UTC)).astimezone(UTC)
        except (ValueError, OverflowError):
            continue
    return None


def _leave_out(left_out: Counter[str], reason: str) -> None:
    left_out[reason if reason in left_out or len(left_out) < _REASONS else "other reasons"] += 1
