from __future__ import annotations

import os
import re
from collections import Counter
from itertools import count
from typing import Any

import lxml.html
import pytest
from fake_engines import Fake, mumbling, mute, silent, turned, unreliable
from hypothesis import given, settings
from hypothesis import strategies as st

from distributor.translation.documents.align import Translation, anchored
from distributor.translation.documents.document import Document
from distributor.translation.documents.segments import Plain

TREES = int(os.environ.get("TREES", "60"))
"""Random trees for each property; TREES=10000 before a release takes some minutes."""


def translated(html: str, fake: Fake = turned, *, source: str = "en", target: str = "ru") -> str:
    document = Document(html, source)
    return document.render([anchored(s, fake(s)) for s in document.sentences], target)


def sentences(html: str) -> tuple[str, ...]:
    return Document(html, "en").sentences


# --- random trees -----------------------------------------------------------------------------------------

WORDS = st.lists(
    st.sampled_from(["alpha", "beta", "gamma", "delta", "epsilon", "zeta"]), min_size=1, max_size=4
)
TEXT = WORDS.map(lambda words: " " + " ".join(words) + " ")
LEAF = st.sampled_from(["<img src='p.png'>", "<code>x_1 = y</code>", "<!-- c -->", " <a id='empty'></a> "])
INLINE = st.recursive(
    TEXT | LEAF,
    lambda inner: st.tuples(
        st.sampled_from(["a href='https://e.example/1'", "em", "strong", "span", "q"]),
        st.lists(inner, min_size=1, max_size=3),
    ).map(lambda pair: f"<{pair[0]}>{''.join(pair[1])}</{pair[0].split()[0]}>"),
    max_leaves=6,
)  # fmt: skip
LINE = st.lists(INLINE | st.just("<br>") | st.just(" One thing. Another thing! "), max_size=5).map("".join)
BLOCK = st.recursive(
    st.tuples(st.sampled_from(["p", "h2", "pre"]), LINE).map(lambda p: f"<{p[0]}>{p[1]}</{p[0]}>"),
    lambda inner: st.lists(inner | LINE, min_size=1, max_size=3).flatmap(
        lambda parts: st.sampled_from(
            [
                f"<blockquote>{''.join(parts)}</blockquote>",
                "<ul>" + "".join(f"<li>{part}</li>" for part in parts) + "</ul>",
                "<table><tr>" + "".join(f"<td>{part}</td>" for part in parts) + "</tr></table>",
                f"<em>{''.join(parts)}</em>",
            ]
        )
    ),
    max_leaves=6,
)
HTML = st.lists(BLOCK | LINE, max_size=4).map("".join)
FAKES = st.sampled_from([turned, silent, mumbling, mute]) | st.integers(0, 99).map(unreliable)


def numbered(html: str) -> str:
    """With an id on every element, so that each can be found again."""
    numbers = count()
    root = lxml.html.fragment_fromstring(html, create_parent="div")
    for element in root.iter("*"):
        element.set("id", str(next(numbers)))
    return str(lxml.html.tostring(root, encoding="unicode"))


def elements(html: str) -> dict[str, tuple[Any, ...]]:
    """What each element is, and what it is in."""
    root = lxml.html.fragment_fromstring(html, create_parent="div")
    return {
        e.get("id", "top"): (e.tag, dict(e.attrib), e.getparent() is not None and e.getparent().get("id"))
        for e in root.iter("*")
    }


@settings(max_examples=TREES, deadline=None)
@given(HTML.map(numbered), FAKES)
def test_whatever_the_engine_says_every_element_stays_once_in_its_parent_with_its_attributes(
    html: str, fake: Fake
) -> None:
    assert elements(translated(html, fake)) == elements(html)


@settings(max_examples=TREES, deadline=None)
@given(HTML.map(numbered), FAKES)
def test_whatever_the_engine_says_blocks_and_breaks_keep_their_order(html: str, fake: Fake) -> None:
    def blocks(text: str) -> list[str]:
        tags = {"p", "h2", "pre", "blockquote", "ul", "li", "table", "tr", "td", "br"}
        return [e.get("id") for e in lxml.html.fragment_fromstring(text, create_parent="div").iter(*tags)]

    assert blocks(translated(html, fake)) == blocks(html)


@settings(max_examples=TREES, deadline=None)
@given(HTML.map(numbered), FAKES)
def test_whatever_the_engine_says_no_inline_element_becomes_empty_and_code_stays(
    html: str, fake: Fake
) -> None:
    was, now = (lxml.html.fragment_fromstring(h, create_parent="div") for h in (html, translated(html, fake)))
    its = {e.get("id"): e for e in now.iter("*")}
    for element in was.iter("a", "em", "strong", "span", "q", "code", "pre"):
        after = its[element.get("id")]
        assert bool(element.text_content().strip()) == bool(after.text_content().strip())
        if element.tag in ("code", "pre"):
            assert element.text_content() == after.text_content()


@settings(max_examples=TREES, deadline=None)
@given(HTML.map(lambda html: numbered(html.replace("thing.", "thing").replace("thing!", "thing"))))
def test_with_good_alignment_each_element_of_a_sentence_holds_the_words_that_it_held(html: str) -> None:
    def words(element: Any) -> Counter[str]:
        return Counter(re.findall(r"\w+", " ".join(element.itertext("*")).lower()))

    was, now = (lxml.html.fragment_fromstring(h, create_parent="div") for h in (html, translated(html)))
    its = {e.get("id"): e for e in now.iter("*")}
    for element in was.iter("*"):
        assert words(element) == words(its[element.get("id")])


@settings(max_examples=TREES, deadline=None)
@given(st.text(alphabet="<>&;/pab =\"'\u00a0\u200b\u0000\n1.好é", max_size=60))
def test_text_that_is_hardly_html_neither_fails_nor_gets_lost(html: str) -> None:
    def letters(text: str) -> Counter[str]:
        root = lxml.html.fragment_fromstring(text, create_parent="div")
        return Counter(c for c in root.text_content().upper() if c.isalnum())

    assert letters(translated(html)) == letters(html)


def test_a_thousand_elements_in_each_other_are_no_trouble() -> None:
    html = "<em>" * 1000 + "word" + "</em>" * 1000
    assert translated(html).count("<em>") == translated(html, silent).count("<em>") > 100


# --- cases ------------------------------------------------------------------------------------------------


def test_line_breaks_within_a_paragraph_end_no_sentence() -> None:
    assert sentences("<p>one line\nand the\r\n   same sentence</p>") == ("one line and the same sentence",)


def test_br_ends_a_segment_and_stays() -> None:
    assert sentences("<p>First line<br>second line</p>") == ("First line", "second line")
    assert translated("<p>First line<br>second line</p>") == "<p>LINE FIRST<br>LINE SECOND</p>"


def test_a_sentence_goes_to_the_engine_whole_whatever_tags_are_in_it() -> None:
    html = "<p>The <b>first <i>global</i></b> <a href='x'>report</a> is out. It is long.</p>"
    assert sentences(html) == ("The first global report is out.", "It is long.")


def test_inline_elements_move_with_their_words() -> None:
    html = '<p>The <em>new <a href="https://e.example/r">report</a></em> is out</p>'
    assert translated(html) == '<p>OUT IS <em><a href="https://e.example/r">REPORT</a> NEW</em> THE</p>'


def test_an_element_over_two_sentences_stays_one_element() -> None:
    html = translated("<p>Yes <em>we can. You</em> can too.</p>")
    assert html.count("<em>") == 1
    assert "<em>CAN. WE</em>" in html


@pytest.mark.parametrize(
    "html",
    [
        "<p>12.5</p>",
        "<table><tr><td>1</td><td>&#8212;</td></tr></table>",
        "<pre>do not touch</pre>",
        "<p><code>let x = y</code></p>",
        '<p translate="no">Weekly Edition</p>',
        '<div class="notranslate"><p>Weekly Edition</p></div>',
        "<p>https://e.example/a_page</p>",
        "<math><mi>x</mi></math>",
        "<p><img src='a.png'></p>",
        "",
        "   \n ",
        "<!-- only a comment -->",
    ],
)
def test_what_has_no_words_to_translate_is_left_alone(html: str) -> None:
    assert sentences(html) == ()
    assert translated(html) == lxml.html.tostring(
        lxml.html.fragment_fromstring(html, create_parent="div"), encoding="unicode"
    ).removeprefix("<div>").removesuffix("</div>")


@pytest.mark.parametrize(
    ("html", "kept"),
    [
        ("<p>Run <code>pip_x -q</code> now</p>", "<code>pip_x -q</code>"),
        ("<p>Write to news@e.example.org today</p>", "news@e.example.org"),
        ("<p>See https://e.example/a_b?c=d&amp;e=f, please</p>", "https://e.example/a_b?c=d&amp;e=f"),
        ("<p>The paper (doi:10.1000/abc_def) is out</p>", "doi:10.1000/abc_def"),
        ('<p>The <span translate="no">Weekly Edition</span> is out</p>', "Weekly Edition"),
        ('<p>A <i lang="la">Homo sapiens</i> wrote it</p>', "Homo sapiens"),
        ('<p>So it is<sup><a href="#n1">1</a></sup> said</p>', '<sup><a href="#n1">1</a></sup>'),
    ],
)
@pytest.mark.parametrize("fake", [turned, silent, mumbling], ids=["turned", "silent", "mumbling"])
def test_code_addresses_and_foreign_words_come_back_as_they_were(html: str, kept: str, fake: Fake) -> None:
    now = translated(html, fake)
    assert now.count(kept) == 1
    assert now != html


def test_an_address_that_the_engine_spoils_is_mended_in_its_place() -> None:
    def spoiling(sentence: str) -> Translation:
        said = turned(sentence)
        return Translation(said.text.replace("_", " "), said.ties)

    assert (
        translated("<p>Go to https://e.example/a_b today</p>", spoiling)
        == "<p>TODAY https://e.example/a_b TO GO</p>"
    )


def test_a_subscript_stays_on_its_digit_and_goes_where_there_is_none() -> None:
    html = "<p>More CO<sub>2</sub> in 2020</p>"
    assert translated(html) == "<p>2020 IN CO<sub>2</sub> MORE</p>"
    assert translated(html, lambda s: Translation("2020年二氧化碳更多")) == "<p>2020年二氧化碳更多</p>"


def test_where_nothing_is_known_a_link_stands_at_the_end_of_its_sentence() -> None:
    html = '<p>The <a href="x">report</a> is out today, we say. Next one here.</p>'
    said = iter([Translation("первое предложение тут."), Translation("второе тут.")])
    assert (
        translated(html, lambda s: next(said)) == '<p>первое предложение <a href="x">тут</a>. второе тут.</p>'
    )


def test_a_whole_sentence_in_bold_is_bold_without_alignment() -> None:
    html = "<p><strong>One whole sentence.</strong> And one more.</p>"
    said = iter([Translation("первое."), Translation("второе.")])
    assert translated(html, lambda s: next(said)) == "<p><strong>первое.</strong> второе.</p>"


def test_texts_in_attributes_are_translated_and_addresses_in_them_are_not() -> None:
    html = '<p><img src="a.png" alt="A green field"><a href="x.html" title="More here">word</a></p>'
    now = translated(html)
    assert 'alt="FIELD GREEN A"' in now
    assert 'title="HERE MORE"' in now
    assert 'src="a.png"' in now
    assert 'href="x.html"' in now


def test_captions_are_segments_of_their_own() -> None:
    html = "<figure><img src='a.png'><figcaption>Solar <b>field</b></figcaption></figure>"
    assert translated(html) == '<figure><img src="a.png"><figcaption><b>FIELD</b> SOLAR</figcaption></figure>'


def test_white_space_around_blocks_and_entities_stay() -> None:
    assert translated("<ul>\n <li>one &lt; two</li>\n</ul>\n") == "<ul>\n <li>TWO &lt; ONE</li>\n</ul>\n"


@pytest.mark.parametrize(
    ("target", "between"), [("ru", "a. b."), ("zh-Hans", "甲。乙。"), ("ja", "甲。乙。")]
)
def test_chinese_and_japanese_have_no_space_between_sentences(target: str, between: str) -> None:
    parts = iter(["a.", "b."] if target == "ru" else ["甲。", "乙。"])
    assert (
        translated("<p>One here. Two here.</p>", lambda s: Translation(next(parts)), target=target)
        == f"<p>{between}</p>"
    )


def test_the_language_of_the_text_is_the_new_one_that_of_a_quotation_stays() -> None:
    now = translated('<p lang="en-GB">Some words <q lang="fr">mots</q></p>', target="it")
    assert '<p lang="it">' in now
    assert '<q lang="fr">mots</q>' in now


def test_characters_that_no_document_may_hold_are_left_out_of_what_the_engine_says() -> None:
    assert translated("<p>word</p>", lambda s: Translation("сло\x00во\ufffe\n")) == "<p>сло во</p>"


def test_half_a_character_never_reaches_the_engine() -> None:
    assert Plain("a \ud800 b", "en").sentences == ("a b",)


def test_an_empty_translation_leaves_the_sentence_as_it_was() -> None:
    assert translated("<p>Two words. <b>More</b> words.</p>", mute) == "<p>Two words. <b>More</b> words.</p>"


def test_a_very_long_sentence_is_cut_and_nothing_of_it_is_lost() -> None:
    long = ", ".join(f"thing number {i}" for i in range(300))
    parts = sentences(f"<p>{long}</p>")
    assert len(parts) > 5
    assert all(len(part) <= 800 for part in parts)
    assert " ".join(parts) == long


def test_no_sentence_ends_within_code() -> None:
    assert sentences("<p>Run <code>a. B. C</code> now</p>") == ("Run a. B. C now",)


def test_one_document_can_be_rendered_in_several_languages() -> None:
    document = Document("<p>One <b>word</b></p>", "en")
    for word in ("слово", "parola"):
        assert document.render([Translation(f"{word} x")], "ru") == f"<p>{word} <b>x</b></p>"


@pytest.mark.parametrize(
    ("html", "target", "expected"),
    [
        ('<p lang="en">Rain fell</p>', "ru", '<p lang="ru">FELL RAIN</p>'),
        ('<p lang="en-GB">Rain fell</p>', "ar", '<p lang="ar" dir="rtl">FELL RAIN</p>'),
        ('<p dir="ltr">Rain fell</p>', "ar", '<p dir="rtl">FELL RAIN</p>'),
        ('<p dir="auto">Rain fell</p>', "ar", '<p dir="auto">FELL RAIN</p>'),
        ("<p>Rain fell</p>", "ar", "<p>FELL RAIN</p>"),
    ],
)
def test_language_and_direction_follow_the_translation(html: str, target: str, expected: str) -> None:
    assert translated(html, target=target) == expected
