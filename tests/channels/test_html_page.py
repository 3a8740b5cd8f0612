from __future__ import annotations

import re
from typing import Any

import pytest
from channel_stories import HEADLINES, HOSTILE, STORY, TEXTS, in_language, story
from hypothesis import given, settings
from lxml import html as lxml_html

from channels.formats import html
from channels.formats.phrases import PHRASES, direction, phrases_for
from channels.story import Media, Story


def found(given: Story, path: str) -> list[str]:
    """What an XPath finds on the page: text of elements, values of attributes, all in one line each."""
    things: Any = lxml_html.document_fromstring(html.encode(given)).xpath(path)
    said = (t if isinstance(t, str) else t.text_content() for t in things)
    return [" ".join(t.split()) for t in said]


def test_the_page_shows_all_that_the_story_has() -> None:
    assert found(STORY, "//title") == found(STORY, "//h1") == [STORY.headline]
    assert found(STORY, "//*[@class='byline']") == [
        "Li Wei, Anna Rossi · Weekly Edition · 2021-12-21 08:00 UTC"
    ]
    assert found(STORY, "//*[@class='summary']") == [STORY.summary]
    assert found(STORY, "//*[@class='body']/h2") == ["Десять фронтов"]
    assert found(STORY, "//figure/img/@src") == [STORY.media[0].url]
    assert found(STORY, "//figure/img/@alt") == ["Люди в зале"]
    assert found(STORY, "//figcaption") == ["Зал конференции Photo: Li Wei"]
    assert found(STORY, "//*[@class='files']//a/@href") == [STORY.media[1].url]
    assert found(STORY, "//*[@class='files']/li") == ["Доклад (application/pdf, 1.2 MB)"]
    assert found(STORY, "//*[@class='tags']/li") == ["Climate", "Union"]
    assert found(STORY, "//footer//a/@href") == [STORY.url]
    assert STORY.rights in found(STORY, "//footer")[0]


def test_the_page_needs_nothing_from_elsewhere_but_pictures() -> None:
    page = html.encode(story(media=(), body="<p>x</p>")).decode()
    assert not found(STORY, "//script | //iframe | //link[@rel='stylesheet'] | //@onclick")
    assert "@import" not in page
    assert "url(" not in page
    assert page.startswith("<!DOCTYPE html>\n")
    assert '<meta charset="utf-8">' in page[:200]


@pytest.mark.parametrize("language", sorted(HEADLINES))
def test_the_page_names_its_language_and_direction(language: str) -> None:
    given = in_language(language)
    assert found(given, "/html/@lang") == found(given, "//article/@lang") == [language]
    assert found(given, "/html/@dir") == ["rtl" if language == "ar" else "ltr"]


@pytest.mark.parametrize("language", ["en", "ru", "zh-Hans", "zh-TW", "ja", "it", "de-AT", "fr", "es"])
def test_a_translation_says_in_its_own_language_that_a_machine_made_it(language: str) -> None:
    said = found(story(language=language), "//footer")[0]
    assert phrases_for(language).machine in said
    assert not found(story(language=language), "//footer//span")


def test_where_we_have_no_words_in_a_language_they_are_english_and_marked_so() -> None:
    assert found(story(language="ar"), "//footer//span[@lang='en'][@dir='ltr']") == [
        PHRASES["en"].machine,
        PHRASES["en"].original,
    ]


def test_an_original_claims_no_machine() -> None:
    said = found(story(origin="original", language="en"), "//footer")[0]
    assert PHRASES["en"].machine not in said


def test_a_withdrawn_story_says_so_at_the_top() -> None:
    given = story(pub_status="canceled", language="it")
    assert found(given, "//*[@class='notice']") == ["Ritirato"]
    assert found(given, "//title")[0].startswith("Ritirato: ")


def test_a_picture_that_the_body_shows_is_not_shown_twice() -> None:
    given = story(
        body='<p><img src="https://e.org/a?x=1&amp;y=2"></p>', media=(Media(url="https://e.org/a?x=1&y=2"),)
    )
    assert found(given, "//img/@src") == ["https://e.org/a?x=1&y=2"]


def test_films_and_sounds_can_be_played_or_fetched() -> None:
    given = story(
        media=(Media(url="https://e.org/a.mp4", role="video"), Media(url="https://e.org/a.mp3", role="audio"))
    )
    assert found(given, "//video/@src | //audio/@src") == ["https://e.org/a.mp4", "https://e.org/a.mp3"]


def test_only_http_addresses_become_links() -> None:
    bad = "javascript:alert(1)"
    given = story(url=bad, media=(Media(url=bad), Media(url=bad, role="document")))
    assert not [link for link in found(given, "//@href | //@src") if link.startswith("javascript")]


def saying(text: str) -> Story:
    """A story that says `text` wherever it can."""
    media = (Media(url="https://e.org/", caption=text, alt=text, credit=text),)
    once = dict.fromkeys(("headline", "summary", "source", "rights"), text)
    return story(**once, body="", authors=(text,), categories=(text,), media=media)


@settings(max_examples=100, deadline=None)
@given(TEXTS.map("x{}".format))
def test_no_text_becomes_markup(text: str) -> None:
    tags = re.compile(rb"<[^>]*>")
    written = b"".join(tags.findall(html.encode(saying(text))))
    plain = b"".join(tags.findall(html.encode(saying("x"))))
    alt = re.compile(rb' alt="[^"]*"')
    assert alt.sub(b"", written) == alt.sub(b"", plain)


@pytest.mark.parametrize("name", sorted(HOSTILE.keys() - {"lone surrogate"}))
def test_a_hostile_story_is_a_page_without_scripts_and_control_characters(name: str) -> None:
    page = html.encode(HOSTILE[name]).decode()
    assert "<script" not in page
    assert not re.search(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f]", page)
    assert page.rstrip().endswith("</html>")


def test_text_that_utf_8_cannot_carry_is_an_error() -> None:
    with pytest.raises(UnicodeEncodeError):
        html.encode(HOSTILE["lone surrogate"])


def test_the_same_story_gives_the_same_bytes() -> None:
    assert html.encode(STORY) == html.encode(story())


@pytest.mark.parametrize(
    ("language", "expected"),
    [
        ("ar", "rtl"),
        ("he-IL", "rtl"),
        ("fa", "rtl"),
        ("az-Arab", "rtl"),
        ("ur-Latn", "ltr"),
        ("zh-Hans", "ltr"),
    ],
)
def test_the_direction_is_the_scripts_or_else_the_languages(language: str, expected: str) -> None:
    assert direction(language) == expected


@pytest.mark.parametrize(
    ("language", "phrases"),
    [("de-AT", "de"), ("zh-Hans-CN", "zh"), ("zh-HK", "zh-Hant"), ("xx", "en"), ("", "en")],
)
def test_the_nearest_language_that_has_words_is_taken(language: str, phrases: str) -> None:
    assert phrases_for(language) is PHRASES[phrases]
