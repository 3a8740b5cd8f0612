from __future__ import annotations

import base64
import gzip
import hashlib
import hmac
import json
import ssl
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from aiohttp import web
from channel_stories import HOSTILE, STORY, in_language, story
from pydantic import ValidationError
from receivers import HttpReceiver, hang, hang_up, http_receiver
from standardwebhooks import Webhook as Verifier
from standardwebhooks import WebhookVerificationError

import channels.no_answer
from channels.channel import Denied, Gone, Refused, Unavailable
from channels.formats import ninjs
from channels.signing import signing_key
from channels.story import IdempotencyKey
from channels.webhook import Webhook

NEW = "whsec_" + base64.b64encode(b"n" * 32).decode()
OLD = "whsec_" + base64.b64encode(b"o" * 24).decode()
KEY = IdempotencyKey("d-1")


def configured(monkeypatch: pytest.MonkeyPatch, url: str, **more: Any) -> Webhook.Settings:
    monkeypatch.setenv("NEW", NEW)
    monkeypatch.setenv("OLD", OLD)
    given = {
        "type": "webhook",
        "url": url,
        "secrets": [{"env": "NEW"}, {"env": "OLD"}],
        "allow_private": True,
    }
    return Webhook.Settings.model_validate(given | more)


@pytest.fixture
async def webhook(receiver: HttpReceiver, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Webhook]:
    async with Webhook(configured(monkeypatch, receiver.url)) as opened:
        yield opened


async def test_the_body_is_the_story_as_ninjs(webhook: Webhook, receiver: HttpReceiver) -> None:
    receipt = await webhook.send(STORY, KEY)
    assert receipt.answer == "HTTP 204"
    (arrived,) = receiver.got
    assert (arrived.method, arrived.path) == ("POST", "/hook")
    assert arrived.headers["Content-Type"] == "application/json"
    assert arrived.body == ninjs.encode(STORY)


@pytest.mark.parametrize("secret", [NEW, OLD])
async def test_a_receiver_that_knows_either_secret_can_verify(
    webhook: Webhook, receiver: HttpReceiver, secret: str
) -> None:
    await webhook.send(in_language("ja"), KEY)
    arrived = receiver.got[0]
    headers = dict(arrived.headers)
    assert Verifier(secret).verify(arrived.body, headers) == json.loads(arrived.body)
    with pytest.raises(WebhookVerificationError):
        Verifier(secret).verify(arrived.body + b" ", headers)
    with pytest.raises(WebhookVerificationError):
        Verifier(base64.b64encode(b"x" * 32).decode()).verify(arrived.body, headers)


async def test_each_attempt_is_signed_at_its_time_under_the_same_id(
    receiver: HttpReceiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    times = iter(datetime(2021, 12, 21, 8, 0, second, 999_999, tzinfo=UTC) for second in range(2))
    async with Webhook(configured(monkeypatch, receiver.url), clock=lambda: next(times)) as webhook:
        await webhook.send(STORY, KEY)
        await webhook.send(STORY, KEY)
    first, second = receiver.got
    assert first.headers["webhook-id"] == second.headers["webhook-id"] == "d-1"
    assert (first.headers["webhook-timestamp"], second.headers["webhook-timestamp"]) == (
        "1640073600",
        "1640073601",
    )
    content = b"d-1.1640073601." + second.body
    by_hand = [
        base64.b64encode(hmac.new(k, content, hashlib.sha256).digest()) for k in (b"n" * 32, b"o" * 24)
    ]
    assert second.headers["webhook-signature"] == " ".join(f"v1,{s.decode()}" for s in by_hand)
    assert first.headers["webhook-signature"] != second.headers["webhook-signature"]


@pytest.mark.parametrize(
    ("status", "headers", "error", "retry_after"),
    [
        pytest.param(503, {"Retry-After": "120"}, Unavailable, timedelta(minutes=2), id="busy"),
        pytest.param(500, {}, Unavailable, None, id="broken"),
        pytest.param(429, {"Retry-After": "x"}, Unavailable, None, id="too many"),
        pytest.param(422, {}, Refused, None, id="unprocessable"),
        pytest.param(401, {}, Denied, None, id="wrong secret"),
        pytest.param(410, {}, Gone, None, id="gone"),
    ],
)
async def test_what_the_receiver_says_is_what_is_raised(
    webhook: Webhook,
    receiver: HttpReceiver,
    status: int,
    headers: dict[str, str],
    error: type[Exception],
    retry_after: timedelta | None,
) -> None:
    receiver.answers = [web.Response(status=status, headers=headers, text="why\x1b[0m\nnot")]
    with pytest.raises(error, match=rf"^HTTP {status} why \[0m not$") as raised:
        await webhook.send(STORY, KEY)
    assert raised.type is error
    assert getattr(raised.value, "retry_after", None) == retry_after


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
async def test_a_redirect_is_not_followed(webhook: Webhook, receiver: HttpReceiver, status: int) -> None:
    receiver.answers = [web.Response(status=status, headers={"Location": "/elsewhere"})]
    with pytest.raises(Denied):
        await webhook.send(STORY, KEY)
    assert [arrived.path for arrived in receiver.got] == ["/hook"]


@pytest.mark.parametrize(
    ("location", "url"),
    [
        ("/items/7", "{origin}/items/7"),
        ("https://e.org/7", "https://e.org/7"),
        ("javascript:alert(1)", ""),
        ("https://[", ""),
        ("/" + "x" * 4000, ""),
    ],
)
async def test_where_the_item_stands_is_kept(
    webhook: Webhook, receiver: HttpReceiver, location: str, url: str
) -> None:
    receiver.answers = [web.Response(status=201, headers={"Location": location})]
    receipt = await webhook.send(STORY, KEY)
    assert receipt.url == url.format(origin=receiver.url.removesuffix("/hook"))


async def test_a_refused_connection_is_a_blip(nobody: int, monkeypatch: pytest.MonkeyPatch) -> None:
    async with Webhook(configured(monkeypatch, f"http://127.0.0.1:{nobody}/?token=t0p")) as webhook:
        with pytest.raises(Unavailable) as raised:
            await webhook.send(STORY, KEY)
    assert raised.value.blip
    assert not raised.value.unknown
    assert "t0p" not in str(raised.value)


@pytest.mark.parametrize("answer", [hang, hang_up])
async def test_silence_after_the_body_is_unknown(
    receiver: HttpReceiver, monkeypatch: pytest.MonkeyPatch, answer: Any
) -> None:
    receiver.answers = [answer]
    settings = configured(monkeypatch, receiver.url + "?token=t0p", timeout=0.3)
    async with Webhook(settings) as webhook:
        with pytest.raises(Unavailable, match="no answer") as raised:
            await webhook.send(STORY, KEY)
    assert raised.value.unknown
    assert not raised.value.blip
    assert "t0p" not in str(raised.value)
    assert len(receiver.got) == 1


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "[::1]", "[::ffff:127.0.0.1]"])
async def test_a_private_address_is_denied_before_anything_is_sent(
    receiver: HttpReceiver, monkeypatch: pytest.MonkeyPatch, host: str
) -> None:
    url = receiver.url.replace("127.0.0.1", host)
    async with Webhook(configured(monkeypatch, url, allow_private=False)) as webhook:
        with pytest.raises(Denied, match="allow_private = true"):
            await webhook.send(STORY, KEY)
    assert not receiver.connections


async def test_a_name_that_does_not_resolve_may_do_so_later(monkeypatch: pytest.MonkeyPatch) -> None:
    async with Webhook(configured(monkeypatch, "http://nobody.invalid/")) as webhook:
        with pytest.raises(Unavailable, match=r"nobody\.invalid cannot be resolved"):
            await webhook.send(STORY, KEY)


async def test_a_bad_certificate_is_denied(tls: ssl.SSLContext, monkeypatch: pytest.MonkeyPatch) -> None:
    async with http_receiver(tls) as receiver:
        async with Webhook(configured(monkeypatch, receiver.url)) as webhook:
            with pytest.raises(Denied, match="bad certificate"):
                await webhook.send(STORY, KEY)
        assert not receiver.got


async def test_a_server_that_speaks_no_tls_is_denied(
    receiver: HttpReceiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with Webhook(configured(monkeypatch, receiver.url.replace("http:", "https:"))) as webhook:
        with pytest.raises(Denied, match="no TLS"):
            await webhook.send(STORY, KEY)


async def test_an_answer_without_end_is_read_only_at_its_start(
    webhook: Webhook, receiver: HttpReceiver
) -> None:
    async def endless(request: web.Request) -> web.StreamResponse:
        stream = web.StreamResponse(status=500)
        await stream.prepare(request)
        while True:
            await stream.write(b"x" * 65536)

    receiver.answers = [endless]
    with pytest.raises(Unavailable, match=r"^HTTP 500 x{1,200}…$"):
        await webhook.send(STORY, KEY)


async def test_an_answer_is_not_unpacked(webhook: Webhook, receiver: HttpReceiver) -> None:
    bomb = gzip.compress(b"0" * 1_000_000)
    receiver.answers = [web.Response(status=500, body=bomb, headers={"Content-Encoding": "gzip"})]
    with pytest.raises(Unavailable, match=r"^HTTP 500") as raised:
        await webhook.send(STORY, KEY)
    assert "000" not in str(raised.value).removeprefix("HTTP 500")
    assert receiver.got[0].headers["Accept-Encoding"] == "identity"


async def test_an_accepted_story_is_delivered_though_the_rest_of_the_answer_never_comes(
    webhook: Webhook, receiver: HttpReceiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def half(request: web.Request) -> web.StreamResponse:
        stream = web.StreamResponse(status=200)
        await stream.prepare(request)
        await stream.write(b"thank")
        return await hang(request)

    monkeypatch.setattr(channels.no_answer, "PATIENCE", 0.05)
    receiver.answers = [half]
    assert (await webhook.send(STORY, KEY)).answer == "HTTP 200 thank"


async def test_one_connection_serves_many_stories(webhook: Webhook, receiver: HttpReceiver) -> None:
    receiver.answers = [web.Response(text="ok") for _ in range(5)]
    for n in range(5):
        await webhook.send(STORY, IdempotencyKey(f"d-{n}"))
    assert (len(receiver.got), len(receiver.connections)) == (5, 1)


async def test_members_that_read_the_same_rendition_share_its_bytes(webhook: Webhook) -> None:
    before = channels.webhook.encode.cache_info().hits
    given = story(headline="new to the cache")
    await webhook.send(given, KEY)
    await webhook.send(story(headline="new to the cache"), IdempotencyKey("d-2"))
    assert channels.webhook.encode.cache_info().hits == before + 1


async def test_text_that_utf_8_cannot_carry_is_refused(webhook: Webhook, receiver: HttpReceiver) -> None:
    with pytest.raises(Refused, match="UTF-8"):
        await webhook.send(HOSTILE["lone surrogate"], KEY)
    assert not receiver.got


async def test_headers_of_the_settings_are_sent_along(
    receiver: HttpReceiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TOKEN", "Bearer t0p")
    more = {"headers": {"X-Desk": "science", "authorization": {"env": "TOKEN"}, "user-agent": "wire"}}
    settings = configured(monkeypatch, receiver.url, **more)
    async with Webhook(settings) as webhook:
        await webhook.send(STORY, KEY)
    headers = receiver.got[0].headers
    assert (headers["X-Desk"], headers["Authorization"]) == ("science", "Bearer t0p")
    assert headers.getall("User-Agent") == ["wire"]
    assert "t0p" not in repr(settings)


@pytest.mark.parametrize(
    ("status", "error"),
    [(404, Denied), (301, Denied), (308, Denied), (410, Gone), (500, Unavailable), (503, Unavailable)],
)
async def test_a_check_finds_out_that_nobody_is_there(
    webhook: Webhook, receiver: HttpReceiver, status: int, error: type[Exception]
) -> None:
    receiver.answers = [web.Response(status=status)]
    with pytest.raises(error):
        await webhook.check()


@pytest.mark.parametrize("status", [200, 204, 302, 400, 401, 403, 405, 501])
async def test_a_check_is_content_with_any_other_answer_and_leaves_nothing(
    webhook: Webhook, receiver: HttpReceiver, status: int
) -> None:
    receiver.answers = [web.Response(status=status)]
    assert await webhook.check() == f"HTTP {status} from 127.0.0.1"
    assert [(arrived.method, arrived.body) for arrived in receiver.got] == [("HEAD", b"")]


@pytest.mark.parametrize(
    ("more", "says"),
    [
        ({"secrets": []}, "at least 1"),
        ({"url": "ftp://e.org/"}, "scheme"),
        ({"url": "https://me:pw@e.org/"}, "headers.Authorization"),
        ({"headers": {"Webhook-Id": "x"}}, "set by the channel"),
        ({"headers": {"content-type": "x"}}, "set by the channel"),
        ({"headers": {"a b": "x"}}, "cannot be the name"),
        ({"headers": {"a": "x\r\nb: c"}}, "control character"),
    ],
)
def test_settings_that_cannot_work_are_refused(
    monkeypatch: pytest.MonkeyPatch, more: dict[str, Any], says: str
) -> None:
    with pytest.raises(ValidationError, match=says):
        configured(monkeypatch, **{"url": "https://e.org/"} | more)


@pytest.mark.parametrize("secret", ["whsec_c2hvcnQ=", "whsec_*not*base64*", "x" * 200, "whsec_ключ"])
def test_a_secret_that_cannot_sign_is_refused_at_once_and_not_shown(
    monkeypatch: pytest.MonkeyPatch, secret: str
) -> None:
    monkeypatch.setenv("BAD", secret)
    with pytest.raises(ValidationError, match="signing secret") as raised:
        configured(monkeypatch, "https://e.org/", secrets=[{"env": "BAD"}])
    assert secret.removeprefix("whsec_")[:6] not in str(raised.value)


def test_a_secret_may_come_without_its_prefix_and_padding() -> None:
    assert signing_key("bm5ubm5ubm5ubm5ubm5ubm5ubm5ubm5ubm5ubm5ubm4") == b"n" * 32
