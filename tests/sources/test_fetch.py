"""Getting a feed's body, from a real server and from files."""

from __future__ import annotations

import gzip
import os
import zlib
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import aiohttp
import brotli
import pytest
from aiohttp import web
from feed_server import Site

from distributor.errors import SourceError, SourceGone
from distributor.sources.fetch import Bounds, Fetched, NotModified, fetch, open_session

NOW = datetime(2021, 12, 21, 9, tzinfo=UTC)
BODY = b"<rss version='2.0'><channel><title>Wire</title></channel></rss>" * 50


async def get(session: aiohttp.ClientSession, url: str, **more: Any) -> Fetched:
    bounds = more.pop("bounds", Bounds())
    got = await fetch(session, url, bounds, now=NOW, **more)
    assert isinstance(got, Fetched)
    return got


async def error(session: aiohttp.ClientSession, url: str, **bounds: Any) -> SourceError:
    with pytest.raises(SourceError) as raised:
        await fetch(session, url, Bounds(**bounds), now=NOW)
    return raised.value


async def test_a_body_comes_with_what_was_said_about_it(site: Site, session: aiohttp.ClientSession) -> None:
    said = {"ETag": '"v1"', "Last-Modified": "Tue, 21 Dec 2021 08:00:00 GMT", "Cache-Control": "max-age=600"}
    url = site.page("/feed", BODY, headers=said)
    got = await get(session, url)
    assert (got.body, got.url, got.moved_to) == (BODY, url, None)
    assert (got.etag, got.last_modified) == ('"v1"', said["Last-Modified"])
    assert got.fresh_for == timedelta(minutes=10)
    assert got.headers["content-type"] == "application/rss+xml"


async def test_it_says_who_asks_and_for_what(site: Site, session: aiohttp.ClientSession) -> None:
    await get(session, site.page("/feed", BODY))
    headers = site.asked[0].headers
    assert headers["User-Agent"].startswith("distributor/")
    assert "application/rss+xml" in headers["Accept"]
    assert headers["Accept-Encoding"] == "gzip, deflate, br"


async def test_what_has_not_changed_is_not_sent_again(site: Site, session: aiohttp.ClientSession) -> None:
    url = site.page("/feed", status=304, headers={"Cache-Control": "max-age=60", "ETag": '"v2"'})
    got = await fetch(session, url, Bounds(), etag='"v1"', last_modified="yesterday", now=NOW)
    assert got == NotModified(etag='"v2"', last_modified="yesterday", fresh_for=timedelta(minutes=1))
    assert not got
    asked = site.asked[0].headers
    assert (asked["If-None-Match"], asked["If-Modified-Since"]) == ('"v1"', "yesterday")


async def test_not_modified_is_no_answer_to_an_unconditional_request(
    site: Site, session: aiohttp.ClientSession
) -> None:
    assert "HTTP 304" in str(await error(session, site.page("/feed", status=304)))


def raw_deflate(data: bytes) -> bytes:
    packer = zlib.compressobj(wbits=-15)
    return packer.compress(data) + packer.flush()


@pytest.mark.parametrize(
    ("coding", "packed"),
    [
        pytest.param("gzip", gzip.compress(BODY), id="gzip"),
        pytest.param("gzip", gzip.compress(BODY[:100]) + gzip.compress(BODY[100:]), id="gzip in two parts"),
        pytest.param("gzip", gzip.compress(BODY) + b"\0" * 8, id="gzip with padding"),
        pytest.param("x-gzip", gzip.compress(BODY), id="x-gzip"),
        pytest.param("deflate", zlib.compress(BODY), id="deflate"),
        pytest.param("deflate", raw_deflate(BODY), id="deflate without its wrapper"),
        pytest.param("br", brotli.compress(BODY), id="brotli"),
        pytest.param("identity", BODY, id="identity"),
    ],
)
async def test_a_packed_body_is_unpacked(
    site: Site, session: aiohttp.ClientSession, coding: str, packed: bytes
) -> None:
    url = site.page("/feed", packed, headers={"Content-Encoding": coding})
    assert (await get(session, url)).body == BODY


@pytest.mark.parametrize(
    ("coding", "packed", "words"),
    [
        pytest.param("gzip", gzip.compress(BODY)[:-20], "cut off", id="gzip cut off"),
        pytest.param("br", brotli.compress(BODY)[:-5], "cut off", id="brotli cut off"),
        pytest.param("gzip", BODY, "cannot be read", id="not gzip"),
        pytest.param("br", b"\xff" * 50, "cannot be read", id="not brotli"),
        pytest.param("compress", BODY, "'compress'", id="unasked for"),
    ],
)
async def test_a_body_that_is_not_what_it_says_is_an_error(
    site: Site, session: aiohttp.ClientSession, coding: str, packed: bytes, words: str
) -> None:
    url = site.page("/feed", packed, headers={"Content-Encoding": coding})
    assert words in str(await error(session, url))


async def test_a_permanent_redirect_is_remembered(site: Site, session: aiohttp.ClientSession) -> None:
    there = site.page("/new", BODY)
    site.redirect("/middle", there, 308)
    got = await get(session, site.redirect("/old", "/middle", 301))
    assert (got.url, got.moved_to) == (there, there)


async def test_a_temporary_redirect_is_followed_and_not_remembered(
    site: Site, session: aiohttp.ClientSession
) -> None:
    there = site.page("/new", BODY)
    got = await get(session, site.redirect("/old", there, 302))
    assert (got.url, got.moved_to) == (there, None)


async def test_of_a_mixed_chain_only_the_permanent_beginning_is_remembered(
    site: Site, session: aiohttp.ClientSession
) -> None:
    there = site.page("/end", BODY)
    site.redirect("/last", there, 301)
    middle = site.redirect("/middle", "/last", 307)
    got = await get(session, site.redirect("/old", middle, 301))
    assert (got.url, got.moved_to) == (there, middle)


async def test_redirects_in_a_circle_end(site: Site, session: aiohttp.ClientSession) -> None:
    site.redirect("/a", "/b")
    reason = await error(session, site.redirect("/b", "/a"))
    assert "more than 5 redirects" in str(reason)
    assert len(site.asked) == 6


@pytest.mark.parametrize(
    "to", ["file:///etc/passwd", "ftp://h.example/feed", "data:text/xml,<rss/>", "http://["]
)
async def test_a_redirect_leads_to_http_or_nowhere(
    site: Site, session: aiohttp.ClientSession, to: str
) -> None:
    assert to in str(await error(session, site.redirect("/feed", to)))


async def test_a_password_goes_along_within_a_site_and_is_never_shown(
    site: Site, session: aiohttp.ClientSession
) -> None:
    site.redirect("/feed", site.page("/gone", status=404))
    reason = await error(session, site.root.replace("//", "//ann:s3cret@") + "/feed")
    assert [r.headers["Authorization"] for r in site.asked] == ["Basic YW5uOnMzY3JldA=="] * 2
    assert str(reason) == f"{site.root}/gone: HTTP 404 Not Found"


@pytest.mark.parametrize(
    ("status", "value", "wait"),
    [
        (429, "120", timedelta(minutes=2)),
        (503, "Tue, 21 Dec 2021 10:00:00 GMT", timedelta(hours=1)),
        (503, "Tue, 21 Dec 2010 10:00:00 GMT", timedelta()),
        (503, "99999999999999999999", None),
        (503, "999999999", timedelta(days=7)),
        (503, "soon", None),
    ],
)
async def test_the_server_says_when_to_come_again(
    site: Site, session: aiohttp.ClientSession, status: int, value: str, wait: timedelta | None
) -> None:
    url = site.page("/feed", status=status, headers={"Retry-After": value})
    reason = await error(session, url)
    assert reason.retry_after == wait
    assert f"HTTP {status}" in str(reason)


async def test_gone_is_gone(site: Site, session: aiohttp.ClientSession) -> None:
    assert isinstance(await error(session, site.page("/feed", status=410)), SourceGone)


async def test_a_detour_to_what_is_gone_does_not_switch_the_source_off(
    site: Site, session: aiohttp.ClientSession
) -> None:
    detour = site.redirect("/feed", site.page("/gone", status=410), 302)
    assert not isinstance(await error(session, detour), SourceGone)


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "[::1]"])
async def test_a_private_address_needs_leave(host: str) -> None:
    async with open_session(allow_private=False) as session:
        assert "allow_private = true" in str(await error(session, f"http://{host}:9/feed"))


async def test_a_redirect_is_no_way_around_that(site: Site, session: aiohttp.ClientSession) -> None:
    async with open_session(allow_private=False) as careful:
        assert "allow_private" in str(await error(careful, site.redirect("/feed", "http://10.0.0.1/")))


async def test_a_host_that_is_not_there(session: aiohttp.ClientSession) -> None:
    reason = str(await error(session, "http://no-such-host.invalid/feed"))
    assert "no host 'no-such-host.invalid'" in reason


async def test_a_port_where_nobody_listens(session: aiohttp.ClientSession, unused_tcp_port: int) -> None:
    assert "cannot connect" in str(await error(session, f"http://127.0.0.1:{unused_tcp_port}/"))


@pytest.mark.parametrize("url", ["gopher://h.example/", "http:///feed", "http://[::1/feed", "feed://h/"])
async def test_what_is_no_address_of_a_feed_is_refused(session: aiohttp.ClientSession, url: str) -> None:
    assert url in str(await error(session, url))


async def test_a_body_larger_than_its_limit_is_not_read(site: Site, session: aiohttp.ClientSession) -> None:
    assert "larger than 100 bytes" in str(await error(session, site.page("/feed", BODY), body_limit=100))


async def test_a_body_of_just_the_limit_is_read(site: Site, session: aiohttp.ClientSession) -> None:
    url = site.page("/feed", gzip.compress(BODY), headers={"Content-Encoding": "gzip"})
    assert (await get(session, url, bounds=Bounds(body_limit=len(BODY)))).body == BODY


async def test_a_connection_that_ends_too_early(site: Site, session: aiohttp.ClientSession) -> None:
    async def cut(request: web.Request) -> web.StreamResponse:
        answer = web.StreamResponse(headers={"Content-Length": "1000"})
        await answer.prepare(request)
        await answer.write(b"<rss>")
        assert request.transport
        request.transport.close()
        return answer

    site.pages["/feed"] = cut
    assert "ended before the body was complete" in str(await error(session, site.root + "/feed"))


async def test_a_file_is_read_once_until_it_changes(session: aiohttp.ClientSession, tmp_path: Path) -> None:
    path = tmp_path / "edition 1.xml"
    path.write_bytes(BODY)
    got = await get(session, str(path))
    assert got.body == BODY
    assert await fetch(session, str(path), Bounds(), etag=got.etag, now=NOW) == NotModified(etag=got.etag)
    path.write_bytes(BODY + b" ")
    assert (await get(session, path.as_uri(), etag=got.etag)).body == BODY + b" "


async def test_what_is_no_readable_file_is_named(session: aiohttp.ClientSession, tmp_path: Path) -> None:
    pipe, large = tmp_path / "pipe", tmp_path / "large.xml"
    os.mkfifo(pipe)
    large.write_bytes(BODY)
    reasons = {
        str(tmp_path): "a folder",
        str(tmp_path / "none.xml"): "no such file",
        str(pipe): "not a file",
        str(large): "larger than 100 bytes",
        "file://elsewhere.example/feed.xml": "another machine",
    }
    for url, words in reasons.items():
        reason = str(await error(session, url, body_limit=100))
        assert words in reason
        assert url.removeprefix("file://") in reason
