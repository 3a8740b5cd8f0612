"""Whether a page is the article in full, and what of it an item then has."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from page_texts import FIRST, LONG, TEASER, TITLE

from channels.story import Media
from distributor.article import Content
from distributor.errors import SourceError
from distributor.sources.fuller import fuller
from distributor.sources.page_head import Head, Page
from ledger_wire import NOON

ITEM = Content(headline=TITLE, body=f"<p>{TEASER}</p>", language="en", url="https://w.example/union")
HALL = Media(url="https://w.example/hall.jpg", alt="A full hall")
FULL = Page(body=LONG, head=Head(titles=(TITLE,), authors=("Ann Lee",), published=NOON, picture=HALL))
STUB = "To read on, please {0}. We thank you for that, as do all of those who write for this paper every day."


def page(body: str, **head: Any) -> Page:
    return Page(body=body, head=replace(FULL.head, **head))


def test_the_full_text_takes_the_teasers_place_and_the_teaser_is_the_summary() -> None:
    got = fuller(ITEM, FULL)
    assert (got.headline, got.body, got.summary) == (TITLE, LONG, TEASER)
    assert (got.authors, got.published, got.media) == (("Ann Lee",), NOON, (HALL,))
    assert (got.url, got.language) == (ITEM.url, "en")


def test_what_the_feed_says_itself_stays() -> None:
    own, sound = Media(url="https://w.example/own.jpg"), Media(url="https://w.example/a.mp3", role="audio")
    told: dict[str, Any] = {"summary": "In short.", "authors": ("Bo",), "published": NOON.replace(year=2020)}
    got = fuller(ITEM.having(media=(own, sound), **told), FULL)
    assert {name: getattr(got, name) for name in told} == told
    assert got.media == (own, sound)
    assert fuller(ITEM.having(media=(sound,)), FULL).media == (HALL, sound)


@pytest.mark.parametrize(
    ("feeds", "pages", "language"),
    [
        pytest.param("en-GB", "en", "en-GB", id="the feed's region stays"),
        pytest.param("en", "ru", "en", id="the text overrules a wrong attribute"),
        pytest.param("fr", "", "en", id="the text overrules a wrong guess from the teaser"),
    ],
)
def test_the_pages_language_is_a_hint(feeds: str, pages: str, language: str) -> None:
    assert fuller(ITEM.having(language=feeds), page(LONG * 2, language=pages)).language == language


@pytest.mark.parametrize(
    ("found", "words"),
    [
        pytest.param(page(""), "no text is found", id="empty"),
        pytest.param(page("<p>The union of science media opened.</p>"), "less text", id="shorter"),
        pytest.param(page(LONG, free=False), "one pays to read it", id="says that it is not free"),
        pytest.param(page(f"<p>{FIRST}</p><p>{STUB.format('subscribe')}</p>"), "'subscribe'", id="paywall"),
        pytest.param(page(f"<p>{FIRST}</p><p>{STUB.format('sign in')}</p>"), "'sign in'", id="login"),
        pytest.param(page(f"<p>{FIRST}</p><p>{STUB.format('allow cookies')}</p>"), "'cookies'", id="consent"),
        pytest.param(page(f"<p>{FIRST}</p><p>会員登録が必要です。</p>"), "'会員'", id="paywall, ja"),
        pytest.param(page("<p>Frogs freeze, thaw, jump again in spring.</p>" * 9, titles=("Frogs",)),
                     "something else", id="another article"),
        pytest.param(page("<p>The address that was looked up cannot be found on this server.</p>" * 3,
                          titles=("Not found",)), "something else", id="a 404 that says 200"),
    ],
)  # fmt: skip
def test_what_is_not_the_article_in_full_leaves_the_feeds_text(found: Page, words: str) -> None:
    with pytest.raises(SourceError, match=words):
        fuller(ITEM, found)


def test_an_article_about_cookies_is_no_consent_form() -> None:
    about = ITEM.having(body="<p>What cookies are, and what the members of the union think of them.</p>")
    text = "<p>What cookies are, and what the members of the union think of them, forty of them told.</p>"
    assert fuller(about, page(text)).body == text
    assert fuller(ITEM, page(LONG * 5 + text)).body.endswith(text)


def test_chinese_is_compared_without_spaces() -> None:
    item = ITEM.having(headline="科学媒体联盟举行首次会议", body="<p>各国成员参加了会议。</p>", language="zh")
    same = "<p>科学媒体联盟周二举行首次会议，来自四十国的成员参加。主席表示，将共享报道。</p>"
    other = "<p>青蛙在冬天会结冰，春天解冻之后又能跳跃：血液里的葡萄糖能防止细胞受到破坏。</p>"
    assert fuller(item, page(same, titles=())).body == same
    with pytest.raises(SourceError, match="something else"):
        fuller(item, page(other, titles=()))
