from __future__ import annotations

import asyncio
import json
import logging
import os
import subprocess
import sys
from collections.abc import AsyncIterator
from typing import Any

import pytest
from aiohttp import web
from channel_stories import HOSTILE, STORY, in_language, story
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError
from receivers import HttpReceiver, hang, hang_up

import channels.social.channel
import channels.social.process
from channels.channel import Denied, Gone, Refused, Unavailable
from channels.social import Social
from channels.social.process import pool
from channels.social.service import limits, service
from channels.social.text import GAP, Limits, compose, cut, utf8, utf16, weighted
from channels.social.worker import CODE
from channels.story import IdempotencyKey, Media, Story

KEY = IdempotencyKey("d-1")
FIRST = story(version=1)
PNG = b"\x89PNG\r\n\x1a\n" + bytes(40)

SERVICES = {
    "telegram": "tgram://123456789:abcdefg_hijklmnop/12315544",
    "slack": "slack://T1JJ3T3L2/A1BRTD4JD/TIiajkdnlazkcOXrIdevi7FQ/#news",
    "mastodon": "mastodons://access_key@social.example",
    "matrix": "matrixs://user:pass@matrix.example/#room",
    "wecombot": "wecombot://64a2b2a5-c1d2-4c3d-8e4f-9a0b1c2d3e4f",
    "line": "line://longtoken/U1234567890",
    "bluesky": "bluesky://handle.example@app-password",
    "discord": "discord://123456789012345678/abcdefghijklmnopqrstuvwxyz",
    "x": "x://ck/cs/ak/as?mode=tweet",
    "ntfy": "ntfys://topic",
}


def settings_for(url: str, monkeypatch: pytest.MonkeyPatch, **more: Any) -> Social.Settings:
    monkeypatch.setenv("SERVICE", url)
    named = {
        "type": "social",
        "url": {"env": "SERVICE"},
        "allow_private": True,
        "picture_allow_private": True,
    }
    return Social.Settings.model_validate(named | more)


def address(receiver: HttpReceiver, kind: str = "json") -> str:
    return receiver.url.replace("http:", f"{kind}:").replace("/hook", "/t0psecret")


@pytest.fixture
async def social(receiver: HttpReceiver, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Social]:
    async with Social(settings_for(address(receiver), monkeypatch)) as opened:
        yield opened


async def test_a_story_is_posted_once(social: Social, receiver: HttpReceiver) -> None:
    receipt = await social.send(FIRST, KEY)
    assert receipt.answer == "JSON: posted"
    (arrived,) = receiver.got
    told = json.loads(arrived.body)
    assert told["title"] == FIRST.headline
    assert told["message"].replace("\r", "") == GAP.join(
        (FIRST.summary, "Этот текст переведён машиной.", FIRST.url)
    )
    assert told["attachments"] == []


async def test_what_is_remembered_has_its_bounds(
    social: Social, receiver: HttpReceiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(channels.social.channel, "REMEMBERED", 2)
    for n in (1, 2, 3, 3, 2, 1):
        await social.send(FIRST, IdempotencyKey(f"d-{n}"))
    assert len(receiver.got) == 4
    assert set(social.posted) == {"d-3", "d-1"}


async def test_a_form_is_posted_too(receiver: HttpReceiver, monkeypatch: pytest.MonkeyPatch) -> None:
    async with Social(settings_for(address(receiver, "form"), monkeypatch)) as social:
        await social.send(FIRST, KEY)
    assert b"message=" in receiver.got[0].body


@pytest.mark.parametrize(
    ("status", "error"),
    [
        (401, Denied),
        (403, Denied),
        (404, Denied),
        (302, Denied),
        (410, Gone),
        (400, Refused),
        (413, Refused),
        (429, Unavailable),
        (500, Unavailable),
        (503, Unavailable),
    ],
)
async def test_what_the_service_says_is_what_is_raised(
    social: Social, receiver: HttpReceiver, status: int, error: type[Exception]
) -> None:
    receiver.answers = [web.Response(status=status, text="why", headers={"Location": "/elsewhere"})]
    with pytest.raises(error, match=rf"^HTTP {status} .* from JSON$") as raised:
        await social.send(FIRST, KEY)
    assert raised.type is error
    assert len(receiver.got) == 1
    assert getattr(raised.value, "slow_down", False) is (status == 429)
    assert getattr(raised.value, "unknown", False) is False


async def test_nobody_there_is_a_blip(nobody: int, monkeypatch: pytest.MonkeyPatch) -> None:
    async with Social(settings_for(f"json://127.0.0.1:{nobody}/t0psecret", monkeypatch)) as social:
        with pytest.raises(Unavailable, match="no connection to JSON") as raised:
            await social.send(FIRST, KEY)
        with pytest.raises(Unavailable):
            await social.check()
    assert raised.value.blip
    assert not raised.value.unknown


@pytest.mark.parametrize("answer", [hang, hang_up])
async def test_silence_after_the_post_is_unknown(
    receiver: HttpReceiver, monkeypatch: pytest.MonkeyPatch, answer: Any
) -> None:
    receiver.answers = [answer]
    async with Social(settings_for(address(receiver), monkeypatch, timeout=6)) as social:
        with pytest.raises(Unavailable, match="no answer from JSON") as raised:
            await social.send(FIRST, KEY)
        assert (raised.value.unknown, raised.value.blip) == (True, False)
        assert len(receiver.got) == 1
        await social.send(FIRST, KEY)  # the process that waited goes on
    assert len(receiver.got) == 2


async def test_a_service_that_trickles_is_given_up(
    receiver: HttpReceiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def trickle(request: web.Request) -> web.StreamResponse:
        stream = web.StreamResponse()
        await stream.prepare(request)
        while True:
            await stream.write(b"x")
            await asyncio.sleep(0.1)

    receiver.answers = [trickle]
    async with Social(settings_for(address(receiver), monkeypatch, timeout=5)) as social:
        await social.check()
        with pytest.raises(Unavailable, match="no answer in time") as raised:
            await social.send(FIRST, KEY)
        assert raised.value.unknown
        assert not pool().idle
        assert (await social.send(FIRST, KEY)).answer == "JSON: posted"


async def test_an_attempt_that_is_cancelled_leaves_no_process(social: Social, receiver: HttpReceiver) -> None:
    receiver.answers = [hang]
    attempt = asyncio.create_task(social.send(FIRST, KEY))
    while not receiver.got:
        await asyncio.sleep(0.02)
    attempt.cancel()
    with pytest.raises(asyncio.CancelledError):
        await attempt
    assert not pool().idle
    await social.send(FIRST, KEY)
    assert len(pool().idle) == 1


async def test_the_loop_goes_on_meanwhile(social: Social, receiver: HttpReceiver) -> None:
    beats = 0

    async def beat() -> None:
        nonlocal beats
        while True:
            beats += 1
            await asyncio.sleep(0.01)

    async def late(request: web.Request) -> web.StreamResponse:
        await asyncio.sleep(0.5)
        return web.Response()

    receiver.answers = [late]
    beating = asyncio.create_task(beat())
    await social.send(FIRST, KEY)
    beating.cancel()
    assert beats > 20


async def test_in_the_queue_for_a_process_nothing_was_sent(
    receiver: HttpReceiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(channels.social.process, "MOST", 1)
    receiver.answers = [hang]
    patient, hasty = (settings_for(address(receiver), monkeypatch, timeout=timeout) for timeout in (6, 0.5))
    async with Social(patient) as social, Social(hasty) as second:
        first = asyncio.create_task(social.send(FIRST, KEY))
        while not receiver.got:
            await asyncio.sleep(0.02)
        with pytest.raises(Unavailable) as raised:
            await second.send(FIRST, KEY)
        assert not raised.value.unknown
        with pytest.raises(Unavailable):
            await first
    assert len(receiver.got) == 1


async def test_one_process_serves_many_stories_and_ends_with_the_last_channel(
    receiver: HttpReceiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with Social(settings_for(address(receiver), monkeypatch)) as social:
        for n in range(4):
            await social.send(FIRST, IdempotencyKey(f"d-{n}"))
        (process,) = pool().idle
    assert process.returncode is not None
    assert len(receiver.got) == 4


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "[::1]"])
async def test_a_private_address_is_denied_before_anything_is_sent(
    receiver: HttpReceiver, monkeypatch: pytest.MonkeyPatch, host: str
) -> None:
    url = address(receiver).replace("127.0.0.1", host)
    async with Social(settings_for(url, monkeypatch, allow_private=False)) as social:
        with pytest.raises(Denied, match="allow_private = true"):
            await social.send(FIRST, KEY)
        with pytest.raises(Denied, match="allow_private = true"):
            await social.check()
    assert not receiver.connections


@pytest.mark.parametrize(
    "attempt",
    [
        "socket.create_connection(('127.0.0.1', 9))",
        "socket.socket().connect(('localhost', 9))",
        "socket.socket().connect_ex(('10.0.0.1', 9))",
        "socket.socket(socket.AF_INET6).connect(('::ffff:169.254.169.254', 80))",
        "socket.socket(type=socket.SOCK_DGRAM).sendto(b'x', ('192.168.0.1', 514))",
        "socket.socket(type=socket.SOCK_DGRAM).sendmsg([b'x'], [], 0, ('127.0.0.1', 514))",
        "socket.socket(socket.AF_UNIX).connect('/run/docker.sock')",
    ],
)
async def test_no_library_gets_around_the_watch(attempt: str) -> None:
    code = (
        "import socket\nfrom channels.social.worker import PrivateAddress, Watch\nwatch = Watch()\n"
        f"try:\n    {attempt}\nexcept PrivateAddress:\n    raise SystemExit(0 if watch.kept_away else 2)\n"
        "raise SystemExit(1)"
    )
    done = await asyncio.to_thread(
        subprocess.run, [sys.executable, "-c", code], capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr


async def test_a_guarded_post_after_an_open_one_is_guarded(
    receiver: HttpReceiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with Social(settings_for(address(receiver), monkeypatch)) as free:
        await free.send(FIRST, KEY)
        async with Social(settings_for(address(receiver), monkeypatch, allow_private=False)) as guarded:
            with pytest.raises(Denied):
                await guarded.send(FIRST, KEY)
        assert len(pool().idle) == 1
    assert len(receiver.got) == 1


async def test_corrections_and_withdrawals_are_posted_only_where_wanted(
    receiver: HttpReceiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    changes = story(version=2), story(version=3, pub_status="canceled")
    async with Social(settings_for(address(receiver), monkeypatch)) as social:
        told = [(await social.send(change, KEY)).answer for change in changes]
    assert [answer.split(";")[0] for answer in told] == [
        "JSON: correction not posted",
        "JSON: withdrawal not posted",
    ]
    assert not receiver.got
    async with Social(settings_for(address(receiver), monkeypatch, corrections=True)) as social:
        for change in changes:
            await social.send(change, IdempotencyKey(f"d-{change.version}"))
    titles = [json.loads(arrived.body)["title"] for arrived in receiver.got]
    assert titles == [f"Исправление: {STORY.headline}", f"Материал отозван: {STORY.headline}"]
    assert STORY.summary not in json.loads(receiver.got[1].body)["message"]


async def test_a_picture_is_attached_by_choice(
    receiver: HttpReceiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    receiver.answers = [web.Response(body=PNG)]
    given = story(version=1, media=(Media(url=f"{receiver.url}/a.png"),))
    async with Social(settings_for(address(receiver), monkeypatch, picture=True)) as social:
        receipt = await social.send(given, KEY)
    assert receipt.answer == "JSON: posted with its picture"
    (attached,) = json.loads(receiver.got[1].body)["attachments"]
    assert attached["mimetype"] == "image/png"
    assert attached["base64"].startswith("iVBORw0KGgo")


@pytest.mark.parametrize("answer", [web.Response(status=404), web.Response(text="<html>"), hang])
async def test_a_picture_that_cannot_be_had_does_not_stop_the_text(
    receiver: HttpReceiver, monkeypatch: pytest.MonkeyPatch, answer: Any
) -> None:
    receiver.answers = [answer]
    given = story(version=1, media=(Media(url=f"{receiver.url}/a.png"),))
    async with Social(settings_for(address(receiver), monkeypatch, picture=True, timeout=9)) as social:
        assert (await social.send(given, KEY)).answer == "JSON: posted"
    assert json.loads(receiver.got[1].body)["attachments"] == []


async def test_what_failed_with_a_picture_may_be_there_without_it(
    receiver: HttpReceiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    receiver.answers = [web.Response(body=PNG), web.Response(status=500)]
    given = story(version=1, media=(Media(url=f"{receiver.url}/a.png"),))
    async with Social(settings_for(address(receiver), monkeypatch, picture=True)) as social:
        with pytest.raises(Unavailable) as raised:
            await social.send(given, KEY)
    assert raised.value.unknown


@pytest.mark.parametrize("name", sorted(set(HOSTILE) - {"lone surrogate"}))
async def test_whatever_a_feed_says_is_posted(social: Social, receiver: HttpReceiver, name: str) -> None:
    given = HOSTILE[name]
    await social.send(Story(**{f: getattr(given, f) for f in given.__slots__} | {"version": 1}), KEY)
    assert len(receiver.got) == 1


async def test_text_that_utf_8_cannot_carry_is_refused(social: Social, receiver: HttpReceiver) -> None:
    with pytest.raises(Refused, match="UTF-8"):
        await social.send(story(version=1, headline="\ud800"), KEY)
    assert not receiver.got


@pytest.mark.parametrize("url", ["", "nothing", "json://", "unheard://host/token-t0p", "slack://t0p"])
def test_an_address_that_apprise_does_not_know_is_refused_and_not_shown(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, url: str
) -> None:
    with caplog.at_level(logging.DEBUG), pytest.raises(ValidationError) as raised:
        settings_for(url or " ", monkeypatch)
    assert "t0p" not in f"{raised.value} {caplog.text}"


@pytest.mark.parametrize(
    ("url", "says"),
    [
        ("slack://T1JJ3T3L2/A1BRTD4JD/TIiajkdnlazkcOXrIdevi7FQ/#a/#b", "several targets"),
        ("jsons://e.org/?verify=no", "verify=no"),
    ],
)
def test_addresses_that_cannot_be_kept_to_are_refused(
    monkeypatch: pytest.MonkeyPatch, url: str, says: str
) -> None:
    with pytest.raises(ValidationError, match=says):
        settings_for(url, monkeypatch)


def test_retries_of_apprises_own_are_off() -> None:
    found = service("json://127.0.0.1/?retry=3&optional=yes&redirect=yes")
    assert (found.retry, found.optional, found.redirects) == (0, False, False)


async def test_no_token_is_in_an_error_or_a_log(
    receiver: HttpReceiver, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    receiver.answers = [web.Response(status=500, text="t0psecret"), hang_up]
    settings = settings_for(address(receiver), monkeypatch)
    with caplog.at_level(logging.DEBUG):
        async with Social(settings) as social:
            for _ in range(2):
                with pytest.raises(Unavailable) as raised:
                    await social.send(FIRST, KEY)
                assert "t0psecret" not in f"{raised.value} {raised.value.__cause__!r}"
            told = await social.check()
    logged = [record.getMessage() for record in caplog.records if record.name != "aiohttp.access"]
    assert "t0psecret" not in f"{settings!r} {logged} {told}"


async def test_the_process_gets_none_of_our_secrets(
    social: Social, receiver: HttpReceiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9/")
    await social.send(FIRST, KEY)
    (process,) = pool().idle
    with open(f"/proc/{process.pid}/environ", encoding="utf-8") as file:  # noqa: ASYNC230
        told = file.read()
    assert "t0psecret" not in told
    assert "HTTP_PROXY" not in told


async def test_a_check_connects_where_there_is_a_host_and_posts_nothing(
    social: Social, receiver: HttpReceiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert await social.check() == "JSON: 127.0.0.1 answers; only a post can prove the rest"
    assert not receiver.got
    async with Social(settings_for(SERVICES["telegram"], monkeypatch)) as telegram:
        assert await telegram.check() == (
            "Telegram: its address is complete; only a post can prove that it is right"
        )


@pytest.mark.parametrize("language", ["en", "ru", "zh-Hans", "ja", "it", "ar"])
@pytest.mark.parametrize("name", sorted(SERVICES))
def test_a_long_story_fits_into_each_service_with_its_link(name: str, language: str) -> None:
    found = service(SERVICES[name])
    text = in_language(language).headline
    long = story(language=language, version=1, headline=f"{text} " * 8, summary=f"{text} " * 900)
    taken = limits(found, None)
    post = compose(long, taken)
    assert post.body.endswith(long.url)
    assert taken.measure(post.body) <= taken.body
    assert len(post.body) <= found.body_maxlen
    assert len(post.title) <= max(taken.title, 0)
    # Apprise itself cuts nothing of it off and sends it as one.
    pieces = found._apply_overflow(post.body, post.title, overflow="split")
    assert len(pieces) == 1


def test_a_server_that_takes_less_is_told() -> None:
    found = service(SERVICES["mastodon"])
    post = compose(story(summary="слово " * 400), limits(found, 200))
    assert len(post.body) <= 200
    assert post.body.endswith(STORY.url)


def test_a_text_is_cut_at_a_word() -> None:
    assert cut("one two three", 13, len, "en") == "one two three"
    assert cut("one two three", 12, len, "en") == "one two…"
    assert cut("one two three", 8, len, "en") == "one two…"
    assert cut("one, two three", 6, len, "en") == "one…"
    assert cut("incomprehensible", 5, len, "en") == "inco…"
    assert cut("科学メディア連合", 5, len, "ja") == "科学メデ…"
    assert cut("word", 0, len, "en") == ""


@pytest.mark.parametrize("letter", ["👩‍🔬", "👍🏽", "e\u0301", "❤\ufe0f"])
def test_what_is_one_letter_is_not_cut_apart(letter: str) -> None:
    for room in range(1, 20):
        kept = cut(letter * 9, room, utf16, "ja").removesuffix("…")
        assert kept == letter * (len(kept) // len(letter))


@pytest.mark.parametrize(
    ("measure", "text", "size"),
    [
        (utf16, "aя文👍", 5),
        (utf8, "aя文👍", 10),
        (weighted, "aя文👍", 6),
        (weighted, "…", 2),
        (weighted, "see http://e.org/", 27),
    ],
)
def test_services_count_in_their_own_ways(measure: Any, text: str, size: int) -> None:
    assert measure(text) == size


@given(
    st.text(max_size=300),
    st.text(max_size=300),
    st.integers(0, 200),
    st.integers(1, 400),
    st.sampled_from([utf16, utf8, weighted]),
    st.sampled_from(["en", "ja"]),
)
def test_whatever_is_told_fits(
    headline: str, summary: str, title: int, body: int, measure: Any, language: str
) -> None:
    told = story(headline=headline, summary=summary, language=language, version=1)
    post = compose(told, Limits(title, body, measure))
    assert measure(post.title) <= title
    assert measure(post.body) <= max(body, title)
    if measure(STORY.url) <= body:
        assert post.body.endswith(STORY.url)


async def test_apprise_missing_is_said_with_its_mend() -> None:
    code = "import sys; sys.modules['apprise'] = None; import channels.social"
    done = await asyncio.to_thread(
        subprocess.run,
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        env=os.environ | {"PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
    )
    assert done.returncode
    assert "pip install 'distributor[social]'" in done.stderr


def test_the_status_is_read_from_what_apprise_logs() -> None:
    assert CODE.search("Failed to send JSON POST notification: Unauthorized., error=401.")
    assert not CODE.search("error=invalid_auth")
