"""An item with the text of its page in place of the feed's teaser, where that is what the page has. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol

from distributor import language
from distributor.article import Content, Item
from distributor.errors import SourceError
from distributor.markup import plain
from distributor.settings import SourceSettings
from distributor.sources.media import merged
from distributor.sources.page_head import Head, Page

LONGEST_TEASER = 1000
"""Characters of a text of the feed that becomes the summary."""
LONGEST_STUB = 1500
"""Characters. A longer text that mentions cookies or subscriptions is about them."""
STEM = 6
"""Letters of a word that tell it; the rest inflects."""
FEWEST_WORDS = 4
SAME = 0.25
"""The share of the feed's words that the page of the same article has at least."""

_stub = re.compile(
    r"\bcookies?\b|\bcookie-|куки|クッキー|javascript"
    r"|\bsubscri(?:be|ption|bers)\b|\bsign in\b|\blog ?in\b|\bpaywall\b|\bcaptcha\b|\bnot a robot\b"
    r"|\b(?:abonn|anmelden|einloggen|connectez-vous|inici[ea] sesi[oó]n|suscr[ií]b|abbon|accedi\b|assine)"
    r"|подпис(?:ка|к[иу]|чик|аться|ывайтесь)|войдите|登[录錄]|订阅|訂閱|会員|購読|ログイン|구독|로그인",
    re.IGNORECASE,
)
_word = re.compile(r"[^\W\d_]{4,}")
_unspaced = re.compile("[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u2e80-\u9fff\uac00-\ud7af\uf900-\ufaff]{2,}")
"""Scripts that put no space between words."""


@dataclass(slots=True)
class Fuller:
    """What the pages gave: contents, and why others keep the feed's text; both by guid."""

    contents: dict[str, Content] = field(default_factory=dict)
    why: dict[str, str] = field(default_factory=dict)

    @property
    def warnings(self) -> tuple[str, ...]:
        """A line for each item that keeps the feed's text."""
        return tuple(f"item {guid}: has the feed's text only: {why}" for guid, why in self.why.items())


class FullTexts(Protocol):
    """Where they come from."""

    async def of(self, items: Sequence[Item], source: SourceSettings, now: datetime) -> Fuller:
        """What can be had for `items` in the time that `source` gives."""
        ...


def fuller(content: Content, page: Page) -> Content:
    """`content` with the page's text and what else the feed left open. Raises: SourceError, which says why
    the feed's text is to be kept."""
    if doubt := _doubt(content, page):
        raise SourceError(doubt)
    teaser, head = plain(content.body), page.head
    spoken = _language(content.language, head)
    own_picture = any(media.role == "picture" for media in content.media)
    full = content.having(
        body=page.body,
        summary=content.summary or (teaser if len(teaser) <= LONGEST_TEASER else ""),
        published=content.published or head.published,
        authors=content.authors or head.authors,
        media=content.media if own_picture else merged([head.picture, *content.media]),
        language=spoken,
    )
    return full.having(language=language.of(full, default=spoken or "und"))


def _language(feeds: str, head: Head) -> str:
    """The page's own word, unless the feed says the same with its region; the text may overrule both."""
    same = head.language.partition("-")[0] == feeds.partition("-")[0]
    return feeds if same else head.language or feeds


def _doubt(content: Content, page: Page) -> str:
    """Why this is not the article in full; empty if it is."""
    found, told = plain(page.body), plain(content.body)
    if not found:
        return "no text is found in its page"
    if not page.head.free:
        return "its page says that one pays to read it"
    if len(found) < max(len(told), len(content.summary)):
        return f"its page has less text ({len(found)} characters) than the feed"
    if len(found) <= LONGEST_STUB and (stub := _stub.search(found)) and not _stub.search(told):
        return f"its page looks like a consent form or a paywall ({stub[0]!r})"
    if not _alike(f"{content.headline} {told or content.summary}", f"{' '.join(page.head.titles)} {found}"):
        return "its page seems to be about something else"
    return ""


def _alike(feeds: str, pages: str) -> bool:
    """Whether enough of the words of the one are in the other; too few words say nothing."""
    wanted, there = set(_words(feeds)), set(_words(pages))
    return len(wanted) < FEWEST_WORDS or len(wanted & there) >= SAME * len(wanted)


def _words(text: str) -> Iterator[str]:
    text = text.casefold()
    for run in _unspaced.findall(text):
        yield from (run[n : n + 2] for n in range(len(run) - 1))
    yield from (word[:STEM] for word in _word.findall(_unspaced.sub(" ", text)))
