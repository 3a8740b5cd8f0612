"""Feeds of every format into items, and what an item is known by."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from feed_texts import MORE, only, read, rss

from distributor.article import Content, Media, Subject
from distributor.sources.parse import parse

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
        subjects=(Subject("Eis", "", "ice"),),
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
