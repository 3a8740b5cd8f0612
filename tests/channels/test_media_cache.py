"""Files fetched once for all channels, from a real server, kept in a real folder, on a clock of the tests."""

from __future__ import annotations

import asyncio
import json
from collections import Counter
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web
from channel_stories import story
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from receivers import HttpReceiver, MailServer, hang, hang_up

from channels.email import Email
from channels.media_cache import MediaCache, supply
from channels.media_store import MediaStore, Record
from channels.media_types import kind
from channels.media_web import NoMedia, Web
from channels.story import IdempotencyKey, Media
from distributor.config import parse
from distributor.events import Events
from distributor.service import make, opened

JPEG = b"\xff\xd8\xff\xe0" + b"j" * 5000
PNG = b"\x89PNG\r\n\x1a\n" + b"p" * 3000
BEGUN = datetime(2021, 12, 21, 8, tzinfo=UTC)
Answer = Callable[[web.Request], Awaitable[web.StreamResponse]]


class Site:
    """What is served by path, counted; with an ETag, where one is named."""

    def __init__(self, receiver: HttpReceiver) -> None:
        self.receiver = receiver
        self.there: dict[str, bytes | int | Answer] = {"/a.jpg": JPEG, "/b.png": PNG}
        self.headers: dict[str, str] = {}
        receiver.answers = [self.serve] * 500

    async def serve(self, request: web.Request) -> web.StreamResponse:
        found = self.there.get(request.path, 404)
        if isinstance(found, int):
            return web.Response(status=found)
        if not isinstance(found, bytes):
            return await found(request)
        etag = self.headers.get("ETag")
        if etag and request.headers.get("If-None-Match") == etag:
            return web.Response(status=304)
        return web.Response(body=found, content_type="text/html", headers=self.headers)

    def url(self, path: str) -> str:
        return self.receiver.url.replace("/hook", path)

    @property
    def asked(self) -> Counter[str]:
        return Counter(request.path for request in self.receiver.got)


class Wall:
    """A clock that stands still until it is told."""

    def __init__(self) -> None:
        self.time = BEGUN

    def __call__(self) -> datetime:
        return self.time

    def wait(self, **time: int) -> None:
        self.time += timedelta(**time)


@pytest.fixture
def site(receiver: HttpReceiver) -> Site:
    return Site(receiver)


@pytest.fixture
def wall() -> Wall:
    return Wall()


def cache_in(folder: Path, wall: Wall, **more: Any) -> MediaCache:
    return MediaCache(folder, clock=wall, **more)


async def get(
    cache: MediaCache, url: str, *, limit: int = 10**6, patience: float = 5, private: bool = True
) -> bytes:
    return await supply(cache, allow_private=private).get(url, limit=limit, patience=patience)


def files(folder: Path) -> list[Path]:
    return sorted(path for path in folder.rglob("*") if path.is_file())


def mailing(server: MailServer, cache: MediaCache | None, **more: Any) -> Email:
    named: dict[str, Any] = {"type": "email", "host": "127.0.0.1", "port": server.port, "tls": "none"}
    named |= {"sender": "a@wire.example", "to": ["b@e.org"], "media": "fetch", "allow_private": True}
    channel = make(Email.Settings.model_validate(named | more), cache)
    assert isinstance(channel, Email)
    return channel


def types(server: MailServer) -> list[list[str]]:
    return [[part.get_content_type() for part in mail.walk()][1:] for _, mail in server.got]


WITH_PICTURE = ["text/plain", "multipart/related", "text/html", "image/jpeg"]


async def test_twenty_channels_that_send_at_once_fetch_a_picture_once(
    server: MailServer, site: Site, wall: Wall, tmp_path: Path
) -> None:
    given = story(version=1, body="", media=(Media(url=site.url("/a.jpg")),))
    async with cache_in(tmp_path, wall) as cache:

        async def send(number: int) -> None:
            async with mailing(server, cache) as email:
                await email.send(given, IdempotencyKey(f"d-{number}"))

        await asyncio.gather(*(send(n) for n in range(20)))
    assert types(server) == [WITH_PICTURE] * 20
    assert site.asked == {"/a.jpg": 1}


async def test_without_a_cache_each_channel_fetches_by_itself(server: MailServer, site: Site) -> None:
    given = story(version=1, body="", media=(Media(url=site.url("/a.jpg")),))
    for _ in range(2):
        async with mailing(server, None) as email:
            await email.send(given, IdempotencyKey("d"))
    assert types(server) == [WITH_PICTURE] * 2
    assert site.asked == {"/a.jpg": 2}


@pytest.mark.parametrize("dead", [404, 500, b"<html>log in", b"", JPEG + b"x" * 60_000, hang, hang_up])
async def test_a_picture_that_cannot_be_had_is_asked_for_once_and_stops_no_text(
    server: MailServer, site: Site, wall: Wall, tmp_path: Path, dead: Any
) -> None:
    site.there["/a.jpg"] = dead
    given = story(version=1, body="", media=(Media(url=site.url("/a.jpg")),))
    async with cache_in(tmp_path, wall, timeout=timedelta(seconds=0.2)) as cache:
        for _ in range(3):
            async with asyncio.timeout(5), mailing(server, cache, attach_up_to="50kB") as email:
                await email.send(given, IdempotencyKey("d"))
        assert types(server) == [["text/plain", "text/html"]] * 3
        assert site.asked == {"/a.jpg": 2 if dead is hang_up else 1}  # aiohttp tries once more by itself
        site.there["/a.jpg"] = JPEG
        wall.wait(minutes=5)
        assert await get(cache, site.url("/a.jpg")) == JPEG
    assert len(files(tmp_path)) == 2


async def test_the_service_gives_one_cache_to_all_that_carry_files(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SOCIAL", "json://social.example/us")
    monkeypatch.setenv("PASSWORD", "secret")
    post = {"type": "wordpress", "url": "https://e.org/", "user": "u", "password": {"env": "PASSWORD"}}
    mail = {"type": "email", "host": "127.0.0.1", "sender": "a@wire.example", "to": ["b@e.org"]}
    channels = [post, mail, {"type": "social", "url": {"env": "SOCIAL"}}]
    channels.append({"type": "folder", "path": str(tmp_path / "out")})
    monkeypatch.setenv("SECRET", "whsec_" + 40 * "s")
    channels.append({"type": "webhook", "url": "https://e.org/", "secrets": [{"env": "SECRET"}]})
    told = parse(
        {
            "storage": f"sqlite+aiosqlite:///{tmp_path}/ledger.db",
            "media": {"cache": str(tmp_path / "media"), "max_cache": "2MB"},
            "members": [{"id": "a", "name": "A", "languages": ["en"], "channels": channels}],
        }
    )
    async with opened(told, Events()) as service:
        given = [getattr(line.channel, "media_cache", None) for line in service.courier.lines.values()]
    first, *others, none = given
    assert isinstance(first, MediaCache)
    assert first.store.room == 2_000_000
    assert others == [first, first, first]
    assert none is None


async def test_after_a_restart_what_was_fetched_is_there(site: Site, wall: Wall, tmp_path: Path) -> None:
    for _ in range(2):
        async with cache_in(tmp_path, wall) as cache:
            assert await get(cache, site.url("/a.jpg")) == JPEG
    assert site.asked == {"/a.jpg": 1}
    (content, record) = files(tmp_path)
    assert content.name == sha256(JPEG).hexdigest()
    told = json.loads(record.read_bytes())
    assert (told["url"], told["type"], told["length"]) == (site.url("/a.jpg"), "image/jpeg", len(JPEG))


async def test_one_content_at_two_addresses_is_kept_once(site: Site, wall: Wall, tmp_path: Path) -> None:
    site.there["/b.png"] = JPEG
    async with cache_in(tmp_path, wall) as cache:
        assert await get(cache, site.url("/a.jpg")) == await get(cache, site.url("/b.png"))
    assert len(files(tmp_path / "content")) == 1
    assert len(files(tmp_path / "records")) == 2


@pytest.mark.parametrize("where", ["content", "records"])
@pytest.mark.parametrize("damage", [b"", JPEG[:100], JPEG[:-1] + b"k", b'{"digest": "../../x"}', None])
async def test_what_is_damaged_is_fetched_again_and_mended(
    site: Site, wall: Wall, tmp_path: Path, where: str, damage: bytes | None
) -> None:
    async with cache_in(tmp_path, wall) as cache:
        await get(cache, site.url("/a.jpg"))
        before = {path: path.read_bytes() for path in files(tmp_path)}
        (path,) = files(tmp_path / where)
        path.unlink() if damage is None else path.write_bytes(damage)
        for _ in range(2):
            assert await get(cache, site.url("/a.jpg")) == JPEG
    assert site.asked == {"/a.jpg": 2}
    assert {path: path.read_bytes() for path in files(tmp_path)} == before


@pytest.mark.parametrize("folder", ["a file", "read only"])
async def test_a_folder_that_cannot_be_written_stops_nothing(
    site: Site, wall: Wall, tmp_path: Path, folder: str
) -> None:
    place = tmp_path / folder
    place.write_bytes(b"") if folder == "a file" else place.mkdir(0o500)
    async with cache_in(place, wall) as cache:
        assert await get(cache, site.url("/a.jpg")) == JPEG


async def test_a_server_is_asked_after_a_while_and_says_unchanged(
    site: Site, wall: Wall, tmp_path: Path
) -> None:
    site.headers = {"ETag": '"1"', "Last-Modified": "Tue, 21 Dec 2021 07:00:00 GMT"}
    async with cache_in(tmp_path, wall) as cache:
        for wait in (0, 59, 1, 59, 1):
            wall.wait(minutes=wait)
            assert await get(cache, site.url("/a.jpg")) == JPEG
    first, *later = site.receiver.got
    assert "If-None-Match" not in first.headers
    assert [request.headers["If-None-Match"] for request in later] == ['"1"'] * 2
    assert [request.headers["If-Modified-Since"] for request in later] == [site.headers["Last-Modified"]] * 2


async def test_a_picture_that_was_changed_is_the_new_one(site: Site, wall: Wall, tmp_path: Path) -> None:
    site.headers = {"ETag": '"1"'}
    async with cache_in(tmp_path, wall) as cache:
        await get(cache, site.url("/a.jpg"))
        site.there["/a.jpg"], site.headers = PNG, {"ETag": '"2"'}
        wall.wait(hours=1)
        for _ in range(2):
            assert await get(cache, site.url("/a.jpg")) == PNG
    assert site.asked == {"/a.jpg": 2}


@pytest.mark.parametrize("silent", [500, 503, 429, hang, hang_up])
async def test_a_server_that_says_nothing_of_the_file_leaves_it_in_use(
    site: Site, wall: Wall, tmp_path: Path, silent: Any
) -> None:
    async with cache_in(tmp_path, wall, timeout=timedelta(seconds=0.2)) as cache:
        await get(cache, site.url("/a.jpg"))
        site.there["/a.jpg"] = silent
        wall.wait(hours=1)
        for _ in range(3):
            assert await get(cache, site.url("/a.jpg")) == JPEG
        assert site.asked == {"/a.jpg": 3 if silent is hang_up else 2}  # aiohttp tries once more by itself
        site.there["/a.jpg"] = PNG
        wall.wait(minutes=5)
        assert await get(cache, site.url("/a.jpg")) == PNG


@pytest.mark.parametrize("gone", [404, 410, b"<html>sold"])
async def test_a_file_that_was_taken_away_is_not_used_any_more(
    site: Site, wall: Wall, tmp_path: Path, gone: Any
) -> None:
    async with cache_in(tmp_path, wall) as cache:
        await get(cache, site.url("/a.jpg"))
        site.there["/a.jpg"] = gone
        wall.wait(hours=1)
        with pytest.raises(NoMedia):
            await get(cache, site.url("/a.jpg"))
    async with cache_in(tmp_path, wall) as cache:
        with pytest.raises(NoMedia):
            await get(cache, site.url("/a.jpg"))


async def test_who_takes_more_gets_what_was_too_large_for_others(
    site: Site, wall: Wall, tmp_path: Path
) -> None:
    async with cache_in(tmp_path, wall) as cache:
        url = site.url("/a.jpg")
        small, large = await asyncio.gather(
            get(cache, url, limit=100), get(cache, url), return_exceptions=True
        )
        assert isinstance(small, NoMedia)
        assert large == JPEG
        with pytest.raises(NoMedia, match="larger than 200 bytes"):
            await get(cache, url, limit=200)
        assert await get(cache, url, limit=len(JPEG)) == JPEG
    assert site.asked == {"/a.jpg": 2}


async def test_a_fetch_outlives_the_patience_of_who_began_it(site: Site, wall: Wall, tmp_path: Path) -> None:
    goes_on = asyncio.Event()

    async def slow(request: web.Request) -> web.StreamResponse:
        await goes_on.wait()
        return web.Response(body=JPEG)

    site.there["/a.jpg"] = slow
    async with cache_in(tmp_path, wall) as cache:
        with pytest.raises(NoMedia, match="in time"):
            await get(cache, site.url("/a.jpg"), patience=0.05)
        goes_on.set()
        assert await get(cache, site.url("/a.jpg")) == JPEG
    assert site.asked == {"/a.jpg": 1}


async def test_closing_ends_what_is_under_way(site: Site, wall: Wall, tmp_path: Path) -> None:
    site.there["/a.jpg"] = hang
    async with asyncio.timeout(5), cache_in(tmp_path, wall) as cache:
        with pytest.raises(NoMedia):
            await get(cache, site.url("/a.jpg"), patience=0.05)
    assert not cache.flights


async def test_who_may_not_go_to_private_addresses_gets_nothing_from_there(
    site: Site, wall: Wall, tmp_path: Path
) -> None:
    async with cache_in(tmp_path, wall) as cache:
        assert await get(cache, site.url("/a.jpg")) == JPEG
        with pytest.raises(NoMedia):
            await get(cache, site.url("/a.jpg"), private=False)
    assert site.asked == {"/a.jpg": 1}


async def test_what_was_not_used_for_longest_goes_first(site: Site, wall: Wall, tmp_path: Path) -> None:
    site.there |= {f"/{n}": JPEG[:4] + bytes([n]) * 12_000 for n in range(5)}
    room = 5 * 16_384 - 1  # each takes three blocks and its record one: the fifth is one too many
    async with cache_in(tmp_path, wall, room=room) as cache:
        for n in (0, 1, 2, 3, 0, 4):
            wall.wait(seconds=1)
            await get(cache, site.url(f"/{n}"))
        assert len(files(tmp_path)) == 2 * 4
        for n in (0, 2, 3, 4):
            await get(cache, site.url(f"/{n}"))
        assert set(site.asked.values()) == {1}
        await get(cache, site.url("/1"))
        assert site.asked["/1"] == 2


async def test_what_would_take_half_of_the_room_is_handed_on_and_not_kept(
    site: Site, wall: Wall, tmp_path: Path
) -> None:
    async with cache_in(tmp_path, wall, room=9_000) as cache:
        assert await get(cache, site.url("/a.jpg")) == JPEG
    assert not files(tmp_path)


@settings(max_examples=30, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(
    st.lists(st.tuples(st.binary(max_size=3), st.integers(0, 30_000), st.integers(0, 100)), max_size=20),
    st.integers(1, 200_000),
)
def test_the_store_is_never_larger_than_its_room(
    tmp_path_factory: pytest.TempPathFactory, given: list[tuple[bytes, int, int]], room: int
) -> None:
    store = MediaStore(tmp_path_factory.mktemp("store"), room)
    for key, size, second in given:
        content, now = key.ljust(size, b"."), BEGUN + timedelta(seconds=second)
        digest = sha256(content).hexdigest()
        record = Record(
            url="u", allow_private=False, digest=digest, type="t", length=size, fetched=now, fresh_until=now
        )
        store.keep(key.hex(), record, content, now)
        there = files(store.contents.parent)
        assert sum(path.stat().st_size for path in there) <= room
        kept = store.content(key.hex(), record, now)
        assert kept in (None, content)


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(
    st.one_of(st.text(), st.text().map("http://127.0.0.1:1/{}".format), st.text().map("https://{}".format))
)
async def test_no_address_raises_anything_else(
    tmp_path_factory: pytest.TempPathFactory, address: str
) -> None:
    async with MediaCache(tmp_path_factory.getbasetemp() / "none", timeout=timedelta(seconds=0.5)) as cache:
        with pytest.raises(NoMedia):
            await get(cache, address, patience=2, private=False)


@settings(max_examples=50)
@given(st.binary())
def test_a_record_of_any_bytes_is_none(tmp_path_factory: pytest.TempPathFactory, written: bytes) -> None:
    store = MediaStore(tmp_path_factory.getbasetemp() / "records of any", 10**6)
    store.records.mkdir(parents=True, exist_ok=True)
    (store.records / "k.json").write_bytes(written)
    assert store.record("k") is None


@given(st.binary())
def test_a_type_is_one_that_we_hand_on_or_none(content: bytes) -> None:
    found, extension = kind(content)
    assert bool(found) == bool(extension)


@pytest.mark.parametrize("etag", ["\xe9", "a\tb", ""])
async def test_a_validator_that_could_not_go_back_is_none(site: Site, etag: str) -> None:
    site.headers = {"ETag": etag}
    web = Web(allow_private=True)
    found = await web.download(site.url("/a.jpg"), limit=10**6, patience=5)
    await web.close()
    assert found.validators.headers == {}


async def test_the_settings_say_where_and_how_much(tmp_path: Path) -> None:
    told = parse({"media": {"cache": str(tmp_path), "max_cache": "2MB", "retry": "1m"}}).media
    assert (told.cache, told.max_cache, told.retry) == (tmp_path, 2_000_000, timedelta(minutes=1))
    assert parse({}).media.cache == Path("var/media")
    assert parse({"media": {"cache": ""}}).media.cache is None
