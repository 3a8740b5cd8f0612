"""Receivers that keep files, on 127.0.0.1: SFTP by asyncssh and by OpenSSH, FTPS by pyftpdlib, S3 by nanio.

Each keeps them under `root`, and says what a test scripted in `says`, once each, instead of doing it.
"""

from __future__ import annotations

import asyncio
import os
import pwd
import socket
import subprocess
import threading
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import asyncssh
import pytest
import uvicorn
from nanio.app import build_app  # type: ignore[import-untyped]
from nanio.auth.credentials import StaticCredentialResolver  # type: ignore[import-untyped]
from nanio.config import Settings as NanioSettings  # type: ignore[import-untyped]
from pyftpdlib.authorizers import DummyAuthorizer  # type: ignore[import-untyped]
from pyftpdlib.handlers import TLS_DTPHandler, TLS_FTPHandler  # type: ignore[import-untyped]
from pyftpdlib.ioloop import IOLoop  # type: ignore[import-untyped]
from pyftpdlib.servers import FTPServer  # type: ignore[import-untyped]

HANG, HANG_UP, CUT = "hang", "hang up", "cut"
SSHD = Path("/usr/sbin/sshd")


@dataclass
class Drop:
    """What is common to all of them."""

    root: Path
    port: int = 0
    says: dict[str, list[Any]] = field(default_factory=dict)
    """By operation: an answer, or HANG, HANG_UP, CUT."""
    connections: list[Any] = field(default_factory=list)
    closing: asyncio.Event = field(default_factory=asyncio.Event)

    def say(self, operation: str) -> Any:
        said = self.says.get(operation)
        return said.pop(0) if said else None

    def names(self) -> set[str]:
        """Of all files, also hidden ones."""
        return {str(f.relative_to(self.root)) for f in self.root.rglob("*") if f.is_file()}

    def bytes(self, name: str) -> bytes:
        return (self.root / name).read_bytes()


# --- SFTP ---


class _SftpServer(asyncssh.SFTPServer):
    def __init__(self, chan: asyncssh.SSHServerChannel[bytes], drop: Drop) -> None:
        super().__init__(chan, chroot=os.fsencode(drop.root))
        self.drop = drop

    async def scripted(self, operation: str) -> None:
        said = self.drop.say(operation)
        if isinstance(said, Exception):
            raise said
        if said == HANG:
            await self.drop.closing.wait()
        if said == HANG_UP:
            self.channel.get_connection().abort()
            raise asyncssh.SFTPConnectionLost("aborted")

    async def open(self, path: bytes, pflags: int, attrs: asyncssh.SFTPAttrs) -> object:
        await self.scripted("open")
        return super().open(path, pflags, attrs)

    async def write(self, file_obj: object, offset: int, data: bytes) -> int:
        await self.scripted("write")
        written = super().write(file_obj, offset, data)
        assert isinstance(written, int)
        return written

    async def posix_rename(self, oldpath: bytes, newpath: bytes) -> None:
        await self.scripted("rename")
        super().posix_rename(oldpath, newpath)
        await self.scripted("renamed")


class _SshServer(asyncssh.SSHServer):
    def __init__(self, drop: Drop) -> None:
        self.drop = drop

    def connection_made(self, conn: asyncssh.SSHServerConnection) -> None:
        self.drop.connections.append(conn)

    def password_auth_supported(self) -> bool:
        return True

    def validate_password(self, username: str, password: str) -> bool:
        return (username, password) == ("wire", "secret")


@asynccontextmanager
async def sftp_server(
    root: Path, *host_keys: asyncssh.SSHKey, login: asyncssh.SSHKey | None = None
) -> AsyncIterator[Drop]:
    """asyncssh's own; the user is `wire` with the password `secret`, or with the key `login`."""
    drop = Drop(root)
    keys = login and asyncssh.import_authorized_keys(login.export_public_key().decode())
    acceptor = await asyncssh.listen(
        "127.0.0.1",
        0,
        server_host_keys=list(host_keys),
        server_factory=lambda: _SshServer(drop),
        sftp_factory=lambda chan: _SftpServer(chan, drop),
        authorized_client_keys=keys,
    )
    drop.port = acceptor.get_port()
    try:
        yield drop
    finally:
        drop.closing.set()
        acceptor.close()
        for connection in drop.connections:
            connection.abort()
        await acceptor.wait_closed()


@contextmanager
def openssh_server(folder: Path, *, subsystem: str = "") -> Iterator[tuple[Drop, dict[str, Any]]]:
    """Debian's sshd, and settings for it. Skips where it is not installed, but not in CI."""
    if not SSHD.exists():
        if os.environ.get("CI"):
            pytest.fail("sshd is not installed: .ci/run should have")
        pytest.skip("sshd is not installed (Debian: apt-get install openssh-server)")
    root = folder / "in"
    root.mkdir()
    if os.getuid() == 0:
        Path("/run/sshd").mkdir(exist_ok=True)
    host, login = (asyncssh.generate_private_key("ssh-ed25519") for _ in range(2))
    for name, key in (("host", host), ("login", login)):
        (folder / name).write_bytes(key.export_private_key("openssh"))
        (folder / name).chmod(0o600)
    (folder / "authorized").write_bytes(login.export_public_key("openssh"))
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    (folder / "config").write_text(
        f"ListenAddress 127.0.0.1:{port}\nHostKey {folder}/host\nAuthorizedKeysFile {folder}/authorized\n"
        "PidFile none\nStrictModes no\nUsePAM no\nPasswordAuthentication no\nPermitRootLogin yes\n"
        f"Subsystem sftp internal-sftp -d {root} {subsystem}\n"
    )
    log = folder / "log"
    with log.open("wb") as file:
        daemon = subprocess.Popen([SSHD, "-D", "-e", "-f", folder / "config"], stderr=file)
    settings = {
        "type": "sftp",
        "host": "127.0.0.1",
        "port": port,
        "username": pwd.getpwuid(os.getuid()).pw_name,
        "key": {"file": str(folder / "login")},
        "host_key": host.export_public_key("openssh").decode(),
        "allow_private": True,
    }
    try:
        _until_listening(port, daemon, log)
        yield Drop(root, port), settings
    finally:
        daemon.terminate()
        daemon.wait()


def _until_listening(port: int, daemon: subprocess.Popen[bytes], log: Path) -> None:
    for _ in range(200):
        if daemon.poll() is not None:
            pytest.fail(f"sshd did not start: {log.read_text()}")
        with suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
            return
        threading.Event().wait(0.05)
    pytest.fail("sshd does not listen")


# --- FTPS ---


@contextmanager
def ftps_server(
    root: Path, certificate: Path, *, implicit: bool = False, host: str = "127.0.0.1"
) -> Iterator[Drop]:
    """pyftpdlib in a thread; the user is `wire` with the password `secret`."""
    drop = Drop(root)

    class Data(TLS_DTPHandler):  # type: ignore[misc]
        """Begins TLS after the command, as most servers do."""

        def secure_connection(self, context: Any) -> None:
            if self.cmd_channel.storing:
                super().secure_connection(context)

        def recv(self, buffer_size: int) -> Any:
            if drop.say("data") == CUT:
                self.socket.sock_shutdown(socket.SHUT_RDWR)
            return super().recv(buffer_size)

    class Control(TLS_FTPHandler):  # type: ignore[misc]
        certfile, keyfile = str(certificate / "cert.pem"), str(certificate / "key.pem")
        tls_control_required = tls_data_required = True
        auth_failed_timeout = 0.01
        dtp_handler = Data
        authorizer = DummyAuthorizer()
        storing = False

        def handle(self) -> None:
            drop.connections.append(self)
            if implicit:
                self.secure_connection(self.ssl_context)
            else:
                super().handle()

        def handle_ssl_established(self) -> None:
            if implicit:
                super().handle()

        def ftp_STOR(self, file: str, mode: str = "w") -> Any:
            self.storing = True
            path = super().ftp_STOR(file, mode)
            if self.data_channel and path:
                self.data_channel.secure_connection(self.ssl_context)
            self.storing = self.data_channel is None and path is not None
            return path

        def process_command(self, cmd: str, *args: Any, **kwargs: Any) -> None:
            said = drop.say(cmd)
            if said == HANG_UP:
                self.close()
            elif said is None:
                super().process_command(cmd, *args, **kwargs)
            elif said != HANG:
                self.respond(said)

    Control.authorizer.add_user("wire", "secret", str(root), perm="elradfmwMT")
    server = FTPServer((host, 0), Control, ioloop=IOLoop())
    drop.port = server.socket.getsockname()[1]
    stop = threading.Event()

    def serve() -> None:
        while not stop.is_set():
            server.ioloop.loop(0.02, blocking=False)
        server.close_all()

    thread = threading.Thread(target=serve)
    thread.start()
    try:
        yield drop
    finally:
        stop.set()
        thread.join()


# --- S3 ---


@dataclass
class Bucket(Drop):
    """`says` by method: (status, error code) or HANG."""

    got: list[tuple[str, str, dict[str, str]]] = field(default_factory=list)
    """Method, path and headers of each request."""

    async def application(self, scope: Any, receive: Any, send: Any) -> None:
        headers = {name.decode(): value.decode() for name, value in scope["headers"]}
        self.got.append((scope["method"], scope["path"], headers))
        self.connections.append(tuple(scope["client"]))
        said = self.say(scope["method"])
        if said == HANG:
            await self.closing.wait()
        elif said:
            await _answer(said, receive, send)
        else:
            await self.nanio(scope, receive, send)

    def __post_init__(self) -> None:
        (self.root / "wire").mkdir()
        credentials = StaticCredentialResolver({"AKIAWIRE": "secret"})
        self.nanio: Any = build_app(NanioSettings(data_dir=self.root, credentials=credentials))

    def names(self) -> set[str]:
        """Of the objects in the bucket `wire`."""
        files = {
            str(f.relative_to(self.root / "wire")) for f in (self.root / "wire").rglob("*") if f.is_file()
        }
        return {name for name in files if not name.startswith((".nanio", ".tmp."))}  # its own

    def bytes(self, name: str) -> bytes:
        return (self.root / "wire" / name).read_bytes()


async def _answer(said: tuple[int, str], receive: Any, send: Any) -> None:
    status, code = said
    while (await receive()).get("more_body"):
        pass
    body = f"<Error><Code>{code}</Code><Message>said by the test</Message></Error>".encode()
    headers = [(b"content-type", b"application/xml"), (b"content-length", b"%d" % len(body))]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})


class _Server(uvicorn.Server):
    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """They are pytest's."""
        yield


@asynccontextmanager
async def s3_server(root: Path, certificate: Path | None = None) -> AsyncIterator[Bucket]:
    """nanio, with the bucket `wire`, the access key `AKIAWIRE` and the secret key `secret`."""
    bucket = Bucket(root)
    config = uvicorn.Config(bucket.application, interface="asgi3", log_level="error", lifespan="off")
    if certificate:
        config.ssl_certfile, config.ssl_keyfile = str(certificate / "cert.pem"), str(certificate / "key.pem")
    server = _Server(config)
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        bucket.port = listening.getsockname()[1]
        serving = asyncio.create_task(server.serve([listening]))
        while not server.started:
            await asyncio.sleep(0.005)
        try:
            yield bucket
        finally:
            bucket.closing.set()
            server.should_exit = server.force_exit = True
            await serving


# --- a line that breaks ---


@asynccontextmanager
async def breaking_line(port: int, *, after: int) -> AsyncIterator[int]:
    """A port that leads to `port`, until `after` bytes have gone there on one connection: then it is cut."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        onward, back = await asyncio.open_connection("127.0.0.1", port)
        backwards = asyncio.create_task(_copy(onward, writer))
        await _copy(reader, back, after)
        for side in (writer, back):
            side.transport.abort()
        backwards.cancel()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        server.close()


async def _copy(
    reader: asyncio.StreamReader, writer: asyncio.StreamWriter, upto: float = float("inf")
) -> None:
    gone = 0
    with suppress(OSError):
        while gone < upto and (chunk := await reader.read(16_384)):
            writer.write(chunk)
            await writer.drain()
            gone += len(chunk)
