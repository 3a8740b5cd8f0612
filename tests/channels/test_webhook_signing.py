"""Asymmetric signatures, verified as the specification says, by nothing of ours."""

from __future__ import annotations

import base64
import json
from typing import Any

import pytest
from channel_stories import STORY, in_language
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from pydantic import ValidationError
from receivers import Arrived, HttpReceiver
from standardwebhooks import Webhook as Verifier

from channels.signing import public_key, signer
from channels.story import IdempotencyKey
from channels.webhook import Webhook

KEY = IdempotencyKey("d-1")


def private(seed: bytes, *, both: bool = False) -> str:
    public = Ed25519PrivateKey.from_private_bytes(seed).public_key().public_bytes_raw()
    return "whsk_" + base64.b64encode(seed + (public if both else b"")).decode()


SECRETS = {
    "SHARED": "whsec_" + base64.b64encode(b"s" * 32).decode(),
    "NEW": private(b"n" * 32),
    "OLD": private(b"o" * 32, both=True),
}


def configured(monkeypatch: pytest.MonkeyPatch, url: str, *names: str, **more: Any) -> Webhook.Settings:
    for name in names:
        monkeypatch.setenv(name, SECRETS.get(name, more.get("secret", "")))
    secrets = [{"env": name} for name in names]
    given = {"type": "webhook", "url": url, "secrets": secrets, "allow_private": True}
    return Webhook.Settings.model_validate(given)


def verify(public: str, arrived: Arrived) -> None:
    """Standard Webhooks, "Verifying webhook authenticity", with `whpk_…`. Raises: InvalidSignature."""
    headers = arrived.headers
    content = f"{headers['webhook-id']}.{headers['webhook-timestamp']}.".encode() + arrived.body
    key = Ed25519PublicKey.from_public_bytes(base64.b64decode(public.removeprefix("whpk_")))
    for signature in headers["webhook-signature"].split(" "):
        scheme, _, encoded = signature.partition(",")
        if scheme == "v1a":
            try:
                return key.verify(base64.b64decode(encoded, validate=True), content)
            except InvalidSignature:
                continue
    raise InvalidSignature


async def test_whoever_knows_one_key_can_verify_be_it_shared_or_public(
    receiver: HttpReceiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with Webhook(configured(monkeypatch, receiver.url, "NEW", "SHARED", "OLD")) as webhook:
        await webhook.send(in_language("ja"), KEY)
    (arrived,) = receiver.got
    schemes = [s.partition(",")[0] for s in arrived.headers["webhook-signature"].split(" ")]
    assert schemes == ["v1a", "v1", "v1a"]
    for name in ("NEW", "OLD"):
        verify(public_key(SECRETS[name]), arrived)
    assert Verifier(SECRETS["SHARED"]).verify(arrived.body, dict(arrived.headers)) == json.loads(arrived.body)
    with pytest.raises(InvalidSignature):
        verify(public_key(private(b"x" * 32)), arrived)
    arrived.body += b" "
    with pytest.raises(InvalidSignature):
        verify(public_key(SECRETS["NEW"]), arrived)


async def test_a_private_key_alone_is_enough(receiver: HttpReceiver, monkeypatch: pytest.MonkeyPatch) -> None:
    async with Webhook(configured(monkeypatch, receiver.url, "NEW")) as webhook:
        await webhook.send(STORY, KEY)
    verify(public_key(SECRETS["NEW"]), receiver.got[0])


async def test_a_check_says_what_the_receiver_needs_and_nothing_secret(
    receiver: HttpReceiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = configured(monkeypatch, receiver.url, "NEW", "SHARED")
    async with Webhook(settings) as webhook:
        said = await webhook.check()
    assert said == f"HTTP 405 from 127.0.0.1; {public_key(SECRETS['NEW'])}"
    assert SECRETS["NEW"][5:] not in repr(settings)


def test_the_signature_is_the_one_that_svix_makes() -> None:
    """The key, the content and the signature of svix-server's own test, test_asymmetric_key_signing."""
    secret = "whsk_6Xb/dCcHpPea21PS1N9VY/NZW723CEc77N4rJCubMbfVKIDij2HKpMKkioLlX0dRqSKJp4AJ6p9lMicMFs6Kvg=="
    content = b'msg_p5jXN8AQM9LWM0D4loKWxJek.1614265330.{"test": 2432232314}'
    assert signer(secret)(content) == (
        "v1a,hnO3f9T8Ytu9HwrXslvumlUpqtNVqkhqw/enGzPCXe5BdqzCInXqYXFymVJaA7AZdpXwVLPo3mNl8EM+m7TBAg=="
    )


@pytest.mark.parametrize(
    ("secret", "says"),
    [
        ("whsk_c2hvcnQ=", "32 or 64 bytes; this one holds 5"),
        ("whsk_" + base64.b64encode(b"x" * 48).decode(), "this one holds 48"),
        ("whsk_" + base64.b64encode(b"x" * 64).decode(), "do not belong together"),
        ("whsk_*not*base64*", "not base64"),
        ("whpk_" + base64.b64encode(b"x" * 32).decode(), "what the receiver needs"),
    ],
)
def test_a_key_that_cannot_sign_is_refused_at_once_and_not_shown(
    monkeypatch: pytest.MonkeyPatch, secret: str, says: str
) -> None:
    with pytest.raises(ValidationError, match=says) as raised:
        configured(monkeypatch, "https://e.org/", "BAD", secret=secret)
    assert secret[5:13] not in str(raised.value)
