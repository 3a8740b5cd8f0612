"""Files in a folder: each appears whole or not at all, and the next version takes its place."""

from __future__ import annotations

import asyncio
import errno
import os
import re
import secrets
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from hashlib import sha256
from pathlib import Path
from typing import Literal, Self

from pydantic import Field

from channels.channel import ChannelError, Denied, Refused, Unavailable
from channels.formats import html, ninjs, text
from channels.settings import ChannelSettings
from channels.story import IdempotencyKey, Receipt, Story

Format = Literal["ninjs", "html", "text"]

ENCODERS: dict[Format, tuple[str, Callable[[Story], bytes]]] = {
    "ninjs": ("json", ninjs.encode),
    "html": ("html", html.encode),
    "text": ("txt", lambda story: text.encode(story).encode()),
}
SAFE = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]*(\.[A-Za-z0-9_-]+)*")
LONGEST = 120
"""Characters of a slug or a language in a file name; file systems hold 255 bytes."""

# The rest (no space left, a dead disk, a mount that is away) may mend itself.
DENIED = {errno.EACCES, errno.EPERM, errno.ENOTDIR, errno.EISDIR, errno.EEXIST, errno.ELOOP}


class Folder:
    """The same name for all versions and attempts, so that a repeat changes nothing."""

    class Settings(ChannelSettings):
        """`[[members.channels]] type = "folder"`."""

        path: Path
        formats: tuple[Format, ...] = Field(("ninjs", "html"), min_length=1)

    def __init__(self, settings: Settings) -> None:
        self.path = settings.path.expanduser().absolute()
        self.formats = settings.formats

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *exc: object) -> None:
        return None

    async def send(self, story: Story, key: IdempotencyKey) -> Receipt:
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
        names = {kind: file_name(story, ENCODERS[kind][0]) for kind in self.formats}
        kept = [kind for kind in self.formats if story.pub_status != "canceled" or kind == "ninjs"]
        files = {names[kind]: ENCODERS[kind][1](story) for kind in kept}
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


def file_name(story: Story, extension: str) -> str:
    """`{slug}.{language}.{extension}`, within one folder whatever slug and language hold."""
    return f"{_safe(story.slug)}.{_safe(story.language)}.{extension}"


def _safe(part: str) -> str:
    """`part` itself where it can be a name as it is; else what is left of it, and a hash of the whole."""
    if SAFE.fullmatch(part) and len(part) <= LONGEST:
        return part
    left = "-".join(re.findall(r"[A-Za-z0-9_]+", part))[: LONGEST - 17]
    return f"{left or 'item'}-{sha256(part.encode(errors='surrogatepass')).hexdigest()[:16]}"


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
