"""Files of stories on disk: each content once, named by its hash, and a small record for each address.

    content/<sha256 of the content>
    records/<sha256 of who asked for which address>.json

Each file is written under another name first. It is not forced to the disk: what a power cut leaves half
written is known by its hash, and fetched again. Processes may share a folder.
"""

from __future__ import annotations

import os
import secrets
from collections.abc import Iterator
from contextlib import suppress
from datetime import datetime, timedelta
from hashlib import sha256
from pathlib import Path

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, ValidationError

from channels.media_web import Validators

BLOCK = 4096
"""What the smallest file takes on most disks."""


class Record(BaseModel):
    """What is known of an address."""

    model_config = ConfigDict(frozen=True)

    url: str
    allow_private: bool
    digest: str = Field(pattern=r"^[0-9a-f]{64}$")
    type: str
    length: int
    etag: str = ""
    modified: str = ""
    fetched: AwareDatetime
    fresh_until: AwareDatetime

    @property
    def validators(self) -> Validators:
        return Validators(self.etag, self.modified)

    def is_fresh(self, now: datetime, longest: timedelta) -> bool:
        """Also where a clock was set back, or the settings allow less than they did."""
        return now < self.fresh_until <= now + longest


class MediaStore:
    """At most `room` bytes, as disks count; what was not used for longest goes first. Blocking."""

    def __init__(self, folder: Path, room: int) -> None:
        self.contents = folder / "content"
        self.records = folder / "records"
        self.room = room

    def record(self, key: str) -> Record | None:
        """Of that address; None where there is none that can be read."""
        try:
            return Record.model_validate_json(self._place(key).read_bytes())
        except (OSError, ValidationError):
            return None

    def content(self, key: str, record: Record, now: datetime) -> bytes | None:
        """None where it is not there any more; what is not what it was is taken away."""
        path = self.contents / record.digest
        try:
            content = path.read_bytes()
            if sha256(content).hexdigest() != record.digest:
                path.unlink(missing_ok=True)
                return None
        except OSError:
            return None
        for used in (path, self._place(key)):
            with suppress(OSError):
                _touch(used, now)
        return content

    def keep(self, key: str, record: Record, content: bytes, now: datetime) -> None:
        """The content and the record, unless it would take half of the room. Raises: OSError."""
        if len(content) <= self.room // 2:
            _write(self.contents / record.digest, content, now)
            self.note(key, record, now)
            self._make_room()

    def note(self, key: str, record: Record, now: datetime) -> None:
        """The record alone. Raises: OSError."""
        _write(self._place(key), record.model_dump_json().encode(), now)

    def forget(self, key: str) -> None:
        """The address; its content goes when it was not used for longest."""
        with suppress(OSError):
            self._place(key).unlink(missing_ok=True)

    def _place(self, key: str) -> Path:
        return self.records / f"{key}.json"

    def _make_room(self) -> None:
        """A tenth more than must be, so that this is not needed for each new file."""
        there = sorted(self._there())
        total = sum(size for _, size, _ in there)
        if total <= self.room:
            return
        for _, size, path in there:
            if total <= self.room * 9 // 10:
                return
            with suppress(OSError):
                os.unlink(path)
            total -= size

    def _there(self) -> Iterator[tuple[float, int, str]]:
        """When it was used, size, path; also of what a crash left under another name."""
        for folder in (self.contents, self.records):
            with os.scandir(folder) as entries:
                for entry in entries:
                    with suppress(FileNotFoundError):  # another process makes room, too
                        stat = entry.stat()
                        yield stat.st_mtime, -(-stat.st_size // BLOCK) * BLOCK, entry.path


def _write(path: Path, content: bytes, now: datetime) -> None:
    """Whole or not at all."""
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{secrets.token_hex(8)}.tmp")
    try:
        temporary.write_bytes(content)
        _touch(temporary, now)
        temporary.replace(path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise


def _touch(path: Path, now: datetime) -> None:
    os.utime(path, (now.timestamp(), now.timestamp()))
