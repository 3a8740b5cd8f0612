"""Files in a folder: each appears whole or not at all, and the next version takes its place."""

from __future__ import annotations

import asyncio
import errno
import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Self

from pydantic import Field

from channels.beside import Beside, BesideSettings
from channels.channel import ChannelError, Denied, Unavailable
from channels.formats.kinds import FormatName
from channels.media_cache import MediaCache
from channels.placing import USUAL, File, Placement
from channels.story import IdempotencyKey, Receipt, Story

# The rest (no space left, a dead disk, a mount that is away) may mend itself.
DENIED = {errno.EACCES, errno.EPERM, errno.ENOTDIR, errno.EISDIR, errno.EEXIST, errno.ELOOP}


class Folder:
    """The same name for all versions and attempts, so that a repeat changes nothing."""

    carries_digests = True

    class Settings(BesideSettings):
        """`[[members.channels]] type = "folder"`."""

        path: Path
        formats: tuple[FormatName, ...] = Field(("ninjs", "html"), min_length=1)

    def __init__(self, settings: Settings) -> None:
        self.path = settings.path.expanduser().absolute()
        self.formats = settings.formats
        self.media_cache: MediaCache | None = None
        self.beside = Beside(settings)

    async def __aenter__(self) -> Self:
        self.beside.open(self.media_cache)
        return self

    async def __aexit__(self, *exc: object) -> None:
        await self.beside.close()

    async def send(self, story: Story, key: IdempotencyKey, number: int = 0) -> Receipt:
        """Write the story in each format. Raises: Unavailable, Refused, Denied."""
        there = await self.beside.placed(story, self.formats, USUAL, self._add)
        with _failures():
            return await asyncio.to_thread(self._write, there)

    async def check(self) -> str:
        """Writes a probe and takes it away. Raises: Unavailable, Denied."""
        with _failures():
            return await asyncio.to_thread(self._probe)

    async def _add(self, path: str, file: File) -> None:
        """As `beside.Put`."""
        with _failures():
            await asyncio.to_thread(_place, self.path / path, file.content)

    def _write(self, there: Placement) -> Receipt:
        """A withdrawn story stays as an item that says so; its pages go."""
        self.path.mkdir(parents=True, exist_ok=True)
        for name, file in there.files.items():
            _replace(self.path / name, file.content)
        for name in there.gone:
            (self.path / name).unlink(missing_ok=True)
        _sync(self.path)
        if not there.files:
            return Receipt(f"removed from {self.path}")
        first = self.path / next(iter(there.files))
        return Receipt(str(first), remote_id=first.name, url=first.as_uri())

    def _probe(self) -> str:
        self.path.mkdir(parents=True, exist_ok=True)
        probe = self.path / f".{secrets.token_hex(8)}.probe"
        _replace(probe, b"")
        probe.unlink()
        return f"{self.path} can be written"


def _place(path: Path, content: bytes) -> None:
    """Unless it is there."""
    if path.is_file() and path.stat().st_size == len(content):
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    _replace(path, content)
    _sync(path.parent)


def _replace(path: Path, content: bytes) -> None:
    """Whole or not at all, after a power cut too: the content is on disk before the name is."""
    temporary = path.with_name(f".{secrets.token_hex(8)}.tmp")
    try:
        with temporary.open("xb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise


def _sync(path: Path) -> None:
    """The names in a folder too."""
    folder = os.open(path, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


@contextmanager
def _failures() -> Iterator[None]:
    try:
        yield
    except OSError as e:
        raise failure(e) from e


def failure(error: OSError) -> ChannelError:
    """What an error of the file system means for the channel."""
    told = f"{error.filename}: {error.strerror}" if error.filename else str(error)
    return Denied(told) if error.errno in DENIED else Unavailable(told)
