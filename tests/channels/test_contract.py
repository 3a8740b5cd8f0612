"""What holds for every kind of channel, each against a real receiver of its own."""

from __future__ import annotations

import base64
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import asyncssh
import pytest
from certificates import make_certificate
from channel_stories import HOSTILE, STORY, in_language, story
from drops import ftps_server, s3_server, sftp_server
from pydantic import ValidationError
from receivers import http_receiver, mail_server

from channels.channel import Channel, Refused, Unavailable
from channels.registry import kinds, load
from channels.story import IdempotencyKey, Receipt

KEY = IdempotencyKey("d-1")
KINDS = ("webhook", "email", "folder", "sftp", "ftps", "s3")


@dataclass
class Way:
    """A kind of channel with a receiver that works and settings for one that does not."""

    settings: dict[str, Any]
    unreachable: dict[str, Any]
    seen: Callable[[], set[str]]
    """The items that the receiver has, named as it tells them apart."""
    stack: AsyncExitStack = field(default_factory=AsyncExitStack)

    async def open(self, settings: dict[str, Any] | None = None) -> Channel:
        given = settings or self.settings
        kind = load(given["type"])
        return await self.stack.enter_async_context(kind(kind.Settings.model_validate(given)))


@pytest.fixture(params=KINDS)
async def way(
    request: pytest.FixtureRequest, tmp_path: Path, nobody: int, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[Way]:
    monkeypatch.setenv("SECRET", "whsec_" + base64.b64encode(b"s" * 32).decode())
    monkeypatch.setenv("PASSWORD", "secret")
    async with AsyncExitStack() as stack:
        made: Way = await globals()[f"make_{request.param}"](stack, tmp_path, nobody)
        async with made.stack:
            yield made


async def make_webhook(stack: AsyncExitStack, tmp_path: Path, nobody: int) -> Way:
    receiver = await stack.enter_async_context(http_receiver())
    own = {"type": "webhook", "secrets": [{"env": "SECRET"}], "allow_private": True}
    return Way(
        own | {"url": receiver.url},
        own | {"url": f"http://127.0.0.1:{nobody}/"},
        lambda: {got.headers["webhook-id"] for got in receiver.got if got.method == "POST"},
    )


async def make_email(stack: AsyncExitStack, tmp_path: Path, nobody: int) -> Way:
    server = await stack.enter_async_context(mail_server())
    own = {"type": "email", "host": "127.0.0.1", "tls": "none", "sender": "a@e.org", "to": ["b@e.org"]}
    return Way(
        own | {"port": server.port},
        own | {"port": nobody},
        lambda: {mail["Message-ID"] for _, mail in server.got},
    )


async def make_folder(stack: AsyncExitStack, tmp_path: Path, nobody: int) -> Way:
    # Not even root can make a folder there.
    away = {"type": "folder", "path": "/proc/away"}
    path = tmp_path / "out"
    return Way({"type": "folder", "path": path}, away, lambda: {f.stem for f in path.glob("*")})


async def make_sftp(stack: AsyncExitStack, tmp_path: Path, nobody: int) -> Way:
    host_key = asyncssh.generate_private_key("ssh-ed25519")
    drop = await stack.enter_async_context(sftp_server(tmp_path, host_key))
    own: dict[str, Any] = {
        "type": "sftp",
        "host": "127.0.0.1",
        "username": "wire",
        "password": {"env": "PASSWORD"},
    }
    own |= {"host_key": host_key.get_fingerprint(), "allow_private": True}
    return Way(own | {"port": drop.port}, own | {"port": nobody}, drop.names)


async def make_ftps(stack: AsyncExitStack, tmp_path: Path, nobody: int) -> Way:
    certificate = make_certificate(tmp_path / "tls")
    (tmp_path / "in").mkdir()
    drop = stack.enter_context(ftps_server(tmp_path / "in", certificate))
    own: dict[str, Any] = {
        "type": "ftps",
        "host": "127.0.0.1",
        "username": "wire",
        "password": {"env": "PASSWORD"},
    }
    own |= {"ca": certificate / "cert.pem", "allow_private": True}
    return Way(own | {"port": drop.port}, own | {"port": nobody}, drop.names)


async def make_s3(stack: AsyncExitStack, tmp_path: Path, nobody: int) -> Way:
    bucket = await stack.enter_async_context(s3_server(tmp_path))
    own: dict[str, Any] = {"type": "s3", "bucket": "wire", "path_style": True, "allow_private": True}
    own |= {"access_key": "AKIAWIRE", "secret_key": {"env": "PASSWORD"}}
    there = own | {"endpoint": f"http://127.0.0.1:{bucket.port}"}
    return Way(there, own | {"endpoint": f"http://127.0.0.1:{nobody}"}, bucket.names)


def test_every_kind_of_ours_is_held_to_this() -> None:
    assert set(KINDS) <= set(kinds())


async def test_a_story_is_received(way: Way) -> None:
    assert isinstance(await (await way.open()).send(STORY, KEY), Receipt)
    assert len(way.seen()) == 1


async def test_a_receipt_says_something_to_a_person(way: Way) -> None:
    receipt = await (await way.open()).send(STORY, KEY)
    assert receipt.answer
    assert receipt.answer.isprintable()


async def test_a_repeat_makes_no_second_item(way: Way) -> None:
    channel = await way.open()
    for _ in range(3):
        await channel.send(STORY, KEY)
    assert len(way.seen()) == 1


async def test_a_repeat_after_a_restart_makes_none_either(way: Way) -> None:
    for _ in range(2):
        await (await way.open()).send(STORY, KEY)
    assert len(way.seen()) == 1


async def test_two_stories_are_two_items(way: Way) -> None:
    channel = await way.open()
    await channel.send(STORY, KEY)
    await channel.send(story(slug="another", uri="tag:e.org,2021:another"), IdempotencyKey("d-2"))
    assert len(way.seen()) == 2


@pytest.mark.parametrize("language", ["en", "ru", "zh-Hans", "ja", "it", "ar"])
async def test_every_language_goes(way: Way, language: str) -> None:
    assert await (await way.open()).send(in_language(language), KEY)


@pytest.mark.parametrize("name", sorted(HOSTILE))
async def test_a_hostile_story_is_received_or_refused_and_nothing_else(way: Way, name: str) -> None:
    channel = await way.open()
    try:
        assert isinstance(await channel.send(HOSTILE[name], KEY), Receipt)
    except Refused:
        assert name == "lone surrogate"
    assert len(way.seen()) == (name != "lone surrogate")
    await channel.send(story(slug="next"), IdempotencyKey("d-2"))


async def test_a_withdrawal_is_received(way: Way) -> None:
    channel = await way.open()
    await channel.send(STORY, KEY)
    withdrawn = story(version=3, pub_status="canceled")
    assert isinstance(await channel.send(withdrawn, IdempotencyKey("d-2")), Receipt)


async def test_a_check_answers_and_leaves_no_item(way: Way) -> None:
    said = await (await way.open()).check()
    assert said
    assert said.isprintable()
    assert not way.seen()


async def test_who_cannot_be_reached_is_unavailable_to_a_story_and_a_check(way: Way) -> None:
    channel = await way.open(way.unreachable)
    for attempt in (lambda: channel.send(STORY, KEY), channel.check):
        with pytest.raises(Unavailable) as raised:
            await attempt()
        assert not raised.value.unknown
        assert str(raised.value).isprintable()


async def test_unknown_keys_are_refused(way: Way) -> None:
    kind = load(way.settings["type"])
    with pytest.raises(ValidationError, match="Extra inputs"):
        kind.Settings.model_validate(way.settings | {"formt": "x"})


async def test_what_every_channel_can_be_told_can_be_told_to_this(way: Way) -> None:
    kind = load(way.settings["type"])
    more = {"name": "second", "languages": ["ja"], "concurrency": 2, "timeout": "5s"}
    settings = kind.Settings.model_validate(way.settings | more)
    assert (settings.name, settings.languages, settings.concurrency) == ("second", ("ja",), 2)
