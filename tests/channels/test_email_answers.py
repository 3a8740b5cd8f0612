"""What follows from each way in which a mail does not go, said and done by aiosmtpd."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from itertools import count
from typing import Any

import pytest
from aiosmtpd.smtp import SMTP, Envelope, Session
from aiosmtplib.protocol import SMTPProtocol
from channel_stories import STORY
from receivers import MailServer

from channels.channel import Refused, Unavailable
from channels.email import Email
from channels.story import IdempotencyKey

KEY = IdempotencyKey("d-1")


def configured(port: int, **more: Any) -> Email.Settings:
    given = {"type": "email", "host": "127.0.0.1", "port": port, "tls": "none"}
    return Email.Settings.model_validate(given | {"sender": "a@e.org", "to": ["b@e.org"]} | more)


@pytest.fixture(params=[["b@e.org"], ["b@e.org", "c@e.org"]], ids=["one", "two"])
async def email(server: MailServer, request: pytest.FixtureRequest) -> AsyncIterator[Email]:
    async with Email(configured(server.port, to=request.param, timeout=5)) as opened:
        yield opened


@pytest.mark.parametrize("code", [421, 450, 451, 452, 454])
@pytest.mark.parametrize("command", ["MAIL", "RCPT", "DATA"])
async def test_a_4xx_waits_and_only_a_421_before_the_mail_is_a_blip(
    email: Email, server: MailServer, command: str, code: int
) -> None:
    server.says = {command: [f"{code} 4.0.0 not now"] * len(email.settings.to)}
    with pytest.raises(Unavailable) as raised:
        await email.send(STORY, KEY)
    assert not raised.value.unknown
    assert raised.value.blip == (code == 421 and command != "DATA")
    server.says = {}
    await email.send(STORY, KEY)
    assert len(server.got) == 1


@pytest.mark.parametrize("code", [500, 501, 552, 554])
@pytest.mark.parametrize("command", ["MAIL", "RCPT", "DATA"])
async def test_a_5xx_is_refused_and_the_next_mail_goes(
    email: Email, server: MailServer, command: str, code: int
) -> None:
    server.says = {command: [f"{code} 5.0.0 never"] * len(email.settings.to)}
    with pytest.raises(Refused, match=f"^{code} 5.0.0 never$"):
        await email.send(STORY, KEY)
    server.says = {}
    await email.send(STORY, IdempotencyKey("d-2"))
    assert len(server.got) == 1


@pytest.mark.parametrize("command", ["EHLO", "MAIL", "RCPT"])
async def test_a_connection_that_is_lost_before_the_mail_is_a_blip(
    email: Email, server: MailServer, command: str
) -> None:
    async def hang_up(smtp: SMTP, *_: Any) -> Any:
        smtp.transport.abort()
        return [] if command == "EHLO" else "250 OK"

    setattr(server, f"handle_{command}", hang_up)
    with pytest.raises(Unavailable) as raised:
        await email.send(STORY, KEY)
    assert raised.value.blip
    assert not raised.value.unknown


@pytest.mark.parametrize("greeting", [b"421 4.3.2 too many connections\r\n", b""])
async def test_a_server_that_will_not_talk_is_a_blip(greeting: bytes) -> None:
    async def no(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(greeting)
        writer.close()

    busy = await asyncio.start_server(no, "127.0.0.1", 0)
    async with busy, Email(configured(busy.sockets[0].getsockname()[1])) as email:
        for attempt in (lambda: email.send(STORY, KEY), email.check):
            with pytest.raises(Unavailable) as raised:
                await attempt()
            assert raised.value.blip


@pytest.mark.parametrize("silence", ["hangs", "hangs up"])
async def test_silence_after_the_final_dot_is_unknown(server: MailServer, silence: str) -> None:
    over = asyncio.Event()

    async def take(smtp: SMTP, session: Session, envelope: Envelope) -> str:
        server.raw.append(envelope.content or b"")
        if silence == "hangs up":
            smtp.transport.abort()
        else:
            await over.wait()
        return "250 OK"

    server.handle_DATA = take  # type: ignore[method-assign]
    async with Email(configured(server.port, timeout=0.3)) as email:
        with pytest.raises(Unavailable, match="after the mail was sent") as raised:
            await email.send(STORY, KEY)
    over.set()
    assert raised.value.unknown
    assert not raised.value.blip
    assert len(server.raw) == 1


async def test_a_cancellation_that_meets_an_answer_stops_the_mail(
    server: MailServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Before Python 3.12, asyncio.wait_for swallows it; after it there would be DATA."""
    hear, answers = SMTPProtocol.data_received, count(1)

    def meet(protocol: SMTPProtocol, data: bytes) -> None:
        hear(protocol, data)
        if next(answers) == len(["greeting", "EHLO", "MAIL", "RCPT"]):
            for talk in email.talking:
                talk.cancel()

    monkeypatch.setattr(SMTPProtocol, "data_received", meet)
    async with Email(configured(server.port)) as email:
        with pytest.raises(asyncio.CancelledError):
            await email.send(STORY, KEY)
        assert not email.idle
    assert not server.got
