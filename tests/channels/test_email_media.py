"""Pictures inside mails and files beside them, fetched from a real server, read by Python's own parser."""

from __future__ import annotations

import asyncio
import base64
from collections.abc import Callable
from email.message import EmailMessage
from typing import Any

import dkim
import pytest
from aiohttp import web
from channel_stories import story
from cryptography.hazmat.primitives import serialization as s
from cryptography.hazmat.primitives.asymmetric import rsa
from receivers import HttpReceiver, MailServer, hang, hang_up

from channels.channel import Refused
from channels.email import Email
from channels.formats import html, text
from channels.story import IdempotencyKey, Media, Story

KEY = IdempotencyKey("d-1")
JPEG = b"\xff\xd8\xff\xe0" + b"j" * 5000
PNG = b"\x89PNG\r\n\x1a\n" + b"p" * 3000
PDF = b"%PDF-1.7\n" + b"d" * 4000
Site = dict[str, bytes | Callable[[web.Request], Any]]


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

    receiver.answers = [serve] * 100
    return there


def configured(port: int, **more: Any) -> Email.Settings:
    given: dict[str, Any] = {"type": "email", "host": "127.0.0.1", "port": port, "tls": "none"}
    given |= {"sender": "a@wire.example", "to": ["b@e.org"], "media": "inline", "allow_private": True}
    return Email.Settings.model_validate(given | more)


def illustrated(receiver: HttpReceiver, **more: Any) -> Story:
    """A picture beside the text, one in it, and a document."""
    base = receiver.url.removesuffix("/hook")
    media = (
        Media(url=f"{base}/hall.jpg", alt="Люди в зале", caption="Зал"),
        Media(url=f"{base}/report.pdf", role="document", title="Доклад 2021/22", length=len(PDF)),
    )
    body = f'<p>Текст</p><figure><img src="{base}/chart?a=1&amp;b=2" alt="A chart"></figure>'
    return story(**{"media": media, "body": body, "version": 1} | more)


async def mailed(server: MailServer, given: Story, **more: Any) -> EmailMessage:
    async with Email(configured(server.port, **more)) as email:
        await email.send(given, KEY)
    return server.got[-1][1]


def parts(mail: EmailMessage) -> list[EmailMessage]:
    return [part for part in mail.walk() if isinstance(part, EmailMessage) and not part.is_multipart()]


def page(mail: EmailMessage) -> str:
    part = mail.get_body(("html",))
    assert isinstance(part, EmailMessage)
    content: str = part.get_content().replace("\r\n", "\n")
    return content


async def test_pictures_stand_in_the_mail_and_files_beside_it(
    server: MailServer, receiver: HttpReceiver, site: Site
) -> None:
    given = illustrated(receiver)
    mail = await mailed(server, given)
    assert [part.get_content_type() for part in mail.walk()] == [
        "multipart/mixed",
        *("multipart/alternative", "text/plain", "multipart/related", "text/html"),
        *("image/jpeg", "image/png", "application/pdf"),
    ]
    plain, shown, hall, chart, report = parts(mail)
    assert [part.get_content() for part in (hall, chart, report)] == [JPEG, PNG, PDF]
    assert plain.get_content().replace("\r\n", "\n") == text.encode(given)
    for picture, alt in ((hall, "Люди в зале"), (chart, "A chart")):
        assert f'src="cid:{picture["Content-ID"].strip("<>")}" alt="{alt}"' in shown.get_content()
        assert picture["Content-Description"] == alt
        assert picture.get_content_disposition() == "inline"
    assert receiver.url.removesuffix("/hook") + "/report.pdf" in shown.get_content()
    assert (report.get_content_disposition(), report.get_filename()) == ("attachment", "Доклад 2021 22.pdf")
    assert mail["MIME-Version"] == "1.0"
    assert b"MIME-Version" not in server.raw[0].partition(b"\r\n\r\n")[2]


async def test_the_page_holds_nothing_that_would_keep_the_pictures_away(
    server: MailServer, receiver: HttpReceiver, site: Site
) -> None:
    shown = page(await mailed(server, illustrated(receiver)))
    assert "Content-Security-Policy" not in shown
    assert "<img" in shown
    assert "http" not in "".join(tag.partition(">")[0] for tag in shown.split("<img")[1:])


async def test_by_default_nothing_is_fetched_and_all_are_links(
    server: MailServer, receiver: HttpReceiver, site: Site
) -> None:
    given = illustrated(receiver)
    mail = await mailed(server, given, media="link")
    assert mail.get_content_type() == "multipart/alternative"
    assert page(mail) == html.encode(given).decode()
    assert not receiver.got


@pytest.mark.parametrize(
    "instead",
    [
        pytest.param(None, id="not there"),
        pytest.param(b"<html>log in", id="not what it should be"),
        pytest.param(b"", id="empty"),
        pytest.param(JPEG + b"x" * 60_000, id="too large"),
        pytest.param(hang, id="silent"),
        pytest.param(hang_up, id="cut off"),
    ],
)
async def test_what_cannot_be_had_stays_a_link_and_the_mail_goes(
    server: MailServer, receiver: HttpReceiver, site: Site, instead: Any
) -> None:
    given = illustrated(receiver)
    for path in ("/hall.jpg", "/report.pdf"):
        site[path] = instead
    async with asyncio.timeout(5):
        mail = await mailed(server, given, timeout=2, attach_up_to="50kB")
    assert [part.get_content_type() for part in parts(mail)] == ["text/plain", "text/html", "image/png"]
    assert f'src="{receiver.url.removesuffix("/hook")}/hall.jpg"' in page(mail)


async def test_private_addresses_are_not_asked_unless_that_is_said(
    server: MailServer, receiver: HttpReceiver, site: Site
) -> None:
    mail = await mailed(server, illustrated(receiver), allow_private=False)
    assert mail.get_content_type() == "multipart/alternative"
    assert not receiver.connections


async def test_a_redirect_is_followed_and_one_without_end_is_not(
    server: MailServer, receiver: HttpReceiver, site: Site
) -> None:
    async def moved(request: web.Request) -> web.StreamResponse:
        return web.Response(status=302, headers={"Location": "/chart"})

    async def round_about(request: web.Request) -> web.StreamResponse:
        return web.Response(status=302, headers={"Location": request.path})

    site["/hall.jpg"], site["/report.pdf"] = moved, round_about
    mail = await mailed(server, illustrated(receiver))
    assert [part.get_content_type() for part in parts(mail)][2:] == ["image/png"]


async def test_one_picture_under_two_addresses_is_in_it_once(
    server: MailServer, receiver: HttpReceiver, site: Site
) -> None:
    site["/chart"] = JPEG
    mail = await mailed(server, illustrated(receiver))
    assert [part.get_content_type() for part in parts(mail)][2:] == ["image/jpeg", "application/pdf"]
    assert page(mail).count("cid:") == 2


@pytest.mark.parametrize(
    ("room", "types"),
    [
        (12_100, ["image/jpeg", "image/png", "application/pdf"]),
        (9_000, ["image/jpeg", "image/png"]),
        (6_000, ["image/jpeg"]),
        (4_500, ["image/png"]),
        (1, []),
    ],
)
async def test_all_together_are_no_larger_than_may_be(
    server: MailServer, receiver: HttpReceiver, site: Site, room: int, types: list[str]
) -> None:
    mail = await mailed(server, illustrated(receiver), attach_up_to=room)
    assert [part.get_content_type() for part in parts(mail)][2:] == types


async def test_what_says_that_it_is_too_large_is_not_even_asked_for(
    server: MailServer, receiver: HttpReceiver, site: Site
) -> None:
    base = receiver.url.removesuffix("/hook")
    film = Media(url=f"{base}/film.mp4", role="video", length=5_000_001)
    mail = await mailed(server, story(media=(film,), version=1))
    assert mail.get_content_type() == "multipart/alternative"
    assert not receiver.got


@pytest.mark.parametrize(
    ("content", "kind", "name"),
    [
        (PDF, "application/pdf", "a.pdf"),
        (b"\x00\x00\x00\x20ftypisom" + b"m" * 50, "video/mp4", "a.mp4"),
        (b"\x00\x00\x00\x20ftypM4A " + b"m" * 50, "audio/mp4", "a.m4a"),
        (b"ID3\x04" + b"m" * 50, "audio/mpeg", "a.mp3"),
        (b"RIFF\x00\x00\x00\x00WAVEfmt " + b"m" * 50, "audio/wav", "a.wav"),
        (JPEG, "image/jpeg", "a.jpg"),
        (b"MZ\x90\x00", None, None),
        (b"PK\x03\x04", None, None),
        (b"<script>", None, None),
    ],
)
async def test_a_file_is_what_its_content_says_and_called_so(
    server: MailServer, receiver: HttpReceiver, site: Site, content: bytes, kind: str | None, name: str | None
) -> None:
    site["/a.exe"] = content
    media = Media(url=receiver.url.replace("/hook", "/a.exe?x=1"), role="document", type="application/pdf")
    mail = await mailed(server, story(media=(media,), version=1))
    attached = parts(mail)[2:]
    assert [part.get_content_type() for part in attached] == ([kind] if kind else [])
    assert [part.get_filename() for part in attached] == ([name] if name else [])


@pytest.mark.parametrize(
    ("title", "name"),
    [
        ("../../etc/passwd", "etc passwd.pdf"),
        ('a"; filename="b.exe\r\nBcc: x@e.org', "a filename b.exe Bcc x e.pdf"),
        ("invoice\u202efdp.exe", "invoice fdp.pdf"),
        ("報告書" * 100, "報告書" * 20 + ".pdf"),
        ("...", "file.pdf"),
        ("https://[", "https.pdf"),
        ("Report v2.1 (2021).pdf", "Report v2.1 (2021).pdf"),
    ],
)
async def test_a_name_is_harmless(
    server: MailServer, receiver: HttpReceiver, site: Site, title: str, name: str
) -> None:
    alt = "one\r\nBcc: x@e.org\x00"
    media = Media(url=receiver.url.replace("/hook", "/report.pdf"), role="document", title=title, alt=alt)
    mail = await mailed(server, story(media=(media,), version=1))
    (attached,) = parts(mail)[2:]
    assert attached.get_filename() == name
    assert attached["Content-Description"] == "one Bcc: x@e.org"
    assert {"Bcc", "bcc"}.isdisjoint((*mail.keys(), *attached.keys()))
    assert max(map(len, server.raw[0].split(b"\r\n"))) <= 998


async def test_a_withdrawal_brings_no_pictures(
    server: MailServer, receiver: HttpReceiver, site: Site
) -> None:
    mail = await mailed(server, illustrated(receiver, pub_status="canceled"))
    assert mail.get_content_type() == "multipart/alternative"
    assert not receiver.got


async def test_a_server_that_takes_no_large_mails_gets_the_links(
    server: MailServer, receiver: HttpReceiver, site: Site
) -> None:
    site["/report.pdf"] = PDF + b"d" * 8_000_000
    given = illustrated(receiver)
    large = Media(url=given.media[1].url, role="document")
    mail = await mailed(server, illustrated(receiver, media=(given.media[0], large)), attach_up_to="20MB")
    assert mail.get_content_type() == "multipart/alternative"
    assert "cid:" not in page(mail)


async def test_text_that_cannot_be_sent_costs_no_fetching(
    server: MailServer, receiver: HttpReceiver, site: Site
) -> None:
    with pytest.raises(Refused, match="UTF-8"):
        await mailed(server, illustrated(receiver, headline="\ud800"))
    assert not receiver.got


async def test_a_signature_holds_over_all_of_it(
    server: MailServer, receiver: HttpReceiver, site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    private = rsa.generate_private_key(65537, 2048)
    pem = private.private_bytes(s.Encoding.PEM, s.PrivateFormat.PKCS8, s.NoEncryption())
    monkeypatch.setenv("KEY", pem.decode())
    der = private.public_key().public_bytes(s.Encoding.DER, s.PublicFormat.SubjectPublicKeyInfo)
    record = b"v=DKIM1; p=" + base64.b64encode(der)
    signing = {"selector": "s", "domain": "wire.example", "key": {"env": "KEY"}}
    await mailed(server, illustrated(receiver), dkim=signing)
    assert dkim.verify(server.raw[0], dnsfunc=lambda name, timeout: record)
    assert not dkim.verify(
        server.raw[0].replace(b"image/jpeg", b"text/html", 1), dnsfunc=lambda n, timeout: record
    )
