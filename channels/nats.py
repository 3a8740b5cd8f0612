"""Messages in a stream of NATS JetStream (https://docs.nats.io/nats-concepts/jetstream).

A stream takes a message once for each `Nats-Msg-Id` within its duplicate window, and confirms that it has it.
"""

from __future__ import annotations

import asyncio
import json
import re
from string import Formatter
from typing import Any, NamedTuple, Self
from urllib.parse import quote

import orjson

from channels.answers import tidy
from channels.channel import ChannelError, Denied, Refused, Unavailable
from channels.extras import extra
from channels.formats.kinds import FORMATS
from channels.nats_connection import Connection, Forbidden, Session
from channels.nats_settings import PLACEHOLDERS, NatsSettings, Way, token
from channels.story import IdempotencyKey, Receipt, Story

with extra("nats"):
    from nats import errors
    from nats.js.errors import APIError

LONG = 20_000
"""Characters of a body from which on a thread is worth its price."""

ELECTION = (0.25, 0.25)
"""Seconds after which a stream that nobody answers for is asked again, as the Go client does: its replicas
may be choosing a leader."""

# https://github.com/nats-io/nats-server/blob/main/server/errors.json; those whose code says another thing.
DENIED = frozenset((10035, 10039, 10076, 10060, 10109))  # no JetStream for us, another stream, a sealed one
UNAVAILABLE = frozenset((10002,))  # the account's store is full

LANGUAGE = re.compile(r"[A-Za-z0-9]{1,8}(-[A-Za-z0-9]{1,8})*")  # RFC 9110 §8.5.1

NAMES = "$JS.API.STREAM.NAMES"

TROUBLE = (errors.Error, OSError, ValueError, TypeError, LookupError, AttributeError)
"""What a question can raise; the last four where the answer is not one of JetStream's."""


class Nats:
    """One connection for all items: NATS carries many messages at once."""

    class Settings(NatsSettings):
        """`[[members.channels]] type = "nats"`."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.way = settings.way
        self.connection = Connection(self.way)
        said = {name for _, name, _, _ in Formatter().parse(settings.subject)}
        self.placeholders = {name: of for name, of in PLACEHOLDERS.items() if name in said}

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *exc: object) -> None:
        await self.connection.close()

    async def send(self, story: Story, key: IdempotencyKey, number: int = 0) -> Receipt:
        """Publish the story and wait until a stream says that it has it.

        A correction and a withdrawal are messages on the same subject; the item says which it is.
        Raises: Unavailable, Refused, Denied.
        """
        deadline = asyncio.get_running_loop().time() + self.way.seconds
        body = await self._body(story)
        media_type = FORMATS[self.settings.format].media_type
        headers = _headers(story, key, number, media_type, self.settings.stream)
        subject = self.settings.subject.format(**{name: of(story) for name, of in self.placeholders.items()})
        session = await self.connection.session()
        _fits(len(body) + len(headers), session.client.max_payload)
        try:
            ack = await self._publish(session, subject, body, headers, deadline)
        except TROUBLE as e:
            self._lost(session, e)
            raise failure(e, self.way, session.server.host, subject) from e
        told = f"stream {ack.stream} seq {ack.number}{' duplicate' if ack.is_duplicate else ''}"
        return Receipt(told, remote_id=f"{ack.stream}:{ack.number}")

    async def check(self) -> str:
        """Logs in and asks which stream takes the subject; nothing is published on it.

        Whether we may publish on it is not proved: whoever listens beside the stream would get that, too.
        Raises: Unavailable, Denied.
        """
        deadline = asyncio.get_running_loop().time() + self.way.seconds
        session = await self.connection.session()
        subjects = self._subjects()
        try:
            streams = {
                name for subject in subjects for name in await self._taking(session, subject, deadline)
            }
        except Forbidden as e:
            return tidy(f"{e}: logged in, but not told which stream takes {' '.join(subjects)}")
        except TROUBLE as e:
            self._lost(session, e)
            raise failure(e, self.way, session.server.host, " ".join(subjects), sent=False) from e
        return tidy(f"{', '.join(sorted(streams))} on {session.server.host} takes {' '.join(subjects)}")

    async def _publish(
        self, session: Session, subject: str, body: bytes, headers: bytes, deadline: float
    ) -> Ack:
        for wait in (*ELECTION, None):
            try:
                answer = await session.ask(subject, body, headers, deadline)
                return _ack(answer.data)
            except errors.NoRespondersError:
                if wait is None:
                    raise
                await asyncio.sleep(wait)
        raise AssertionError

    async def _taking(self, session: Session, subject: str, deadline: float) -> list[str]:
        """The streams that take `subject`. Raises: as `Session.ask`, NoRespondersError, APIError."""
        question = json.dumps({"subject": subject}).encode()
        said = _told((await session.ask(NAMES, question, b"", deadline)).data)
        streams = [str(name) for name in said.get("streams") or ()]
        if not streams:
            raise errors.NoRespondersError
        if (wanted := self.settings.stream) and wanted not in streams:
            raise APIError(400, f"{subject} goes to {', '.join(streams)}, not to {wanted}", 10060)
        return streams

    def _subjects(self) -> list[str]:
        """Of each language that is known here, else all that the template can give."""
        template, languages = self.settings.subject, self.settings.languages or ("*",)
        tokens = [token(language) if language != "*" else "*" for language in languages]
        return sorted({re.sub(r"[^.]*\*[^.]*", "*", template.format(language=t, slug="*")) for t in tokens})

    async def _body(self, story: Story) -> bytes:
        encode = FORMATS[self.settings.format].encode
        try:
            return encode(story) if len(story.body) <= LONG else await asyncio.to_thread(encode, story)
        except UnicodeEncodeError as e:
            raise Refused(f"the text cannot be written in UTF-8: {e.reason}") from e

    def _lost(self, session: Session, error: Exception) -> None:
        if isinstance(error, OSError):  # a TimeoutError is one, too
            self.connection.drop(session)


def failure(error: Exception, way: Way, host: str, subject: str, *, sent: bool = True) -> ChannelError:
    """What an error after the login means for the channel. `sent`: a stream may have the story."""
    match error:
        case errors.NoRespondersError():
            return Denied(f"no stream on {host} takes {subject}; add it to a stream's subjects")
        case APIError():
            return verdict(error, f"{host}: {way.told(error.description or '')}")
        case errors.MaxPayloadError():
            return Refused(f"more than {host} takes in one message")
        case TimeoutError():
            return Unavailable(f"no answer from {host} in time", unknown=sent)
        case OSError():
            return Unavailable(f"connection to {host} lost", unknown=sent)
        case errors.Error():  # the library's word that it is closed, and that nothing went out
            return Unavailable(f"connection to {host} lost: {way.told(str(error))}", blip=True)
    return Denied(f"what answers on {subject} at {host} is no stream")


def verdict(error: APIError, told: str) -> ChannelError:
    """JetStream has HTTP's codes, and numbers of its own for what is behind them."""
    told = tidy(f"{told} ({error.err_code})")
    if error.err_code in DENIED or error.code in (401, 403, 404):
        return Denied(told)
    if error.err_code not in UNAVAILABLE and isinstance(error.code, int) and 400 <= error.code < 429:
        return Refused(told)
    return Unavailable(told)


class Ack(NamedTuple):
    """A stream has it (https://docs.nats.io/reference/reference-protocols/nats_api_reference)."""

    stream: str
    number: int
    is_duplicate: bool


def _ack(data: bytes) -> Ack:
    """Raises: APIError if it is a no; ValueError, TypeError, LookupError, AttributeError if it is neither."""
    said = _told(data)
    return Ack(tidy(str(said["stream"])), int(said["seq"]), bool(said.get("duplicate")))


def _told(data: bytes) -> dict[str, Any]:
    """JetStream's answer, unless it is a no. Raises: as `_ack`."""
    said: dict[str, Any] = orjson.loads(data)
    if error := said.get("error"):
        raise APIError(error.get("code"), error.get("description"), error.get("err_code"))
    return said


def _headers(story: Story, key: IdempotencyKey, number: int, media_type: str, stream: str) -> bytes:
    """As they go out (https://docs.nats.io/reference/reference-protocols/nats-protocol, HPUB)."""
    headers = [
        ("Nats-Msg-Id", " ".join(key.split())),
        ("Content-Type", media_type),
        ("Uri", quote(story.uri, safe="!#$%&'()*+,/:;=?@[]~", errors="replace")),
        ("Version", str(story.version)),
        ("Pub-Status", story.pub_status),
        ("Urgency", str(story.urgency)),
    ]
    if LANGUAGE.fullmatch(story.language):
        headers.append(("Content-Language", story.language))
    if number > 0:
        headers.append(("Item-Number", str(number)))
    if stream:
        headers.append(("Nats-Expected-Stream", stream))
    lines = "".join([f"{name}: {value}\r\n" for name, value in headers])
    return f"NATS/1.0\r\n{lines}\r\n".encode()


def _fits(size: int, limit: int) -> None:
    """A server ends the connection of who sends too much, headers counted: all others would suffer.

    Raises: Refused.
    """
    if size > limit:
        raise Refused(f"{size} bytes are more than the {limit} that the server takes in one message")
