"""Files over SFTP (draft-ietf-secsh-filexfer-02, version 3, with OpenSSH's posix-rename)."""

from __future__ import annotations

import asyncio
import posixpath
import secrets
from collections.abc import AsyncIterator, Coroutine
from contextlib import asynccontextmanager, suppress
from functools import partial
from typing import Any, Self

from channels.answers import tidy
from channels.beside import Beside, BesideSettings
from channels.channel import ChannelError, Denied, Refused, Unavailable
from channels.extras import extra
from channels.media_cache import MediaCache
from channels.placing import File, fixed
from channels.ssh import Ssh, SshSettings, heard
from channels.story import IdempotencyKey, Receipt, Story

with extra("sftp"):
    import asyncssh

PATIENCE = 5.0
"""Seconds for tidying up after an attempt that was given up."""

LOST = (asyncssh.SFTPConnectionLost, asyncssh.SFTPNoConnection)
MISSING = (asyncssh.SFTPNoSuchFile, asyncssh.SFTPNoSuchPath)
DENIED = (
    *MISSING,
    *(asyncssh.SFTPPermissionDenied, asyncssh.SFTPOpUnsupported, asyncssh.SFTPCannotDelete),
    *(asyncssh.SFTPNotADirectory, asyncssh.SFTPFileIsADirectory, asyncssh.SFTPLinkLoop),
)
# OpenSSH says "bad message" of a name that is too long.
REFUSED = (asyncssh.SFTPInvalidFilename, asyncssh.SFTPInvalidParameter, asyncssh.SFTPBadMessage)


class Sftp:
    """One connection for all items: SFTP carries many requests at once."""

    class Settings(SshSettings, BesideSettings):
        """`[[members.channels]] type = "sftp"`."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.seconds = settings.timeout.total_seconds()
        self.ssh = Ssh(settings)
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
        await self.ssh.close()

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
            async with self._session(deadline) as sftp:
                for path, file in there.files.items():
                    written[path] = await self._write(sftp, path, file.content)
            async with self._session(deadline, unknown=True) as sftp:
                for path, temporary in written.items():
                    await _rename(sftp, temporary, path)
                for path in there.gone:
                    with suppress(*MISSING):
                        await sftp.remove(path)
        except BaseException:
            self._later(self._remove(*written.values()))
            raise
        return told.receipt(f"sftp:{told.port}", there, home="~/", root="")

    async def _add(self, path: str, file: File, *, deadline: float) -> None:
        """As `beside.Put`. One that is not taken in time is still on its way: the item takes another."""
        async with self._session(deadline) as sftp:
            try:
                if await _size(sftp, path) != len(file.content):
                    await self._replace(sftp, path, file.content)
            except asyncio.CancelledError:
                self.ssh.drop(sftp)
                raise

    async def _replace(self, sftp: asyncssh.SFTPClient, path: str, content: bytes) -> None:
        temporary = await self._write(sftp, path, content)
        try:
            await _rename(sftp, temporary, path)
        except BaseException:
            self._later(self._remove(temporary))
            raise

    async def check(self) -> str:
        """Logs in, writes a probe and takes it away. Raises: Unavailable, Denied."""
        directory = fixed(self.settings.directory)
        async with self._session(asyncio.get_running_loop().time() + self.seconds) as sftp:
            await sftp.remove(await self._write(sftp, posixpath.join(directory, "probe"), b""))
        return tidy(f"{directory or 'the home directory'} on {self.settings.host} can be written")

    @asynccontextmanager
    async def _session(self, deadline: float, *, unknown: bool = False) -> AsyncIterator[asyncssh.SFTPClient]:
        """`unknown`: from here on the files may have their names. Raises: Unavailable, Refused, Denied."""
        sftp: asyncssh.SFTPClient | None = None
        try:
            async with asyncio.timeout_at(deadline):
                sftp = await self.ssh.sftp()
                yield sftp
        except (asyncssh.Error, OSError) as e:
            if sftp and isinstance(e, (*LOST, TimeoutError)):
                self.ssh.drop(sftp)
            raise failure(e, self.settings.host, unknown=unknown) from e

    async def _write(self, sftp: asyncssh.SFTPClient, path: str, content: bytes) -> str:
        """A temporary file beside `path`.

        A task of its own, which goes on where its attempt is given up: a request that is dropped half-way
        would leave a file open there.
        """
        temporary = posixpath.join(posixpath.dirname(path), f".{secrets.token_hex(8)}.tmp")
        upload = asyncio.create_task(_upload(sftp, temporary, content))
        upload.add_done_callback(heard)
        try:
            await asyncio.shield(upload)
        except BaseException:
            self._later(self._give_up(upload, temporary))
            raise
        return temporary

    async def _give_up(self, upload: asyncio.Task[None], temporary: str) -> None:
        await asyncio.wait([upload], timeout=PATIENCE)
        upload.cancel()
        await self._remove(temporary)

    async def _remove(self, *temporaries: str) -> None:
        for temporary in temporaries:
            with suppress(ChannelError):
                async with self._session(asyncio.get_running_loop().time() + PATIENCE) as sftp:
                    await sftp.remove(temporary)

    def _later(self, work: Coroutine[Any, Any, None]) -> None:
        """In the background, so that whoever was cancelled need not wait."""
        task = asyncio.create_task(work)
        self.tidying.add(task)
        task.add_done_callback(self.tidying.discard)


def failure(error: Exception, host: str, *, unknown: bool) -> ChannelError:
    """What an error after the login means for the channel. `unknown`: the files may have their names."""
    match error:
        case TimeoutError():
            return Unavailable(f"no answer from {host} in time", unknown=unknown)
        case asyncssh.SFTPError() if isinstance(error, DENIED):
            return Denied(tidy(f"{host}: {error.reason}"))
        case asyncssh.SFTPError() if isinstance(error, REFUSED):
            return Refused(tidy(f"{host}: {error.reason}"))
        case asyncssh.SFTPError() if not isinstance(error, LOST):
            # A full disk among others: version 3 has one number for all that it has no number for.
            return Unavailable(tidy(f"{host}: {error.reason}"))
    return Unavailable(tidy(f"connection to {host} lost: {error}"), unknown=unknown)


async def _upload(sftp: asyncssh.SFTPClient, path: str, content: bytes) -> None:
    try:
        file = await sftp.open(path, "xb")
    except MISSING:
        await sftp.makedirs(posixpath.dirname(path), exist_ok=True)
        file = await sftp.open(path, "xb")
    async with file:
        await file.write(content)


async def _size(sftp: asyncssh.SFTPClient, path: str) -> int | None:
    """Bytes; None where there is nothing, or the server does not say. Raises: asyncssh.SFTPError."""
    try:
        return (await sftp.stat(path)).size
    except LOST:
        raise
    except asyncssh.SFTPError:
        return None


async def _rename(sftp: asyncssh.SFTPClient, temporary: str, path: str) -> None:
    try:
        await sftp.posix_rename(temporary, path)
    except asyncssh.SFTPOpUnsupported:
        # A name that is taken is refused otherwise (draft-ietf-secsh-filexfer-02 §6.5).
        with suppress(*MISSING):
            await sftp.remove(path)
        await sftp.rename(temporary, path)
