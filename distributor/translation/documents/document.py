"""An HTML fragment as a tree whose text can be replaced while all else stays.

Block elements and line breaks cut it into runs of text with inline elements; each run is a segment. The
tree itself is never changed: each rendering fills a copy.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from copy import deepcopy
from dataclasses import dataclass, replace
from typing import Any

import lxml.html
from lxml import etree

from channels.formats.phrases import direction
from distributor import bcp47
from distributor.translation.documents.align import Translation
from distributor.translation.documents.segments import Plain, Segment, Woven, collapsed, segment
from distributor.translation.documents.spans import Span
from distributor.translation.documents.words import joined

Element = Any  # lxml has no types of its own

_INLINE = (
    {"a", "abbr", "acronym", "b", "bdi", "bdo", "big", "cite", "data", "del", "dfn", "em", "font", "i", "ins"}
    | {"label", "mark", "q", "ruby", "rb", "rt", "rp", "s", "small", "span", "strike", "strong", "sub", "sup"}
    | {"time", "tt", "u"}
)
_OBJECTS = {"img", "svg", "picture", "video", "audio", "iframe", "object", "embed", "canvas", "input", "wbr"}
"""Something among the words that is no word."""
_KEPT_INLINE = {"code", "kbd", "samp", "var", "math"}
_KEPT = {*_KEPT_INLINE, "pre", "script", "style", "template", "textarea"}
_BLANK = " \t\n\r\f\v"


@dataclass(frozen=True, slots=True)
class _Run:
    """A segment and where it stands: in element `parent`, behind its child `before` or at its start."""

    parent: int
    before: int | None
    nodes: tuple[int, ...]
    segment: Segment
    lead: str
    trail: str


class Document:
    """A fragment of HTML in the language `source` (BCP 47); `sentences` are what is to be translated."""

    def __init__(self, html: str, source: str) -> None:
        self._source = source
        self._root: Element = lxml.html.fragment_fromstring(html, create_parent="div")
        reader = _Reader(self._root, source)
        self._runs = [run for run in reader.runs(self._root) if run.segment.sentences]
        self._attributes = list(reader.attributes())
        texts: list[Segment | Plain] = [run.segment for run in self._runs]
        texts += [plain for _, _, plain in self._attributes]
        self.sentences = tuple(sentence for text in texts for sentence in text.sentences)
        self.marked = tuple(sentence for text in texts for sentence in text.marked)

    def render(self, translations: Sequence[Translation], language: str) -> str:
        """The same tree with the translations of `sentences`, in their order, in place of these."""
        root = deepcopy(self._root)
        nodes = list(root.iter())
        told = iter(translations)
        for run in self._runs:
            _fill(run, run.segment.woven(told, language), nodes)
        for node, name, plain in self._attributes:
            nodes[node].set(name, plain.render([next(told) for _ in plain.sentences], language))
        for element in nodes:
            if isinstance(element.tag, str):
                _speak(element, self._source, language)
        html: str = lxml.html.tostring(root, encoding="unicode")
        return html.removeprefix("<div>").removesuffix("</div>")


class _Reader:
    """Finds what is to be translated in a tree."""

    def __init__(self, root: Element, source: str) -> None:
        self.root, self.source = root, source
        self.number = {element: i for i, element in enumerate(root.iter())}

    def runs(self, parent: Element) -> Iterator[_Run]:
        """Those of `parent` and of all blocks in it, in their order."""
        before, nodes = None, list[Element]()
        for child in parent:
            if self._flows(child):
                nodes.append(child)
                continue
            yield self._run(parent, before, nodes)
            if not _kept(child):
                yield from self.runs(child)
            before, nodes = child, []
        yield self._run(parent, before, nodes)

    def attributes(self) -> Iterator[tuple[int, str, Plain]]:
        """Texts in attributes: which element, which attribute, the text."""
        kept = {
            inner for element in self.root.iter(etree.Element) if _kept(element) for inner in element.iter()
        }
        for element in self.root.iter(etree.Element):
            for name in ("alt", "title"):
                plain = Plain(element.get(name, ""), self.source)
                if plain.sentences and element not in kept:
                    yield self.number[element], name, plain

    def _flows(self, element: Element) -> bool:
        """Whether it is part of a line of text, with all that is in it."""
        if not isinstance(element.tag, str) or element.tag in _OBJECTS or element.tag in _KEPT_INLINE:
            return True
        return element.tag in _INLINE and all(self._flows(child) for child in element)

    def _run(self, parent: Element, before: Element | None, nodes: Sequence[Element]) -> _Run:
        head = (parent.text if before is None else before.tail) or ""
        line = _Line()
        line.write(head)
        spans = [span for node in nodes for span in self._span(node, line)]
        text = line.text.rstrip(" ")
        last = (nodes[-1].tail or "") if nodes else head
        number = None if before is None else self.number[before]
        return _Run(
            self.number[parent],
            number,
            tuple(self.number[node] for node in nodes),
            segment(text, [_bounded(span, text) for span in spans], self.source),
            head[: len(head) - len(head.lstrip(_BLANK))],
            last[len(last.rstrip(_BLANK)) :] if last.strip(_BLANK) or nodes else "",
        )

    def _span(self, element: Element, line: _Line) -> Iterator[Span]:
        """The element as a span of `line`, to which its text and what follows it are written."""
        start, number = len(line.text), self.number[element]
        if _opaque(element):
            airy = line.text.endswith(" ") and (element.tail or "")[:1].isspace()
            yield Span(start, start, node=number, kept=True, airy=airy)
        elif _kept(element) or self._foreign(element):
            line.write(element.text_content())
            yield Span(start, len(line.text), node=number, kept=True, airy=True)
        else:
            line.write(element.text or "")
            inner = tuple(span for child in element for span in self._span(child, line))
            fragment = element.tag in ("sub", "sup") and not inner and not element.attrib
            yield Span(start, len(line.text), inner, number, fragment=fragment)
        line.write(element.tail or "")

    def _foreign(self, element: Element) -> bool:
        """Whether it says that its words are of another language than the text: *Homo sapiens*."""
        tag = element.get("lang", "")
        return bool(tag) and bcp47.same(tag, tag) and not bcp47.same(tag, self.source)


class _Line:
    """Text as it is read, with white space as HTML shows it."""

    def __init__(self) -> None:
        self.text = ""

    def write(self, text: str) -> None:
        more = collapsed(text)
        self.text += more.lstrip(" ") if not self.text or self.text.endswith(" ") else more


def _kept(element: Element) -> bool:
    """Whether all in it stays as it is."""
    if not isinstance(element.tag, str):
        return True
    marked = element.get("translate") == "no" or "notranslate" in element.get("class", "").split()
    return marked or element.tag in _KEPT


def _opaque(element: Element) -> bool:
    """Whether it is no word of its sentence: a picture, a mark, the number of a footnote."""
    if not isinstance(element.tag, str) or element.tag in _OBJECTS:
        return True
    if element.tag == "sup" and any(inner.tag == "a" for inner in element.iter()):
        return True
    text = element.text_content()
    return not any(c.isalnum() for c in text) and not any(c in ".!?。！？" for c in text)


def _bounded(span: Span, text: str) -> Span:
    """Without spaces at its ends; whether it is a fragment depends on what is around it."""
    start, end = min(span.start, len(text)), min(span.end, len(text))
    while start < end and text[start] == " ":
        start += 1
    while end > start and text[end - 1] == " ":
        end -= 1
    inner = tuple(_bounded(s, text) for s in span.inner)
    fragment = span.fragment and (joined(text, start) or joined(text, end))
    return replace(span, start=start, end=end, inner=inner, fragment=fragment)


def _speak(element: Element, source: str, language: str) -> None:
    """What says that it is in the source's language, or runs in its direction, follows the translation."""
    if bcp47.same(element.get("lang", ""), source):
        element.set("lang", language)
        if "dir" not in element.attrib and direction(language) != direction(source):
            element.set("dir", direction(language))
    if element.get("dir") == direction(source):
        element.set("dir", direction(language))


def _fill(run: _Run, content: Sequence[str | Woven], nodes: Sequence[Element]) -> None:
    parent, before = nodes[run.parent], None if run.before is None else nodes[run.before]
    for number in run.nodes:
        nodes[number].tail = None
        parent.remove(nodes[number])
    _pour(parent, before, (run.lead, *content, run.trail), nodes)


def _pour(
    parent: Element, before: Element | None, content: Sequence[str | Woven], nodes: Sequence[Element]
) -> None:
    """Text and elements into `parent`, behind its child `before` or at its start, for the text there."""
    if before is None:
        parent.text = None
    else:
        before.tail = None
    place = 0 if before is None else parent.index(before) + 1
    for part in content:
        if isinstance(part, str):
            if before is None:
                parent.text = (parent.text or "") + part
            else:
                before.tail = (before.tail or "") + part
            continue
        before = nodes[part.node]
        before.tail = None
        if part.content is not None:
            _empty(before)
            _pour(before, None, part.content, nodes)
        parent.insert(place, before)
        place += 1


def _empty(element: Element) -> None:
    element.text = None
    for child in list(element):
        child.tail = None
        element.remove(child)
