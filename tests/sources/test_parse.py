"""Feeds of every kind into items."""

from __future__ import annotations

import json
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from distributor.article import Content, Media
from distributor.errors import SourceError
from distributor.sources.parse import Feed, parse

URL = "https://wire.example/rss/feed.xml"
MORE = (
    'xmlns:content="http://purl.org/rss/1.0/modules/content/" xmlns:dc="http://purl.org/dc/elements/1.1/" '
    'xmlns:media="http://search.yahoo.com/mrss/" xmlns:sy="http://purl.org/rss/1.0/modules/syndication/"'
)


def rss(inside: str, *, channel: str = "<title>Wire</title><link>https://wire.example/</link>") -> str:
    return f'<rss version="2.0" {MORE}><channel>{channel}{inside}</channel></rss>'


def read(text: str, url: str = URL) -> Feed:
    return parse(text.encode(), url=url)


def only(inside: str, *, url: str = URL) -> Content:
    feed = read(rss(f"<item>{inside}</item>"), url)
    assert not feed.warnings
    [item] = feed.items
    return item.content


RSS_20 = rss(
    """<item>
      <title>Kelp forests return &amp; grow</title>
      <link>https://wire.example/kelp</link>
      <guid isPermaLink="false">kelp-1</guid>
      <pubDate>Tue, 21 Dec 2021 17:30:00 +0800</pubDate>
      <dc:creator>Ann Lee</dc:creator><dc:creator>Bo  Li</dc:creator>
      <category>Ocean</category><category> Life\n sciences</category><category>Ocean</category>
      <description>Divers count more kelp.</description>
      <content:encoded><![CDATA[<p>Divers off <em>Tasmania</em> count <a href="/kelp/data">more</a>.</p>]]>
      </content:encoded>
      <enclosure url="/kelp.mp3" type="audio/mpeg" length="1234"/>
    </item>""",
    channel="<title>Wire</title><link>https://wire.example/</link><language>en-gb</language>"
    "<copyright>© The wire</copyright><ttl>90</ttl>",
)


def test_rss_20() -> None:
    feed = read(RSS_20)
    assert (feed.title, feed.url, feed.language, feed.ttl, feed.warnings) == (
        "Wire",
        "https://wire.example/",
        "en-GB",
        timedelta(minutes=90),
        (),
    )
    [item] = feed.items
    assert item.guid == "kelp-1"
    assert item.content == Content(
        headline="Kelp forests return & grow",
        summary="Divers count more kelp.",
        body='<p>Divers off <em>Tasmania</em> count <a href="https://wire.example/kelp/data">more</a>.</p>',
        language="en-GB",
        url="https://wire.example/kelp",
        published=datetime(2021, 12, 21, 9, 30, tzinfo=UTC),
        authors=("Ann Lee", "Bo Li"),
        categories=("Ocean", "Life sciences"),
        media=(Media(url="https://wire.example/kelp.mp3", type="audio/mpeg", role="audio", length=1234),),
        rights="© The wire",
    )


def test_rss_091_without_guids() -> None:
    feed = read(
        '<?xml version="1.0"?><!DOCTYPE rss PUBLIC "-//Netscape Communications//DTD RSS 0.91//EN" '
        '"http://my.netscape.com/publish/formats/rss-0.91.dtd">'
        '<rss version="0.91"><channel><title>Old</title>'
        "<item><title>Caf&eacute; science</title><link>https://old.example/1</link></item></channel></rss>"
    )
    assert [(i.guid, i.content.headline) for i in feed.items] == [("https://old.example/1", "Café science")]


def test_rdf() -> None:
    feed = read(
        f"""<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#"
        xmlns="http://purl.org/rss/1.0/" {MORE}>
        <channel rdf:about="https://j.example/"><title>Journal</title><link>https://j.example/</link>
        <dc:language>ja</dc:language><sy:updatePeriod>daily</sy:updatePeriod>
        <sy:updateFrequency>4</sy:updateFrequency>
        <items><rdf:Seq><rdf:li resource="https://j.example/1"/></rdf:Seq></items></channel>
        <item rdf:about="https://j.example/1"><title>量子の海</title><link>https://j.example/1</link>
        <description>海の量子</description><dc:date>2021-12-21T18:00:00+09:00</dc:date><dc:subject>物理</dc:subject>
        <dc:rights>CC BY</dc:rights></item></rdf:RDF>"""
    )
    assert (feed.title, feed.language, feed.ttl) == ("Journal", "ja", timedelta(hours=6))
    [item] = feed.items
    assert item.guid == "https://j.example/1"
    assert item.content.headline == "量子の海"
    assert item.content.body == "<p>海の量子</p>"
    assert item.content.updated == datetime(2021, 12, 21, 9, tzinfo=UTC)
    assert (item.content.categories, item.content.rights, item.content.language) == (("物理",), "CC BY", "ja")


def test_atom() -> None:
    feed = read(
        """<?xml version="1.0"?>
        <feed xmlns="http://www.w3.org/2005/Atom" xml:lang="de" xml:base="https://a.example/x/">
        <title>Atom</title><link href="https://a.example/"/><rights>CC0</rights>
        <entry xml:base="2021/"><id>tag:a.example,2021:1</id>
        <title type="html">Eis &amp;amp; &lt;i&gt;Schnee&lt;/i&gt;</title>
        <link rel="alternate" href="eis"/>
        <link rel="enclosure" href="eis.pdf" type="application/pdf" length="99"/>
        <published>2021-12-21T10:00:00+01:00</published><updated>2021-12-22T10:00:00+01:00</updated>
        <author><name>Uta Ost</name></author><category term="ice" label="Eis"/>
        <summary>Kurz &lt;3</summary>
        <content type="xhtml"><div xmlns="http://www.w3.org/1999/xhtml"><p>Das <b>Eis</b></p>
        <img src="bild.jpg" alt="&lt;5 cm"/></div></content></entry>
        <entry xml:lang="en"><id>2</id><title>Plain</title><updated>2021-12-22T10:00:00Z</updated>
        <content type="text">One &amp; two\n\nthree</content></entry></feed>"""
    )
    assert (feed.title, feed.url, feed.language) == ("Atom", "https://a.example/", "de")
    first, second = feed.items
    assert first.guid == "tag:a.example,2021:1"
    assert first.content == Content(
        headline="Eis & Schnee",
        summary="Kurz <3",
        body='<p>Das <b>Eis</b></p>\n        <img src="https://a.example/x/2021/bild.jpg" alt="&lt;5 cm">',
        language="de",
        url="https://a.example/x/2021/eis",
        published=datetime(2021, 12, 21, 9, tzinfo=UTC),
        updated=datetime(2021, 12, 22, 9, tzinfo=UTC),
        authors=("Uta Ost",),
        categories=("Eis",),
        media=(
            Media(url="https://a.example/x/2021/eis.pdf", type="application/pdf", role="document", length=99),
        ),
        rights="CC0",
    )
    assert (second.content.language, second.content.body) == ("en", "<p>One &amp; two</p><p>three</p>")


def test_json_feed() -> None:
    data = {
        "version": "https://jsonfeed.org/version/1.1",
        "title": "JSON wire",
        "home_page_url": "https://j.example/",
        "language": "es_MX",
        "authors": [{"name": "Redacción"}],
        "items": [
            {
                "id": 7,
                "url": "/siete",
                "title": "Ballenas <b>azules</b>",
                "content_html": '<p onclick="x()">Más <a href="ballenas">ballenas</a></p>',
                "summary": "Más & más",
                "date_published": "2021-12-21T10:00:00-05:00",
                "date_modified": "never",
                "tags": ["Mar", " Mar ", "Vida"],
                "image": "/ballena.jpg",
                "attachments": [
                    {
                        "url": "/canto.mp3",
                        "mime_type": "audio/mpeg",
                        "title": "Canto",
                        "size_in_bytes": 5,
                    }
                ],
            },
            {"id": "8", "content_text": "Solo texto.\n\nY más.", "author": {"name": "Eva"}, "language": "pt"},
            "no item",
            {"id": "9"},
        ],
    }
    feed = read(json.dumps(data), "https://j.example/feed.json")
    assert (feed.title, feed.url, feed.language) == ("JSON wire", "https://j.example/", "es-MX")
    assert feed.warnings == ("item 9: has neither title nor text; left out",)
    seven, eight = feed.items
    assert seven.guid == "7"
    assert seven.content == Content(
        headline="Ballenas azules",
        summary="Más & más",
        body='<p>Más <a href="https://j.example/ballenas">ballenas</a></p>',
        language="es-MX",
        url="https://j.example/siete",
        published=datetime(2021, 12, 21, 15, tzinfo=UTC),
        authors=("Redacción",),
        categories=("Mar", "Vida"),
        media=(
            Media(url="https://j.example/ballena.jpg", role="picture"),
            Media(
                url="https://j.example/canto.mp3", type="audio/mpeg", role="audio", title="Canto", length=5
            ),
        ),
    )
    assert (eight.content.headline, eight.content.authors) == ("Solo texto. Y más.", ("Eva",))
    assert eight.content.language == "pt"


def test_the_sample_edition_is_read_without_a_warning() -> None:
    path = Path(__file__).parents[2] / "distributor" / "sample" / "edition.xml"
    feed = parse(path.read_bytes(), url=str(path))
    assert not feed.warnings
    assert len(feed.items) == 10
    pictures = [m for i in feed.items for m in i.content.media if m.role == "picture"]
    assert all(
        m.url.startswith("https://weekly-edition.example/") and m.caption and m.credit for m in pictures
    )
    assert all(i.content.published and i.content.body for i in feed.items)


@pytest.mark.parametrize(
    ("inside", "guid"),
    [
        ("<guid>urn:1</guid><link>https://w.example/1</link><title>A</title>", "urn:1"),
        ("<link>https://w.example/1</link><title>A</title>", "https://w.example/1"),
        ("<guid>  </guid><link>https://w.example/1</link><title>A</title>", "https://w.example/1"),
    ],
)
def test_an_item_is_known_by_its_guid_or_else_its_link(inside: str, guid: str) -> None:
    assert read(rss(f"<item>{inside}</item>")).items[0].guid == guid


def test_an_item_without_guid_and_link_is_known_by_its_text() -> None:
    one, again, other = (
        read(rss(f"<item><title>{title}</title><pubDate>{date}</pubDate></item>")).items[0].guid
        for title, date in (("Ice", "1 Jan 2021"), ("Ice", "2 Jan 2021"), ("Snow", "1 Jan 2021"))
    )
    assert one == again != other
    assert one.startswith("sha256:")


def test_a_guid_beyond_measure_is_kept_as_its_hash() -> None:
    guid = (
        read(rss(f"<item><guid isPermaLink='false'>{'x' * 3000}</guid><title>A</title></item>")).items[0].guid
    )
    assert guid.startswith("sha256:")


@pytest.mark.parametrize("order", [1, -1])
def test_full_text_and_summary_are_told_apart_in_either_order(order: int) -> None:
    parts = ["<description>Short</description>", "<content:encoded>&lt;p&gt;Long&lt;/p&gt;</content:encoded>"]
    content = only("<title>A</title>" + "".join(parts[::order]))
    assert (content.summary, content.body) == ("Short", "<p>Long</p>")


def test_a_summary_that_repeats_the_text_is_left_out() -> None:
    content = only(
        "<title>A</title><description>All of it</description>"
        "<content:encoded>&lt;p&gt;All\n of it&lt;/p&gt;</content:encoded>"
    )
    assert (content.summary, content.body) == ("", "<p>All of it</p>".replace("All of", "All\n of"))


def test_a_description_alone_is_the_text() -> None:
    content = only("<title>A</title><description>One &amp;amp; two</description>")
    assert (content.summary, content.body) == ("", "<p>One &amp; two</p>")


def test_an_empty_full_text_leaves_the_description() -> None:
    content = only("<title>A</title><description>Text</description><content:encoded> </content:encoded>")
    assert content.body == "<p>Text</p>"


def test_an_item_without_title_is_headed_by_its_text() -> None:
    assert only(f"<description>{'word ' * 50}</description>").headline == ("word " * 19).strip() + "…"


def test_an_item_that_says_nothing_is_left_out_and_named() -> None:
    feed = read(rss("<item><guid isPermaLink='false'>void</guid></item><item><title>A</title></item>"))
    assert [i.content.headline for i in feed.items] == ["A"]
    assert feed.warnings == ("item void: has neither title nor text; left out",)


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
