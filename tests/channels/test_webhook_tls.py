"""Certificates of both sides, with a server that demands one."""

from __future__ import annotations

import base64
import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import pytest
import trustme
from aiohttp import web
from channel_stories import STORY
from cryptography.hazmat.primitives import serialization as s
from pydantic import ValidationError
from receivers import HttpReceiver, http_receiver

from channels.channel import Denied, Unavailable
from channels.story import IdempotencyKey
from channels.webhook import Webhook

KEY = IdempotencyKey("d-1")
HOST = "https://127.0.0.1/"
VERSIONS = [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3]
Settings = Callable[..., Webhook.Settings]


class Files:
    """Two authorities: the receiver trusts `ours`, and shows a certificate of `theirs`."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.ours, self.theirs = trustme.CA(), trustme.CA()
        self.write("ca", self.theirs.cert_pem.bytes())
        issued = self.ours.issue_cert("wire@weekly-edition.example")
        self.chain = b"".join(blob.bytes() for blob in issued.cert_chain_pems)
        self.key = issued.private_key_pem.bytes()
        self.write("client_cert", self.chain)
        self.write("client_key", self.key)

    def write(self, name: str, content: bytes) -> Path:
        path = self.folder / f"{name}.pem"
        path.write_bytes(content)
        return path

    def path(self, name: str) -> Path:
        return self.folder / f"{name}.pem"

    def demanding(self, version: ssl.TLSVersion = ssl.TLSVersion.TLSv1_3) -> ssl.SSLContext:
        """A receiver's, that wants to see a certificate signed by `ours`."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.minimum_version = context.maximum_version = version
        self.theirs.issue_cert("127.0.0.1").configure_cert(context)
        self.ours.configure_trust(context)
        context.verify_mode = ssl.CERT_REQUIRED
        return context


@pytest.fixture
def files(tmp_path: Path) -> Files:
    return Files(tmp_path)


@pytest.fixture
def configured(files: Files, monkeypatch: pytest.MonkeyPatch) -> Settings:
    monkeypatch.setenv("SECRET", "whsec_" + base64.b64encode(b"s" * 32).decode())

    def make(url: str, *names: str, **more: Any) -> Webhook.Settings:
        given = {"type": "webhook", "url": url, "secrets": [{"env": "SECRET"}], "allow_private": True}
        return Webhook.Settings.model_validate(given | {name: files.path(name) for name in names} | more)

    return make


@pytest.mark.parametrize("version", VERSIONS, ids=str)
@pytest.mark.parametrize("apart", [True, False])
async def test_a_receiver_that_demands_a_certificate_is_shown_it(
    files: Files, configured: Settings, apart: bool, version: ssl.TLSVersion
) -> None:
    if not apart:
        files.write("client_cert", files.key + files.chain)
    names = ("ca", "client_cert", "client_key") if apart else ("ca", "client_cert")
    async with (
        http_receiver(files.demanding(version)) as receiver,
        Webhook(configured(receiver.url, *names)) as webhook,
    ):
        assert (await webhook.send(STORY, KEY)).answer == "HTTP 204"
        assert await webhook.check() == "HTTP 405 from 127.0.0.1"
        (shown, *_) = [transport.get_extra_info("peercert") for transport in receiver.connections]
    assert ("email", "wire@weekly-edition.example") in shown["subjectAltName"]


@contextmanager
def alerting(context: ssl.SSLContext) -> Iterator[str]:
    """The address of a server that says why it ends TLS; asyncio's own servers just hang up."""

    def serve() -> None:
        with suppress(OSError):
            while True:
                connection, _ = listening.accept()
                with context.wrap_socket(connection, True, do_handshake_on_connect=False) as tls:
                    with suppress(ssl.SSLError):
                        tls.do_handshake()
                    end = tls.detach()
                with socket.socket(fileno=end) as rest:
                    rest.shutdown(socket.SHUT_WR)
                    while rest.recv(65536):
                        pass

    with socket.create_server(("127.0.0.1", 0)) as listening:
        serving = threading.Thread(target=serve)
        serving.start()
        try:
            yield f"https://127.0.0.1:{listening.getsockname()[1]}/"
        finally:
            listening.shutdown(socket.SHUT_RDWR)
    serving.join(10)


@pytest.mark.parametrize("version", VERSIONS, ids=str)
@pytest.mark.parametrize(
    ("names", "says"),
    [
        (("ca",), "certificate required|handshake failure"),
        (("ca", "client_cert"), "unknown ca"),
    ],
)
async def test_a_receiver_that_says_that_it_does_not_like_our_certificate_denies(
    files: Files, configured: Settings, version: ssl.TLSVersion, names: tuple[str, ...], says: str
) -> None:
    stranger = trustme.CA().issue_cert("wire@weekly-edition.example")
    files.write("client_cert", stranger.private_key_and_cert_chain_pem.bytes())
    with alerting(files.demanding(version)) as url:
        async with Webhook(configured(url, *names)) as webhook:
            for attempt in (lambda: webhook.send(STORY, KEY), webhook.check):
                with pytest.raises(Denied, match=rf"127\.0\.0\.1 ended TLS: .*({says})"):
                    await attempt()


@pytest.mark.parametrize("version", VERSIONS, ids=str)
async def test_a_receiver_that_just_hangs_up_on_our_certificate_gets_nothing(
    files: Files, configured: Settings, version: ssl.TLSVersion
) -> None:
    async with (
        http_receiver(files.demanding(version)) as receiver,
        Webhook(configured(receiver.url, "ca")) as webhook,
    ):
        with pytest.raises((Denied, Unavailable)):
            await webhook.send(STORY, KEY)
    assert not receiver.got


@pytest.mark.parametrize("says", ["No required SSL certificate was sent", "The SSL certificate error"])
async def test_nginx_says_it_with_a_400(receiver: HttpReceiver, configured: Settings, says: str) -> None:
    page = f"<html><head><title>400 {says}</title></head></html>"
    receiver.answers = [web.Response(status=400, text=page, content_type="text/html")]
    async with Webhook(configured(receiver.url)) as webhook:
        with pytest.raises(Denied, match=says):
            await webhook.send(STORY, KEY)


async def test_authorities_of_another_receiver_do_not_vouch_for_this_one(
    files: Files, configured: Settings
) -> None:
    files.write("ca", trustme.CA().cert_pem.bytes())
    async with (
        http_receiver(files.demanding()) as receiver,
        Webhook(configured(receiver.url, "ca", "client_cert", "client_key")) as webhook,
    ):
        with pytest.raises(Denied, match="bad certificate"):
            await webhook.send(STORY, KEY)
    assert not receiver.got


@pytest.mark.parametrize(
    ("name", "content", "says"),
    [
        ("client_cert", b"no certificate", "client_cert: .*client_cert.pem holds no certificate"),
        ("client_key", b"no key", "client_key: .*client_key.pem holds no private key"),
        ("client_key", b"\xff-----BEGIN PRIVATE KEY-----", "client_cert and client_key cannot be used: "),
        ("client_key", None, "client_key: .* cannot be read: No such file"),
        ("client_cert", None, "client_cert: .* cannot be read: No such file"),
        ("ca", b"no authority", "ca: the authorities in .*ca.pem cannot be read"),
        ("ca", None, "ca: the authorities in .*ca.pem cannot be read"),
    ],
)
async def test_a_bad_file_denies_by_its_setting_until_it_is_mended(
    files: Files, configured: Settings, name: str, content: bytes | None, says: str
) -> None:
    settings = configured(HOST, "ca", "client_cert", "client_key")
    good = files.path(name).read_bytes()
    files.path(name).unlink()
    if content is not None:
        files.write(name, content)
    async with http_receiver(files.demanding()) as receiver:
        settings = configured(receiver.url, "ca", "client_cert", "client_key") if content else settings
        async with Webhook(settings) as webhook:
            for attempt in (lambda: webhook.send(STORY, KEY), webhook.check):
                with pytest.raises(Denied, match=says):
                    await attempt()
            assert not receiver.connections
            if content:
                files.write(name, good)
                await webhook.send(STORY, KEY)
                assert len(receiver.got) == 1


async def test_a_key_of_another_certificate_is_not_taken(files: Files, configured: Settings) -> None:
    files.write("client_key", trustme.CA().issue_cert("a@e.org").private_key_pem.bytes())
    async with Webhook(configured(HOST, "client_cert", "client_key")) as webhook:
        with pytest.raises(Denied, match="client_cert and client_key cannot be used: key values mismatch"):
            await webhook.check()


async def test_a_key_under_a_password_is_not_asked_for_at_the_terminal(
    files: Files, configured: Settings
) -> None:
    key = s.load_pem_private_key(files.key, None)
    locked = s.BestAvailableEncryption(b"pw")
    files.write("client_key", key.private_bytes(s.Encoding.PEM, s.PrivateFormat.PKCS8, locked))
    async with Webhook(configured(HOST, "client_cert", "client_key")) as webhook:
        with pytest.raises(Denied, match="client_cert and client_key cannot be used"):
            await webhook.check()


@pytest.mark.parametrize(
    ("url", "names", "more", "says"),
    [
        (HOST, ("client_key",), {}, "client_key goes with client_cert"),
        ("http://127.0.0.1/", ("client_cert",), {}, "https url"),
        ("http://127.0.0.1/", ("ca",), {}, "https url"),
        (HOST, (), {"client_cert": "/nowhere/c.pem"}, "client_cert\n.*not point to a file"),
        (HOST, ("client_cert",), {"client_key": "/nowhere/k.pem"}, "client_key\n.*not point to a file"),
        (HOST, (), {"ca": "/nowhere/ca.pem"}, "ca\n.*not point to a file"),
    ],
)
def test_settings_that_cannot_work_are_refused(
    configured: Settings, url: str, names: tuple[str, ...], more: dict[str, Any], says: str
) -> None:
    with pytest.raises(ValidationError, match=says):
        configured(url, *names, **more)
