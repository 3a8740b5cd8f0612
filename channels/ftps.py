"""Files over FTP with TLS, explicit (RFC 4217) or implicit; never in the open."""

from __future__ import annotations

import asyncio
import posixpath
import secrets
import ssl
from collections.abc import AsyncIterator, Coroutine
from contextlib import asynccontextmanager, suppress
from functools import partial
from typing import Any, Literal, Self

from pydantic import Field, FilePath, SecretStr, field_validator

from channels.answers import tidy
from channels.beside import Beside, BesideSettings
from channels.channel import ChannelError
from channels.extras import extra
from channels.ftp import TROUBLE, Ftp, failure
from channels.media_cache import MediaCache
from channels.placing import File, FileSettings, fixed
from channels.settings import Secret
from channels.story import IdempotencyKey, Receipt, Story

with extra("ftps"):
    import aioftp

PORTS = {"explicit": 21, "implicit": 990}
PATIENCE = 5.0
"""Seconds for tidying up after an attempt that was given up, and for goodbye."""
FRESH = 5.0
"""Seconds after which an idle connection is asked whether it still is one."""


class Ftps:
    """Keeps connections open between items, at most one for each concurrent attempt: FTP goes one by one."""

    class Settings(FileSettings, BesideSettings):
        """`[[members.channels]] type = "ftps"`."""

        port: int = Field(0, ge=0, le=65535, description="21 with explicit TLS, 990 with implicit.")
        tls: Literal["explicit", "implicit"] = "explicit"
        ca: FilePath | None = Field(
            None, description="PEM file of the authorities trusted instead of the system's."
        )
        username: str = Field(min_length=1)
        password: Secret
        concurrency: int = Field(
            2, ge=1, le=1000, description="Attempts at the same time, and connections: servers allow few."
        )
        allow_private: bool = Field(False, description="May it be on a private or loopback address.")

        @field_validator("username", "password")
        @classmethod
        def _is_one_line(cls, value: str | SecretStr) -> str | SecretStr:
            if not (value if isinstance(value, str) else value.get_secret_value()).isprintable():
                raise ValueError("a control character cannot be sent")
            return value

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.seconds = settings.timeout.total_seconds()
        self.port = settings.port or PORTS[settings.tls]
        self.trust: ssl.SSLContext | None = None
        self.idle: list[tuple[float, Ftp]] = []
        self.tidying: set[asyncio.Task[None]] = set()
        self.media_cache: MediaCache | None = None
        self.beside = Beside(settings)

    async def __aenter__(self) -> Self:
        self.beside.open(self.media_cache)
        return self

    async def __aexit__(self, *exc: object) -> None:
        await self.beside.close()
        if self.tidying:
            await asyncio.wait(self.tidying, timeout=PATIENCE)
        for task in self.tidying:
            task.cancel()
        idle, self.idle = self.idle, []
        await asyncio.gather(*(_leave(ftp) for _, ftp in idle))

    async def send(self, story: Story, key: IdempotencyKey, number: int = 0) -> Receipt:
        """Put the story there in each format. Raises: Unavailable, Refused, Denied.

        Each file is there whole or not at all: it gets its name once all of them are written.
        """
        told = self.settings
        deadline = asyncio.get_running_loop().time() + self.seconds
        put = partial(self._add, deadline=deadline)
        there = await self.beside.placed(story, told.formats, told.template, put)
        written: dict[str, str] = {}
        try:
            async with self._connection(deadline) as ftp:
                for path, file in there.files.items():
                    written[path] = _beside(path)
                    await _upload(ftp, written[path], file.content)
            async with self._connection(deadline, unknown=True) as ftp:
                for path, temporary in written.items():
                    await ftp.replace(temporary, path)
                for path in there.gone:
                    await _remove(ftp, path)
        except BaseException:
            if written:
                self._later(self._remove(*written.values()))
            raise
        return told.receipt(f"ftps:{self.port}", there, home="", root="%2F")

    async def _add(self, path: str, file: File, *, deadline: float) -> None:
        """As `beside.Put`."""
        temporary = ""
        try:
            async with self._connection(deadline) as ftp:
                if await ftp.size(path) != len(file.content):
                    temporary = _beside(path)
                    await _upload(ftp, temporary, file.content)
                    await ftp.replace(temporary, path)
        except BaseException:
            if temporary:
                self._later(self._remove(temporary))
            raise

    async def check(self) -> str:
        """Logs in, writes a probe and takes it away. Raises: Unavailable, Denied."""
        directory = fixed(self.settings.directory)
        async with self._connection(asyncio.get_running_loop().time() + self.seconds) as ftp:
            probe = _beside(posixpath.join(directory, "probe"))
            await _upload(ftp, probe, b"")
            await ftp.remove_file(probe)
        return tidy(f"{directory or 'the home directory'} on {self.settings.host} can be written")

    @asynccontextmanager
    async def _connection(self, deadline: float, *, unknown: bool = False) -> AsyncIterator[Ftp]:
        """`unknown`: from here on the files may have their names. Raises: Unavailable, Refused, Denied.

        After an answer, whatever it says, the connection is good for others; without one it is not.
        """
        ftp: Ftp | None = None
        try:
            async with asyncio.timeout_at(deadline):
                ftp = await self._take() or await self._open()
                yield ftp
        except aioftp.StatusCodeError as e:
            if e.received_codes[-1] == "421":  # RFC 959 §5.4: and goodbye
                _hang_up(ftp)
            else:
                self._put(ftp)
            raise failure(e, self.settings.host) from e
        except TROUBLE as e:
            _hang_up(ftp)
            raise failure(e, self.settings.host, unknown=unknown) from e
        except BaseException:
            _hang_up(ftp)
            raise
        self._put(ftp)

    def _put(self, ftp: Ftp | None) -> None:
        if ftp:
            self.idle.append((asyncio.get_running_loop().time(), ftp))

    async def _take(self) -> Ftp | None:
        while self.idle:
            since, ftp = self.idle.pop()
            if await self._is_well(ftp, since):
                return ftp
            ftp.close()
        return None

    async def _is_well(self, ftp: Ftp, since: float) -> bool:
        if ftp.unread():
            return False
        if asyncio.get_running_loop().time() - since < FRESH:
            return True
        with suppress(*TROUBLE):
            async with asyncio.timeout(PATIENCE):
                await ftp.command("NOOP", "200")
                return True
        return False

    async def _open(self) -> Ftp:
        told = self.settings
        if self.trust is None:
            self.trust = await asyncio.to_thread(ssl.create_default_context, cafile=told.ca)
        ftp = Ftp(self.trust, allow_private=told.allow_private)
        try:
            # Shorter than the whole, so that a timeout while connecting is told from one after it.
            async with asyncio.timeout(self.seconds / 2):
                await ftp.open(told.host, self.port, implicit=told.tls == "implicit")
                await ftp.login(told.username, told.password.get_secret_value())
        except TROUBLE as e:
            _hang_up(ftp)
            raise failure(e, told.host, login=True) from e
        except BaseException:
            _hang_up(ftp)
            raise
        return ftp

    async def _remove(self, *temporaries: str) -> None:
        with suppress(ChannelError):
            async with self._connection(asyncio.get_running_loop().time() + PATIENCE) as ftp:
                for temporary in temporaries:
                    with suppress(aioftp.StatusCodeError):
                        await ftp.remove_file(temporary)

    def _later(self, work: Coroutine[Any, Any, None]) -> None:
        """In the background, so that whoever was cancelled need not wait."""
        task = asyncio.create_task(work)
        self.tidying.add(task)
        task.add_done_callback(self.tidying.discard)


def _beside(path: str) -> str:
    return posixpath.join(posixpath.dirname(path), f".{secrets.token_hex(8)}.tmp")


async def _upload(ftp: Ftp, path: str, content: bytes) -> None:
    """Directories are made where it fails without: most of the time they are there."""
    try:
        await ftp.store(path, content)
    except aioftp.StatusCodeError as refusal:
        if refusal.received_codes[-1] not in ("550", "553") or not posixpath.dirname(path).strip("/"):
            raise
        await _make_directories(ftp, posixpath.dirname(path))
        await ftp.store(path, content)


async def _make_directories(ftp: Ftp, directory: str) -> None:
    segments = directory.split("/")
    for upto in range(1, len(segments) + 1):
        if path := "/".join(segments[:upto]):
            with suppress(aioftp.StatusCodeError):  # one that is there is refused by each server in its way
                await ftp.command(f"MKD {path}", "257")


async def _remove(ftp: Ftp, path: str) -> None:
    """Raises: aioftp.StatusCodeError, but not where there is none."""
    try:
        await ftp.remove_file(path)
    except aioftp.StatusCodeError as refusal:
        if refusal.received_codes[-1] != "550" or await _is_there(ftp, path):
            raise


async def _is_there(ftp: Ftp, path: str) -> bool:
    """550 says both that there is no such file and that it may not be removed."""
    with suppress(aioftp.StatusCodeError):
        await ftp.command(f"SIZE {path}", "213")
        return True
    return False


def _hang_up(ftp: Ftp | None) -> None:
    if ftp:
        ftp.close()


async def _leave(ftp: Ftp) -> None:
    with suppress(*TROUBLE):
        async with asyncio.timeout(PATIENCE):
            await ftp.quit()
    ftp.close()
