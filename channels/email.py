"""Mail over SMTP (RFC 5321), with TLS and login.

Relays are mostly inside the house and named by the operator alone, so that private addresses are no
danger here: there is no `allow_private`.
"""

from __future__ import annotations

import asyncio
import re
import socket
import ssl
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from datetime import UTC, datetime
from email.utils import parseaddr
from typing import Literal, Self

from aiosmtplib import SMTP, errors
from pydantic import Field, FilePath, field_validator, model_validator

from channels.answers import tidy
from channels.channel import ChannelError, Denied, Refused, Unavailable
from channels.message import address, compose
from channels.settings import ChannelSettings, Secret
from channels.story import IdempotencyKey, Receipt, Story

PORTS = {"starttls": 587, "tls": 465, "none": 25}

# RFC 4954 §6 and RFC 5321 §4.2.3: they speak of the sender or the login, not of this mail.
LOGIN_WANTED = frozenset((530, 534, 535, 538))
SENDER_UNWANTED = frozenset((550, 551, 553))

PATIENCE = 2.0
"""Seconds that a server has to say goodbye."""

MAILBOX = re.compile(r"[^\s<>\"@,;:\\]+@[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)*")
LIST_ID = re.compile(r"[A-Za-z0-9_-]+(\.[A-Za-z0-9_-]+)+")  # RFC 2919 §2


def _is_mailbox(mailbox: str) -> str:
    found = parseaddr(mailbox)[1]
    if not mailbox.isprintable() or not found.isascii() or not MAILBOX.fullmatch(found):
        raise ValueError(f"{mailbox!r} is not an address; write name@example.org or Name <name@example.org>")
    return mailbox


class Email:
    """Keeps connections open between mails, at most one for each concurrent attempt."""

    carries_digests = True

    class Settings(ChannelSettings):
        """`[[members.channels]] type = "email"`."""

        host: str = Field(min_length=1)
        port: int = Field(0, ge=0, le=65535, description="587 with starttls, 465 with tls, 25 with none.")
        tls: Literal["starttls", "tls", "none"] = "starttls"
        ca: FilePath | None = Field(
            None, description="PEM file of the authorities trusted instead of the system's."
        )
        username: str = ""
        password: Secret | None = None
        sender: str = Field(description="`Name <address>`; Message-ID takes its domain.")
        to: tuple[str, ...] = Field(min_length=1)
        list_id: str = Field("", description="RFC 2919, such as science-wire.example.org.")

        @field_validator("sender")
        @classmethod
        def _is_from_one(cls, sender: str) -> str:
            return _is_mailbox(sender)

        @field_validator("to")
        @classmethod
        def _is_to_some(cls, to: tuple[str, ...]) -> tuple[str, ...]:
            return tuple(map(_is_mailbox, to))

        @field_validator("list_id")
        @classmethod
        def _is_list_id(cls, list_id: str) -> str:
            if list_id and not LIST_ID.fullmatch(list_id):
                raise ValueError("a list id is words joined by dots, such as science-wire.example.org")
            return list_id

        @model_validator(mode="after")
        def _has_both_or_none(self) -> Self:
            if bool(self.username) != (self.password is not None):
                raise ValueError("username and password go together")
            if self.username and self.tls == "none":
                raise ValueError("a password is not sent in the open; set tls")
            return self

    def __init__(
        self, settings: Settings, *, clock: Callable[[], datetime] = lambda: datetime.now(UTC)
    ) -> None:
        self.settings = settings
        self.clock = clock
        self.idle: list[SMTP] = []
        self.trust: ssl.SSLContext | None = None
        self.our_name: str | None = None

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *exc: object) -> None:
        idle, self.idle = self.idle, []
        for smtp in idle:
            await _leave(smtp)

    async def send(self, story: Story, key: IdempotencyKey) -> Receipt:
        """Mail the story to all of `to`. Raises: Unavailable, Refused, Denied."""
        try:
            mail = await asyncio.to_thread(self._compose, story, key)
        except UnicodeEncodeError as e:
            raise Refused(f"the text cannot be written in UTF-8: {e.reason}") from e
        async with self._connection() as smtp:
            unserved = await self._envelope(smtp, len(mail))
            answer = await self._content(smtp, mail)
        return Receipt("; ".join((answer, *unserved)))

    async def check(self) -> str:
        """Connects, logs in and says NOOP. Raises: Unavailable, Denied."""
        smtp = await self._connect()
        try:
            answer = await smtp.noop()
        except (errors.SMTPException, OSError) as e:
            raise self._failure(e) from e
        finally:
            await _leave(smtp)
        return tidy(f"{answer.code} from {self.settings.host}")

    def _compose(self, story: Story, key: IdempotencyKey) -> bytes:
        s = self.settings
        return compose(story, key, sender=s.sender, to=s.to, list_id=s.list_id, now=self.clock())

    async def _prepare(self) -> None:
        """What takes files and a look-up, once: who is trusted, and our name for EHLO."""
        if not self.our_name:
            self.our_name = await asyncio.to_thread(socket.getfqdn)
        if not self.trust and self.settings.tls != "none":
            try:
                self.trust = await asyncio.to_thread(ssl.create_default_context, cafile=self.settings.ca)
            except OSError as e:
                raise Denied(tidy(f"the authorities in {self.settings.ca} cannot be read: {e}")) from e

    @asynccontextmanager
    async def _connection(self) -> AsyncIterator[SMTP]:
        """One that is idle, or a new one; kept for the next mail unless something went wrong."""
        smtp = self._take() or await self._connect()
        try:
            yield smtp
        except BaseException:
            smtp.close()
            raise
        self.idle.append(smtp)

    def _take(self) -> SMTP | None:
        while self.idle:
            smtp = self.idle.pop()
            if smtp.is_connected:
                return smtp
        return None

    async def _connect(self) -> SMTP:
        s = self.settings
        await self._prepare()
        smtp = SMTP(
            hostname=s.host,
            port=s.port or PORTS[s.tls],
            username=s.username or None,
            password=s.password.get_secret_value() if s.password else None,
            local_hostname=self.our_name,
            timeout=s.timeout.total_seconds(),
            use_tls=s.tls == "tls",
            start_tls=s.tls == "starttls",
            tls_context=self.trust,
        )
        try:
            await smtp.connect()
            await smtp.ehlo()
        except (errors.SMTPException, OSError, ValueError) as e:
            smtp.close()
            raise self._failure(e) from e
        return smtp

    async def _envelope(self, smtp: SMTP, size: int) -> list[str]:
        """MAIL and RCPT; says who is not served. Nothing of the story has gone out yet."""
        refused: list[errors.SMTPRecipientRefused] = []
        try:
            await smtp.mail(address(self.settings.sender), options=_size(smtp, size))
            for recipient in self.settings.to:
                try:
                    await smtp.rcpt(address(recipient))
                except errors.SMTPRecipientRefused as e:
                    refused.append(e)
        except (errors.SMTPException, OSError) as e:
            raise self._failure(e) from e
        if len(refused) == len(self.settings.to):
            # Where one of them may be served later, all wait.
            raise _verdict(min(refused, key=lambda e: e.code))
        return [tidy(f"not to {e.recipient}: {e.code} {e.message}") for e in refused]

    async def _content(self, smtp: SMTP, mail: bytes) -> str:
        """DATA. From here on the receiver may have the story although it does not say so."""
        try:
            answer = await smtp.data(mail)
        except errors.SMTPResponseException as e:
            raise _verdict(e) from e
        except (errors.SMTPException, OSError) as e:
            raise Unavailable(
                tidy(f"{self.settings.host}, after the mail was sent: {e}"), unknown=True
            ) from e
        return tidy(f"{answer.code} {answer.message}")

    def _failure(self, error: Exception) -> ChannelError:
        """What it means that a mail could not even be begun."""
        match error:
            case errors.SMTPResponseException():
                return _verdict(error)
            case errors.SMTPServerDisconnected() | errors.SMTPTimeoutError():
                return Unavailable(tidy(f"{self.settings.host}: {error}"), blip=True)
            case ssl.SSLError() | errors.SMTPConnectError(__cause__=ssl.SSLError()):
                return Denied(tidy(f"no TLS with {self.settings.host}: {error}"))
            case errors.SMTPConnectError(__cause__=socket.gaierror()):
                return Unavailable(f"{self.settings.host} cannot be resolved")
            case OSError():
                return Unavailable(tidy(str(error)), blip=True)
        # No STARTTLS on offer, no way to log in that both know: a setting does not fit.
        return Denied(tidy(f"{self.settings.host}: {error}"))


def _verdict(error: errors.SMTPResponseException) -> ChannelError:
    """RFC 5321 §4.2.1: 4yz may be tried again, 5yz may not; which of them are about the channel itself."""
    told = tidy(f"{error.code} {error.message}")
    if not 500 <= error.code < 600:
        return Unavailable(told, unknown=error.code < 400)
    before_the_mail = errors.SMTPAuthenticationError | errors.SMTPConnectResponseError | errors.SMTPHeloError
    unwanted = isinstance(error, errors.SMTPSenderRefused) and error.code in SENDER_UNWANTED
    if isinstance(error, before_the_mail) or unwanted or error.code in LOGIN_WANTED:
        return Denied(told)
    return Refused(told)


def _size(smtp: SMTP, size: int) -> list[str]:
    """RFC 1870: a mail that is too large is refused before it is sent."""
    return [f"SIZE={size}"] if smtp.supports_extension("size") else []


async def _leave(smtp: SMTP) -> None:
    with suppress(errors.SMTPException, OSError):
        await smtp.quit(timeout=PATIENCE)
    smtp.close()
