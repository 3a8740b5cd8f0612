from __future__ import annotations

import asyncio
import base64
import json
import os
import subprocess
import sys
import time
from collections.abc import AsyncIterator
from contextlib import suppress
from hashlib import sha256
from pathlib import Path
from typing import Any

import nkeys
import pytest
from channel_stories import HOSTILE, STORY, TEXTS, in_language, story
from drops import breaking_line
from hypothesis import given
from nats.aio.msg import Msg
from nats.js.api import DiscardPolicy
from nats.js.errors import APIError
from nats_server import NatsServer, running
from pydantic import ValidationError

from channels.channel import ChannelError, Denied, Refused, Unavailable
from channels.formats import ninjs
from channels.nats import Nats, verdict
from channels.nats_settings import TOKEN, token
from channels.story import IdempotencyKey

KEY = IdempotencyKey("d-1")
SUBJECT = "science.ru"
PASSWORD = "hunter2-of-the-wire"


@pytest.fixture
async def server(tmp_path: Path) -> AsyncIterator[NatsServer]:
    with running(NatsServer(tmp_path)) as started:
        await started.stream()
        yield started


@pytest.fixture(autouse=True)
def _secrets(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PASSWORD", PASSWORD)
    monkeypatch.setenv("OTHER", "another-secret")


def configured(port: int = 9, /, **more: Any) -> dict[str, Any]:
    return {"type": "nats", "servers": [f"nats://127.0.0.1:{port}"], "allow_private": True} | more


def channel(settings: dict[str, Any]) -> Nats:
    return Nats(Nats.Settings.model_validate(settings))


@pytest.fixture
async def wire(server: NatsServer) -> AsyncIterator[Nats]:
    async with channel(configured(server.port)) as opened:
        yield opened


async def fails(error: type[ChannelError] | tuple[type[ChannelError], ...], told: str, attempt: Any) -> Any:
    with pytest.raises(error, match=told) as raised:
        await attempt
    assert str(raised.value).isprintable()
    assert PASSWORD not in str(raised.value)
    return raised.value


async def test_an_item_is_a_message_and_the_receipt_says_where(wire: Nats, server: NatsServer) -> None:
    receipt = await wire.send(STORY, KEY, 17)
    (message,) = await server.messages()
    assert (receipt.answer, receipt.remote_id) == ("stream WIRE seq 1", "WIRE:1")
    assert message.subject == SUBJECT
    assert message.data == ninjs.encode(STORY)
    assert message.headers == {
        "Nats-Msg-Id": "d-1",
        "Item-Number": "17",
        "Content-Type": ninjs.MEDIA_TYPE,
        "Content-Language": "ru",
        "Uri": STORY.uri,
        "Version": "2",
        "Pub-Status": "usable",
        "Urgency": "5",
    }


async def test_what_is_not_counted_has_no_number(wire: Nats, server: NatsServer) -> None:
    await wire.send(STORY, KEY)
    (message,) = await server.messages()
    assert "Item-Number" not in message.headers


async def test_a_repeat_is_a_duplicate_and_no_second_message(server: NatsServer) -> None:
    for answer in ("stream WIRE seq 1", "stream WIRE seq 1 duplicate", "stream WIRE seq 1 duplicate"):
        async with channel(configured(server.port)) as wire:
            assert (await wire.send(STORY, KEY)).answer == answer
    assert len(await server.messages()) == 1


async def test_a_correction_and_a_withdrawal_go_where_the_item_went(wire: Nats, server: NatsServer) -> None:
    await wire.send(STORY, KEY)
    await wire.send(story(version=3), IdempotencyKey("d-2"))
    await wire.send(story(version=4, pub_status="canceled"), IdempotencyKey("d-3"))
    messages = await server.messages()
    assert [m.subject for m in messages] == [SUBJECT] * 3
    assert [json.loads(m.data)["version"] for m in messages] == ["2", "3", "4"]
    assert messages[2].headers["Pub-Status"] == json.loads(messages[2].data)["pubStatus"] == "canceled"


@pytest.mark.parametrize("language", ["en", "zh-Hans", "ar"])
async def test_each_language_has_its_subject(wire: Nats, server: NatsServer, language: str) -> None:
    await wire.send(in_language(language), KEY)
    (message,) = await server.messages()
    assert message.subject == f"science.{language}"


@pytest.mark.parametrize("name", sorted(HOSTILE))
async def test_a_hostile_story_is_one_message_or_refused(wire: Nats, server: NatsServer, name: str) -> None:
    try:
        await wire.send(HOSTILE[name], KEY)
    except Refused:
        assert name == "lone surrogate"
    await wire.send(STORY, IdempotencyKey("d-2"))
    messages = await server.messages()
    assert len(messages) == 1 + (name != "lone surrogate")
    assert all(len(m.subject.split(".")) == 2 for m in messages)


async def test_one_connection_carries_many_at_once(server: NatsServer) -> None:
    before = await server.connections()
    async with channel(configured(server.port)) as wire:
        keys = [IdempotencyKey(f"d-{n}") for n in range(200)]
        await asyncio.gather(*(wire.send(story(slug=key), key) for key in keys))
        await wire.check()
    assert await server.connections() == before + 2
    assert len(await server.messages()) == 200


async def test_a_server_that_went_and_came_back(server: NatsServer) -> None:
    async with channel(configured(server.port, timeout="4s")) as wire:
        await wire.send(STORY, KEY)
        server.stop()
        await asyncio.sleep(0.05)
        for attempt in (wire.send(STORY, IdempotencyKey("d-2")), wire.check()):
            error = await fails(Unavailable, "no connection to 127.0.0.1", attempt)
            assert error.blip
            assert not error.unknown
        server.start()
        answers = [await wire.send(STORY, IdempotencyKey(key)) for key in ("d-1", "d-2")]
    assert answers[0].answer.endswith("duplicate")
    assert len(await server.messages()) == 2


async def test_the_next_server_is_tried_where_one_is_down(server: NatsServer, nobody: int) -> None:
    both = [f"nats://127.0.0.1:{nobody}", f"nats://127.0.0.1:{server.port}"]
    async with channel(configured(servers=both)) as wire:
        await wire.send(STORY, KEY)
    assert len(await server.messages()) == 1


async def test_a_server_that_is_slow_may_have_it_and_has_it_once(server: NatsServer) -> None:
    async with channel(configured(server.port, timeout="1s")) as wire:
        await wire.check()
        server.pause()
        began = time.monotonic()
        error = await fails(Unavailable, "in time", wire.send(STORY, KEY))
        assert error.unknown
        assert not error.blip
        error = await fails(Unavailable, "no login on 127.0.0.1 in time", wire.send(STORY, KEY))
        assert error.blip
        assert time.monotonic() - began < 3
        server.resume()
        assert (await wire.send(STORY, KEY)).answer.startswith("stream WIRE seq 1")
    assert len(await server.messages()) == 1


async def test_a_line_that_is_cut_leaves_no_message(server: NatsServer) -> None:
    line = breaking_line(server.port, after=100_000)
    async with line as port, channel(configured(port)) as wire:
        error = await fails(Unavailable, "lost", wire.send(HOSTILE["a megabyte"], KEY))
        assert error.unknown
        await wire.send(STORY, IdempotencyKey("d-2"))
    assert [m.headers["Nats-Msg-Id"] for m in await server.messages()] == ["d-2"]


async def test_a_server_that_is_killed_in_between_says_so_at_once(server: NatsServer) -> None:
    async with channel(configured(server.port)) as wire:
        await wire.check()
        server.pause()
        attempts = [asyncio.create_task(wire.send(STORY, IdempotencyKey(f"d-{n}"))) for n in range(5)]
        await asyncio.sleep(0.1)
        server.stop()
        async with asyncio.timeout(2):
            for attempt in attempts:
                assert (await fails(Unavailable, "lost", attempt)).unknown


async def test_an_attempt_that_is_cancelled_ends_at_once_and_disturbs_no_other(server: NatsServer) -> None:
    async with channel(configured(server.port)) as wire:
        await wire.check()
        server.pause()
        first, second = (asyncio.create_task(wire.send(STORY, IdempotencyKey(key))) for key in ("d-1", "d-2"))
        await asyncio.sleep(0.05)
        first.cancel()
        async with asyncio.timeout(0.5):
            with pytest.raises(asyncio.CancelledError):
                await first
        server.resume()
        await second
        await wire.send(STORY, KEY)
    assert sorted(m.headers["Nats-Msg-Id"] for m in await server.messages()) == ["d-1", "d-2"]


async def test_the_first_attempt_may_be_cancelled_while_others_wait_for_its_connection(wire: Nats) -> None:
    first, second = (asyncio.create_task(wire.send(STORY, IdempotencyKey(key))) for key in ("d-1", "d-2"))
    await asyncio.sleep(0)
    first.cancel()
    assert (await second).answer
    with pytest.raises(asyncio.CancelledError):
        await first


async def test_leaving_ends_what_is_open(server: NatsServer) -> None:
    async with channel(configured(server.port)) as wire:
        await wire.send(STORY, KEY)
    others = asyncio.all_tasks() - {asyncio.current_task()}
    assert not [task for task in others if "nats" in repr(task.get_coro())]


async def test_no_stream_that_takes_it_is_told_with_its_mend(server: NatsServer) -> None:
    async with channel(configured(server.port, subject="elsewhere.{language}")) as wire:
        await fails(Denied, r"no stream on 127.0.0.1 takes elsewhere.ru; add", wire.send(STORY, KEY))
        await fails(Denied, r"takes elsewhere.\*; add", wire.check())


async def test_a_stream_that_is_made_a_moment_later_takes_it(server: NatsServer) -> None:
    async with channel(configured(server.port, subject="elsewhere.{language}")) as wire:
        attempt = asyncio.create_task(wire.send(STORY, KEY))
        await asyncio.sleep(0.1)
        await server.stream("ELSE", subjects=["elsewhere.*"])
        assert (await attempt).remote_id == "ELSE:1"


async def test_another_stream_than_the_expected_is_denied(server: NatsServer) -> None:
    async with channel(configured(server.port, stream="OTHER")) as wire:
        await fails(Denied, "expected stream does not match", wire.send(STORY, KEY))
        await fails(Denied, "goes to WIRE, not to OTHER", wire.check())
    async with channel(configured(server.port, stream="WIRE")) as wire:
        await wire.check()
        await wire.send(STORY, KEY)
    assert len(await server.messages()) == 1


async def test_jetstream_that_is_off_is_denied(tmp_path: Path) -> None:
    with running(NatsServer(tmp_path, jetstream=False)) as server:
        async with channel(configured(server.port)) as wire:
            await fails(Denied, "no stream", wire.send(STORY, KEY))
            await fails(Denied, "no stream", wire.check())


@pytest.mark.parametrize(
    "said", [b"thank you", b"[]", b"{}", b'{"error": "no"}', b'{"error": {"code": "x"}}']
)
async def test_what_answers_but_is_no_stream_is_told(server: NatsServer, said: bytes) -> None:
    async def answer(message: Msg) -> None:
        await message.respond(said)

    async with await server.client() as service, channel(configured(server.port, subject="a.b")) as wire:
        await service.subscribe("a.b", cb=answer)
        await service.flush()
        await fails((Denied, Unavailable), "127.0.0.1", wire.send(STORY, KEY))


async def test_more_than_the_server_takes_is_refused_and_disturbs_no_other(tmp_path: Path) -> None:
    with running(NatsServer(tmp_path, max_payload=65_536)) as server:
        await server.stream()
        async with channel(configured(server.port, format="text")) as wire:
            await wire.send(STORY, IdempotencyKey("d-0"))
            before = await server.connections()
            for size in range(60_000, 66_000, 150):
                large = story(body="x" * size)
                with suppress(Refused):
                    await wire.send(large, IdempotencyKey(f"d-{size}"))
            await fails(Refused, "more than the 65536", wire.send(large, KEY))
            assert await server.connections() == before + 1
        assert len(await server.messages()) > 2


async def test_more_than_the_stream_takes_is_refused(tmp_path: Path) -> None:
    with running(NatsServer(tmp_path)) as server:
        await server.stream(max_msg_size=10_000)
        async with channel(configured(server.port)) as wire:
            await wire.send(STORY, KEY)
            await fails(Refused, "exceeds", wire.send(story(body="x" * 20_000), IdempotencyKey("d-2")))


async def test_a_stream_that_is_full_is_tried_later(tmp_path: Path) -> None:
    with running(NatsServer(tmp_path)) as server:
        await server.stream(max_msgs=1, discard=DiscardPolicy.NEW)
        async with channel(configured(server.port)) as wire:
            await wire.send(STORY, KEY)
            error = await fails(Unavailable, "maximum messages", wire.send(STORY, IdempotencyKey("d-2")))
            assert not error.unknown


@pytest.mark.parametrize(
    ("code", "number", "error"),
    [
        (503, 10008, Unavailable),
        (503, 10077, Unavailable),
        (500, 10047, Unavailable),
        (400, 10002, Unavailable),
        (429, 10167, Unavailable),
        (503, 10039, Denied),
        (503, 10076, Denied),
        (400, 10060, Denied),
        (400, 10109, Denied),
        (404, 10059, Denied),
        (400, 10054, Refused),
        (400, 10053, Refused),
        (400, 10003, Refused),
    ],
)
def test_what_jetstream_says_is_what_is_raised(code: int, number: int, error: type[ChannelError]) -> None:
    assert type(verdict(APIError(code, "said", number), "said")) is error


LOGINS = f"""
authorization {{ users = [
  {{ user: admin, password: all }}
  {{ user: wire, password: "{PASSWORD}", permissions: {{ publish: [science.>, "$JS.API.STREAM.NAMES"] }} }}
  {{ user: narrow, password: "{PASSWORD}",
     permissions: {{ publish: [science.ru], subscribe: "_INBOX_narrow.>" }} }}
] }}
"""


@pytest.fixture
async def guarded(tmp_path: Path) -> AsyncIterator[NatsServer]:
    with running(NatsServer(tmp_path, LOGINS, login={"user": "admin", "password": "all"})) as started:
        await started.stream()
        yield started


WIRE = {"user": "wire", "password": {"env": "PASSWORD"}}
NARROW = WIRE | {"user": "narrow", "inbox": "_INBOX_narrow"}


async def test_a_login_is_used(guarded: NatsServer) -> None:
    async with channel(configured(guarded.port, **WIRE)) as wire:
        assert await wire.check() == "WIRE on 127.0.0.1 takes science.*"
        assert (await wire.send(STORY, KEY)).remote_id == "WIRE:1"


@pytest.mark.parametrize(
    "login",
    [{}, WIRE | {"password": {"env": "OTHER"}}, {"token": {"env": "PASSWORD"}}],
    ids=["none", "wrong", "a token"],
)
async def test_who_is_not_let_in_is_told_so(guarded: NatsServer, login: dict[str, Any]) -> None:
    async with channel(configured(guarded.port, **login)) as wire:
        for attempt in (wire.send(STORY, KEY), wire.check()):
            await fails(Denied, "127.0.0.1 does not let us in: .uthorization", attempt)
    assert not await guarded.messages()


async def test_what_is_forbidden_is_told_at_once(guarded: NatsServer) -> None:
    async with channel(configured(guarded.port, **NARROW)) as wire, asyncio.timeout(5):
        english = story(language="en")
        allowed, forbidden = await asyncio.gather(
            wire.send(STORY, KEY), wire.send(english, IdempotencyKey("d-2")), return_exceptions=True
        )
        assert not isinstance(allowed, BaseException)
        assert isinstance(forbidden, Denied)
        assert "forbids us to publish on science.en" in str(forbidden)


async def test_a_check_by_who_may_not_ask_says_that(guarded: NatsServer) -> None:
    async with channel(configured(guarded.port, **NARROW)) as wire, asyncio.timeout(5):
        assert "logged in, but not told which stream takes science.*" in await wire.check()


async def test_answers_that_may_not_be_heard_are_denied(guarded: NatsServer) -> None:
    async with channel(configured(guarded.port, **NARROW | {"inbox": "_INBOX"})) as wire, asyncio.timeout(5):
        await fails(Denied, "forbids us to hear answers under _INBOX", wire.send(STORY, KEY))
        await fails(Denied, "forbids us to hear answers under _INBOX", wire.check())


async def test_a_token_is_a_login(tmp_path: Path) -> None:
    config = f'authorization {{ token: "{PASSWORD}" }}'
    with running(NatsServer(tmp_path, config, login={"token": PASSWORD})) as server:
        await server.stream()
        async with channel(configured(server.port, token={"env": "PASSWORD"})) as wire:
            assert await wire.send(STORY, KEY)


# --- .creds: a token signed by an account, which an operator signed (https://docs.nats.io/.../jwt) ---

OPERATOR, ACCOUNT, USER = 14 << 3, 0, 20 << 3


class Signer:
    """A key pair with its NATS names."""

    def __init__(self, kind: int) -> None:
        self.seed = nkeys.encode_seed(os.urandom(32), kind)
        self.name = nkeys.from_seed(bytearray(self.seed)).public_key.decode()

    def token(self, subject: str, kind: str, **claims: Any) -> str:
        """https://github.com/nats-io/jwt: `subject` is what it says it is, by this signer's word."""
        body: dict[str, Any] = {"iss": self.name, "sub": subject, "name": kind, "iat": 1_700_000_000}
        body["nats"] = {"type": kind, "version": 2} | claims
        body["jti"] = base64.b32encode(sha256(json.dumps(body).encode()).digest()).decode().strip("=")
        parts = [_url64(json.dumps(p).encode()) for p in ({"typ": "JWT", "alg": "ed25519-nkey"}, body)]
        signed = nkeys.from_seed(bytearray(self.seed)).sign(".".join(parts).encode())
        return ".".join((*parts, _url64(signed)))


def _url64(content: bytes) -> str:
    return base64.urlsafe_b64encode(content).decode().rstrip("=")


def creds_file(account: Signer, user: Signer) -> str:
    jwt = account.token(user.name, "user", subs=-1, data=-1, payload=-1)
    return (
        f"-----BEGIN NATS USER JWT-----\n{jwt}\n------END NATS USER JWT------\n\n"
        "************************* IMPORTANT *************************\n\n"
        f"-----BEGIN USER NKEY SEED-----\n{user.seed.decode()}\n------END USER NKEY SEED------\n\n***\n"
    )


async def test_creds_are_a_login(tmp_path: Path) -> None:
    operator, system, account = Signer(OPERATOR), Signer(ACCOUNT), Signer(ACCOUNT)
    none = {"subs": -1, "data": -1, "payload": -1, "imports": -1, "exports": -1, "wildcards": True}
    none |= {"conn": -1, "leaf": -1}
    store = {"mem_storage": -1, "disk_storage": -1, "streams": -1, "consumer": -1}
    config = (
        f"operator: {operator.token(operator.name, 'operator', system_account=system.name)}\n"
        f"system_account: {system.name}\nresolver: MEMORY\nresolver_preload {{\n"
        f"{system.name}: {operator.token(system.name, 'account', limits=none)}\n"
        f"{account.name}: {operator.token(account.name, 'account', limits=none | store)}\n}}"
    )
    good, stranger = tmp_path / "wire.creds", tmp_path / "stranger.creds"
    good.write_text(creds_file(account, Signer(USER)))
    stranger.write_text(creds_file(Signer(ACCOUNT), Signer(USER)))
    with running(NatsServer(tmp_path, config, login={"user_credentials": str(good)})) as server:
        await server.stream()
        async with channel(configured(server.port, creds={"file": str(good)})) as wire:
            assert await wire.send(STORY, KEY)
        async with channel(configured(server.port, creds={"file": str(stranger)})) as wire:
            await fails(Denied, "does not let us in", wire.send(STORY, KEY))


def under_tls(certificate: Path, more: str = "") -> str:
    pair = f'cert_file: "{certificate / "cert.pem"}", key_file: "{certificate / "key.pem"}"'
    return f"tls {{ {pair} {more} }}"


async def test_tls_is_verified(tmp_path: Path, certificate: Path) -> None:
    with running(NatsServer(tmp_path, under_tls(certificate))) as server:
        told = configured(servers=f"tls://127.0.0.1:{server.port}")
        async with channel(told) as wire:
            for attempt in (wire.send(STORY, KEY), wire.check()):
                await fails(Denied, "127.0.0.1 has a bad certificate", attempt)
        async with channel(told | {"ca": certificate / "cert.pem"}) as wire:
            await fails(Denied, "no stream", wire.send(STORY, KEY))


async def test_nothing_is_said_in_the_open_where_tls_was_asked_for(guarded: NatsServer) -> None:
    """Whoever sits between can take out the server's wish for TLS; the password must not follow."""
    async with channel(configured(servers=f"tls://127.0.0.1:{guarded.port}", **WIRE)) as wire:
        await fails(Denied, "127.0.0.1 offers no TLS", wire.send(STORY, KEY))


async def test_a_server_that_wants_our_certificate_says_so(tmp_path: Path, certificate: Path) -> None:
    ca = certificate / "cert.pem"
    config = under_tls(certificate, f', ca_file: "{ca}", verify: true')
    with running(NatsServer(tmp_path, config)) as server:
        told = configured(servers=f"tls://127.0.0.1:{server.port}", ca=ca)
        async with channel(told) as wire:
            await fails(Denied, "ended TLS: .*certificate", wire.send(STORY, KEY))


async def test_a_private_address_is_kept_away_from(server: NatsServer) -> None:
    told = configured(servers=f"tls://127.0.0.1:{server.port}", allow_private=False)
    async with channel(told) as wire:
        for attempt in (wire.send(STORY, KEY), wire.check()):
            await fails(Denied, "private address; allow_private", attempt)


async def speaker(said: bytes, heard: list[bytes]) -> asyncio.Server:
    """Says one thing to each who comes, and hears what they say."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(said)
        with suppress(OSError, asyncio.IncompleteReadError):
            heard.append(await reader.readuntil(b"PING\r\n"))
            writer.write(f"-ERR 'no {PASSWORD} here, authorization'\r\n".encode())
            await reader.read()
        writer.close()

    return await asyncio.start_server(serve, "127.0.0.1", 0)


@pytest.mark.parametrize(
    ("said", "error", "told"),
    [
        (b"SSH-2.0-OpenSSH_9.2\r\n", Unavailable, "no login"),
        (b"INFO {nonsense\r\n", Unavailable, "no login"),
        (b"INFO " + b"x" * 200_000, Denied, "does not speak NATS"),
        (b'INFO {"auth_required": true}\r\n', Denied, "does not let us in: no … here"),
    ],
)
async def test_a_server_that_is_none_is_told_without_our_secrets(
    said: bytes, error: type[ChannelError], told: str
) -> None:
    heard: list[bytes] = []
    async with await speaker(said, heard) as other:
        port = other.sockets[0].getsockname()[1]
        async with channel(configured(port, timeout="2s", **WIRE)) as wire:
            await fails(error, told, wire.send(STORY, KEY))


async def test_a_server_that_hangs_up_during_the_login_is_unavailable() -> None:
    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"INFO {}\r\n")
        await reader.readline()
        writer.close()

    async with await asyncio.start_server(serve, "127.0.0.1", 0) as other:
        port = other.sockets[0].getsockname()[1]
        async with channel(configured(port, timeout="2s")) as wire:
            assert (await fails(Unavailable, "127.0.0.1", wire.send(STORY, KEY))).blip


async def test_a_check_says_which_stream_takes_it_and_leaves_nothing(server: NatsServer) -> None:
    await server.stream("MORE", subjects=["wire.ru"])
    for told, streams, subjects in [
        ({}, "WIRE", r"science.*"),
        ({"languages": ["ru", "zh-Hans"]}, "WIRE", "science.ru science.zh-Hans"),
        ({"subject": "science.{slug}-{language}.a", "languages": ["ru"]}, "WIRE", "science.*.a"),
        ({"subject": "wire.{language}", "languages": ["ru"]}, "MORE", "wire.ru"),
    ]:
        async with channel(configured(server.port, **told)) as wire:
            assert await wire.check() == f"{streams} on 127.0.0.1 takes {subjects}"
    async with channel(configured(server.port, subject="wire.{language}", languages=["ru", "en"])) as wire:
        await fails(Denied, "no stream", wire.check())
    assert not await server.messages()


@pytest.mark.parametrize(
    ("more", "told"),
    [
        ({"servers": []}, "at least 1"),
        ({"servers": "http://127.0.0.1"}, "'nats' or 'tls'"),
        ({"servers": "tls://me:pw@nats.example.org"}, "a login in it too"),
        ({"servers": "tls://nats.example.org/path"}, "perhaps a port"),
        ({"servers": "nats://nats.example.org", "allow_private": False}, "use tls://"),
        ({"subject": "science.{language"}, "a brace begins"),
        ({"subject": "science.{title}"}, "no placeholder {title}; there are: {language}, {slug}"),
        ({"subject": "science.{language!r}"}, "no placeholder"),
        ({"subject": "science.>"}, "words with dots"),
        ({"subject": "science.*.{language}"}, "words with dots"),
        ({"subject": "science..{language}"}, "words with dots"),
        ({"subject": "science wire.{language}"}, "words with dots"),
        ({"subject": ".{language}"}, "words with dots"),
        ({"subject": ""}, "words with dots"),
        ({"subject": "$SYS.{language}"}, "NATS's own"),
        ({"subject": "$JS.API.STREAM.DELETE.{slug}"}, "NATS's own"),
        ({"stream": "A.B"}, "should match pattern"),
        ({"inbox": "_INBOX.>"}, "should match pattern"),
        ({"user": "me"}, "user goes with password"),
        ({"password": {"env": "PASSWORD"}}, "user goes with password"),
        (WIRE | {"token": {"env": "PASSWORD"}}, "one way to log in"),
        ({"token": PASSWORD}, "a secret is not written here"),
        ({"creds": {"env": "PASSWORD"}}, "not a .creds file"),
        ({"client_key": __file__}, "client_key goes with client_cert"),
        ({"format": "docx"}, "ninjs"),
        ({"sbject": "a"}, "Extra inputs"),
    ],
)
def test_a_setting_that_cannot_work_is_told_with_its_mend(more: dict[str, Any], told: str) -> None:
    with pytest.raises(ValidationError) as raised:
        Nats.Settings.model_validate(configured(9, **more))
    assert told in str(raised.value)
    assert PASSWORD not in str(raised.value)


@given(TEXTS)
def test_no_value_gets_out_of_its_token(value: str) -> None:
    assert TOKEN.fullmatch(token(value))
    assert not value or token(value) == token(value)


def test_without_its_library_the_kind_names_what_installs_it() -> None:
    code = (
        "import sys; sys.modules['nats'] = None\n"
        "from channels import registry\n"
        "try: registry.load('nats')\n"
        "except registry.BrokenKind as e: print(e)"
    )
    told = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True).stdout
    assert "pip install 'distributor[nats]'" in told


def test_values_that_look_alike_stay_apart() -> None:
    values = ("a.b", "a-b", "a.b.", "a>b", "a*b", "a b", "")
    assert len({token(value) for value in values}) == len(values)
