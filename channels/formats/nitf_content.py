"""A body in NITF's own elements, which are fewer and stricter than HTML's."""

from __future__ import annotations

from collections.abc import Mapping

from lxml import etree

from channels.formats import fragment
from channels.formats.elements import carried, line, picture_address, uri, web_address
from channels.formats.fragment import HEADINGS, SPACE, pieces, rows, said

NAMESPACE = "http://iptc.org/std/NITF/2006-10-18/"

# In NITF a picture is a block, too: the paragraph around it is parted in two.
BLOCKS = fragment.BLOCKS | {"img"}
EMPHASIS = {
    "strong": "bold", "b": "bold", "u": "underline", "s": "strike", "del": "strike", "em": "", "i": "",
    "cite": "", "dfn": "", "var": "", "mark": "", "ins": "",
}  # fmt: skip
"""`em` with the class that says how it looks; empty for italic, as it is without."""


class Content:
    """Reads one body into one `body.content`."""

    def __init__(self, body: etree._Element) -> None:
        self.body = body
        self.holders = fragment.holders(body, BLOCKS)
        self.builder = etree.TreeBuilder()
        self.in_paragraph = False

    def read(self) -> etree._Element:
        """The element, valid whatever the body is."""
        self._start("body.content")
        self._flow(self.body)
        self._end("body.content")
        return self.builder.close()

    def _start(self, name: str, attributes: Mapping[str, str] | None = None) -> None:
        self.builder.start(f"{{{NAMESPACE}}}{name}", dict((attributes or {}).items()))

    def _end(self, name: str) -> None:
        self.builder.end(f"{{{NAMESPACE}}}{name}")

    def _flow(self, element: etree._Element) -> None:
        """Blocks; what stands between them becomes paragraphs."""
        for text, child in pieces(element):
            if text.strip() or self.in_paragraph:
                self._paragraph()
                self._say(text)
            if child is None:
                self._paragraph_ends()
            elif child.tag in BLOCKS or child in self.holders:
                self._paragraph_ends()
                self._block(child)
            elif said(child).strip() or self.in_paragraph:
                self._paragraph()
                self._inline(child)

    def _paragraph(self) -> None:
        if not self.in_paragraph:
            self._start("p")
            self.in_paragraph = True

    def _paragraph_ends(self) -> None:
        if self.in_paragraph:
            self._end("p")
            self.in_paragraph = False

    def _block(self, element: etree._Element) -> None:
        """One block. What has no equal (`div`) or is not as it should be gives what it holds."""
        match element.tag:
            case "p" if element not in self.holders:
                self._filled("p", element)
            case tag if tag in HEADINGS and element not in self.holders:
                self._filled("hl2", element)
            case ("ul" | "ol") as name if len(element):
                self._list(name, element)
            case "dl" if len(element):
                self._definitions(element)
            case "blockquote":
                self._quote(element)
            case "pre":
                self._start("pre")
                self.builder.data(carried(said(element)))
                self._end("pre")
            case "hr":
                self._start("hr")
                self._end("hr")
            case "table" if rows(element):
                self._table(element)
            case "figure" if self._shows_only_pictures(element):
                for n, picture in enumerate(element.iter("img")):
                    self._picture(picture, None if n else element.find("figcaption"))
            case "img":
                self._picture(element, None)
            case _:
                self._flow(element)

    def _filled(self, name: str, element: etree._Element) -> None:
        if said(element).strip():
            self._start(name)
            self._inlines(element)
            self._end(name)

    def _mixed(self, name: str, element: etree._Element, attributes: dict[str, str] | None = None) -> None:
        """An element that holds text as well as blocks."""
        self._start(name, attributes)
        if element in self.holders:
            self._flow(element)
        else:
            self._inlines(element)
        self._end(name)

    def _list(self, name: str, element: etree._Element) -> None:
        self._start(name)
        for text, child in pieces(element):
            if text.strip():
                self._start("li")
                self._say(text)
                self._end("li")
            if child is not None and child.tag == "li":
                self._mixed("li", child)
            elif child is not None:
                self._start("li")
                self._block(child)
                self._end("li")
        self._end(name)

    def _definitions(self, element: etree._Element) -> None:
        self._start("dl")
        for text, child in pieces(element):
            if text.strip():
                self._start("dd")
                self._start("p")
                self._say(text)
                self._end("p")
                self._end("dd")
            if child is not None and child.tag == "dt":
                self._start("dt")
                self._inlines(child)
                self._end("dt")
            elif child is not None:  # holds no text of its own, unlike `li`
                self._start("dd")
                self._flow(child)
                self._end("dd")
        self._end("dl")

    def _quote(self, element: etree._Element) -> None:
        self._start("bq")
        self._start("block")
        self._flow(element)
        self._end("block")
        self._end("bq")

    def _table(self, element: etree._Element) -> None:
        """Head, body and foot become rows: NITF allows one body at most, and only in a fixed order."""
        self._start("table")
        if (caption := element.find("caption")) is not None:
            self._mixed("caption", caption)
        for row in rows(element):
            self._start("tr")
            for cell in row.iterchildren("td", "th"):
                spans = {name: cell.get(name, "") for name in ("colspan", "rowspan")}
                self._mixed(cell.tag, cell, {name: n for name, n in spans.items() if n.isdecimal()})
            self._end("tr")
        self._end("table")

    def _shows_only_pictures(self, figure: etree._Element) -> bool:
        caption = figure.find("figcaption")
        told = said(caption) if caption is not None else ""
        return figure.find(".//img") is not None and said(figure).split() == told.split()

    def _picture(self, image: etree._Element, caption: etree._Element | None) -> None:
        """`media`, with a reference to where the picture is; nothing where that cannot be reached."""
        if not (address := picture_address(image.get("src", ""))):
            return
        told = {
            "source": address,
            "alternate-text": line(image.get("alt", "")),
            "name": line(image.get("title", "")),
        }
        size = {name: n for name in ("width", "height") if (n := image.get(name, "")).isdecimal()}
        self._start("media", {"media-type": "image"})
        self._start("media-reference", {name: value for name, value in told.items() if value} | size)
        self._end("media-reference")
        if caption is not None:
            self._mixed("media-caption", caption)
        self._end("media")

    def _inlines(self, element: etree._Element) -> None:
        for text, child in pieces(element):
            self._say(text)
            if child is not None:
                self._inline(child)

    def _say(self, text: str) -> None:
        self.builder.data(SPACE.sub(" ", carried(text)))

    def _inline(self, element: etree._Element) -> None:
        """Enriched text. Of a block that stands where none can, the text remains."""
        match element.tag:
            case "br":
                self._start("br")
                self._end("br")
            case tag if tag in EMPHASIS:
                self._wrapped("em", element, {"class": EMPHASIS[tag]} if EMPHASIS[tag] else {})
            case "a" if address := _address(element.get("href", "")):
                self._wrapped("a", element, {"href": address})
            case "q":
                self._wrapped("q", element, {})
            case ("sub" | "sup") as name:  # 10⁶ is not 106; in NITF they belong to numbers
                self._start("num")
                self._start(name)
                self._say(said(element))
                self._end(name)
                self._end("num")
            case "rt":
                self._inlines_between(element, " (", ")")
            case "rp":
                return
            case "span" if lang := element.get("lang"):
                self._wrapped("lang", element, {"value": line(lang)})
            case tag:
                self._inlines_between(element, *((" ", " ") if tag in BLOCKS else ("", "")))

    def _wrapped(self, name: str, element: etree._Element, attributes: dict[str, str]) -> None:
        self._start(name, attributes)
        self._inlines(element)
        self._end(name)

    def _inlines_between(self, element: etree._Element, before: str, after: str) -> None:
        self.builder.data(before)
        self._inlines(element)
        self.builder.data(after)


def _address(href: str) -> str:
    return uri(href) if href.startswith("mailto:") else web_address(href)
