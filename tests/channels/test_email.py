from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncIterator
from dataclasses import replace
from email.message import EmailMessage
from pathlib import Path
from typing import Any

import pytest
from channel_stories import HOSTILE, STORY, in_language
from pydantic import ValidationError
from receivers import MailServer, mail_server

from channels.channel import Denied, Refused, Unavailable
from channels.email import Email
from channels.story import IdempotencyKey

KEY = IdempotencyKey("d-1")


def configured(port: int = 25, /, **more: Any) -> Email.Settings:
    given = {
        "type": "email",
        "host": "127.0.0.1",
        "port": port,
        "tls": "none",
        "sender": "Weekly Edition <wire@weekly-edition.example>",
        "to": ["desk@jst.example", "News <news@jst.example>"],
        "list_id": "science-wire.example",
    }
    return Email.Settings.model_validate(given | more)


@pytest.fixture
async def email(server: MailServer) -> AsyncIterator[Email]:
    async with Email(configured(server.port)) as opened:
        yield opened


async def test_a_mail_arrives_at_all_addresses(email: Email, server: MailServer) -> None:
    receipt = await email.send(replace(in_language("ja"), version=1), KEY)
    assert receipt.answer == "250 2.0.0 Ok: queued as 4F1"
    ((recipients, mail),) = server.got
    assert recipients == ["desk@jst.example", "news@jst.example"]
    assert mail["Message-ID"] == "<d-1@weekly-edition.example>"
    assert mail["Subject"] == in_language("ja").headline


@pytest.mark.parametrize(
    ("command", "says", "error"),
    [
        ("MAIL", "451 4.3.0 later", Unavailable),
        ("MAIL", "550 5.7.1 not you", Denied),
        ("MAIL", "530 5.7.0 log in first", Denied),
        ("MAIL", "552 5.3.4 too big", Refused),
        ("DATA", "452 4.2.2 full", Unavailable),
        ("DATA", "554 5.6.0 spam", Refused),
        ("DATA", "421 4.3.2 going down", Unavailable),
    ],
)
async def test_what_the_server_says_is_what_is_raised(
    email: Email, server: MailServer, command: str, says: str, error: type[Exception]
) -> None:
    server.says = {command: [says]}
    with pytest.raises(error, match=f"^{says}$") as raised:
        await email.send(STORY, KEY)
    assert raised.type is error
    assert not getattr(raised.value, "unknown", False)
    assert not server.got
    await email.send(STORY, KEY)
    assert len(server.got) == 1


@pytest.mark.parametrize(
    ("says", "error"),
    [
        (["550 5.1.1 who", "550 5.1.1 who"], Refused),
        (["550 5.1.1 who", "450 4.2.1 greylisted"], Unavailable),
    ],
)
async def test_where_no_address_is_served_the_mildest_answer_counts(
    email: Email, server: MailServer, says: list[str], error: type[Exception]
) -> None:
    server.says = {"RCPT": says}
    with pytest.raises(error):
        await email.send(STORY, KEY)


async def test_where_some_addresses_are_served_the_receipt_names_the_others(
    email: Email, server: MailServer
) -> None:
    server.says = {"RCPT": ["550 5.1.1 who"]}
    receipt = await email.send(STORY, KEY)
    assert receipt.answer == "250 2.0.0 Ok: queued as 4F1; not to desk@jst.example: 550 5.1.1 who"
    assert server.got[0][0] == ["news@jst.example"]


async def test_a_server_that_hangs_up_after_the_mail_may_have_it(email: Email, server: MailServer) -> None:
    server.says = {"DATA": ["hang up"]}
    with pytest.raises(Unavailable) as raised:
        await email.send(STORY, KEY)
    assert raised.value.unknown
    assert not raised.value.blip


async def test_a_refused_connection_is_a_blip(nobody: int) -> None:
    async with Email(configured(nobody)) as email:
        with pytest.raises(Unavailable) as raised:
            await email.send(STORY, KEY)
    assert raised.value.blip


async def test_a_name_that_does_not_resolve_may_do_so_later() -> None:
    async with Email(configured(host="nobody.invalid")) as email:
        with pytest.raises(Unavailable, match=r"nobody\.invalid cannot be resolved"):
            await email.send(STORY, KEY)


async def test_one_connection_serves_mail_after_mail(email: Email, server: MailServer) -> None:
    for n in range(3):
        await email.send(STORY, IdempotencyKey(f"d-{n}"))
    assert (len(server.got), len(server.transports)) == (3, 1)


async def test_mails_at_the_same_time_do_not_meet_on_one_connection(email: Email, server: MailServer) -> None:
    await asyncio.gather(*(email.send(STORY, IdempotencyKey(f"d-{n}")) for n in range(4)))
    assert len({mail["Message-ID"] for _, mail in server.got}) == 4
    assert len(server.transports) == 4


async def test_a_connection_that_dies_before_the_mail_costs_a_blip_and_is_not_taken_again(
    email: Email, server: MailServer
) -> None:
    await email.send(STORY, KEY)
    server.says = {"MAIL": ["hang up"]}
    with pytest.raises(Unavailable) as raised:
        await email.send(STORY, IdempotencyKey("d-2"))
    assert raised.value.blip
    assert not raised.value.unknown
    await email.send(STORY, IdempotencyKey("d-2"))
    assert len(server.transports) == 2
    assert [mail["Message-ID"].partition("@")[0] for _, mail in server.got] == ["<d-1", "<d-2"]


async def test_a_connection_that_died_meanwhile_is_not_taken_again(email: Email, server: MailServer) -> None:
    await email.send(STORY, KEY)
    email.idle[0].close()
    await email.send(STORY, IdempotencyKey("d-2"))
    assert (len(server.got), len(server.transports)) == (2, 2)


@pytest.mark.filterwarnings("ignore:Requiring AUTH while not requiring TLS")
@pytest.mark.parametrize("kind", ["starttls", "tls"])
async def test_mail_goes_through_tls_and_login(
    tls: ssl.SSLContext, certificate: Path, monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    monkeypatch.setenv("PASSWORD", "secret")
    more = {"username": "wire", "password": {"env": "PASSWORD"}, "ca": certificate / "cert.pem", "tls": kind}
    own = {"starttls": mail_server(starttls=tls, login=True), "tls": mail_server(tls=tls, login=True)}
    async with own[kind] as server:
        async with Email(configured(server.port, **more)) as email:
            assert await email.check() == "250 from 127.0.0.1"
            await email.send(STORY, KEY)
        assert len(server.got) == 1
        assert set(server.logins) == {b"wire"}


async def test_a_wrong_password_is_denied_and_not_shown(
    tls: ssl.SSLContext, certificate: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PASSWORD", "t0p")
    more = {
        "username": "wire",
        "password": {"env": "PASSWORD"},
        "ca": certificate / "cert.pem",
        "tls": "starttls",
    }
    async with mail_server(starttls=tls, login=True) as server:
        settings = configured(server.port, **more)
        async with Email(settings) as email:
            with pytest.raises(Denied, match=r"^535 ") as raised:
                await email.send(STORY, KEY)
    assert "t0p" not in f"{raised.value!r} {settings!r}"


async def test_a_server_that_wants_a_login_gets_none_of_the_mail(
    tls: ssl.SSLContext, certificate: Path
) -> None:
    async with mail_server(starttls=tls, login=True) as server:
        settings = configured(server.port, tls="starttls", ca=certificate / "cert.pem")
        async with Email(settings) as email:
            with pytest.raises(Denied, match=r"^530 "):
                await email.send(STORY, KEY)


@pytest.mark.parametrize("kind", ["starttls", "tls"])
async def test_a_bad_certificate_is_denied(tls: ssl.SSLContext, kind: str) -> None:
    own = {"starttls": mail_server(starttls=tls), "tls": mail_server(tls=tls)}
    async with own[kind] as server, Email(configured(server.port, tls=kind)) as email:
        with pytest.raises(Denied, match=r"no TLS.*CERTIFICATE_VERIFY_FAILED"):
            await email.send(STORY, KEY)


async def test_a_server_without_starttls_gets_nothing_in_the_open(server: MailServer) -> None:
    async with Email(configured(server.port, tls="starttls")) as email:
        with pytest.raises(Denied, match="STARTTLS"):
            await email.send(STORY, KEY)
    assert not server.got


async def test_authorities_that_cannot_be_read_are_denied(server: MailServer, tmp_path: Path) -> None:
    (tmp_path / "ca.pem").write_text("no certificate")
    async with Email(configured(server.port, tls="starttls", ca=tmp_path / "ca.pem")) as email:
        with pytest.raises(Denied, match=r"authorities in .*ca\.pem cannot be read"):
            await email.check()


async def test_dots_at_the_beginning_of_lines_stay(email: Email, server: MailServer) -> None:
    english = in_language("en")
    await email.send(replace(english, body="<pre>..\n.x\n.\n..y</pre>"), KEY)
    plain = next(server.got[0][1].iter_parts())
    assert isinstance(plain, EmailMessage)
    assert plain["Content-Transfer-Encoding"] == "quoted-printable"
    assert "\n..\n.x\n.\n..y\n" in plain.get_content().replace("\r\n", "\n")


async def test_text_that_utf_8_cannot_carry_is_refused(email: Email, server: MailServer) -> None:
    with pytest.raises(Refused, match="UTF-8"):
        await email.send(HOSTILE["lone surrogate"], KEY)
    assert not server.transports


async def test_a_check_leaves_no_mail(email: Email, server: MailServer) -> None:
    assert await email.check() == "250 from 127.0.0.1"
    assert not server.got


async def test_a_check_of_a_server_that_greets_with_no_is_denied() -> None:
    async def no(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"554 no service for you\r\n")
        await writer.drain()
        writer.close()

    refusing = await asyncio.start_server(no, "127.0.0.1", 0)
    async with refusing, Email(configured(refusing.sockets[0].getsockname()[1])) as email:
        with pytest.raises(Denied, match="554 no service"):
            await email.check()


@pytest.mark.parametrize(
    ("more", "says"),
    [
        ({"to": []}, "at least 1"),
        ({"to": ["not an address"]}, "is not an address"),
        ({"to": ["a@b.example\r\nRCPT TO:<c@d.example>"]}, "is not an address"),
        ({"sender": "Köln <ö@example.org>"}, "is not an address"),
        ({"list_id": "one"}, "joined by dots"),
        ({"list_id": "a.b>\r\nBcc: x"}, "joined by dots"),
        ({"username": "me", "tls": "tls"}, "go together"),
        ({"tls": "maybe"}, "starttls"),
        ({"port": 70_000}, "65535"),
        ({"host": ""}, "at least 1"),
        ({"ca": "/nowhere/ca.pem"}, "not point to a file"),
        ({"unsubscribe": "http://e.org/leave"}, "https://… or mailto:"),
        ({"unsubscribe": "https://"}, "https://… or mailto:"),
        ({"unsubscribe": "https://e.org/a>\r\nBcc: x"}, "https://… or mailto:"),
        ({"unsubscribe": ["mailto:a@e.org?subject=a b"]}, "https://… or mailto:"),
        ({"unsubscribe": ["https://e.org/1", "https://e.org/2"]}, "one https"),
        ({"media": "attached"}, "'fetch' or 'inline'"),
        ({"attach_up_to": "much"}, "not a size"),
    ],
)
def test_settings_that_cannot_work_are_refused(more: dict[str, Any], says: str) -> None:
    with pytest.raises(ValidationError, match=says):
        configured(**more)


def test_a_password_is_not_sent_in_the_open(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PASSWORD", "t0p")
    with pytest.raises(ValidationError, match="in the open") as raised:
        configured(username="me", password={"env": "PASSWORD"})
    assert "t0p" not in str(raised.value)
