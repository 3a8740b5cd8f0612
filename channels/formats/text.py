"""Plain text for mail: lines of 72 where words are spaced, bullets, rows of tables, links as footnotes."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC
from unicodedata import east_asian_width

from lxml import etree

from channels.formats import fragment
from channels.formats.phrases import is_spaced, phrases_for
from channels.story import Media, Story

MEDIA_TYPE = "text/plain"

WIDTH = 72
RULE = "-" * 24
# All of C0, DEL and C1 but the tab and the line feed.
CONTROLS = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]")
HEADINGS = frozenset(("h1", "h2", "h3", "h4", "h5", "h6"))
CELLS = frozenset(("td", "th"))
# Blocks that stand together, without an empty line between them.
ROWS = frozenset(("li", "tr", "dt", "dd"))
TABLES = frozenset(("table", "caption", "thead", "tbody", "tfoot"))
SECTIONS = frozenset(("address", "article", "aside", "div", "footer", "header", "main", "nav", "section"))
TEXTS = frozenset(("blockquote", "dl", "figcaption", "figure", "hr", "ol", "p", "pre", "ul"))
BLOCKS = HEADINGS | ROWS | TABLES | SECTIONS | TEXTS
LINKS = ("http://", "https://", "mailto:")


def encode(story: Story) -> str:
    """The whole story, in lines. Raises: UnicodeEncodeError where the body has lone surrogates."""
    wrap = is_spaced(story.language)
    body = _Text(WIDTH if wrap else 0)
    parts = (
        _withdrawn(story),
        _underlined(_fold(story.headline, wrap), "="),
        _byline(story),
        _fold(story.summary, wrap),
        body.read(story.body),
        "\n".join(_media(media, story.files.get(media.url, media.url), wrap) for media in story.media),
        "\n".join(f"[{n}] {link}" for link, n in body.links.items()),
        _footer(story, wrap),
    )
    return CONTROLS.sub("", "\n\n".join(filter(None, parts)) + "\n")


def _withdrawn(story: Story) -> str:
    return f"*** {phrases_for(story.language).withdrawn} ***" if story.pub_status == "canceled" else ""


def _fold(text: str, wrap: bool, indent: str = "", hang: str = "") -> str:
    """One paragraph, wrapped where lines can be broken."""
    line = " ".join(text.split())
    return filled(line, indent, hang) if wrap else indent + line if line else ""


def filled(line: str, indent: str, hang: str) -> str:
    """`line`, whose words have one space between them, in lines of WIDTH; a longer word has one of its own.

    As textwrap does it, in a tenth of the time: mails are made by the hundred.
    """
    lines, start = [], 0
    while len(line) - start > (room := max(WIDTH - len(indent), 0)):
        end = line.rfind(" ", start, start + room + 1)
        if end < 0:
            end = line.find(" ", start + room)
        if end < 0:
            break
        lines.append(indent + line[start:end])
        start, indent = end + 1, hang
    return "\n".join((*lines, indent + line[start:])) if line else ""


def _underlined(text: str, rule: str) -> str:
    """As wide as it is shown: East Asian letters take two columns (Unicode Annex 11)."""
    return f"{text}\n{rule * max(map(_columns, text.splitlines()))}" if text else ""


def _columns(line: str) -> int:
    if line.isascii():
        return len(line)
    return sum(1 + (east_asian_width(letter) in "WF") for letter in line)


def _byline(story: Story) -> str:
    published = f"{story.published.astimezone(UTC):%Y-%m-%d %H:%M} UTC"
    return " · ".join(filter(None, (*story.authors, story.source, published)))


def _media(media: Media, address: str, wrap: bool) -> str:
    credit = f"({media.credit})" if media.credit else ""
    told = _fold(f"{media.caption or media.title or media.alt} {credit}", wrap, "* ", "  ")
    return f"{told}\n  <{address}>" if told else f"* <{address}>"


def _footer(story: Story, wrap: bool) -> str:
    phrases = phrases_for(story.language)
    made = {"machine": phrases.machine, "edited": phrases.edited}.get(story.origin, "")
    link = f"{phrases.original}: {story.url}" if story.url else ""
    told = "\n".join(filter(None, (_fold(made, wrap), link, _fold(story.rights, wrap))))
    return f"{RULE}\n{told}" if told else ""


class _Text:
    """Reads an HTML fragment into lines; `links` are numbered as they come."""

    def __init__(self, width: int) -> None:
        self.width = width
        self.links: dict[str, int] = {}
        self.paragraphs: list[str] = []
        self.inline: list[str] = []
        self.lists: list[int | None] = []
        self.bullet = ""
        self.kept_as_is = 0
        self.quoted = 0
        self.cells = 0
        self.row = False
        """Whether the paragraph before belongs to the same list or table."""

    def read(self, body: str) -> str:
        """The text of `body`."""
        # Start and end of each element, without recursion: markup may be nested without end.
        for event, element in etree.iterwalk(fragment.read(body), events=("start", "end")):
            if event == "start":
                self._start(element)
            else:
                self._end(element)
        self._flush("")
        return "".join(self.paragraphs).strip("\n")

    def _start(self, element: etree._Element) -> None:
        tag = element.tag
        self._break(tag, within="")
        match tag:
            case "ol":
                self.lists.append(0)
            case "ul":
                self.lists.append(None)
            case "li":
                self.bullet = self._next_bullet()
            case "pre":
                self.kept_as_is += 1
            case "blockquote":
                self.quoted += 1
            case "br":
                self.inline.append("\n")
            case "img" if alt := element.get("alt"):
                self.inline.append(f"[{alt}]")
            case "td" | "th":
                self.cells += 1
                self.inline.append(" | " if element.getprevious() is not None else "")
        self._say(element.text)

    def _end(self, element: etree._Element) -> None:
        tag = element.tag
        if tag == "a":
            self.inline.append(self._footnote(element))
        if tag in CELLS:
            self.cells -= 1
        self._break(tag, within=tag)
        match tag:
            case "ol" | "ul":
                self.lists.pop()
                self.row = bool(self.lists)
            case "table":
                self.row = False
            case "pre":
                self.kept_as_is -= 1
            case "blockquote":
                self.quoted -= 1
        self._say(element.tail)

    def _break(self, tag: str, within: str) -> None:
        """A block begins or ends; in a cell of a table that is only a space."""
        if tag in BLOCKS and self.cells:
            self.inline.append(" ")
        elif tag in BLOCKS:
            self._flush(within)

    def _say(self, text: str | None) -> None:
        if text:
            self.inline.append(text if self.kept_as_is else text.replace("\n", " "))

    def _next_bullet(self) -> str:
        if not self.lists or self.lists[-1] is None:
            return "- "
        self.lists[-1] += 1
        return f"{self.lists[-1]}. "

    def _footnote(self, link: etree._Element) -> str:
        """` [n]`, where the link says more than its text does."""
        href = link.get("href", "").strip()
        told = "".join(map(str, link.itertext())).strip()
        if not href.startswith(LINKS) or told == href.removeprefix("mailto:"):
            return ""
        return f" [{self.links.setdefault(href, len(self.links) + 1)}]"

    def _flush(self, within: str) -> None:
        """Ends the paragraph, which stood at the end of a block `within` or before any block."""
        if not self.inline:
            return
        text, self.inline = "".join(self.inline), []
        lines = [line if self.kept_as_is else " ".join(line.split()) for line in text.split("\n")]
        if not "".join(lines).strip():
            return
        first = "> " * self.quoted + "  " * max(len(self.lists) - 1, 0) + self.bullet
        rest = "> " * self.quoted + " " * (len(first) - 2 * self.quoted)
        tight = within in ROWS or bool(self.lists)
        paragraph = "\n".join(self._lay(lines, first, rest))
        self.paragraphs.append("\n" if self.row and tight else "\n\n")
        self.paragraphs.append(_underlined(paragraph, "-") if within in HEADINGS else paragraph)
        self.bullet, self.row = "", tight

    def _lay(self, lines: list[str], first: str, rest: str) -> Iterator[str]:
        for n, line in enumerate(lines):
            indent = rest if n else first
            if self.width and not self.kept_as_is:
                yield filled(line, indent, rest) or indent.rstrip()
            else:
                yield indent + line
