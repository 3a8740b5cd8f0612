from __future__ import annotations

from textwrap import TextWrapper

import pytest
from channel_stories import HOSTILE, STORY, TEXTS, in_language, story
from hypothesis import given, settings
from hypothesis import strategies as st

from channels.formats import text
from channels.formats.phrases import phrases_for
from channels.story import Media


def laid_out(body: str, language: str = "en") -> str:
    """The text of a body alone."""
    whole = text.encode(story(headline="", summary="", body=body, media=(), language=language))
    return whole.split("UTC\n\n", 1)[1].split(f"\n\n{text.RULE}")[0]


def test_the_whole_story_is_there() -> None:
    assert text.encode(STORY) == (
        "Союз представил доклад о климате\n"
        "================================\n"
        "\n"
        "Li Wei · Anna Rossi · Weekly Edition · 2021-12-21 08:00 UTC\n"
        "\n"
        "Десять фронтов исследований углеродной нейтральности.\n"
        "\n"
        "Десять фронтов\n"
        "--------------\n"
        "\n"
        "Доклад можно прочесть [1] сегодня.\n"
        "\n"
        "- Море & ветер\n"
        "- Солнце\n"
        "\n"
        "Год | Цель\n"
        "2060 | 0\n"
        "\n"
        "* Зал конференции (Photo: Li Wei)\n"
        "  <https://weekly-edition.example/hall.jpg>\n"
        "* Доклад\n"
        "  <https://weekly-edition.example/report.pdf>\n"
        "\n"
        "[1] https://example.org/report?a=1&b=2\n"
        "\n"
        "------------------------\n"
        "Этот текст переведён машиной.\n"
        "Оригинал статьи: https://weekly-edition.example/2021/51/carbon-report\n"
        "© 2021 Weekly Edition\n"
    )


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ("<p>a  b\n c</p><p>d</p>", "a b c\n\nd"),
        ("<p>a<br>b</p>", "a\nb"),
        ("a<h3>b</h3>c", "a\n\nb\n-\n\nc"),
        ("<ol><li>a</li><li>b</li></ol>", "1. a\n2. b"),
        ("<ul><li>a<ul><li>b</li></ul></li><li>c</li></ul>d", "- a\n  - b\n- c\n\nd"),
        ("<ul><li><p>a</p></li><li><p>b</p></li></ul>", "- a\n- b"),
        ("<ul><li>a</li></ul><ul><li>b</li></ul>", "- a\n\n- b"),
        (
            "<table><tr><td><p>a</p></td><td><p>b</p></td></tr><tr><td>c</td><td>d</td></tr></table>",
            "a | b\nc | d",
        ),
        ("<blockquote><p>a</p></blockquote><p>b</p>", "> a\n\nb"),
        ("<pre>a  b\n c</pre>", "a  b\n c"),
        ('<p><img src="x" alt="A tree"> y</p>', "[A tree] y"),
        ("<p>a&amp;b &lt;c&gt;&nbsp;d</p>", "a&b <c> d"),
        ("<p>a</p><hr><p>b</p>", "a\n\nb"),
    ],
)
def test_markup_becomes_layout(body: str, expected: str) -> None:
    assert laid_out(body) == expected


def test_lines_are_broken_between_words_at_72() -> None:
    lines = laid_out("<ul><li>" + "carbon neutrality " * 20 + "</li></ul>").splitlines()
    assert max(map(len, lines)) <= 72
    assert lines[0].startswith("- carbon")
    assert all(line.startswith("  carbon") or line.startswith("  neutrality") for line in lines[1:])


@pytest.mark.parametrize("language", ["ja", "zh-Hans"])
def test_lines_are_not_broken_where_words_are_not_spaced(language: str) -> None:
    given = in_language(language)
    assert f"{given.headline} {given.headline} {given.headline}" in text.encode(given).splitlines()


def test_a_heading_in_wide_letters_is_underlined_in_full() -> None:
    headline, rule = text.encode(in_language("ja")).splitlines()[:2]
    assert len(rule) == 2 * len(headline)


def test_links_are_numbered_once_and_not_where_they_stand_in_the_text() -> None:
    body = (
        '<p><a href="https://e.org/1">one</a> <a href="https://e.org/2">two</a> '
        '<a href="https://e.org/1">1</a> <a href="https://e.org/3">https://e.org/3</a> '
        '<a href="#top">up</a> <a>none</a></p>'
    )
    assert laid_out(body).splitlines() == [
        "one [1] two [2] 1 [1] https://e.org/3 up none",
        "",
        "[1] https://e.org/1",
        "[2] https://e.org/2",
    ]


def test_a_withdrawn_story_says_so_first() -> None:
    assert text.encode(story(pub_status="canceled", language="en")).startswith("*** Withdrawn ***\n")


def test_media_without_words_are_named_by_their_address() -> None:
    assert "\n* <https://e.org/a.jpg>\n" in text.encode(story(media=(Media(url="https://e.org/a.jpg"),)))


def test_an_edited_translation_says_so() -> None:
    assert phrases_for("ru").edited in text.encode(story(origin="edited"))


@settings(max_examples=100, deadline=None)
@given(TEXTS, TEXTS)
def test_any_text_can_be_laid_out_without_control_characters(headline: str, body: str) -> None:
    laid = text.encode(story(headline=headline, body=body))
    assert not text.CONTROLS.search(laid)
    laid.encode()


@pytest.mark.parametrize("name", sorted(HOSTILE.keys() - {"lone surrogate"}))
def test_a_hostile_story_can_be_laid_out(name: str) -> None:
    assert text.encode(HOSTILE[name])


def test_nothing_is_lost_in_the_depth() -> None:
    assert laid_out("<div>" * 2000 + "deep" + "</div>" * 2000) == "deep"


def test_text_that_utf_8_cannot_carry_is_an_error() -> None:
    with pytest.raises(UnicodeEncodeError):
        text.encode(HOSTILE["lone surrogate"])


WORD = st.text("aя文-", min_size=1, max_size=90) | st.sampled_from(["to", "the", "of"])
WORDS = st.lists(WORD, max_size=40)


@given(WORDS, st.sampled_from(["", "* ", "> > ", " " * 80]), st.sampled_from(["", "  ", " " * 71]))
def test_lines_are_those_of_textwrap(words: list[str], indent: str, hang: str) -> None:
    wrapper = TextWrapper(
        text.WIDTH,
        initial_indent=indent,
        subsequent_indent=hang,
        break_long_words=False,
        break_on_hyphens=False,
    )
    assert text.filled(" ".join(words), indent, hang) == wrapper.fill(" ".join(words))
