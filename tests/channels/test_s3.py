from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from channel_stories import HOSTILE, STORY, TEXTS, story
from drops import HANG, Bucket, breaking_line, s3_server
from hypothesis import given
from pydantic import ValidationError

from channels.channel import ChannelError, Denied, Gone, Refused, Unavailable
from channels.formats import html, ninjs
from channels.placing import place
from channels.s3 import S3
from channels.story import IdempotencyKey

KEY = IdempotencyKey("d-1")
NAME = "carbon-report.ru.json"
LARGE = story(body="<p>" + "длинно " * 80_000 + "</p>")


@pytest.fixture(autouse=True)
def _secrets(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SECRET_KEY", "secret")


@pytest.fixture
async def bucket(tmp_path: Path) -> AsyncIterator[Bucket]:
    async with s3_server(tmp_path) as running:
        yield running


def configured(port: int = 9, /, **more: Any) -> dict[str, Any]:
    return {
        "type": "s3",
        "endpoint": f"http://127.0.0.1:{port}",
        "bucket": "wire",
        "path_style": True,
        "access_key": "AKIAWIRE",
        "secret_key": {"env": "SECRET_KEY"},
        "allow_private": True,
    } | more


def channel(settings: dict[str, Any]) -> S3:
    return S3(S3.Settings.model_validate(settings))


@pytest.fixture
async def s3(bucket: Bucket) -> AsyncIterator[S3]:
    async with channel(configured(bucket.port, formats=["ninjs", "html"])) as opened:
        yield opened


async def test_each_format_is_an_object_and_the_receipt_says_where(s3: S3, bucket: Bucket) -> None:
    receipt = await s3.send(STORY, KEY)
    assert bucket.names() == {NAME, "carbon-report.ru.html"}
    assert bucket.bytes(NAME) == ninjs.encode(STORY)
    assert bucket.bytes("carbon-report.ru.html") == html.encode(STORY)
    assert receipt.answer == "HTTP 200"
    assert receipt.remote_id == NAME
    assert receipt.url == f"http://127.0.0.1:{bucket.port}/wire/{NAME}"
    types = [headers["content-type"] for _, _, headers in bucket.got]
    assert types == [ninjs.MEDIA_TYPE, "text/html; charset=utf-8"]


async def test_a_repeat_and_a_correction_take_the_same_place(s3: S3, bucket: Bucket) -> None:
    for version in (2, 2, 3):
        await s3.send(story(version=version), KEY)
    assert bucket.names() == {NAME, "carbon-report.ru.html"}
    assert json.loads(bucket.bytes(NAME))["version"] == "3"


async def test_a_withdrawn_story_is_an_item_that_says_so_and_no_page(s3: S3, bucket: Bucket) -> None:
    await s3.send(STORY, KEY)
    for _ in range(2):
        await s3.send(story(version=3, pub_status="canceled"), IdempotencyKey("d-2"))
    assert bucket.names() == {NAME}
    assert json.loads(bucket.bytes(NAME))["pubStatus"] == "canceled"


async def test_a_withdrawn_story_leaves_nothing_where_there_are_only_pages(bucket: Bucket) -> None:
    async with channel(configured(bucket.port, formats=["html"])) as s3:
        await s3.send(STORY, KEY)
        receipt = await s3.send(story(version=3, pub_status="canceled"), IdempotencyKey("d-2"))
    assert receipt.answer == "removed carbon-report.ru.html"
    assert not bucket.names()


@pytest.mark.parametrize(
    ("key", "name"),
    [
        ("wire/{language}/{date}/{slug}.{extension}", "wire/ru/2021-12-21/carbon-report.json"),
        ("{year}/{month}/{day}/{slug}_{language}_v{version}.json", "2021/12/21/carbon-report_ru_v2.json"),
        (
            "новости и 新闻/a+b & c=d~/{slug}({language}).json",
            "новости и 新闻/a+b & c=d~/carbon-report(ru).json",
        ),
    ],
)
async def test_a_key_is_as_its_template_says(bucket: Bucket, key: str, name: str) -> None:
    async with channel(configured(bucket.port, key=key)) as s3:
        await s3.send(STORY, KEY)
    assert bucket.names() == {name}


async def test_encryption_is_asked_for_and_signed(bucket: Bucket) -> None:
    told = {"encryption": "aws:kms", "kms_key": "arn:aws:kms:eu-west-1:1:key/2"}
    async with channel(configured(bucket.port, **told)) as s3:
        await s3.send(STORY, KEY)
    ((_, _, headers),) = bucket.got
    assert headers["x-amz-server-side-encryption"] == "aws:kms"
    assert headers["x-amz-server-side-encryption-aws-kms-key-id"] == told["kms_key"]
    assert "x-amz-server-side-encryption;" in headers["authorization"]
    assert len(headers["x-amz-content-sha256"]) == 64


async def test_the_bucket_stands_in_front_of_the_host_unless_said_otherwise(bucket: Bucket) -> None:
    """`wire.localhost` is this machine by RFC 6761 §6.3; who resolves it otherwise cannot tell."""
    s3 = channel(configured(bucket.port, path_style=False, endpoint="https://s3.example.org:9000/"))
    assert str(s3.url / "a") == "https://wire.s3.example.org:9000/a"
    s3 = channel(configured(path_style=False, endpoint=None, region="eu-south-2", allow_private=False))
    assert str(s3.url / "a") == "https://wire.s3.eu-south-2.amazonaws.com/a"


async def test_connections_are_used_again_and_many_go_at_once(s3: S3, bucket: Bucket) -> None:
    for n in range(5):
        await s3.send(story(slug=f"item-{n}"), KEY)
    assert len(set(bucket.connections)) == 1
    slugs = [f"more-{n}" for n in range(20)]
    await asyncio.gather(*(s3.send(story(slug=slug), IdempotencyKey(slug)) for slug in slugs))
    assert len(bucket.names()) == 50


@pytest.mark.parametrize(
    ("status", "code", "error"),
    [
        (503, "SlowDown", Unavailable),
        (500, "InternalError", Unavailable),
        (400, "RequestTimeout", Unavailable),
        (409, "OperationAborted", Unavailable),
        (403, "QuotaExceeded", Unavailable),
        (507, "XMinioStorageFull", Unavailable),
        (403, "AccessDenied", Denied),
        (403, "SignatureDoesNotMatch", Denied),
        (404, "NoSuchBucket", Denied),
        (400, "AuthorizationHeaderMalformed", Denied),
        (400, "KMS.NotFoundException", Denied),
        (301, "PermanentRedirect", Denied),
        (400, "EntityTooLarge", Refused),
        (400, "KeyTooLongError", Refused),
        (410, "Gone", Gone),
    ],
)
async def test_what_the_store_says_is_what_is_raised(
    s3: S3, bucket: Bucket, status: int, code: str, error: type[ChannelError]
) -> None:
    bucket.says = {"PUT": [(status, code)]}
    with pytest.raises(error, match=f"^HTTP {status} {code} said by the test$") as raised:
        await s3.send(STORY, KEY)
    assert raised.type is error
    assert not getattr(raised.value, "unknown", False)
    assert not bucket.names()
    await s3.send(STORY, KEY)
    assert len(bucket.names()) == 2


async def test_a_store_that_does_not_answer_may_have_it(bucket: Bucket) -> None:
    async with channel(configured(bucket.port, timeout="1s")) as s3:
        bucket.says = {"PUT": [HANG]}
        with pytest.raises(Unavailable, match="in time") as raised:
            await s3.send(STORY, KEY)
        assert raised.value.unknown
        await s3.send(STORY, KEY)
    assert bucket.names() == {NAME}


async def test_a_line_that_is_cut_leaves_no_object(bucket: Bucket) -> None:
    line = breaking_line(bucket.port, after=300_000)
    async with line as port, channel(configured(port)) as s3:
        with pytest.raises(Unavailable):
            await s3.send(LARGE, KEY)
        await asyncio.sleep(0.05)
        assert not bucket.names()
        await s3.send(STORY, KEY)
    assert bucket.names() == {NAME}


async def test_an_attempt_that_is_cancelled_disturbs_no_other(s3: S3, bucket: Bucket) -> None:
    bucket.says = {"PUT": [HANG]}
    attempt = asyncio.create_task(s3.send(STORY, KEY))
    while bucket.says["PUT"]:
        await asyncio.sleep(0.005)
    attempt.cancel()
    with pytest.raises(asyncio.CancelledError):
        await attempt
    await s3.send(story(slug="other"), IdempotencyKey("d-2"))
    assert bucket.names() == {"other.ru.json", "other.ru.html"}


async def test_text_that_utf_8_cannot_carry_is_refused(s3: S3, bucket: Bucket) -> None:
    with pytest.raises(Refused, match="utf-8"):
        await s3.send(HOSTILE["lone surrogate"], KEY)
    assert not bucket.got


async def test_a_check_proves_the_login_and_leaves_nothing(s3: S3, bucket: Bucket) -> None:
    assert await s3.check() == "wire on 127.0.0.1 knows AKIAWIRE"
    bucket.says = {"GET": [(403, "AccessDenied")]}
    assert await s3.check()  # by who may only write
    assert not bucket.names()


@pytest.mark.parametrize(
    ("more", "error", "told"),
    [
        ({"secret_key": {"env": "OTHER"}}, Denied, "403 SignatureDoesNotMatch"),
        ({"access_key": "AKIAOTHER"}, Denied, "403 InvalidAccessKeyId"),
        ({"bucket": "another"}, Denied, "404 NoSuchBucket"),
        ({"endpoint": "https://127.0.0.1:{port}"}, Denied, "no TLS"),
        ({"endpoint": "https://127.0.0.1:{port}", "allow_private": False}, Denied, "private address"),
        ({"endpoint": "http://no-such-host.invalid"}, Unavailable, "cannot be resolved"),
    ],
)
async def test_who_is_not_let_in_is_told_why(
    bucket: Bucket, monkeypatch: pytest.MonkeyPatch, more: dict[str, Any], error: type[Exception], told: str
) -> None:
    monkeypatch.setenv("OTHER", "hunter2")
    settings = configured(bucket.port) | more
    settings["endpoint"] = settings["endpoint"].replace("{port}", str(bucket.port))
    async with channel(settings) as s3:
        for attempt in (lambda: s3.send(STORY, KEY), s3.check):
            with pytest.raises(error, match=told) as raised:
                await attempt()
            assert "hunter2" not in str(raised.value)
    assert not bucket.names()


async def test_tls_is_verified(tmp_path: Path, certificate: Path) -> None:
    async with s3_server(tmp_path, certificate) as bucket:
        told = configured(bucket.port, endpoint=f"https://127.0.0.1:{bucket.port}")
        async with channel(told) as s3:
            with pytest.raises(Denied, match="bad certificate"):
                await s3.send(STORY, KEY)
        async with channel(told | {"ca": certificate / "cert.pem"}) as s3:
            await s3.send(STORY, KEY)
        assert bucket.names() == {NAME}


@pytest.mark.parametrize(
    ("more", "told"),
    [
        ({"bucket": "../other"}, "3 to 63 small letters"),
        ({"path_style": False}, "path_style = true"),
        (
            {"endpoint": "https://s3.example.org", "bucket": "a.dotted.name", "path_style": False},
            "path_style",
        ),
        ({"endpoint": "http://s3.example.org", "allow_private": False}, "https endpoint"),
        ({"endpoint": "https://me:pw@s3.example.org"}, "no login"),
        ({"endpoint": "https://s3.example.org/wire"}, "no path"),
        ({"kms_key": "k"}, "aws:kms"),
        ({"encryption": "rot13"}, "AES256"),
        ({"key": "/{slug}.{language}"}, "without a slash"),
        ({"key": "{slug}.{language}.{title}"}, "no placeholder"),
        ({"key": "../{slug}.{language}"}, "'..'"),
        ({"key": "all.json"}, r"put \{slug\}"),
    ],
)
def test_a_setting_that_cannot_work_is_told_with_its_mend(more: dict[str, Any], told: str) -> None:
    with pytest.raises(ValidationError, match=told):
        S3.Settings.model_validate(configured(9, **more))


@given(TEXTS, TEXTS)
def test_any_slug_and_language_stay_where_the_template_puts_them(slug: str, language: str) -> None:
    placed = place(story(slug=slug, language=language), ["ninjs"], "in/{language}/{slug}.{extension}")
    (path,) = placed.files
    first, second, third = path.split("/")
    assert first == "in"
    assert third.endswith(".json")
    for part in (second, third):
        assert part.isascii()
        assert part.isprintable()
        assert not part.startswith(".")
        assert not set(part) & set('\\:*?"<>| %')
