"""A body in Markdown that every CommonMark reader turns back into the same text."""

from __future__ import annotations

import re
from collections.abc import Iterator

from lxml import etree

from channels.formats import fragment
from channels.formats.elements import picture_address, uri, web_address
from channels.formats.fragment import BLOCKS, CELLS, HEADINGS, SPACE, pieces, rows, said
from channels.formats.text import CONTROLS

SPECIAL = re.compile(r"[\\`*_\[\]<>~|]|&(?=#?\w*(?:;|$))|#(?=\s*$)")
STARTS = re.compile(r"^(?:[-+=#]|(\d+)(?=[.)]))", re.MULTILINE)
"""What at the start of a line would make it a heading, a list or a rule (CommonMark §4.1–4.3, §5.2)."""

LIST = re.compile(r"(?:-|1\.) \S")

STRONG = {"strong": "**", "b": "**", "em": "*", "i": "*", "cite": "*", "dfn": "*", "var": "*"}
# CommonMark passes these on as they are, and has nothing of its own for them.
HTML = frozenset(("sub", "sup", "u", "s", "del", "ins", "mark", "small", "kbd"))


def written(body: etree._Element) -> str:
    """The blocks of `body`, an empty line between them."""
    return "\n\n".join(_Writer(body).blocks(body))


def escaped(text: str) -> str:
    """Text that is only text, whatever stands in it (§2.4)."""
    return _starts(SPECIAL.sub(lambda found: "\\" + found[0], text))


def _starts(text: str) -> str:
    return STARTS.sub(lambda found: f"{found[1]}\\" if found[1] else f"\\{found[0]}", text)


def emphasised(told: str, mark: str, *, alone: bool = False) -> str:
    """`told` between marks; between tags where marks might not count as such.

    §6.2: beside punctuation (「 and 。 too) whether a `*` opens or closes depends on what is around it;
    not so where it stands `alone` in its line.
    """
    inner = told.strip()
    if not inner:
        return told
    lead, _, trail = told.partition(inner)
    ends = {inner[0], inner[-1]}
    if all(map(str.isalnum, ends)) or (alone and "*" not in ends):
        return f"{lead}{mark}{inner}{mark}{trail}"
    name = "strong" if mark == "**" else "em"
    return f"{lead}<{name}>{inner}</{name}>{trail}"


def link(told: str, address: str) -> str:
    """`address` is a URI: without white space or angle brackets."""
    return f"[{told}](<{address}>)"


def image(alt: str, address: str) -> str:
    """As `link`."""
    return f"!{link(alt, address)}"


class _Writer:
    """Reads one body; depth is bounded by `fragment.DEEPEST`."""

    def __init__(self, body: etree._Element) -> None:
        self.holders = fragment.holders(body)
        self.in_cell = False

    def blocks(self, element: etree._Element) -> list[str]:
        """Blocks; what stands between them becomes paragraphs."""
        found: list[str] = []
        run: list[str] = []
        for text, child in pieces(element):
            run.append(_text(text))
            if child is not None and not self._is_block(child):
                run.append(self._inline(child))
                continue
            if paragraph := _paragraph(_joined(run)):
                found.append(paragraph)
            run = []
            if child is not None:
                found.extend(filter(None, self._block(child)))
        return found

    def _is_block(self, element: etree._Element) -> bool:
        return element.tag in BLOCKS or element in self.holders

    def _block(self, element: etree._Element) -> list[str]:
        """What has no equal (`div`) gives what it holds."""
        match element.tag:
            case tag if tag in HEADINGS and element not in self.holders:
                text = self._one_line(element)
                return [f"{'#' * max(int(tag[1]), 2)} {text}"] if text else []
            case "ul" | "ol":
                return ["\n".join(self._items(element))]
            case "blockquote":
                return [_indented("\n\n".join(self.blocks(element)), "> ", "> ")]
            case "pre":
                return [_fenced(said(element))]
            case "hr":
                return ["***"]  # dashes after a list's dash would be one rule with it
            case "table" if rows(element):
                return self._table(element)
            case "dt" if element not in self.holders:
                return [emphasised(self._one_line(element), "**", alone=True)]
            case "figcaption" if element not in self.holders:
                return [emphasised(self._one_line(element), "*", alone=True)]
            case _:
                return self.blocks(element)

    def _items(self, element: etree._Element) -> Iterator[str]:
        """§5.2: what belongs to an item stands below the item's first letter."""
        for n, inner in enumerate(filter(None, self._contents(element)), 1):
            mark = f"{n}. " if element.tag == "ol" else "- "
            apart = "\n" if len(inner) == 2 and LIST.match(inner[1]) else "\n\n"
            yield _indented(apart.join(inner), mark, " " * len(mark))

    def _contents(self, element: etree._Element) -> Iterator[list[str]]:
        for text, child in pieces(element):
            yield [_paragraph(_text(text))] if text.strip() else []
            if child is not None:
                yield self.blocks(child) if child.tag == "li" else self._block(child)

    def _table(self, element: etree._Element) -> list[str]:
        """GitHub's tables (GFM §4.10) begin with a heading, if only an empty one."""
        lines = [self._cells(row) for row in rows(element)]
        width = max(map(len, lines))
        if rows(element)[0].find("th") is None:
            lines.insert(0, [])
        lines[0] += [""] * (width - len(lines[0]))  # the heading's cells are all that count; others may lack
        ruled = [lines[0], ["---"] * width, *lines[1:]]
        drawn = "\n".join(f"| {' | '.join(line)} |" for line in ruled)
        caption = element.find("caption")
        return [*(self.blocks(caption) if caption is not None else []), drawn]

    def _cells(self, row: etree._Element) -> list[str]:
        self.in_cell, outside = True, self.in_cell
        found: list[str] = []
        for cell in row.iterchildren("td", "th"):
            span = cell.get("colspan", "")
            found += [self._one_line(cell), *[""] * (min(int(span), 50) - 1 if span.isdecimal() else 0)]
        self.in_cell = outside
        return found

    def _one_line(self, element: etree._Element) -> str:
        """For headings and cells, which can hold no line break."""
        told = self._inlines(element).strip()
        return SPACE.sub(" ", told.replace("\n", "<br>")) if self.in_cell else told.replace("\n", " ")

    def _inlines(self, element: etree._Element) -> str:
        run: list[str] = []
        for text, child in pieces(element):
            run.append(_text(text))
            if child is not None:
                run.append(self._inline(child))
        return _joined(run)

    def _inline(self, element: etree._Element) -> str:
        """Of a block that stands where none can, the text remains; a line break is one until the end."""
        match element.tag:
            case "br":
                return "\n"
            case "img":
                address = picture_address(element.get("src", ""))
                return image(_text(element.get("alt", "")), address) if address else ""
            case "a" if address := _address(element.get("href", "")):
                return link(self._inlines(element), address)
            case "code" | "samp" if not self.in_cell:
                return _code(said(element))
            case tag if tag in STRONG:
                return emphasised(self._inlines(element), STRONG[tag])
            case tag if tag in HTML:
                return f"<{tag}>{self._inlines(element)}</{tag}>"
            case "q":
                return f"“{self._inlines(element)}”"
            case "rt":
                return f" ({self._inlines(element).strip()})"
            case "rp":
                return ""
            case tag:
                told = self._inlines(element)
                return f" {told} " if tag in BLOCKS or tag in CELLS else told


def _shown(text: str) -> str:
    """Without controls, before anything is told by what a line begins with."""
    return CONTROLS.sub("", text)


def _text(text: str) -> str:
    return SPECIAL.sub(lambda found: "\\" + found[0], _shown(SPACE.sub(" ", text)))


def _joined(run: list[str]) -> str:
    """Kept apart: marks that would make one run, and an exclamation mark from the link after it (§6.4)."""
    told = ""
    for piece in filter(None, run):
        if told[-1:] == piece[0] and piece[0] in "*`":
            told += "<!-- -->"
        elif told.endswith("!") and piece[0] == "[":
            told = told[:-1] + "\\!"
        told += piece
    return told


def _paragraph(text: str) -> str:
    """Lines that say something, a hard break between them (§6.7)."""
    return _starts("\\\n".join(filter(None, map(str.strip, text.split("\n")))))


def _indented(text: str, first: str, rest: str) -> str:
    opening, *lines = text.split("\n")
    return "\n".join([(first + opening).rstrip(), *((rest + line).rstrip() for line in lines)])


def _fenced(text: str) -> str:
    """§4.5: the fence is longer than any within."""
    fence = "`" * max(3, 1 + max(map(len, re.findall("`+", text)), default=0))
    return f"{fence}\n{_shown(text).strip(chr(10))}\n{fence}"


def _code(text: str) -> str:
    """§6.1: as `_fenced`; a space at both ends is taken away again."""
    told = _shown(SPACE.sub(" ", text))
    marks = "`" * (1 + max(map(len, re.findall("`+", told)), default=0))
    ends = told[:1] + told[-1:]
    pad = " " if "`" in ends or ends == "  " else ""
    return f"{marks}{pad}{told}{pad}{marks}" if told.strip() else told


def _address(href: str) -> str:
    return uri(href) if href.startswith("mailto:") else web_address(href)
