"""A feed that lies in a file."""

from __future__ import annotations

import re
import stat
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit
from urllib.request import url2pathname

from distributor.errors import SourceError


@dataclass(frozen=True, slots=True)
class Read:
    """The bytes, and a name for this state of them."""

    body: bytes
    etag: str


def is_file(url: str) -> bool:
    """Whether `url` is a path or a `file:` address."""
    scheme = re.match(r"([A-Za-z][A-Za-z0-9+.-]+):", url)
    return not scheme or scheme[1].lower() == "file"


def read(url: str, limit: int, etag: str | None) -> Read | None:
    """None if it still is as `etag` names it: of the same size and time of change.

    Raises: SourceError.
    """
    path = _path(url)
    try:
        state = path.stat()
        if not stat.S_ISREG(state.st_mode):
            raise SourceError(f"{path}: {'a folder' if path.is_dir() else 'not a file'}; name a feed's file")
        if state.st_size > limit:
            raise SourceError(f"{path}: the file is larger than {limit:,} bytes")
        name = f'"{state.st_mtime_ns:x}-{state.st_size:x}"'
        return None if name == etag else Read(path.read_bytes(), name)
    except FileNotFoundError as e:
        raise SourceError(f"{path}: there is no such file") from e
    except (OSError, ValueError) as e:
        raise SourceError(f"{path}: cannot be read: {getattr(e, 'strerror', None) or e}") from e


def _path(url: str) -> Path:
    """RFC 8089."""
    if not url.lower().startswith("file:"):
        return Path(url)
    parts = urlsplit(url)
    if parts.netloc not in ("", "localhost"):
        raise SourceError(f"{url}: a file of another machine; write file:///path")
    return Path(url2pathname(parts.path))
