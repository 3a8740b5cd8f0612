"""HTML that is safe, flat and has absolute links."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from distributor.markup import plain, plain_line
from distributor.sources.sanitise import LONGEST, TAGS, absolute, body, paragraphs

BASE = "https://wire.example/rss/feed"


def clean(markup: str, base: str = BASE) -> str:
    found, warning = body(markup, base)
    assert not warning
    return found


@pytest.mark.parametrize(
    ("markup", "expected"),
    [
        ("<p onclick='x()' class=y style='color:red' id=z lang=de>a</p>", '<p lang="de">a</p>'),
        ("<p>a<script>x()</script><style>p{}</style><iframe src=//e.example>b</iframe></p>", "<p>a</p>"),
        ("<p><a href='javascript:x()'>a</a> <a href=' JaVaScRiPt:x()'>b</a></p>", "<p>a b</p>"),
        ("<p><a name=top>a</a></p>", "<p>a</p>"),
        ("<p><a href='mailto:a@b.example'>a</a></p>", '<p><a href="mailto:a@b.example">a</a></p>'),
        ("<p><a href='ftp://h.example/a'>a</a></p>", "<p>a</p>"),
        (
            "<p><a href='//cdn.example/a' target=_blank>a</a></p>",
            '<p><a href="https://cdn.example/a">a</a></p>',
        ),
        (
            "<p><a href='?a=1&b=2'>a</a></p>",
            '<p><a href="https://wire.example/rss/feed?a=1&amp;b=2">a</a></p>',
        ),
        ("<p><a href='http://[x'>a</a></p>", "<p>a</p>"),
        (
            "<p><img src=//h.example alt='>' onerror=x()>",
            '<p><img src="https://h.example" alt="&gt;"></p>',
        ),
        ("<p>a<img src='data:image/png;base64,AAAA'><img alt=lost></p>", "<p>a</p>"),
        ("<p>a<img src=/pixel.gif width=1 height=1></p>", "<p>a</p>"),
        ("<div>a</div><div><section>b</section></div>", "<p>a</p><p>b</p>"),
        ("<div><p>a</p><ul><li>b</ul></div>", "<p>a</p><ul><li>b</li></ul>"),
        ("a<br><br>b<br>c", "<p>a</p><p>b<br>c</p>"),
        ("R&D &copy 2021 &amp; &lt;b&gt;", "<p>R&amp;D &amp;copy 2021 &amp; &lt;b&gt;</p>"),
        ("<p>a<!-- b --></p><?php x() ?>", "<p>a</p>"),
        ("<p>CO<sub>2</sub> <em>a</em><unknown>b</unknown></p>", "<p>CO<sub>2</sub> <em>a</em>b</p>"),
        (
            "<table><tr><td colspan=2 onclick=x()><div>a</div></table>",
            '<table><tbody><tr><td colspan="2"><p>a</p></td></tr></tbody></table>',
        ),
        (
            "<figure><img src=/a.png><figcaption>b</figcaption></figure>",
            '<figure><img src="https://wire.example/a.png"><figcaption>b</figcaption></figure>',
        ),
        ("<svg><script>x()</script></svg><math><mi>y</mi></math>a", "<p>a</p>"),
        ("", ""),
        (" \n ", ""),
    ],
)
def test_what_is_kept_and_what_is_not(markup: str, expected: str) -> None:
    assert clean(markup) == expected


def test_a_relative_link_with_nothing_to_be_relative_to_is_dropped() -> None:
    assert clean('<p><a href="a">a</a><a href="https://h.example/">b</a></p>', "") == (
        '<p>a<a href="https://h.example/">b</a></p>'
    )


def test_a_text_beyond_measure_is_cut_and_said_so() -> None:
    found, warning = body("<p>ice</p> " * LONGEST, BASE)
    assert "longer than 500,000 characters" in warning
    assert found.startswith("<p>ice ice")
    assert len(found) < LONGEST + 100


def test_a_picture_inside_the_text_does_not_count_as_text() -> None:
    assert clean(f'<p>a<img src="data:image/png;base64,{"A" * LONGEST}">b</p>') == "<p>ab</p>"


MARKUP = st.text(alphabet="<>/ap div=\"'&;:scriptonclk!-[]\n", max_size=80)
EVIL = st.sampled_from(
    [
        "<script>",
        "<img src=x onerror=x()>",
        '<a href="javascript:x()">',
        "<svg/onload=x()>",
        "<div>",
        "<p>",
        "]]>",
    ]
)


@given(st.lists(st.one_of(MARKUP, EVIL), max_size=8).map("".join))
def test_whatever_comes_in_what_goes_out_is_clean_and_stays_as_it_is(markup: str) -> None:
    once, _ = body(markup, BASE)
    found = re.findall(r"<(/?)([a-zA-Z][a-zA-Z0-9]*)([^>]*)>", once)
    assert {name for _, name, _ in found} <= TAGS
    assert not any(re.search(r"\bon\w+=|javascript:", attributes) for _, _, attributes in found)
    assert plain(body(once, BASE)[0]) == plain(once)


@pytest.mark.parametrize(
    ("url", "whole"),
    [
        ("a", "https://wire.example/rss/a"),
        (" /a ", "https://wire.example/a"),
        ("HTTPS://h.example/", "HTTPS://h.example/"),
        ("", ""),
        ("javascript:x()", ""),
        ("http://[", ""),
    ],
)
def test_addresses_are_made_absolute(url: str, whole: str) -> None:
    assert absolute(url, BASE).lower() == whole.lower()


def test_plain_text_becomes_paragraphs() -> None:
    assert paragraphs("a < b\n& c\n\n \r\nd") == "<p>a &lt; b &amp; c</p><p>d</p>"


def test_text_of_blocks_stays_apart() -> None:
    assert plain("<p>a</p><p>b<br>c</p><ul><li>d</li></ul>&lt;e&gt; &amp;amp;") == "a b c d <e> &amp;"


@given(st.text(max_size=60))
def test_a_line_of_plain_text_without_markup_keeps_its_words(text: str) -> None:
    harmless = re.sub(r"[<&\x00-\x1f]|[\ud800-\udfff]", "", text)
    assert plain_line(harmless).split() == harmless.split()
