"""Ten feeds that mean harm or are broken, from a real server to the items: a clear word, never a crash."""

from __future__ import annotations

import asyncio
import gzip
from datetime import UTC, datetime, timedelta

import aiohttp
import pytest
from aiohttp import web
from feed_server import Site

from distributor.errors import SourceError
from distributor.sources.fetch import Bounds, Fetched, fetch
from distributor.sources.parse import Feed, parse

NOW = datetime(2021, 12, 21, 9, tzinfo=UTC)
HEAD = '<?xml version="1.0" encoding="{}"?>\n'
OPEN = '<rss version="2.0"><channel><title>Wire</title><language>{}</language>'
END = "</channel></rss>"


def item(name: str, title: str = "", more: str = "") -> str:
    text = f"<description>All about {name}.</description>"
    return f'<item><guid isPermaLink="false">{name}</guid><title>{title or name}</title>{text}{more}</item>'


def rss(*items: str, charset: str = "utf-8", language: str = "en") -> str:
    return HEAD.format(charset) + OPEN.format(language) + "".join(items) + END


async def read(session: aiohttp.ClientSession, url: str, **bounds: object) -> Feed:
    got = await fetch(session, url, Bounds(**bounds), now=NOW)  # type: ignore[arg-type]  # as its fields say
    assert isinstance(got, Fetched)
    return parse(got.body, url=got.url, headers=got.headers)


async def refused(session: aiohttp.ClientSession, url: str, **bounds: object) -> str:
    with pytest.raises(SourceError) as raised:
        await read(session, url, **bounds)
    assert str(raised.value).startswith(f"{url}: ")
    return str(raised.value).removeprefix(f"{url}: ")


async def test_1_an_entity_bomb(site: Site, session: aiohttp.ClientSession) -> None:
    levels = "".join('<!ENTITY lol{} "{}">'.format(n, f"&lol{n - 1};" * 10) for n in range(1, 10))
    doctype = f'<!DOCTYPE rss [<!ENTITY lol0 "lol">{levels}]>'
    bomb = rss(item("a", "&lol9;")).replace("<rss", doctype + "<rss")
    reason = await refused(session, site.page("/feed", bomb))
    assert reason == "its entities are made of entities (an entity bomb?); it is not read"


async def test_1_one_large_entity_many_times(site: Site, session: aiohttp.ClientSession) -> None:
    doctype = f'<!DOCTYPE rss [<!ENTITY a "{"x" * 100_000}">]>'
    feed = await read(session, site.page("/feed", doctype + rss(item("a", "T" + "&a;" * 1000))))
    assert feed.warnings == ("the feed defines entities of its own; they are not expanded",)
    assert len(feed.items[0].content.headline) <= 1000


async def test_1_an_entity_that_reads_a_file(site: Site, session: aiohttp.ClientSession) -> None:
    doctype = '<!DOCTYPE rss [<!ENTITY a SYSTEM "file:///etc/hostname">]>'
    feed = await read(session, site.page("/feed", doctype + rss(item("a", "From &a; with love"))))
    assert "external entities" in feed.warnings[0]
    assert feed.items[0].content.headline == "From &a; with love"


async def test_2_a_gzip_bomb(site: Site, session: aiohttp.ClientSession) -> None:
    bomb = gzip.compress(bytes(100_000_000), 1)
    url = site.page("/feed", bomb, headers={"Content-Encoding": "gzip"})
    assert await refused(session, url) == "the body is larger than 20,000,000 bytes"


async def test_3_a_body_without_end(site: Site, session: aiohttp.ClientSession) -> None:
    async def endless(request: web.Request) -> web.StreamResponse:
        answer = web.StreamResponse()
        await answer.prepare(request)
        while True:
            await answer.write(b"<item>" * 10_000)

    site.pages["/feed"] = endless
    reason = await refused(session, site.root + "/feed", body_limit=3_000_000)
    assert reason == "the body is larger than 3,000,000 bytes"


async def test_3_a_body_that_never_comes(site: Site, session: aiohttp.ClientSession) -> None:
    async def silent(request: web.Request) -> web.StreamResponse:
        answer = web.StreamResponse()
        await answer.prepare(request)
        await asyncio.Event().wait()
        return answer

    site.pages["/feed"] = silent
    reason = await refused(session, site.root + "/feed", timeout=timedelta(seconds=0.2))
    assert reason == "no complete answer within 0.2 s"


@pytest.mark.parametrize(
    ("said", "real", "language", "title"),
    [
        ("utf-8", "cp1251", "ru", "Спутник выведен на орбиту"),
        ("iso-8859-1", "utf-8", "ru", "Спутник выведен на орбиту"),
        ("utf-8", "cp1252", "fr", "Découverte d’une exoplanète"),
        ("us-ascii", "cp932", "ja", "量子コンピューターの新素材"),
        ("utf-8", "gb18030", "zh-cn", "科学家发现新的超导材料"),
    ],
)
async def test_4_a_wrong_charset(
    site: Site, session: aiohttp.ClientSession, said: str, real: str, language: str, title: str
) -> None:
    body = rss(item("a", title), charset=said, language=language).encode(real)
    feed = await read(
        session, site.page("/feed", body, headers={"Content-Type": f"text/xml; charset={said}"})
    )
    assert feed.items[0].content.headline == title
    assert "its charset is said to be" in feed.warnings[0]


async def test_5_no_dates(site: Site, session: aiohttp.ClientSession) -> None:
    feed = await read(session, site.page("/feed", rss(item("a"), item("b", more="<pubDate>soon</pubDate>"))))
    assert [(i.guid, i.content.published, i.content.updated) for i in feed.items] == [
        ("a", None, None),
        ("b", None, None),
    ]


@pytest.mark.parametrize(
    "title",
    [
        "&lt;script&gt;steal()&lt;/script&gt;Ice &amp;amp; snow",
        "<![CDATA[<script src='//evil.example/x.js'></script>Ice &amp; snow<img src=x onerror=steal()>]]>",
        "<script>steal()</script>Ice &amp; snow",
        "Ice &lt;img/src=x/onerror=steal()&gt;&amp;amp; snow",
    ],
)
async def test_6_script_in_titles(site: Site, session: aiohttp.ClientSession, title: str) -> None:
    script = "<description>&lt;p onclick='x()'&gt;a&lt;script&gt;x()&lt;/script&gt;&lt;/p&gt;</description>"
    found = f"<item><guid>https://h.example/a</guid><title>{title}</title>{script}</item>"
    [only] = (await read(session, site.page("/feed", rss(found)))).items
    assert only.content.headline == "Ice & snow"
    assert only.content.body == "<p>a</p>"


async def test_7_ten_thousand_items(site: Site, session: aiohttp.ClientSession) -> None:
    feed = await read(session, site.page("/feed", rss(*(item(f"n{n}") for n in range(10_000)))))
    assert [len(feed.items), feed.items[-1].guid] == [1000, "n999"]
    assert feed.warnings == ("the feed has 10,000 items; only the first 1,000 are read",)


async def test_8_an_html_page(site: Site, session: aiohttp.ClientSession) -> None:
    link = '<link rel="alternate" type="application/rss+xml" href="/real.xml">'
    url = site.page("/feed", f"<!DOCTYPE html><html><head>{link}</head><body>Hello</body></html>")
    reason = await refused(session, url)
    assert reason == f"this is an HTML page, not a feed; the page names this feed: {site.root}/real.xml"


async def test_8_an_html_page_that_names_no_feed(site: Site, session: aiohttp.ClientSession) -> None:
    url = site.page("/feed", "<!-- hi --><html><body><p>Please log in</body></html>")
    assert await refused(session, url) == "this is an HTML page, not a feed"


@pytest.mark.parametrize("body", [b"", b" \n\t", b"\xef\xbb\xbf"])
async def test_9_an_empty_body(site: Site, session: aiohttp.ClientSession, body: bytes) -> None:
    assert await refused(session, site.page("/feed", body)) == "the feed is empty"


async def test_10_a_truncated_feed_gives_its_whole_items(site: Site, session: aiohttp.ClientSession) -> None:
    whole = rss(item("a"), item("b"), item("c"))
    feed = await read(session, site.page("/feed", whole[: whole.index("All about c") + 5]))
    assert [i.guid for i in feed.items] == ["a", "b"]
    assert feed.warnings == ("item c: the feed is cut off within it; left out until it is whole",)


async def test_10_wherever_it_is_cut_no_half_item_goes_out(
    site: Site, session: aiohttp.ClientSession
) -> None:
    whole = rss(item("a"), item("b"))
    texts = {i.guid: i.content for i in parse(whole.encode(), url="https://h.example/feed").items}
    for end in range(whole.index("<rss"), len(whole) - 1):
        try:
            feed = parse(whole[:end].encode(), url="https://h.example/feed")
        except SourceError:
            continue
        assert feed.warnings
        assert all(i.content == texts[i.guid] for i in feed.items), whole[:end]


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ("<opml><body/></opml>", "this is XML, but not a feed (its root element is <opml>)"),
        ("Service unavailable", "this is neither XML nor JSON, so no feed"),
        ('{"error": "no"}', "this is JSON, but not a JSON Feed (no 'version' of jsonfeed.org)"),
        ('{"version": "https://jsonfeed.org/version/1.1", "items": [', "its JSON cannot be read"),
        ("[" * 100_000, "its JSON is nested too deep"),
        (bytes(range(256)).decode("latin-1"), "this is neither XML nor JSON, so no feed"),
    ],
)
async def test_what_else_is_no_feed(
    site: Site, session: aiohttp.ClientSession, body: str, words: str
) -> None:
    assert words in await refused(session, site.page("/feed", body))


MANY = 20_000


@pytest.mark.parametrize(
    "evil",
    [
        pytest.param("&lt;div&gt;" * MANY, id="boxes in boxes"),
        pytest.param("&lt;b&gt;&lt;/p&gt;" * MANY, id="tags that never close"),
        pytest.param("&amp;amp;" * 100_000, id="references"),
        pytest.param("&amp;" * 600_000, id="bare ampersands"),
        pytest.param("<a>" * MANY, id="elements in elements"),
        pytest.param("<![CDATA[" * 200_000, id="sections that never end"),
    ],
)
@pytest.mark.timeout(30)
def test_markup_that_takes_a_parser_for_ever_does_not_reach_it(evil: str) -> None:
    found = f"<item><guid>a</guid><title>Evil</title><description>{evil}</description></item>"
    feed = parse(rss(found).encode(), url="https://h.example/feed")
    assert feed.warnings


@pytest.mark.timeout(30)
def test_parts_that_take_feedparser_for_ever_do_not_reach_it() -> None:
    attributes = " ".join(f'a{n}="1"' for n in range(MANY))
    parts = [
        f"<author>{'a.' * 100_000}@</author>",
        "".join(f"<category>c{n}</category>" for n in range(MANY)),
        f"<x {attributes}/>",
    ]
    feed = parse(rss(*(item(f"n{n}", more=part) for n, part in enumerate(parts))).encode(), url="f.xml")
    assert [i.guid for i in feed.items] == ["n0", "n1", "n2"]
