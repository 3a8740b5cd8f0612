from __future__ import annotations

import base64
from typing import Any

import pytest
from channel_stories import HOSTILE, in_language, story
from receivers import HttpReceiver
from standardwebhooks import Webhook as Verifier

from channels.channel import Refused
from channels.formats.kinds import FORMATS, FormatName
from channels.story import IdempotencyKey
from channels.webhook import LONG, Webhook

SECRET = "whsec_" + base64.b64encode(b"s" * 32).decode()
KEY = IdempotencyKey("d-1")


def configured(monkeypatch: pytest.MonkeyPatch, url: str, **more: Any) -> Webhook.Settings:
    monkeypatch.setenv("SECRET", SECRET)
    given = {"type": "webhook", "url": url, "secrets": [{"env": "SECRET"}], "allow_private": True}
    return Webhook.Settings.model_validate(given | more)


@pytest.mark.parametrize("kind", sorted(FORMATS))
async def test_the_body_is_the_story_in_the_format_asked_for(
    receiver: HttpReceiver, monkeypatch: pytest.MonkeyPatch, kind: FormatName
) -> None:
    given = in_language("ja")
    async with Webhook(configured(monkeypatch, receiver.url, format=kind)) as webhook:
        await webhook.send(given, KEY)
    (arrived,) = receiver.got
    assert arrived.headers.getall("Content-Type") == [FORMATS[kind].media_type]
    assert arrived.headers.getall("Content-Language") == ["ja"]
    assert arrived.body == FORMATS[kind].encode(given)
    Verifier(SECRET).verify(arrived.body, dict(arrived.headers), json_parse=False)


@pytest.mark.parametrize("kind", sorted(FORMATS))
async def test_text_that_utf_8_cannot_carry_is_refused_in_any_of_them(
    receiver: HttpReceiver, monkeypatch: pytest.MonkeyPatch, kind: FormatName
) -> None:
    async with Webhook(configured(monkeypatch, receiver.url, format=kind)) as webhook:
        for given in (HOSTILE["lone surrogate"], story(body="\udfff" * (LONG + 1))):
            with pytest.raises(Refused, match="UTF-8"):
                await webhook.send(given, KEY)
    assert not receiver.got


async def test_a_long_text_goes_in_a_costly_format_too(
    receiver: HttpReceiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    given = HOSTILE["a megabyte"]
    async with Webhook(configured(monkeypatch, receiver.url, format="newsml_g2")) as webhook:
        await webhook.send(given, KEY)
    assert receiver.got[0].body == FORMATS["newsml_g2"].encode(given)


@pytest.mark.parametrize("language", ["zh-Hans", "pt-BR", "en-GB-oed", "x-1"])
async def test_the_items_language_is_in_its_header(
    receiver: HttpReceiver, monkeypatch: pytest.MonkeyPatch, language: str
) -> None:
    async with Webhook(configured(monkeypatch, receiver.url)) as webhook:
        await webhook.send(story(language=language), KEY)
    assert receiver.got[0].headers["Content-Language"] == language


@pytest.mark.parametrize("language", ["", "en\r\nX-Injected: 1", "en, ru", "en/../x", "en\n", "русский"])
async def test_what_is_no_language_tag_is_in_no_header(
    receiver: HttpReceiver, monkeypatch: pytest.MonkeyPatch, language: str
) -> None:
    async with Webhook(configured(monkeypatch, receiver.url)) as webhook:
        await webhook.send(story(language=language), KEY)
    assert "Content-Language" not in receiver.got[0].headers
    assert "X-Injected" not in receiver.got[0].headers
