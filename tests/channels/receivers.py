"""Receivers on 127.0.0.1, port 0, that answer what a test scripted and keep what arrived."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from typing import Any

from aiohttp import web
from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session
from multidict import CIMultiDictProxy


@dataclass
class Arrived:
    """One request."""

    method: str
    path: str
    headers: CIMultiDictProxy[str]
    body: bytes


CLOSING = web.AppKey("closing", asyncio.Event)
Answer = Callable[[web.Request], Awaitable[web.StreamResponse]]


@dataclass
class HttpReceiver:
    """Answers 204, or what is in `answers` while there is any; without HEAD, as most."""

    url: str = ""
    answers: list[web.StreamResponse | Answer] = field(default_factory=list)
    got: list[Arrived] = field(default_factory=list)
    taken: list[Arrived] = field(default_factory=list)
    """Of these, those that were not answered as `answers` says."""
    connections: set[Any] = field(default_factory=set)

    async def handle(self, request: web.Request) -> web.StreamResponse:
        self.connections.add(request.transport)
        arrived = Arrived(request.method, request.path, request.headers, await request.read())
        self.got.append(arrived)
        if not self.answers:
            self.taken.append(arrived)
            return web.Response(status=405 if request.method == "HEAD" else 204)
        answer = self.answers.pop(0)
        return answer if isinstance(answer, web.StreamResponse) else await answer(request)


@asynccontextmanager
async def http_receiver(tls: ssl.SSLContext | None = None) -> AsyncIterator[HttpReceiver]:
    receiver = HttpReceiver()
    app = web.Application(client_max_size=10_000_000)
    app[CLOSING] = asyncio.Event()
    app.router.add_route("*", "/{path:.*}", receiver.handle)
    runner = web.AppRunner(app, handle_signals=False, shutdown_timeout=0)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0, ssl_context=tls)
    await site.start()
    host, port = runner.addresses[0][:2]
    receiver.url = f"{'https' if tls else 'http'}://{host}:{port}/hook"
    try:
        yield receiver
    finally:
        app[CLOSING].set()
        await runner.cleanup()


async def hang(request: web.Request) -> web.StreamResponse:
    """Does not answer as long as the receiver lives."""
    await request.app[CLOSING].wait()
    return web.Response()


async def hang_up(request: web.Request) -> web.StreamResponse:
    """Closes the connection instead of answering."""
    assert request.transport is not None
    request.transport.abort()
    return web.Response()


@dataclass
class MailServer:
    """Accepts everything, or says what is in `says` by command, once each."""

    port: int = 0
    says: dict[str, list[str]] = field(default_factory=dict)
    got: list[tuple[list[str], EmailMessage]] = field(default_factory=list)
    raw: list[bytes] = field(default_factory=list)
    transports: list[asyncio.Transport] = field(default_factory=list)
    logins: list[bytes] = field(default_factory=list)
    password: bytes = b"secret"

    def _say(self, command: str) -> str | None:
        said = self.says.get(command)
        return said.pop(0) if said else None

    async def handle_EHLO(
        self, server: SMTP, session: Session, envelope: Envelope, hostname: str, responses: list[str]
    ) -> list[str]:
        assert isinstance(server.transport, asyncio.Transport)
        self.transports.append(server.transport)
        session.host_name = hostname
        return responses

    async def handle_MAIL(
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        if said := self._say("MAIL"):
            if said == "hang up":
                self.transports[-1].abort()
            return said
        envelope.mail_from = address
        return "250 OK"

    async def handle_RCPT(
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        if said := self._say("RCPT"):
            return said
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:
        said = self._say("DATA")
        if said == "hang up":
            self.transports[-1].abort()
            await asyncio.sleep(0)
        if said:
            return said
        assert isinstance(envelope.content, bytes)
        mail = message_from_bytes(envelope.content, policy=default)
        self.raw.append(envelope.content)
        self.got.append((list(envelope.rcpt_tos), mail))
        return "250 2.0.0 Ok: queued as 4F1"

    def authenticate(
        self, server: SMTP, session: Session, envelope: Envelope, mechanism: str, data: Any
    ) -> AuthResult:
        assert isinstance(data, LoginPassword)
        self.logins.append(data.login)
        return AuthResult(success=data.password == self.password, handled=False)


@asynccontextmanager
async def mail_server(
    *, starttls: ssl.SSLContext | None = None, tls: ssl.SSLContext | None = None, login: bool = False
) -> AsyncIterator[MailServer]:
    receiver = MailServer()
    loop = asyncio.get_running_loop()

    def protocol() -> SMTP:
        return SMTP(
            receiver,
            loop=loop,
            hostname="mx.example",
            tls_context=starttls,
            require_starttls=starttls is not None,
            authenticator=receiver.authenticate if login else None,
            auth_required=login,
            auth_require_tls=tls is None,
            data_size_limit=10_000_000,
        )

    server = await loop.create_server(protocol, "127.0.0.1", 0, ssl=tls)
    receiver.port = server.sockets[0].getsockname()[1]
    try:
        yield receiver
    finally:
        server.close()
        for transport in receiver.transports:
            transport.abort()
        await server.wait_closed()
