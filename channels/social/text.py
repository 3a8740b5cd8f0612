"""A story in a few words: headline, summary and link, cut to what a service takes."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from unicodedata import combining

from channels.formats.html import CONTROLS
from channels.formats.phrases import is_spaced, phrases_for
from channels.story import Story

CORRECTION = {
    "en": "Correction",
    "ru": "Исправление",
    "zh": "更正",
    "zh-Hant": "更正",
    "ja": "訂正",
    "it": "Rettifica",
    "de": "Korrektur",
    "fr": "Correction",
    "es": "Corrección",
}
ELLIPSIS = "…"
GAP = "\n\n"
WORTH = 40
"""A summary that would be cut to less is left out."""
JOINERS = "\u200d\ufe0f"
"""What binds emoji together; a text is not cut right behind or before one."""

LINK = re.compile(r"https?://\S+")
LINK_WEIGHT = 23
LIGHT = (range(4352), range(8192, 8206), range(8208, 8224), range(8242, 8248))
"""Letters that weigh one; all others weigh two."""

Measure = Callable[[str], int]


@dataclass(frozen=True, slots=True)
class Limits:
    """What a service takes; `title` is 0 where it has no titles. In units of `measure`."""

    title: int
    body: int
    measure: Measure


@dataclass(frozen=True, slots=True)
class Post:
    title: str
    body: str


def utf16(text: str) -> int:
    """Most services count so; and none that counts characters finds more."""
    return len(text.encode("utf-16-le", "surrogatepass")) // 2


def utf8(text: str) -> int:
    return len(text.encode(errors="surrogatepass"))


def weighted(text: str) -> int:
    """As X does: https://docs.x.com/fundamentals/counting-characters; a long link for no less than it is."""
    links = LINK.findall(text)
    short = sum(max(LINK_WEIGHT - len(link), 0) for link in links)
    return short + sum(1 if any(ord(letter) in light for light in LIGHT) else 2 for letter in text)


def compose(story: Story, limits: Limits) -> Post:
    """The link is whole, or not there where it alone is too long; the headline comes before the summary.

    Who wrote a text is told wherever that leaves half of the room.
    """
    line = _headline(story)
    title = cut(line, limits.title, limits.measure, story.language) if limits.title else ""

    def room(*others: str) -> int:
        return limits.body - limits.measure(GAP.join(("", *others)))

    link = story.url if story.url.startswith(("https://", "http://")) else ""
    tail = [link] if link and limits.measure(link) <= limits.body else []
    note = _made(story)
    if note and room(note, *tail) >= limits.body / 2:
        tail.insert(0, note)
    head = [cut(line, room(*tail), limits.measure, story.language)] if not title else []
    summary, left = _summary(story), room(*head, *tail)
    if limits.measure(summary) > left:
        summary = cut(summary, left, limits.measure, story.language) if left >= WORTH else ""
    return Post(title, GAP.join(filter(None, (*head, summary, *tail))) or title)


def cut(text: str, room: int, measure: Measure, language: str) -> str:
    """`text` where it fits; else as many whole words as fit, and an ellipsis.

    By letters where a language has no spaces, or the first word alone is too long.
    """
    if measure(text) <= room:
        return text
    if room < measure(ELLIPSIS):
        return ""
    kept = _prefix(text, room - measure(ELLIPSIS), measure)
    ends_word = text[len(kept) : len(kept) + 1].isspace()
    words = kept.rpartition(" ")[0]
    if is_spaced(language) and words and not ends_word:
        kept = words
    return f"{kept.rstrip(' ,;:–—-(«„“')}{ELLIPSIS}"


def _prefix(text: str, room: int, measure: Measure) -> str:
    """The longest start that fits and does not end within what is one letter to a reader."""
    low, high = 0, len(text)
    while low < high:
        middle = (low + high + 1) // 2
        low, high = (middle, high) if measure(text[:middle]) <= room else (low, middle - 1)
    while 0 < low < len(text) and (
        combining(text[low]) or text[low] in JOINERS or text[low - 1] == "\u200d" or _is_modifier(text[low])
    ):
        low -= 1
    return text[:low]


def _is_modifier(letter: str) -> bool:
    """Skin tones (UTS #51)."""
    return "\U0001f3fb" <= letter <= "\U0001f3ff"


def _headline(story: Story) -> str:
    phrases = phrases_for(story.language)
    if story.pub_status == "canceled":
        return _line(f"{phrases.withdrawn}: {story.headline}")
    if story.version > 1:
        return _line(f"{CORRECTION.get(phrases.language, CORRECTION['en'])}: {story.headline}")
    return _line(story.headline)


def _made(story: Story) -> str:
    phrases = phrases_for(story.language)
    return {"machine": phrases.machine, "edited": phrases.edited}.get(story.origin, "")


def _summary(story: Story) -> str:
    """Of what is withdrawn nothing is told again."""
    return _line(story.summary) if story.pub_status != "canceled" else ""


def _line(text: str) -> str:
    return " ".join(CONTROLS.sub(" ", text).split())
