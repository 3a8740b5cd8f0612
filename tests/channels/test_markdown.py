from __future__ import annotations

import pytest
from channel_stories import HEADLINES, HOSTILE, STORY, TEXTS, in_language, story
from format_stories import BODIES, CARRIED, DEEP, LONG, STORIES, edition, solid, words_of
from hypothesis import HealthCheck, given, settings
from markdown_it import MarkdownIt

from channels.formats import markdown
from channels.formats.text import CONTROLS
from channels.story import Media, Story

READER = MarkdownIt("commonmark").enable("table")
BROADLY = settings(max_examples=200, deadline=None, suppress_health_check=list(HealthCheck))
SHORT = story(headline="", summary="", source="", rights="", url="", authors=(), media=(), origin="original")


def written(body: str) -> str:
    """The body alone; of the rest only the date is there."""
    whole = markdown.encode(story_of(body)).decode()
    assert whole.startswith(DATE)
    return whole.removeprefix(DATE).strip("\n")


def story_of(body: str, **changes: object) -> Story:
    return story(**{**{n: getattr(SHORT, n) for n in NAMES}, "body": body, **changes})


NAMES = ("headline", "summary", "source", "rights", "url", "authors", "media", "origin")
DATE = "2021-12-21 08:00 UTC\n"


def read(body: str) -> str:
    """What a reader of Markdown makes of a body, as HTML."""
    return str(READER.render(written(body)))


def test_the_document_tells_what_the_story_knows() -> None:
    assert markdown.encode(STORY).decode().split("\n\n")[:5] == [
        "# Союз представил доклад о климате",
        "Li Wei · Anna Rossi · Weekly Edition · 2021-12-21 08:00 UTC",
        "**Десять фронтов исследований углеродной нейтральности.**",
        "## Десять фронтов",
        "Доклад [можно прочесть](<https://example.org/report?a=1&b=2>) *сегодня*.",
    ]


def test_a_translation_says_who_made_it_and_from_what() -> None:
    told = markdown.encode(STORY).decode()
    assert "\n---\n\nЭтот текст переведён машиной.\n\n" in told
    assert f"[Оригинал статьи](<{STORY.url}>)" in told


def test_a_withdrawal_is_said_before_all_else() -> None:
    told = markdown.encode(story(pub_status="canceled")).decode()
    assert told.startswith("> **Материал отозван**\n\n# ")


def test_media_that_the_body_does_not_show_follow_it() -> None:
    told = markdown.encode(STORY).decode()
    picture = "![Люди в зале](<https://weekly-edition.example/hall.jpg>)\\\nЗал конференции (Photo: Li Wei)"
    assert f"{picture}\n\n[Доклад](<https://weekly-edition.example/report.pdf>)\n" in told
    shown = story(body=f'<img src="{STORY.media[0].url}">', media=(*STORY.media, Media(url="no address")))
    assert markdown.encode(shown).decode().count("hall.jpg") == 1


@pytest.mark.parametrize(
    ("body", "told"),
    [
        ("<p>a <b>b</b> <i>c</i> <code>d`e</code></p>", "a **b** *c* ``d`e``"),
        ("<h1>a</h1><h3>b</h3>", "## a\n\n### b"),
        ("<p>a<br>b<br></p><hr><p>c</p>", "a\\\nb\n\n***\n\nc"),
        ("<ul><li>a<ol><li>b</li><li>c</li></ol></li><li>d</li></ul>", "- a\n  1. b\n  2. c\n- d"),
        ("<ul><li><p>a</p><p>b</p></li></ul>", "- a\n\n  b"),
        ("<blockquote><p>a</p><p>b</p></blockquote>", "> a\n>\n> b"),
        ("<pre>a\n```\n  b</pre>", "````\na\n```\n  b\n````"),
        ("<p>CO<sub>2</sub> 10<sup>6</sup></p>", "CO<sub>2</sub> 10<sup>6</sup>"),
        (
            "<table><tr><th>a</th><th>b</th></tr><tr><td>c|d</td><td>e<br>f</td></tr></table>",
            "| a | b |\n| --- | --- |\n| c\\|d | e<br>f |",
        ),
        ("<table><tr><td>a</td></tr></table>", "|  |\n| --- |\n| a |"),
        (
            '<figure><img src="https://e.org/a" alt="A"><figcaption>b</figcaption></figure>',
            "![A](<https://e.org/a>)\n\n*b*",
        ),
        ("<dl><dt>a</dt><dd>b</dd></dl>", "**a**\n\nb"),
        ("<ruby>漢<rp>(</rp><rt>かん</rt><rp>)</rp></ruby>", "漢 (かん)"),
        ('<a href="javascript:x">a</a>', "a"),
        ("<q>a</q>", "“a”"),
    ],
)
def test_html_becomes_markdown(body: str, told: str) -> None:
    assert written(body) == told


@pytest.mark.parametrize(
    ("body", "html"),
    [
        ("<p>これは<b>「重要」</b>です</p>", "<p>これは<strong>「重要」</strong>です</p>"),
        ("<p><i>a</i><b>b</b></p>", "<p><em>a</em><!-- --><strong>b</strong></p>"),
        ("<p>a<b> b </b>c</p>", "<p>a <strong>b</strong> c</p>"),
        ('<p>wow!<a href="https://e.org/a_(b)">c</a></p>', '<p>wow!<a href="https://e.org/a_(b)">c</a></p>'),
        ("<p>1986. A year<br># not a heading<br>- nor a list<br>=== nor that</p>", None),
        ("<p>&amp;lt; *a* _b_ [c](d) &lt;b&gt; `e` ~f~ \\g | h</p>", None),
        ("<h2>C# and #</h2>", None),
    ],
)
def test_a_reader_gets_what_was_meant(body: str, html: str | None) -> None:
    rendered = read(body)
    assert html is None or rendered.strip() == html
    assert words_of(rendered) == words_of(body)


@BROADLY
@given(BODIES)
def test_no_word_of_a_body_is_lost(body: str) -> None:
    assert words_of(read(body)) == solid(CONTROLS.sub("", words_of(body)))


@BROADLY
@given(TEXTS)
def test_a_headline_is_only_a_headline(headline: str) -> None:
    told = READER.render(markdown.encode(story(headline=headline)).decode())
    expected = solid(CONTROLS.sub(" ", headline))
    assert not expected or solid(words_of(told.partition("</h1>")[0])) == expected


@BROADLY
@given(STORIES)
def test_every_story_can_be_written(given: Story) -> None:
    assert markdown.encode(given).endswith(b"\n")


@pytest.mark.parametrize("name", CARRIED)
def test_a_hostile_story_brings_no_markup_of_its_own(name: str) -> None:
    told = str(READER.render(markdown.encode(HOSTILE[name]).decode()))
    assert "<script" not in told
    assert not CONTROLS.search(told)


@pytest.mark.parametrize("language", sorted(HEADLINES))
def test_every_language_comes_through(language: str) -> None:
    given_ = in_language(language)
    told = words_of(READER.render(markdown.encode(given_).decode()))
    assert solid(given_.headline) in told
    assert words_of(given_.body) in told


def test_the_sample_edition_comes_through_in_all_languages() -> None:
    for given_ in edition():
        assert words_of(given_.body) in words_of(READER.render(markdown.encode(given_).decode()))


def test_text_that_utf_8_cannot_carry_is_an_error_never_a_question_mark() -> None:
    for given_ in (HOSTILE["lone surrogate"], story(headline="\ud800"), story(body="\ud800")):
        with pytest.raises(UnicodeEncodeError):
            markdown.encode(given_)


@pytest.mark.parametrize("body", DEEP, ids=len)
def test_of_markup_too_deep_the_text_remains(body: str) -> None:
    assert markdown.encode(story(body=body)).count(b"x") > markdown.encode(
        story(body=body.replace("x", ""))
    ).count(b"x")


@pytest.mark.parametrize("body", LONG, ids=len)
def test_markup_that_nobody_sanitised_costs_no_more_than_its_length(body: str) -> None:
    assert markdown.encode(story(body=body))
