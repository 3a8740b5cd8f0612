"""Headlines, files, links, languages, dates; and what is malformed."""

from __future__ import annotations

from contextlib import suppress
from datetime import UTC, datetime, timedelta

import pytest
from feed_texts import URL, only, read, rss
from hypothesis import given
from hypothesis import strategies as st

from distributor.article import Media
from distributor.errors import SourceError
from distributor.sources.parse import parse


@pytest.mark.parametrize(
    ("title", "headline"),
    [
        ("AT&amp;T", "AT&T"),
        ("AT&amp;amp;T", "AT&T"),
        ("AT&T", "AT&T"),
        ("R&D pays", "R&D pays"),
        ("A &amp;lt;b&amp;gt; tag", "A <b> tag"),
        ("Fast &lt;b&gt;and&lt;/b&gt; cold", "Fast and cold"),
        ("Fast <b>and</b> cold", "Fast and cold"),
        ("<![CDATA[CO<sub>2</sub> &amp; ice]]>", "CO2 & ice"),
        ("p &lt; 0.05 and q &gt; 1", "p < 0.05 and q > 1"),
        ("Proof that P&lt;NP holds", "Proof that P<NP holds"),
        ("Caf&eacute;&nbsp;&mdash; ice", "Café — ice"),
        ("  two\n\t lines ", "two lines"),
        ("caf&#233; &#x2014; &amp;#233;", "café — é"),
    ],
)
def test_a_headline_is_plain_text(title: str, headline: str) -> None:
    assert read(rss(f"<item><title>{title}</title></item>")).items[0].content.headline == headline


MEDIA = """<title>Ice</title>
<media:title>Not the headline</media:title><media:description>Not the text</media:description>
<media:content url="a.jpg" medium="image" width="800" height="600" fileSize="77">
  <media:title>Ice floe</media:title><media:description>A &lt;b&gt;floe&lt;/b&gt;</media:description>
  <media:credit>Ann</media:credit><media:thumbnail url="a-small.jpg"/></media:content>
<media:content url="b.mp4" type="video/mp4"><media:credit>Bo</media:credit></media:content>
<media:group><media:description>Sound of ice</media:description>
  <media:content url="c-64.mp3" type="audio/mpeg"/>
  <media:content url="c-128.mp3" type="audio/mpeg" isDefault="true"/>
</media:group>
<enclosure url="a.jpg" type="image/jpeg" length="78"/><enclosure url="d.pdf" type="application/pdf"/>
<enclosure url="javascript:x()"/>"""


def test_each_file_keeps_its_own_words() -> None:
    content = only(MEDIA)
    base = "https://wire.example/rss/"
    assert content.headline == "Ice"
    assert content.body == ""
    assert content.media == (
        Media(
            url=base + "a.jpg",
            type="image/jpeg",
            title="Ice floe",
            caption="A floe",
            credit="Ann",
            width=800,
            height=600,
            length=78,
        ),
        Media(url=base + "d.pdf", type="application/pdf", role="document"),
        Media(url=base + "c-128.mp3", type="audio/mpeg", role="audio", caption="Sound of ice"),
        Media(url=base + "b.mp4", type="video/mp4", role="video", credit="Bo"),
    )


def test_pictures_in_a_group_that_have_words_of_their_own_are_all_kept() -> None:
    group = "".join(
        f'<media:content url="{n}.jpg"><media:description>{n}</media:description></media:content>'
        for n in "ab"
    )
    assert [m.caption for m in only(f"<title>A</title><media:group>{group}</media:group>").media] == [
        "a",
        "b",
    ]


def test_a_thumbnail_is_better_than_nothing() -> None:
    thumbnail = '<media:thumbnail url="/t.jpg" width="90"/>'
    assert [m.url for m in only("<title>A</title>" + thumbnail).media] == ["https://wire.example/t.jpg"]
    other = '<media:content url="/p.jpg" medium="image"/>'
    assert [m.url for m in only("<title>A</title>" + thumbnail + other).media] == [
        "https://wire.example/p.jpg"
    ]


@pytest.mark.parametrize("mrss", ["http://search.yahoo.com/mrss/", "http://search.yahoo.com/mrss"])
def test_media_rss_is_known_by_both_its_names(mrss: str) -> None:
    text = rss('<item><title>A</title><media:content url="a.jpg" medium="image"/></item>')
    assert len(read(text.replace("http://search.yahoo.com/mrss/", mrss)).items[0].content.media) == 1


def test_links_of_a_file_are_relative_to_the_site_that_the_feed_names() -> None:
    inside = '<title>A</title><link>/a</link><description>&lt;a href="b"&gt;b&lt;/a&gt;</description>'
    content = only(inside + '<media:content url="c.jpg" medium="image"/>', url="editions/feed.xml")
    assert content.url == "https://wire.example/a"
    assert content.body == '<p><a href="https://wire.example/b">b</a></p>'
    assert content.media[0].url == "https://wire.example/c.jpg"


def test_xml_base_counts_in_all_kinds_of_links() -> None:
    text = rss(
        '<item xml:base="https://cdn.example/i/"><title>A</title><media:content url="c.jpg" medium="image"/>'
        '<enclosure url="d.pdf" type="application/pdf"/>'
        "<description>&lt;img src='e.png'&gt;</description></item>"
    )
    content = read(text).items[0].content
    assert [m.url for m in content.media] == ["https://cdn.example/i/d.pdf", "https://cdn.example/i/c.jpg"]
    assert content.body == '<p><img src="https://cdn.example/i/e.png"></p>'


@pytest.mark.parametrize(
    ("channel", "inside", "language"),
    [
        ("", "", ""),
        ("<language>en-us</language>", "", "en-US"),
        ("<language>en-us</language>", "<dc:language>fr</dc:language>", "fr"),
        ("<language>zh-cmn-Hans-CN</language>", "", "zh"),
        ("<language>zh-Hans-CN-x-foo</language>", "", "zh-Hans-CN"),
        ("<language>English</language>", "", ""),
        ("<language>und</language>", "", ""),
    ],
)
def test_the_declared_language_is_the_items_or_else_the_feeds(
    channel: str, inside: str, language: str
) -> None:
    feed = read(rss(f"<item><title>A</title>{inside}</item>", channel=channel))
    assert feed.items[0].content.language == language


def test_the_language_of_the_answer_counts_where_the_feed_has_none() -> None:
    headers = {"content-language": "it"}
    feed = parse(rss("<item><title>A</title></item>").encode(), url=URL, headers=headers)
    assert feed.items[0].content.language == "it"


@pytest.mark.parametrize(
    ("said", "ttl"),
    [
        ("", None),
        ("<ttl>60</ttl>", timedelta(hours=1)),
        ("<ttl>99999999999999</ttl>", timedelta(days=1)),
        ("<ttl>0</ttl>", None),
        ("<ttl>soon</ttl>", None),
        ("<sy:updatePeriod>hourly</sy:updatePeriod>", timedelta(hours=1)),
        (
            "<sy:updatePeriod> hourly </sy:updatePeriod><sy:updateFrequency>2</sy:updateFrequency>",
            timedelta(minutes=30),
        ),
        ("<sy:updatePeriod>yearly</sy:updatePeriod>", timedelta(days=1)),
        (
            "<sy:updatePeriod>daily</sy:updatePeriod><sy:updateFrequency>0</sy:updateFrequency>",
            None,
        ),
    ],
)
def test_how_long_a_feed_says_it_stays_as_it_is(said: str, ttl: timedelta | None) -> None:
    assert read(rss("", channel=said)).ttl == ttl


@pytest.mark.parametrize(
    ("date", "published"),
    [
        ("Tue, 21 Dec 2021 09:00:00 GMT", datetime(2021, 12, 21, 9, tzinfo=UTC)),
        ("2021-12-21T10:00:00+01:00", datetime(2021, 12, 21, 9, tzinfo=UTC)),
        ("Fri, 21 Dec 2091 09:00:00 GMT", datetime(2091, 12, 21, 9, tzinfo=UTC)),
        ("Tue, 99 Dec 20211 10:00:00 +0800", None),
        ("0000-00-00T00:00:00Z", None),
    ],
)
def test_dates_are_in_utc_and_the_future_is_kept(date: str, published: datetime | None) -> None:
    content = read(rss(f"<item><title>A</title><pubDate>{date}</pubDate></item>")).items[0].content
    assert content.published == published


def rough(inside: str) -> str:
    first, last = (f"<item><guid isPermaLink='false'>{n}</guid><title>{n}</title></item>" for n in "ac")
    return rss(
        f"{first}\n<item><guid isPermaLink='false'>b</guid>{inside}<author>Ann</author></item>\n{last}"
    )


@pytest.mark.parametrize(
    ("inside", "headline", "body"),
    [
        ("<title>B <i>wrong</title><description>b</description>", "B wrong", "<p>b</p>"),
        ("<title>B</title><description>one<br>two</description>", "B", "<p>one<br>two</p>"),
        ("<title>B</title><description><p>one<p>R&D</description>", "B", "<p>one</p><p>R&amp;D</p>"),
    ],
)
def test_html_that_nobody_escaped_or_closed_harms_nothing_else(inside: str, headline: str, body: str) -> None:
    feed = read(rough(inside))
    assert [i.guid for i in feed.items] == ["a", "b", "c"]
    content = feed.items[1].content
    assert (content.headline, content.body, content.authors) == (headline, body, ("Ann",))
    [warning] = feed.warnings
    assert warning.startswith("item b: not well-formed")


def test_an_item_that_is_never_closed_does_not_swallow_the_next() -> None:
    feed = read(
        rough("<title>B</title><wrong>").replace("<author>Ann</author></item>", "<author>Ann</author>")
    )
    assert [i.guid for i in feed.items] == ["a", "b", "c"]


def test_control_characters_are_left_out() -> None:
    assert only("<title>A\x07B&#7;</title>").headline == "AB"


def test_namespaces_that_nobody_declared_are_known() -> None:
    item = "<item><title>A</title><dc:creator>Ann</dc:creator></item>"
    feed = read(f'<rss version="2.0"><channel>{item}</channel></rss>')
    assert (feed.items[0].content.authors, feed.warnings) == (("Ann",), ())


def test_noise_before_the_feed_does_no_harm() -> None:
    assert len(
        read(
            "\n\nWarning: mysql is tired\n<?xml version='1.0'?>" + rss("<item><title>A</title></item>")
        ).items
    )


def test_a_link_that_is_none_is_left_out() -> None:
    feed = read(rss("<item><guid isPermaLink='false'>a</guid><title>A</title><link>http://[</link></item>"))
    assert [(i.guid, i.content.url) for i in feed.items] == [("a", "")]


def test_a_password_in_the_address_is_not_in_the_links_or_the_message() -> None:
    url = "https://ann:s3cret@wire.example/feed"
    assert "s3cret" not in repr(read(rss("<item><title>A</title><link>/a</link></item>"), url))
    with pytest.raises(SourceError) as raised:
        read("<html></html>", url)
    assert "s3cret" not in str(raised.value)


PIECES = [
    "<item>", "</item>", "<title>", "</title>", "<description>", "</description>", "<![CDATA[", "]]>",
    "&amp;", "&x;", "<media:content url='a'/>", "<guid>", "</guid>", "text", "<b>", "<!--", "-->", "<link>", "http://[",
    "\x01", "<media:group>", "</media:group>", "<entry>", "</entry>", "</channel>", "&lt;p&gt;", "<dc:date>",
    "é", "&#0;", "&#x110000;", "<rss>", "</rss>",
]  # fmt: skip


@given(st.lists(st.sampled_from(PIECES), max_size=30))
def test_no_jumble_of_a_feeds_parts_is_more_than_an_error(pieces: list[str]) -> None:
    try:
        feed = read(rss("".join(pieces)))
    except SourceError:
        return
    assert all(item.guid and item.content.headline for item in feed.items)


@given(
    st.binary(max_size=300),
    st.sampled_from([b"", b"<rss><channel>", b'{"version": "jsonfeed.org/version/1",']),
)
def test_no_bytes_are_more_than_an_error(body: bytes, before: bytes) -> None:
    with suppress(SourceError):
        assert parse(before + body, url="feed.xml").warnings is not None
