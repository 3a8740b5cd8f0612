"""Receivers for benchmarks/each_channel.py, each in a process of its own, and quick where that can be had.

HTTP is aiohttp, which reads and answers; mail a protocol that looks for the final dot; SFTP is OpenSSH's
sshd, FTPS pyftpdlib, NATS nats-server with a stream on the disk, WordPress the tests' stand-in for its API.
Where one is slower than who sends, it hides what the sender costs: that is why processor time is told, too.
"""

from __future__ import annotations

import asyncio
import logging
import multiprocessing
import signal
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from functools import partial
from pathlib import Path
from typing import Any

import aiohttp
from aiohttp import web

TESTS = Path(__file__).parents[1] / "tests" / "channels"
sys.path.insert(0, str(TESTS))  # their servers are no package that is installed

TOPICS = ("Climate", "Union")
"""Tags that the site knows."""

There = dict[str, Any]
"""Where a receiver is: `port`, and settings of a channel that leads there."""
Sink = Callable[[Path], Any]
"""Starts a receiver that may keep things in a folder; a context with There."""


@contextmanager
def http(_: Path) -> Iterator[There]:
    """Reads each body and answers 200."""
    with _apart(_serve_http) as port:
        yield {"port": port}


@contextmanager
def smtp(_: Path) -> Iterator[There]:
    """Takes every mail."""
    with _apart(_serve_smtp) as port:
        yield {"port": port}


@contextmanager
def wordpress(_: Path) -> Iterator[There]:
    """Without a post; its tags are TOPICS."""
    with _apart(_serve_wordpress) as port:
        yield {"port": port}


@contextmanager
def folder(place: Path) -> Iterator[There]:
    """No receiver but the file system."""
    yield {"port": 0, "path": place}


@contextmanager
def sshd(place: Path) -> Iterator[There]:
    """Raises: LookupError, where it is not installed."""
    from drops import SSHD, openssh_server

    if not SSHD.exists():
        raise LookupError("sshd is not installed (Debian: apt-get install openssh-server)")
    with openssh_server(place) as (_, settings):
        yield settings


@contextmanager
def ftps(place: Path) -> Iterator[There]:
    """The user is `wire` with the password `secret`."""
    from certificates import make_certificate

    certificate = make_certificate(place / "tls")
    (place / "in").mkdir()
    with _apart(partial(_serve_ftps, place / "in", certificate)) as port:
        yield {"port": port, "ca": certificate / "cert.pem"}


@contextmanager
def nats(place: Path) -> Iterator[There]:
    """With a stream for `science.>`. Raises: LookupError, where it is not installed."""
    import pytest
    from nats_server import NatsServer, running

    server = NatsServer(place)
    try:
        with running(server):
            asyncio.run(server.stream())
            yield {"port": server.port}
    except pytest.skip.Exception as e:
        raise LookupError(str(e)) from e


@contextmanager
def started(sink: Sink) -> Iterator[There]:
    """In a folder of its own. Raises: LookupError or ImportError, where it cannot run here."""
    with ExitStack() as stack:
        place = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        yield stack.enter_context(sink(place))


@contextmanager
def _apart(serve: Callable[[Any], None]) -> Iterator[int]:
    """`serve` in a process of its own; the port that it says."""
    here, there = multiprocessing.Pipe()
    process = multiprocessing.get_context("spawn").Process(target=serve, args=(there,), daemon=True)
    process.start()
    try:
        yield here.recv()
    finally:
        process.terminate()
        process.join()


def _serve_http(ready: Any) -> None:
    async def take(request: web.Request) -> web.Response:
        await request.read()
        return web.Response(headers={"ETag": '"1"'})

    asyncio.run(_web(take, ready))


def _serve_wordpress(ready: Any) -> None:
    from wordpress_stand_in import StandIn

    sites: list[StandIn] = []

    async def handle(request: web.Request) -> web.StreamResponse:
        if request.path == "/anew" or not sites:
            site = StandIn(url=f"{request.url.origin()}/", password="secret")
            for topic in TOPICS:
                site._term("tags", topic)
            sites[:] = [site]
        return web.Response() if request.path == "/anew" else await sites[0].handle(request)

    asyncio.run(_web(handle, ready))


async def _web(handle: Callable[[web.Request], Any], ready: Any) -> None:
    app = web.Application(client_max_size=2**20)
    app.router.add_route("*", "/{any:.*}", handle)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    ready.send(runner.addresses[0][1])
    await asyncio.Event().wait()


async def anew(there: There) -> None:
    """The site without its posts, as the stand-in looks at all of them for each."""
    async with aiohttp.request("GET", f"http://127.0.0.1:{there['port']}/anew") as answer:
        answer.raise_for_status()


def _serve_ftps(place: Path, certificate: Path, ready: Any) -> None:
    """As pyftpdlib comes: it begins TLS with the connection, and aioftp waits for that."""
    from pyftpdlib.authorizers import DummyAuthorizer
    from pyftpdlib.handlers import TLS_FTPHandler
    from pyftpdlib.servers import FTPServer

    logging.disable(logging.INFO)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit())  # pyftpdlib leaves semaphores behind otherwise
    handler = TLS_FTPHandler
    handler.certfile, handler.keyfile = str(certificate / "cert.pem"), str(certificate / "key.pem")
    handler.tls_control_required = handler.tls_data_required = True
    handler.authorizer = DummyAuthorizer()
    handler.authorizer.add_user("wire", "secret", str(place), perm="elradfmwMT")
    server = FTPServer(("127.0.0.1", 0), handler)
    ready.send(server.socket.getsockname()[1])
    server.serve_forever(handle_exit=False)


class _Mail(asyncio.Protocol):
    """What of RFC 5321 a client needs that does nothing wrong."""

    transport: asyncio.Transport
    held = b""
    in_mail = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport
        transport.write(b"220 sink ESMTP\r\n")

    def data_received(self, data: bytes) -> None:
        self.held += data
        while (end := b"\r\n.\r\n" if self.in_mail else b"\r\n") in self.held:
            said, self.held = self.held.split(end, 1)
            self.transport.write(b"250 2.0.0 Ok: queued\r\n" if self.in_mail else self._answer(said))
            self.in_mail = not self.in_mail and said.upper() == b"DATA"

    def _answer(self, said: bytes) -> bytes:
        answers = {
            b"EHLO": b"250-sink\r\n250 SIZE 10000000\r\n",
            b"DATA": b"354 Go on\r\n",
            b"QUIT": b"221 Bye\r\n",
        }
        return answers.get(said[:4].upper(), b"250 2.1.0 Ok\r\n")


def _serve_smtp(ready: Any) -> None:
    async def serve() -> None:
        server = await asyncio.get_running_loop().create_server(_Mail, "127.0.0.1", 0)
        ready.send(server.sockets[0].getsockname()[1])
        await server.serve_forever()

    asyncio.run(serve())
