"""An article's page into its text: what is taken, what is left, and what no parser gets to see."""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from lxml import html as lxml_html
from page_texts import FIGURE, FIRST, LONG, SECOND, THIRD, TITLE, json_ld, page

from channels.story import Media
from distributor.errors import SourceError
from distributor.sources import page as pages
from distributor.sources import sanitise
from distributor.sources.page_head import Page

URL = "https://w.example/2021/union.html"
HTML = {"content-type": "text/html; charset=utf-8"}


def read(text: str | bytes, url: str = URL, **headers: str) -> Page:
    body = text.encode() if isinstance(text, str) else text
    told = {name.replace("_", "-"): value for name, value in headers.items()}
    return pages.read(body, url=url, headers=told or HTML)


def test_the_article_is_taken_and_what_stands_around_it_is_left() -> None:
    body = f'{LONG}<p>See the <a href="plan.html">plan</a> and <code>H2O</code>.</p><script>alert(1)</script>'
    got = read(page(body)).body
    assert re.sub(r">\s+<", "><", got).startswith(LONG)
    assert '<a href="https://w.example/2021/plan.html">plan</a> and <code>H2O</code>.</p>' in got
    assert not [word for word in ("Home", "Frogs", "rights", "alert", TITLE) if word in got]


def test_links_are_relative_to_what_the_page_says() -> None:
    body = f'{LONG}<p>This is the <a href="plan.html">plan</a> that was shown to them.</p>'
    got = read(page(body, head='<base href="/archive/">'))
    assert 'href="https://w.example/archive/plan.html"' in got.body


def test_the_picture_over_the_text_comes_with_its_words_and_not_twice() -> None:
    got = read(page(FIGURE + LONG, head='<meta property="og:image" content="/share/hall-1200x630.jpg">'))
    assert got.head.picture == Media(
        url="https://w.example/hall.jpg",
        alt="A full hall",
        caption="Members in the hall.",
        credit="Photo: Bo Chen",
    )
    assert "<img" not in got.body


def test_a_picture_within_the_text_stays_there() -> None:
    got = read(page(LONG + '<img src="/chart.png" alt="Chart">' + f"<p>{SECOND}</p>"))
    assert '<img src="https://w.example/chart.png" alt="Chart">' in got.body
    assert got.head.picture is None


def test_else_the_picture_is_the_one_that_the_page_shows_for_itself_elsewhere() -> None:
    image = {"@type": "ImageObject", "url": "/share.jpg", "creditText": "Bo Chen"}
    node = {"@context": "https://schema.org", "@type": "NewsArticle", "image": [image]}
    alt = '<meta property="og:image:alt" content="A full hall">'
    got = read(page(head=alt + json_ld(json.dumps(node)))).head.picture
    assert got == Media(url="https://w.example/share.jpg", alt="A full hall", credit="Bo Chen")


@pytest.mark.parametrize(
    ("head", "authors"),
    [
        ('<meta name="author" content="Ann Lee">', ("Ann Lee",)),
        ('<meta property="article:author" content="https://social.example/ann">', ()),
        (json_ld('{"@type":"NewsArticle","author":[{"@type":"Person","name":"Ann Lee"},"Bo Chen"]}'),
         ("Ann Lee", "Bo Chen")),
        (json_ld('{"@graph":[{"@type":["NewsArticle"],"author":{"name":"Ann &amp; Bo"}}]}'), ("Ann & Bo",)),
        (json_ld('{"@type":"NewsArticle","author":{"@type":"Organization","name":"Weekly"}}'), ()),
        (json_ld('{"@type":"NewsArticle","author":{"name":["Ann"]}}') + json_ld("{broken"), ()),
        (json_ld('{"@type":"NewsArticle","author":' + "[" * 90_000 + "]" * 90_000 + "}"), ()),
        (json_ld('[1, null, "x", {"@type": 7}]') + '<meta name="author" content="Ann Lee">', ("Ann Lee",)),
    ],
)  # fmt: skip
def test_authors_are_those_that_the_page_names_to_machines(head: str, authors: tuple[str, ...]) -> None:
    assert read(page(head=head)).head.authors == authors


@pytest.mark.parametrize(
    ("said", "published"),
    [
        ("2021-12-21T09:30:00+08:00", datetime(2021, 12, 21, 1, 30, tzinfo=UTC)),
        ("2021-12-21T01:30:00Z", datetime(2021, 12, 21, 1, 30, tzinfo=UTC)),
        ("2021-12-21", datetime(2021, 12, 21, tzinfo=UTC)),
        ("0001-01-01T00:00:00+14:00", None),
        ("yesterday", None),
    ],
)
def test_the_date_is_read_where_it_is_one(said: str, published: datetime | None) -> None:
    meta = f'<meta property="article:published_time" content="{said}">'
    assert read(page(head=meta)).head.published == published
    assert (
        read(page(head=json_ld(f'{{"@type":"Article","datePublished":"{said}"}}'))).head.published
        == published
    )


@pytest.mark.parametrize(
    ("said", "free"),
    [("false", False), ('"False"', False), ('"http://schema.org/False"', False), ("true", True)],
)
def test_a_page_may_say_that_one_pays_to_read_it(said: str, free: bool) -> None:
    got = read(page(head=json_ld(f'{{"@type":"NewsArticle","isAccessibleForFree":{said}}}')))
    assert got.head.free is free


@pytest.mark.parametrize(
    ("said", "language"), [("ru-RU", "ru-RU"), ("zh_CN", "zh-CN"), ("klingon!", ""), ("", "")]
)
def test_its_language_is_what_it_says(said: str, language: str) -> None:
    assert read(page(language=said)).head.language == language


RUSSIAN = (
    "Союз научных журналистов открыл первую конференцию, на неё приехали гости из сорока стран мира. " * 4
)


@pytest.mark.parametrize(
    ("charset", "header"),
    [
        pytest.param("cp1251", "text/html; charset=utf-8", id="the server is wrong"),
        pytest.param("cp1251", "text/html", id="the server does not say"),
        pytest.param("koi8-r", "text/html; charset=koi8-r", id="the page is wrong"),
        pytest.param("utf-8", "text/html; charset=iso-8859-1", id="it is UTF-8 after all"),
    ],
)
def test_a_wrong_charset_is_seen_through(charset: str, header: str) -> None:
    text = (
        page(f"<p>{RUSSIAN}</p>", title="Союз")
        .replace('"utf-8"', '"windows-1251"')
        .encode(charset, "replace")
    )
    assert RUSSIAN.strip() in read(text, content_type=header).body


def many(value: str = "") -> str:
    """Attributes."""
    return " ".join(f"a{n}{value}" for n in range(2_000))


@pytest.mark.parametrize(
    ("kind", "body", "words"),
    [
        ("application/pdf", "%PDF-1.7", "is application/pdf, not a page"),
        ("application/json", "{}", "not a page"),
        ("text/html", "", "the page is empty"),
        ("text/html", "\0" * 100, "the page is empty"),
        ("text/html", page("<b>x</b>" * 25_000), "more than 20,000 elements"),
        ("text/html", page(f"<p {many()}>"), "beyond measure"),
        ("text/html", page("<p a='\">' " + many("='>'") + ">"), "beyond measure"),
        ("text/html", page('<p a=b=" ' + many() + ' ">'), "beyond measure"),
        ("text/html", page(f"<p ' {many()} '>"), "beyond measure"),
        ("text/html", page(f"<p>{'word ' * 200_000}</p>"), "longer than 500,000 characters"),
    ],
)  # fmt: skip
def test_what_is_no_page_or_beyond_measure_is_refused(kind: str, body: str, words: str) -> None:
    with pytest.raises(SourceError, match=words):
        read(body, content_type=kind)


@pytest.mark.parametrize(
    "harmless",
    [
        f"<img alt='{'word ' * 2_000}' src='/a.png'>",
        f"<script>{'if (a<b c) ' * 5_000}</script>",
        f"<!-- {'<p a b c ' * 5_000} -->",
        f"<a href='data:text/plain,{'x' * 50_000}'>data</a>",
    ],
)
def test_what_only_looks_beyond_measure_is_read(harmless: str) -> None:
    assert SECOND in read(page(LONG + harmless)).body


PIECES = st.sampled_from(
    [
        *("<p>", "</p>", "<div>", "<table><tr><td>", "<h1>", "<figure><figcaption>", "<math><mtext>", "<!--"),
        *("<a href='javascript:alert(1)'>", "<a href=' JaVaScRiPt:x'>", "<base href='javascript:'>", "\"'>"),
        *("<img src=x onerror=alert(1)>", "<svg onload=alert(1)>", "<iframe src=//e.example>", "<x y='"),
        *("<script>alert(1)</script>", "<style>*{}</style>", "&lt;script&gt;", "<form action=/x><input>"),
        *("<noscript><p title='</noscript><img src=x onerror=alert(1)>'>", "<template><p>", "<!DOCTYPE"),
        *("<meta property='og:image' content='//['>", "<meta property='og:image' content='data:x'>", "\0"),
        *(FIRST, SECOND, THIRD),
    ]
)
ANY = st.lists(PIECES | st.text(max_size=30), max_size=30).map("".join)


@settings(max_examples=150, deadline=None)
@given(body=ANY, head=ANY)
def test_nothing_of_a_hostile_page_gets_through(body: str, head: str) -> None:
    try:
        got = pages.read(page(LONG + body, head=head).encode("utf-8", "replace"), url=URL, headers=HTML)
    except SourceError:
        return
    root: Any = lxml_html.fragment_fromstring(got.body or "x", create_parent="div")
    for element in root.iterdescendants():
        assert element.tag in sanitise.TAGS
        assert set(element.attrib) <= sanitise.ATTRIBUTES[element.tag]
    links = [link for element in root.iter() for name in ("href", "src") if (link := element.get(name))]
    links += [got.head.picture.url] if got.head.picture else []
    assert not [link for link in links if not re.match(r"(?:https?://|mailto:)", link, re.IGNORECASE)]
