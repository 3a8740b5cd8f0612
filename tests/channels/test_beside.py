"""Files beside the item: from a real server, at a real receiver of each kind that keeps files."""

from __future__ import annotations

import asyncio
import errno
import json
import os
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import asyncssh
import pytest
from aiohttp import web
from channel_stories import TEXTS, story
from drops import CUT, HANG, Bucket, Drop, breaking_line, ftps_server, openssh_server, s3_server, sftp_server
from hypothesis import given
from pydantic import ValidationError
from receivers import HttpReceiver, hang, hang_up

from channels.beside import Beside, BesideSettings
from channels.channel import Channel, Unavailable
from channels.formats.elements import picture_address
from channels.media_cache import FetchesMedia, MediaCache
from channels.placing import File
from channels.registry import load
from channels.story import IdempotencyKey, Media, Story

KEY = IdempotencyKey("d-1")
JPEG = b"\xff\xd8\xff\xe0" + b"j" * 700_000
PNG = b"\x89PNG\r\n\x1a\n" + b"p" * 3000
PDF = b"%PDF-1.7\n" + b"d" * 4000
ITEM, PAGE = "carbon-report.ru.json", "carbon-report.ru.html"
KINDS = ("folder", "sftp", "ftps", "s3")
OVER_THE_NETWORK = KINDS[1:]
Site = dict[str, bytes | Callable[[web.Request], Any]]


def called(content: bytes, extension: str, slug: str = "carbon-report") -> str:
    return f"{slug}.{sha256(content).hexdigest()[:32]}.{extension}"


HALL, CHART, REPORT = called(JPEG, "jpg"), called(PNG, "png"), called(PDF, "pdf")


@dataclass
class Way:
    """A kind of channel, with a receiver of its own."""

    kind: str
    settings: dict[str, Any]
    drop: Drop

    @asynccontextmanager
    async def open(self, cache: MediaCache | None = None, **more: Any) -> AsyncIterator[Channel]:
        kind = load(self.kind)
        channel = kind(kind.Settings.model_validate(self.settings | more))
        assert isinstance(channel, FetchesMedia)
        channel.media_cache = cache
        async with channel:
            yield channel

    async def send(self, given: Story, **more: Any) -> None:
        async with self.open(**more) as channel:
            await channel.send(given, KEY)

    def file(self, name: str) -> Path:
        return self.drop.root / ("wire" if self.kind == "s3" else "") / name

    def item(self, name: str = ITEM) -> dict[str, Any]:
        told: dict[str, Any] = json.loads(self.drop.bytes(name))
        return told

    def hrefs(self, name: str = ITEM) -> list[str]:
        """Of the pictures and other files of the item."""
        return [a["renditions"][0]["href"] for a in self.item(name)["associations"] if "renditions" in a]

    @asynccontextmanager
    async def cutting(self, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[dict[str, Any]]:
        """Settings by which the first large file breaks off in the middle."""
        port = self.drop.port
        if self.kind == "folder":
            monkeypatch.setattr(os, "fsync", _full)
            yield {}
            monkeypatch.undo()
        elif self.kind == "ftps":
            self.drop.says = {"data": [None, None, CUT]}
            yield {}
        else:
            async with breaking_line(port, after=300_000) as line:
                yield {"port": line} if self.kind == "sftp" else {"endpoint": f"http://127.0.0.1:{line}"}


def _full(descriptor: int) -> None:
    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


async def made(
    kind: str, stack: AsyncExitStack, folder: Path, certificate: Path
) -> tuple[Drop, dict[str, Any]]:
    host = {"host": "127.0.0.1", "username": "wire", "password": {"env": "PASSWORD"}, "allow_private": True}
    if kind == "sftp":
        key = asyncssh.generate_private_key("ssh-ed25519")
        drop = await stack.enter_async_context(sftp_server(folder, key))
        return drop, host | {"port": drop.port, "host_key": key.get_fingerprint()}
    if kind == "ftps":
        drop = stack.enter_context(ftps_server(folder, certificate))
        return drop, host | {"port": drop.port, "ca": certificate / "cert.pem"}
    if kind == "s3":
        bucket = await stack.enter_async_context(s3_server(folder))
        own = {"bucket": "wire", "path_style": True, "allow_private": True, "access_key": "AKIAWIRE"}
        return bucket, own | {
            "endpoint": f"http://127.0.0.1:{bucket.port}",
            "secret_key": {"env": "PASSWORD"},
        }
    return Drop(folder), {"path": folder}


@asynccontextmanager
async def opened(kind: str, folder: Path, certificate: Path) -> AsyncIterator[Way]:
    async with AsyncExitStack() as stack:
        drop, own = await made(kind, stack, folder, certificate)
        told = {"type": kind, "formats": ["ninjs", "html"], "media": "fetch", "media_allow_private": True}
        yield Way(kind, told | own, drop)


@pytest.fixture(autouse=True)
def _secrets(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PASSWORD", "secret")


@pytest.fixture(params=KINDS)
async def way(request: pytest.FixtureRequest, tmp_path: Path, certificate: Path) -> AsyncIterator[Way]:
    (tmp_path / "in").mkdir()
    async with opened(request.param, tmp_path / "in", certificate) as running:
        yield running


@pytest.fixture
def site(receiver: HttpReceiver) -> Site:
    """What is served by path, with types that mean nothing."""
    there: Site = {"/hall.jpg": JPEG, "/chart": PNG, "/report.pdf": PDF}

    async def serve(request: web.Request) -> web.StreamResponse:
        found = there.get(request.path)
        if isinstance(found, bytes):
            return web.Response(body=found, content_type="text/html")
        if found:
            response: web.StreamResponse = await found(request)
            return response
        return web.Response(status=404)

    receiver.answers = [serve] * 200
    return there


@pytest.fixture
def base(receiver: HttpReceiver, site: Site) -> str:
    return receiver.url.removesuffix("/hook")


def illustrated(base: str, **more: Any) -> Story:
    """A picture beside the text, one in it, and a document."""
    media = (
        Media(url=f"{base}/hall.jpg", alt="Люди в зале", type="text/html"),
        Media(url=f"{base}/report.pdf", role="document", title="Доклад 2021/22"),
    )
    body = f'<p>Текст</p><figure><img src="{base}/chart?a=1&amp;b=2" alt="A chart"></figure>'
    return story(**{"media": media, "body": body} | more)


async def test_files_lie_beside_the_item_which_refers_to_them(way: Way, base: str) -> None:
    await way.send(illustrated(base))
    assert way.drop.names() == {ITEM, PAGE, HALL, CHART, REPORT}
    assert [way.drop.bytes(name) for name in (HALL, CHART, REPORT)] == [JPEG, PNG, PDF]
    told = way.item()
    hall, report = told["associations"][-2:]
    assert hall["uri"] == f"{base}/hall.jpg"
    rendition = {"name": "main", "href": HALL, "contentType": "image/jpeg", "sizeInBytes": len(JPEG)}
    assert hall["renditions"] == [rendition]
    assert report["renditions"][0]["href"] == REPORT
    assert f'<img src="{CHART}" alt="A chart">' in told["bodies"][0]["value"]
    page = way.drop.bytes(PAGE).decode()
    for shown in (f'<img src="{HALL}"', f'<img src="{CHART}"', f'<a href="{REPORT}">Доклад 2021/22</a>'):
        assert page.count(shown) == 1


async def test_the_receipt_is_the_items(way: Way, base: str) -> None:
    async with way.open() as channel:
        receipt = await channel.send(illustrated(base), KEY)
    assert receipt.remote_id == ITEM
    assert receipt.url.endswith(f"/{ITEM}")


async def test_by_default_nothing_is_fetched_and_all_are_links(
    way: Way, base: str, receiver: HttpReceiver
) -> None:
    await way.send(illustrated(base), media="link")
    assert way.drop.names() == {ITEM, PAGE}
    assert way.hrefs() == [f"{base}/hall.jpg", f"{base}/report.pdf"]
    assert not receiver.got


async def test_a_file_has_its_name_before_the_item_has(
    way: Way, base: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """At each name that is given: what the receiver has by then."""
    seen: list[set[str]] = []
    move = os.replace, os.rename, Path.replace

    def watching(original: Callable[..., Any]) -> Callable[..., Any]:
        def moved(*given: Any, **more: Any) -> Any:
            made = original(*given, **more)
            seen.append(way.drop.names())
            return made

        return moved

    for owner, name, original in zip((os, os, Path), ("replace", "rename", "replace"), move, strict=True):
        monkeypatch.setattr(owner, name, watching(original))
    await way.send(illustrated(base))
    with_an_item = [names for names in seen if names & {ITEM, PAGE}]
    assert with_an_item
    assert all({HALL, CHART, REPORT} <= names for names in with_an_item)


async def test_a_repeat_and_another_language_do_not_send_a_file_again(way: Way, base: str) -> None:
    def stamps() -> list[tuple[int, int]]:
        found = [way.file(name).stat() for name in (HALL, CHART, REPORT)]
        return [(stat.st_ino, stat.st_mtime_ns) for stat in found]

    await way.send(illustrated(base))
    before = stamps()
    await way.send(illustrated(base))
    await way.send(illustrated(base, language="ja", version=3))
    assert stamps() == before
    others = {"carbon-report.ja.json", "carbon-report.ja.html"}
    assert way.drop.names() == {ITEM, PAGE, HALL, CHART, REPORT} | others
    assert way.hrefs("carbon-report.ja.json") == [HALL, REPORT]


@pytest.mark.parametrize("way", ["folder", "sftp", "ftps"], indirect=True)
async def test_what_has_the_name_and_another_size_is_replaced(way: Way, base: str) -> None:
    await way.send(illustrated(base))
    way.file(CHART).write_bytes(PNG[:-1])
    await way.send(illustrated(base))
    assert way.drop.bytes(CHART) == PNG


async def test_a_correction_refers_to_what_it_was_made_with(way: Way, base: str, site: Site) -> None:
    await way.send(illustrated(base))
    other = JPEG[:4] + b"other"
    site["/hall.jpg"] = other
    await way.send(illustrated(base, version=3))
    assert way.hrefs()[0] == called(other, "jpg")
    assert way.drop.bytes(called(other, "jpg")) == other
    assert way.drop.bytes(HALL) == JPEG  # who still reads version 2 finds it


@pytest.mark.parametrize(
    "instead",
    [
        pytest.param(None, id="not there"),
        pytest.param(b"<html>log in", id="a page"),
        pytest.param(b"MZ\x90\x00", id="a program"),
        pytest.param(b"<svg onload='alert(1)'>", id="a script"),
        pytest.param(b"", id="empty"),
        pytest.param(JPEG + b"x" * 100_000, id="too large"),
        pytest.param(hang, id="silent"),
        pytest.param(hang_up, id="cut off"),
    ],
)
async def test_what_cannot_be_had_stays_a_link_and_the_item_goes(
    way: Way, base: str, site: Site, instead: Any
) -> None:
    site["/hall.jpg"] = site["/report.pdf"] = instead
    await way.send(illustrated(base), timeout=2, media_limit="750kB")
    assert way.drop.names() == {ITEM, PAGE, CHART}
    assert way.hrefs() == [f"{base}/hall.jpg", f"{base}/report.pdf"]
    assert f'<img src="{base}/hall.jpg"' in way.drop.bytes(PAGE).decode()
    assert f'<img src="{CHART}"' in way.drop.bytes(PAGE).decode()


async def test_a_picture_is_one_by_its_content(way: Way, base: str, site: Site) -> None:
    site["/hall.jpg"] = PDF
    await way.send(illustrated(base))
    assert way.hrefs() == [f"{base}/hall.jpg", REPORT]


@pytest.mark.parametrize(
    ("each", "total", "names"),
    [
        (len(JPEG), len(JPEG + PNG + PDF), {HALL, CHART, REPORT}),
        (len(JPEG), len(JPEG + PNG + PDF) - 1, {HALL, CHART}),
        (len(JPEG) - 1, 10**7, {CHART, REPORT}),
        (10**7, len(PNG), {CHART}),
        (1, 10**7, set()),
    ],
)
async def test_one_and_all_together_are_no_larger_than_may_be(
    way: Way, base: str, each: int, total: int, names: set[str]
) -> None:
    await way.send(illustrated(base), media_limit=each, media_total=total)
    assert way.drop.names() == {ITEM, PAGE} | names


async def test_what_says_that_it_is_too_large_is_not_even_asked_for(
    way: Way, base: str, receiver: HttpReceiver
) -> None:
    film = Media(url=f"{base}/film.mp4", role="video", length=10_000_001)
    await way.send(story(media=(film,)))
    assert way.drop.names() == {ITEM, PAGE}
    assert not receiver.got


async def test_private_addresses_are_not_asked_unless_that_is_said(
    way: Way, base: str, receiver: HttpReceiver
) -> None:
    await way.send(illustrated(base), media_allow_private=False)
    assert way.drop.names() == {ITEM, PAGE}
    assert not receiver.connections


async def test_a_withdrawal_fetches_and_sends_no_file(way: Way, base: str, receiver: HttpReceiver) -> None:
    withdrawn = illustrated(base, pub_status="canceled")
    await way.send(withdrawn)
    assert way.drop.names() == {ITEM}
    assert not receiver.got
    await way.send(illustrated(base))
    await way.send(withdrawn)
    assert way.drop.names() == {ITEM, HALL, CHART, REPORT}
    assert way.item()["pubStatus"] == "canceled"


async def test_text_that_cannot_be_sent_costs_no_fetching(
    way: Way, base: str, receiver: HttpReceiver
) -> None:
    with pytest.raises(Exception, match="utf-8"):
        await way.send(illustrated(base, headline="\ud800"))
    assert not receiver.got


async def test_a_file_that_breaks_off_keeps_the_item_back_until_all_is_whole(
    way: Way, base: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with way.cutting(monkeypatch) as more:
        with pytest.raises(Unavailable) as raised:
            await way.send(illustrated(base), **more)
        assert not raised.value.unknown
    assert not {name for name in way.drop.names() if not name.startswith(".")}
    await way.send(illustrated(base))
    assert {ITEM, PAGE, HALL, CHART, REPORT} <= way.drop.names()
    assert way.drop.bytes(HALL) == JPEG
    assert way.hrefs() == [HALL, REPORT]


async def test_many_at_once_share_their_files(way: Way, base: str) -> None:
    languages = ["en", "ru", "ja", "it", "ar"]
    async with way.open(media_path="{digest}.{extension}") as channel:
        await asyncio.gather(*(channel.send(illustrated(base, language=one), KEY) for one in languages))
    shared = {name.partition(".")[2] for name in (HALL, CHART, REPORT)}
    items = {f"carbon-report.{one}.{kind}" for one in languages for kind in ("json", "html")}
    assert way.drop.names() == shared | items


async def test_a_file_goes_where_the_template_says_seen_from_the_item(way: Way, base: str) -> None:
    await way.send(illustrated(base), media_path="файлы & co/{year}/{digest}-{slug}.{extension}")
    digest = sha256(JPEG).hexdigest()[:32]
    assert way.drop.bytes(f"файлы & co/2021/{digest}-carbon-report.jpg") == JPEG
    href = way.hrefs()[0]
    assert href.isascii()
    assert unquote(href) == f"файлы & co/2021/{digest}-carbon-report.jpg"


@pytest.mark.parametrize("way", ["sftp", "ftps"], indirect=True)
async def test_each_folder_of_items_has_the_files(way: Way, base: str) -> None:
    await way.send(illustrated(base), directory="wire/{format}", media_path="m/{slug}.{digest}.{extension}")
    for folder, item in (("ninjs", ITEM), ("html", PAGE)):
        assert {f"wire/{folder}/{name}" for name in (item, f"m/{HALL}", f"m/{CHART}")} <= way.drop.names()
    assert way.hrefs(f"wire/ninjs/{ITEM}") == [f"m/{HALL}", f"m/{REPORT}"]


@pytest.mark.parametrize("way", OVER_THE_NETWORK, indirect=True)
async def test_a_file_that_the_receiver_refuses_stays_a_link(way: Way, base: str) -> None:
    way.drop.says = {
        "open": [asyncssh.SFTPBadMessage("File name too long")],
        "STOR": ["501 Bad name."],
        "PUT": [(400, "EntityTooLarge")],
    }
    await way.send(illustrated(base))
    assert way.drop.names() == {ITEM, PAGE, CHART, REPORT}
    assert way.hrefs() == [f"{base}/hall.jpg", REPORT]


@pytest.mark.parametrize("way", OVER_THE_NETWORK, indirect=True)
async def test_a_receiver_too_slow_for_a_file_gets_the_text_in_time(way: Way, base: str) -> None:
    way.drop.says = {"open": [HANG], "STOR": [HANG], "PUT": [HANG]}
    async with way.open(timeout="3s") as channel:
        await channel.send(illustrated(base), KEY)
        way.drop.closing.set()
    assert {ITEM, PAGE} <= way.drop.names()
    assert way.hrefs() == [f"{base}/hall.jpg", f"{base}/report.pdf"]


@pytest.mark.parametrize("way", OVER_THE_NETWORK, indirect=True)
async def test_an_attempt_that_is_cancelled_at_a_file_disturbs_no_other(way: Way, base: str) -> None:
    way.drop.says = {"open": [HANG], "STOR": [HANG], "PUT": [HANG]}
    operation = {"sftp": "open", "ftps": "STOR", "s3": "PUT"}[way.kind]
    async with way.open() as channel:
        attempt = asyncio.create_task(channel.send(illustrated(base), KEY))
        while way.drop.says[operation]:
            await asyncio.sleep(0.005)
        attempt.cancel()
        with pytest.raises(asyncio.CancelledError):
            await attempt
        way.drop.closing.set()
        await channel.send(illustrated(base, slug="other"), IdempotencyKey("d-2"))
    files = {called(JPEG, "jpg", "other"), called(PNG, "png", "other"), called(PDF, "pdf", "other")}
    assert way.drop.names() == {"other.ru.json", "other.ru.html"} | files


async def test_an_attempt_that_is_cancelled_while_fetching_leaves_nothing(
    way: Way, base: str, site: Site, receiver: HttpReceiver
) -> None:
    site["/hall.jpg"] = hang
    async with way.open() as channel:
        attempt = asyncio.create_task(channel.send(illustrated(base), KEY))
        while not receiver.got:
            await asyncio.sleep(0.005)
        attempt.cancel()
        with pytest.raises(asyncio.CancelledError):
            await attempt
    assert not way.drop.names()


async def test_a_cache_fetches_once_for_all_channels(
    way: Way, base: str, receiver: HttpReceiver, tmp_path: Path
) -> None:
    async with MediaCache(tmp_path / "cache") as cache:
        for language in ("ru", "ja"):
            await way.send(illustrated(base, language=language), cache=cache)
    assert sorted(request.path for request in receiver.got) == ["/chart", "/hall.jpg", "/report.pdf"]


@pytest.mark.parametrize("way", ["s3"], indirect=True)
async def test_an_object_has_the_type_of_its_content(way: Way, base: str) -> None:
    assert isinstance(way.drop, Bucket)
    await way.send(illustrated(base), encryption="AES256")
    put = [(path, headers) for method, path, headers in way.drop.got if method == "PUT"]
    types = {path.rpartition("/")[2]: headers["content-type"] for path, headers in put}
    assert {types[HALL], types[CHART], types[REPORT]} == {"image/jpeg", "image/png", "application/pdf"}
    assert {headers["x-amz-server-side-encryption"] for _, headers in put} == {"AES256"}
    assert [path.rpartition("/")[2] for path, _ in put] == [HALL, CHART, REPORT, ITEM, PAGE]


@pytest.mark.parametrize("way", ["s3"], indirect=True)
@pytest.mark.parametrize("status", [403, 404, 405, 301, 503, 200])
async def test_who_may_not_look_or_finds_another_size_writes_again(way: Way, base: str, status: int) -> None:
    assert isinstance(way.drop, Bucket)
    for _ in range(2):
        way.drop.says = {"HEAD": [(status, "")] * 3}
        await way.send(illustrated(base))
    assert [method for method, _, _ in way.drop.got].count("PUT") == 10
    assert way.drop.names() == {ITEM, PAGE, HALL, CHART, REPORT}


@pytest.mark.parametrize("subsystem", ["", "-P posix-rename", "-P stat"])
async def test_openssh_takes_files_beside_the_item(tmp_path: Path, base: str, subsystem: str) -> None:
    with openssh_server(tmp_path, subsystem=subsystem) as (drop, settings):
        told = {"media": "fetch", "media_allow_private": True, "directory": "wire/{language}"}
        way = Way("sftp", settings | told, drop)
        for version in (2, 3):
            await way.send(illustrated(base, version=version))
        assert drop.names() == {f"wire/ru/{name}" for name in (ITEM, HALL, CHART, REPORT)}
        assert way.hrefs(f"wire/ru/{ITEM}") == [HALL, REPORT]


@pytest.mark.parametrize(
    ("path", "told"),
    [
        ("/srv/{digest}.{extension}", "relative to the item"),
        ("../{digest}.{extension}", "'..'"),
        ("a//{digest}.{extension}", "not '', '.' or '..'"),
        ("{slug}.{extension}", r"put \{digest\}"),
        ("{slug}.{digest}", r"put \{extension\}"),
        ("", r"put \{digest\}"),
        ("{digest}.{extension}.{format}", r"no placeholder \{format\}"),
        ("{digest}\n.{extension}", "cannot be part of a name"),
        ("{digest.__class__}.{extension}", "no placeholder"),
    ],
)
def test_a_path_that_cannot_work_is_told_with_its_mend(path: str, told: str) -> None:
    with pytest.raises(ValidationError, match=told):
        BesideSettings(type="folder", media_path=path)


@dataclass
class Shelf:
    """A supply of one picture, whatever it is asked for."""

    content: bytes

    async def get(self, url: str, *, limit: int, patience: float) -> bytes:
        return self.content

    async def close(self) -> None:
        """Nothing is open."""


@given(TEXTS, TEXTS, TEXTS)
async def test_whatever_a_feed_calls_a_file_it_stays_beside_the_item(
    slug: str, language: str, name: str
) -> None:
    beside = Beside(
        BesideSettings(type="folder", media="fetch", media_path="{slug}/{language}.{digest}.{extension}")
    )
    beside.supply = Shelf(JPEG[:9])
    put: list[str] = []

    async def keep(path: str, file: File) -> None:
        put.append(path)

    media = Media(url=f"https://e.org/{name}", title=name, type=name)
    told = story(slug=slug, language=language, media=(media,), body="")
    there = await beside.placed(told, ["ninjs"], "in/{slug}.{language}.{extension}", keep)
    (path,), (item,) = put, there.files.values()
    first, second, third = path.split("/")
    assert first == "in"
    assert third.endswith(f".{sha256(JPEG[:9]).hexdigest()[:32]}.jpg")
    for part in (second, third):
        assert part.isascii()
        assert part.isprintable()
        assert not part.startswith(".")
        assert not set(part) & set('\\:*?"<>| %')
    href = json.loads(item.content)["associations"][-1]["renditions"][0]["href"]
    assert href == picture_address(href) == f"{second}/{third}"
