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

from channels.channel import ChannelError, Denied, Refused, Unavailable
from channels.filenames import file_name
from channels.formats.kinds import FORMATS, FormatName
from channels.settings import ChannelSettings
from channels.story import IdempotencyKey, Receipt, Story

# The rest (no space left, a dead disk, a mount that is away) may mend itself.
DENIED = {errno.EACCES, errno.EPERM, errno.ENOTDIR, errno.EISDIR, errno.EEXIST, errno.ELOOP}


class Folder:
    """The same name for all versions and attempts, so that a repeat changes nothing."""

    carries_digests = True

    class Settings(ChannelSettings):
        """`[[members.channels]] type = "folder"`."""

        path: Path
        formats: tuple[FormatName, ...] = Field(("ninjs", "html"), min_length=1)

    def __init__(self, settings: Settings) -> None:
        self.path = settings.path.expanduser().absolute()
        self.formats = settings.formats

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *exc: object) -> None:
        return None

    async def send(self, story: Story, key: IdempotencyKey, number: int = 0) -> Receipt:
        """Write the story in each format. Raises: Unavailable, Refused, Denied."""
        with _failures():
            return await asyncio.to_thread(self._write, story)

    async def check(self) -> str:
        """Writes a probe and takes it away. Raises: Unavailable, Denied."""
        with _failures():
            return await asyncio.to_thread(self._probe)

    def _write(self, story: Story) -> Receipt:
        """A withdrawn story stays as an item that says so; its pages go."""
        self.path.mkdir(parents=True, exist_ok=True)
        names = {kind: file_name(story, FORMATS[kind].extension) for kind in self.formats}
        whole = story.pub_status != "canceled"
        kept = [kind for kind in self.formats if whole or FORMATS[kind].says_withdrawn]
        files = {names[kind]: FORMATS[kind].encode(story) for kind in kept}
        for name, content in files.items():
            self._replace(name, content)
        for name in names.values() - files.keys():
            (self.path / name).unlink(missing_ok=True)
        self._sync()
        if not files:
            return Receipt(f"removed from {self.path}")
        first = self.path / next(iter(files))
        return Receipt(str(first), remote_id=first.name, url=first.as_uri())

    def _replace(self, name: str, content: bytes) -> None:
        """Whole or not at all, after a power cut too: the content is on disk before the name is."""
        temporary = self.path / f".{secrets.token_hex(8)}.tmp"
        try:
            with temporary.open("xb") as file:
                file.write(content)
                file.flush()
                os.fsync(file.fileno())
            temporary.replace(self.path / name)
        except BaseException:
            temporary.unlink(missing_ok=True)
            raise

    def _sync(self) -> None:
        """The names too."""
        folder = os.open(self.path, os.O_RDONLY | os.O_DIRECTORY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)

    def _probe(self) -> str:
        self.path.mkdir(parents=True, exist_ok=True)
        name = f".{secrets.token_hex(8)}.probe"
        self._replace(name, b"")
        (self.path / name).unlink()
        return f"{self.path} can be written"


@contextmanager
def _failures() -> Iterator[None]:
    try:
        yield
    except OSError as e:
        raise failure(e) from e
    except UnicodeEncodeError as e:
        raise Refused(f"the text cannot be written in UTF-8: {e.reason}") from e


def failure(error: OSError) -> ChannelError:
    """What an error of the file system means for the channel."""
    told = f"{error.filename}: {error.strerror}" if error.filename else str(error)
    return Denied(told) if error.errno in DENIED else Unavailable(told)
