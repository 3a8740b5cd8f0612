"""Mail over SMTP (RFC 5321), with TLS and login, signed (DKIM), with pictures inside by choice.

Relays are mostly inside the house and named by the operator alone, so that private addresses are no danger
there: `allow_private` is about the pictures, whose addresses stand in a feed.
"""

from __future__ import annotations

import asyncio
import socket
import ssl
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager, suppress
from datetime import UTC, datetime
from typing import Any, Self, TypeVar

from aiosmtplib import SMTP, errors

from channels import smtp_commands as commands
from channels.answers import tidy
from channels.channel import ChannelError, Denied, Refused, Unavailable
from channels.enclosures import Enclosed, enclose
from channels.mail_settings import MailSettings
from channels.mail_signing import signed
from channels.media_cache import MediaCache, supply
from channels.media_web import Supply
from channels.message import NOTHING, address, compose
from channels.story import IdempotencyKey, Receipt, Story

Answer = TypeVar("Answer")

PORTS = {"starttls": 587, "tls": 465, "none": 25}

# RFC 4954 §6 and RFC 5321 §4.2.3: they speak of the sender or the login, not of this mail.
LOGIN_WANTED = frozenset((530, 534, 535, 538))
SENDER_UNWANTED = frozenset((550, 551, 553))

GOODBYE = 421

LONG = 20_000
"""Characters of a body from which on a thread is worth its price; a signature always is."""

PATIENCE = 2.0
"""Seconds that a server has to say goodbye."""


class Email:
    """Keeps connections open between mails, at most one for each concurrent attempt."""

    carries_digests = True

    class Settings(MailSettings):
        """`[[members.channels]] type = "email"`."""

    def __init__(
        self, settings: Settings, *, clock: Callable[[], datetime] = lambda: datetime.now(UTC)
    ) -> None:
        self.settings = settings
        self.clock = clock
        self.idle: list[SMTP] = []
        self.trust: ssl.SSLContext | None = None
        self.our_name: str | None = None
        self.media_cache: MediaCache | None = None
        self.media: Supply | None = None
        self.talking: set[asyncio.Task[Any]] = set()

    async def __aenter__(self) -> Self:
        if self.settings.media != "link":
            self.media = supply(self.media_cache, allow_private=self.settings.allow_private)
        return self

    async def __aexit__(self, *exc: object) -> None:
        if self.media:
            await self.media.close()
        if self.talking:
            await asyncio.wait(self.talking, timeout=PATIENCE)
        idle, self.idle = self.idle, []
        for smtp in idle:
            await _leave(smtp)

    async def send(self, story: Story, key: IdempotencyKey, number: int = 0) -> Receipt:
        """Mail the story to all of `to`. Raises: Unavailable, Refused, Denied."""
        try:
            if len(story.body) <= LONG and not self.settings.dkim:
                mail = self._compose(story, key, number)
            else:
                mail = await asyncio.to_thread(self._compose, story, key, number)
        except UnicodeEncodeError as e:
            raise Refused(f"the text cannot be written in UTF-8: {e.reason}") from e
        return await self._apart(self._mail(mail, story, key, number))

    async def check(self) -> str:
        """Connects, logs in and says NOOP. Raises: Unavailable, Denied."""
        return await self._apart(self._look())

    async def _apart(self, talk: Coroutine[Any, Any, Answer]) -> Answer:
        """In a task of its own, so that a cancellation is heard at once.

        The library waits by asyncio.wait_for, which before Python 3.12 swallows one that meets an answer
        (https://github.com/python/cpython/issues/86296).
        """
        task = asyncio.create_task(talk)
        self.talking.add(task)
        task.add_done_callback(self.talking.discard)
        try:
            return await asyncio.shield(task)
        except asyncio.CancelledError:
            task.cancel()
            raise

    async def _mail(self, mail: bytes, story: Story, key: IdempotencyKey, number: int) -> Receipt:
        async with self._connection() as smtp:
            if self.media and story.pub_status != "canceled":
                mail = await self._enclosing(self.media, smtp, story, key, number) or mail
            unserved = await self._envelope(smtp, len(mail))
            _go_on()
            answer = await self._content(smtp, mail)
        return Receipt("; ".join((answer, *unserved)))

    async def _look(self) -> str:
        smtp = await self._connect()
        try:
            answer = await smtp.noop()
        except (errors.SMTPException, OSError) as e:
            raise self._failure(e) from e
        finally:
            await _leave(smtp)
        return tidy(f"{answer.code} from {self.settings.host}")

    def _compose(self, story: Story, key: IdempotencyKey, number: int, enclosed: Enclosed = NOTHING) -> bytes:
        s = self.settings
        mail = compose(
            story,
            key,
            sender=s.sender,
            to=s.to,
            list_id=s.list_id,
            now=self.clock(),
            unsubscribe=s.unsubscribe,
            enclosed=enclosed,
            number=number,
        )
        return signed(mail, s.dkim) if s.dkim else mail

    async def _enclosing(
        self, media: Supply, smtp: SMTP, story: Story, key: IdempotencyKey, number: int
    ) -> bytes | None:
        """The mail with all files that can be had in half the time there is; None if that is no other mail.

        A server that says that it takes no mail of that size (RFC 1870) gets the one with links.
        """
        patience = self.settings.timeout.total_seconds() / 2
        enclosed = await enclose(media, story, limit=self.settings.attach_up_to, patience=patience)
        if not enclosed:
            return None
        mail = await asyncio.to_thread(self._compose, story, key, number, enclosed)
        most = smtp.esmtp_extensions.get("size", "")
        return mail if not most.isdecimal() or len(mail) <= (int(most) or len(mail)) else None

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
            await commands.mail(smtp, address(self.settings.sender), _size(smtp, size))
            for recipient in self.settings.to:
                try:
                    await commands.rcpt(smtp, address(recipient))
                except errors.SMTPRecipientRefused as e:
                    refused.append(e)
        except (errors.SMTPException, OSError) as e:
            raise self._failure(e) from e
        if len(refused) == len(self.settings.to):
            # Where one of them may be served later, all wait.
            raise _verdict(min(refused, key=lambda e: e.code), begun=False)
        return [tidy(f"not to {e.recipient}: {e.code} {e.message}") for e in refused]

    async def _content(self, smtp: SMTP, mail: bytes) -> str:
        """DATA. From here on the receiver may have the story although it does not say so."""
        try:
            answer = await commands.data(smtp, mail)
        except errors.SMTPResponseException as e:
            raise _verdict(e, begun=True) from e
        except (errors.SMTPException, OSError) as e:
            raise Unavailable(
                tidy(f"{self.settings.host}, after the mail was sent: {e}"), unknown=True
            ) from e
        return tidy(f"{answer.code} {answer.message}")

    def _failure(self, error: Exception) -> ChannelError:
        """What it means that a mail could not even be begun."""
        match error:
            case errors.SMTPResponseException():
                return _verdict(error, begun=False)
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


def _verdict(error: errors.SMTPResponseException, *, begun: bool) -> ChannelError:
    """RFC 5321 §4.2.1: 4yz may be tried again, 5yz may not; which of them are about the channel itself.

    `begun`: DATA was said. Before it, a 421 is the server's way to hang up (§3.8): another connection may do.
    """
    told = tidy(f"{error.code} {error.message}")
    if not 500 <= error.code < 600:
        return Unavailable(told, unknown=error.code < 400, blip=error.code == GOODBYE and not begun)
    before_the_mail = errors.SMTPAuthenticationError | errors.SMTPConnectResponseError | errors.SMTPHeloError
    unwanted = isinstance(error, errors.SMTPSenderRefused) and error.code in SENDER_UNWANTED
    if isinstance(error, before_the_mail) or unwanted or error.code in LOGIN_WANTED:
        return Denied(told)
    return Refused(told)


def _go_on() -> None:
    """Raises: asyncio.CancelledError, where this task was cancelled and went on all the same."""
    task = asyncio.current_task()
    if task and task.cancelling():
        raise asyncio.CancelledError


def _size(smtp: SMTP, size: int) -> list[str]:
    """RFC 1870: a mail that is too large is refused before it is sent."""
    return [f"SIZE={size}"] if smtp.supports_extension("size") else []


async def _leave(smtp: SMTP) -> None:
    with suppress(errors.SMTPException, OSError):
        await smtp.quit(timeout=PATIENCE)
    smtp.close()
