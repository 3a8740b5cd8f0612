"""Every kind of channel with a real receiver of its own, for what holds for all of them."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import asyncssh
from aiohttp import web
from certificates import make_certificate
from drops import CUT, Drop, ftps_server, s3_server, sftp_server
from lines import Line, line_to
from nats.js.api import DiscardPolicy
from nats_server import NatsServer, running
from receivers import http_receiver, mail_server
from wordpress_stand_in import stand_in

from channels.channel import Channel
from channels.registry import load

PASSWORD = {"env": "PASSWORD"}

Script = Callable[[], AbstractAsyncContextManager[Any]]
"""What a receiver does for as long, or once."""


@dataclass
class Way:
    """A kind of channel with a receiver that works and settings for one that does not."""

    settings: dict[str, Any]
    unreachable: dict[str, Any]
    seen: Callable[[], Awaitable[set[str]]]
    """The items that the receiver has, named as it tells them apart."""
    refusing: Script | None = None
    """The receiver will never take the next story."""
    busy: Script | None = None
    """The receiver does not take the next story now."""
    line: Line | None = None
    """What leads to the receiver, if anything does."""
    cutting: Script | None = None
    """The next megabyte does not get through."""
    forgetful: bool = False
    """The receiver cannot be asked what it has: what the channel does not know itself may come twice."""
    stack: AsyncExitStack = field(default_factory=AsyncExitStack)

    async def open(self, settings: dict[str, Any] | None = None, **more: Any) -> Channel:
        given = (settings or self.settings) | more
        kind = load(given["type"])
        return await self.stack.enter_async_context(kind(kind.Settings.model_validate(given)))


def scripted(says: dict[str, list[Any]], operation: str, *answers: Any) -> Script:
    """The receiver says these instead of doing it."""

    @asynccontextmanager
    async def script() -> AsyncIterator[None]:
        says[operation] = list(answers)
        yield
        says.clear()

    return script


def cut(line: Line, *, after: int = 100_000) -> Script:
    """The line is cut in the middle of what goes over it."""

    @asynccontextmanager
    async def script() -> AsyncIterator[None]:
        with line.cut(after=after):
            yield

    return script


def seen(names: Callable[[], set[str]]) -> Callable[[], Awaitable[set[str]]]:
    """For receivers that need not be asked."""

    async def told() -> set[str]:
        return names()

    return told


def visible(drop: Drop) -> Callable[[], Awaitable[set[str]]]:
    """Files by their names; what is still written hides behind a dot, and is tidied up in its own time."""
    return seen(lambda: {name for name in drop.names() if not name.startswith(".")})


async def make_webhook(stack: AsyncExitStack, tmp_path: Path, nobody: int) -> Way:
    receiver = await stack.enter_async_context(http_receiver())
    line = await stack.enter_async_context(line_to(port_of(receiver.url)))
    own = {"type": "webhook", "secrets": [{"env": "SECRET"}], "allow_private": True}
    return Way(
        own | {"url": f"http://127.0.0.1:{line.port}/hook"},
        own | {"url": f"http://127.0.0.1:{nobody}/"},
        seen(lambda: {got.headers["webhook-id"] for got in receiver.taken if got.method == "POST"}),
        scripted_http(receiver.answers, 422),
        scripted_http(receiver.answers, 503),
        line,
        cut(line),
    )


def port_of(url: str) -> int:
    return int(url.split(":")[2].split("/")[0])


def scripted_http(answers: list[Any], status: int) -> Script:
    @asynccontextmanager
    async def script() -> AsyncIterator[None]:
        answers.append(web.Response(status=status))
        yield
        answers.clear()

    return script


async def make_email(stack: AsyncExitStack, tmp_path: Path, nobody: int) -> Way:
    server = await stack.enter_async_context(mail_server())
    line = await stack.enter_async_context(line_to(server.port))
    own = {"type": "email", "host": "127.0.0.1", "tls": "none", "sender": "a@e.org", "to": ["b@e.org"]}
    return Way(
        own | {"port": line.port},
        own | {"port": nobody},
        seen(lambda: {mail["Message-ID"] for _, mail in server.got}),
        scripted(server.says, "DATA", "554 5.6.0 No."),
        scripted(server.says, "MAIL", "451 4.3.0 Later."),
        line,
        cut(line),
    )


async def make_folder(stack: AsyncExitStack, tmp_path: Path, nobody: int) -> Way:
    # Not even root can make a folder there.
    away = {"type": "folder", "path": "/proc/away"}
    path = tmp_path / "out"
    return Way({"type": "folder", "path": path}, away, seen(lambda: {f.stem for f in path.glob("*")}))


async def make_sftp(stack: AsyncExitStack, tmp_path: Path, nobody: int) -> Way:
    host_key = asyncssh.generate_private_key("ssh-ed25519")
    drop = await stack.enter_async_context(sftp_server(tmp_path, host_key))
    line = await stack.enter_async_context(line_to(drop.port))
    own: dict[str, Any] = {"type": "sftp", "host": "127.0.0.1", "username": "wire", "password": PASSWORD}
    own |= {"host_key": host_key.get_fingerprint(), "allow_private": True}
    return Way(
        own | {"port": line.port},
        own | {"port": nobody},
        visible(drop),
        scripted(drop.says, "open", asyncssh.SFTPBadMessage("File name too long")),
        scripted(drop.says, "open", asyncssh.SFTPFailure("No space left on device")),
        line,
        cut(line),
    )


async def make_ftps(stack: AsyncExitStack, tmp_path: Path, nobody: int) -> Way:
    certificate = make_certificate(tmp_path / "tls")
    (tmp_path / "in").mkdir()
    drop = stack.enter_context(ftps_server(tmp_path / "in", certificate))
    line = await stack.enter_async_context(line_to(drop.port))
    own: dict[str, Any] = {"type": "ftps", "host": "127.0.0.1", "username": "wire", "password": PASSWORD}
    own |= {"ca": certificate / "cert.pem", "allow_private": True}
    return Way(
        own | {"port": line.port},
        own | {"port": nobody},
        visible(drop),
        scripted(drop.says, "STOR", "501 Bad name."),
        scripted(drop.says, "STOR", "450 Busy."),
        line,
        scripted(drop.says, "data", None, None, CUT),  # the data go over a connection of their own
    )


async def make_s3(stack: AsyncExitStack, tmp_path: Path, nobody: int) -> Way:
    bucket = await stack.enter_async_context(s3_server(tmp_path))
    line = await stack.enter_async_context(line_to(bucket.port))
    own: dict[str, Any] = {"type": "s3", "bucket": "wire", "path_style": True, "allow_private": True}
    own |= {"access_key": "AKIAWIRE", "secret_key": PASSWORD}
    return Way(
        own | {"endpoint": f"http://127.0.0.1:{line.port}"},
        own | {"endpoint": f"http://127.0.0.1:{nobody}"},
        seen(bucket.names),
        scripted(bucket.says, "PUT", (400, "EntityTooLarge")),
        scripted(bucket.says, "PUT", (503, "SlowDown")),
        line,
        cut(line),
    )


async def make_nats(stack: AsyncExitStack, tmp_path: Path, nobody: int) -> Way:
    server = stack.enter_context(running(NatsServer(tmp_path)))
    await server.stream()
    line = await stack.enter_async_context(line_to(server.port))
    own = {"type": "nats", "allow_private": True}

    async def messages() -> set[str]:
        return {str(message.seq) for message in await server.messages()}

    return Way(
        own | {"servers": [f"nats://127.0.0.1:{line.port}"]},
        own | {"servers": [f"nats://127.0.0.1:{nobody}"]},
        messages,
        lambda: server.changed(max_msg_size=1),
        lambda: server.changed(max_bytes=1, discard=DiscardPolicy.NEW),
        line,
        cut(line),
    )


async def make_wordpress(stack: AsyncExitStack, tmp_path: Path, nobody: int) -> Way:
    site = await stack.enter_async_context(stand_in())
    line = await stack.enter_async_context(line_to(port_of(site.url)))
    site.url = f"http://127.0.0.1:{line.port}/"
    own = {"type": "wordpress", "user": site.user, "password": PASSWORD, "allow_private": True}
    site.password = "secret"
    posts = site.items["posts"]
    refusal = web.json_response({"code": "rest_invalid_param", "message": "No."}, status=400)
    return Way(
        own | {"url": site.url},
        own | {"url": f"http://127.0.0.1:{nobody}/"},
        seen(lambda: {str(post["id"]) for post in posts.values() if post["status"] != "trash"}),
        scripted(site.says, "POST posts", refusal),
        scripted(site.says, "POST posts", web.Response(status=503)),
        line,
        cut(line),
    )


async def make_social(stack: AsyncExitStack, tmp_path: Path, nobody: int) -> Way:
    receiver = await stack.enter_async_context(http_receiver())
    line = await stack.enter_async_context(line_to(port_of(receiver.url)))
    there, nowhere = tmp_path / "there", tmp_path / "nowhere"
    there.write_text(f"json://127.0.0.1:{line.port}/")
    nowhere.write_text(f"json://127.0.0.1:{nobody}/")
    own = {"type": "social", "corrections": True, "allow_private": True}
    return Way(
        own | {"url": {"file": str(there)}},
        own | {"url": {"file": str(nowhere)}},
        seen(lambda: {str(number) for number, _ in enumerate(receiver.taken)}),
        scripted_http(receiver.answers, 400),
        scripted_http(receiver.answers, 503),
        line,
        cut(line, after=300),
        forgetful=True,
    )


KINDS = {
    "webhook": make_webhook,
    "email": make_email,
    "folder": make_folder,
    "sftp": make_sftp,
    "ftps": make_ftps,
    "s3": make_s3,
    "nats": make_nats,
    "wordpress": make_wordpress,
    "social": make_social,
}
