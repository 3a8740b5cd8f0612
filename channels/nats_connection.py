"""A connection to one of several NATS servers (https://docs.nats.io/reference/reference-protocols/nats-protocol).

The library's own reconnecting is not used: it keeps what is published meanwhile and sends it later, when the
attempt it belonged to is long over, and it follows a server to whichever addresses that names. Here a lost
connection is over, whoever waits on it hears so, and the next attempt opens another, to the configured
servers only, each time to an address that was checked.

Left open: what a server sends is kept by the library until it makes a line of it, however long that is. Only
servers that the operator named can do that.
"""

from __future__ import annotations

import asyncio
import math
import re
import ssl
from contextlib import suppress
from itertools import count
from typing import Any
from urllib.parse import ParseResult

from channels.answers import tidy
from channels.channel import ChannelError, Denied, Unavailable
from channels.dialing import dial
from channels.extras import extra
from channels.nats_settings import Server, Way
from channels.tls import context, turned_away

with extra("nats"):
    from nats import errors
    from nats.aio.client import Client
    from nats.aio.msg import Msg
    from nats.aio.transport import TcpTransport
    from nats.protocol.command import hpub_cmd, pub_cmd

PATIENCE = 5.0
"""Seconds for saying goodbye."""
ALIVE = 15
"""Seconds of silence after which the server is asked whether it is still there."""

NO_RESPONDERS = "503"
"""The status of an answer that only says that nobody listens there."""

LOGIN = re.compile(r"authori[sz]ation|authentication|permissions", re.IGNORECASE)
"""In what a server says of a login, as against of itself ("maximum connections exceeded")."""


class Forbidden(Denied):
    """To publish on one subject; all else may work."""


class _Line(TcpTransport):
    """To one checked address; nothing is said in the open where TLS was asked for.

    The library begins TLS only if the server wishes it, and the wish travels in the open: whoever sits
    between could take it out.
    """

    def __init__(self, server: Server, *, allow_private: bool) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.server = server
        self.allow_private = allow_private
        self.encrypted = False
        self.held = b""

    async def connect(self, uri: ParseResult, buffer_size: int, connect_timeout: int) -> None:
        sock = await dial(self.server.host, self.server.port, allow_private=self.allow_private)
        try:
            reader, writer = await asyncio.open_connection(sock=sock, limit=buffer_size)
        except BaseException:
            sock.close()
            raise
        self._bare_io_reader = self._io_reader = reader
        self._bare_io_writer = self._io_writer = writer

    async def connect_tls(
        self, uri: str | ParseResult, ssl_context: ssl.SSLContext, buffer_size: int, connect_timeout: int
    ) -> None:
        await super().connect_tls(uri, ssl_context, buffer_size, connect_timeout)
        self.encrypted = True

    def write(self, payload: bytes) -> None:
        if self.server.secure and not self.encrypted:
            raise Denied(f"{self.server.host} offers no TLS; nothing was said to it in the open")
        if payload.startswith(b"CONNECT "):
            # Until the PING behind it: a server that does not let us in says so and is gone, and a second
            # write to it would break the line before its words are read.
            self.held = payload
            return
        super().write(self.held + payload)  # type: ignore[no-untyped-call]
        self.held = b""

    def cause(self, error: Exception) -> Exception:
        """What the other side said where the line is broken since, else `error`."""
        told = self._io_reader and self._io_reader.exception()
        return told if isinstance(error, ConnectionError) and isinstance(told, Exception) else error

    async def wait_closed(self) -> None:
        """Not at all: after a failed handshake, asyncio never says that the line is closed."""

    def abort(self) -> None:
        """A line that hangs would otherwise be waited for until all is written."""
        if self._io_writer:
            self._io_writer.transport.abort()


class _Client(Client):
    """Goes over a line of ours to one server, once."""

    def __init__(self, line: _Line) -> None:
        super().__init__()
        self.line = line

    async def _select_next_server(self) -> None:
        (self._current_server,) = self._server_pool
        self._transport = self.line
        await self.line.connect(self._current_server.uri, 2**15, 0)

    def hand_over(self, subject: str, reply: str, headers: bytes, payload: bytes) -> None:
        """To be written next, with `headers` as they go out.

        The library's own makes the headers anew, and where much is waiting it waits, deaf to a cancellation.
        Raises: errors.Error.
        """
        if not self.is_connected or not self._flush_queue:
            raise errors.ConnectionClosedError
        if len(headers) + len(payload) > self.max_payload:
            raise errors.MaxPayloadError
        told = hpub_cmd(subject, reply, headers, payload) if headers else pub_cmd(subject, reply, payload)
        self._pending.append(told)
        self._pending_data_size += len(told)
        if self._flush_queue.empty():
            self._flush_queue.put_nowait(asyncio.get_running_loop().create_future())


class Session:
    """One connection, from its login until it is lost."""

    def __init__(self, way: Way, server: Server) -> None:
        self.way = way
        self.server = server
        self.line = _Line(server, allow_private=way.allow_private)
        self.client = _Client(self.line)
        self.lost = False
        self.inbox = ""
        """Begins the subjects of answers to us, once we listen there."""
        self.numbers = count(1)
        self.asked: dict[str, tuple[asyncio.Future[Msg], str]] = {}
        """Who waits, by the number of the question; its subject is in small letters, as errors have it."""
        self.deaf = False
        """The server forbids us to hear answers: a later question would wait in vain."""

    @property
    def usable(self) -> bool:
        return self.client.is_connected and not self.lost and not self.deaf

    async def open(self, trust: ssl.SSLContext) -> None:
        """Raises: Unavailable, Denied."""
        way, host = self.way, self.server.host
        try:
            await self.client.connect(
                [self.server.address],
                error_cb=self._heard,
                closed_cb=self._closed,
                name="distributor",
                allow_reconnect=False,
                connect_timeout=math.ceil(way.seconds),
                flush_timeout=way.seconds,
                ping_interval=ALIVE,
                tls=trust,
                user=way.user,
                password=way.password,
                token=way.token,
                signature_cb=way.creds and way.creds.sign,
                user_jwt_cb=way.creds and way.creds.jwt.encode,
                inbox_prefix=way.inbox,
            )
        except (errors.Error, OSError, ValueError) as e:
            raise _no_login(self.line.cause(e), host, way) from e
        if not self.client.is_connected:  # the library takes any other line for an answer, even none
            raise Unavailable(f"{host} hung up during the login", blip=True)

    async def ask(self, subject: str, payload: bytes, headers: bytes, deadline: float) -> Msg:
        """The answer to what is published on `subject`, with `headers` as they go out.

        Not by the library's own way of asking: that swallows a cancellation here and there, and hears neither
        that a connection is lost nor that a server forbids what was asked.
        Raises: TimeoutError, ConnectionResetError, Denied, errors.NoRespondersError, errors.Error.
        """
        if self.lost:
            raise ConnectionResetError
        loop = asyncio.get_running_loop()
        number, answer = str(next(self.numbers)), loop.create_future()
        self.asked[number] = answer, subject.lower()
        expiry = loop.call_at(deadline, _fail, answer, TimeoutError())
        try:
            if not self.inbox:
                self.inbox = self.client.new_inbox()
                await self.client.subscribe(f"{self.inbox}.*", cb=self._answered)
            self.client.hand_over(subject, f"{self.inbox}.{number}", headers, payload)
            message: Msg = await answer
        finally:
            expiry.cancel()
            del self.asked[number]
            heard(answer)
        if message.headers and message.headers.get("Status") == NO_RESPONDERS:
            raise errors.NoRespondersError
        return message

    async def close(self) -> None:
        """Lost or not; without waiting for a line that hangs."""
        with suppress(Exception):
            async with asyncio.timeout(PATIENCE):
                self.line.abort()
                await self.client.close()
        await self._closed()

    async def _heard(self, error: Exception) -> None:
        """What a server forbids, to those whom it stops; the library tells it in small letters."""
        found = re.search(r"permissions violation for (publish|subscription) to \"([^\"]*)\"", str(error))
        host, inbox = self.server.host, self.way.inbox
        self.deaf = self.deaf or bool(found and found[1] == "subscription")
        for answer, subject in self.asked.values():
            if found and found[1] == "subscription":
                _fail(answer, Denied(f"{host} forbids us to hear answers under {inbox}.>; set inbox"))
            elif found and found[2] == subject:
                _fail(answer, Forbidden(f"{host} forbids us to publish on {tidy(subject)}"))

    async def _answered(self, message: Msg) -> None:
        answer, _ = self.asked.get(message.subject.rpartition(".")[2]) or (None, "")
        if answer and not answer.done():
            answer.set_result(message)

    async def _closed(self) -> None:
        self.lost = True
        for answer, _ in self.asked.values():
            _fail(answer, ConnectionResetError())


class Connection:
    """Opened when it is first wanted, and again when it was lost."""

    def __init__(self, way: Way) -> None:
        self.way = way
        self.opened: asyncio.Task[Session] | None = None
        self.parting: set[asyncio.Task[None]] = set()

    async def session(self) -> Session:
        """The one that is open, or a new one: all who wait for it wait for the same.

        Raises: Unavailable, Denied.
        """
        if self.opened and self.opened.done():
            if usable := _usable(self.opened):
                return usable
            self._part(self.opened)
            self.opened = None
        if self.opened is None:
            self.opened = asyncio.create_task(self._open())
            self.opened.add_done_callback(heard)
        return await asyncio.shield(self.opened)

    def drop(self, session: Session) -> None:
        """Not to be used again: it hangs. Attempts that have it may still finish."""
        if self.opened and self.opened.done() and _usable(self.opened) is session:
            self._part(self.opened, after=self.way.seconds)
            self.opened = None

    async def close(self) -> None:
        opened, self.opened = self.opened, None
        if opened and not opened.done():
            opened.cancel()
            await asyncio.wait([opened])
        for task in self.parting:
            task.cancel()  # from its waiting; it closes all the same
        if opened:
            self._part(opened)
        if self.parting:
            await asyncio.wait(self.parting, timeout=PATIENCE)

    def _part(self, opened: asyncio.Task[Session], after: float = 0) -> None:
        if opened.cancelled() or opened.exception():
            return
        task = asyncio.create_task(_close(opened.result(), after))
        self.parting.add(task)
        task.add_done_callback(self.parting.discard)

    async def _open(self) -> Session:
        """At the first server that lets us in. Raises: Denied if one denies, else Unavailable."""
        way, failures = self.way, list[ChannelError]()
        trust = await asyncio.to_thread(context, way.ca, way.client_cert, way.client_key)
        for server in way.servers:
            session = Session(way, server)
            try:
                # Shorter than the whole attempt, so that whoever waits for it hears of it.
                async with asyncio.timeout(way.seconds / 2 / len(way.servers)):
                    await session.open(trust)
                return session
            except TimeoutError:
                failures.append(Unavailable(f"no login on {server.host} in time", blip=True))
            except ChannelError as e:
                failures.append(e)
            except BaseException:
                session.line.abort()
                raise
            await session.close()
        raise next((e for e in failures if isinstance(e, Denied)), failures[-1])


def _no_login(error: Exception, host: str, way: Way) -> ChannelError:
    if alert := turned_away(error):
        return Denied(tidy(f"{host} ended TLS: {alert}"))
    match error:
        case ssl.SSLCertVerificationError():
            return Denied(tidy(f"{host} has a bad certificate: {error.verify_message}"))
        case ssl.SSLError():
            return Denied(tidy(f"no TLS with {host}: {error.reason or error}"))
        case TimeoutError():
            return Unavailable(f"no login on {host} in time", blip=True)
        case errors.Error() if LOGIN.search(str(error)):
            return Denied(f"{host} does not let us in: {way.told(str(error))}")
        case ValueError():
            return Denied(f"{host} does not speak NATS")
    return Unavailable(f"no login on {host}: {way.told(str(error))}", blip=True)


def _usable(opened: asyncio.Task[Session]) -> Session | None:
    if opened.cancelled() or opened.exception() or not opened.result().usable:
        return None
    return opened.result()


async def _close(session: Session, after: float) -> None:
    try:
        await asyncio.sleep(after)
    finally:
        await session.close()


def _fail(answer: asyncio.Future[Msg], error: Exception) -> None:
    if not answer.done():
        answer.set_exception(error)


def heard(task: asyncio.Future[Any]) -> None:
    """Nobody may be left to hear of the failure."""
    if task.done() and not task.cancelled():
        task.exception()
