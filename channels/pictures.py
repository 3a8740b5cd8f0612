"""Pictures for receivers that keep their own copies."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

from channels.media_types import EXTENSIONS, sniff
from channels.media_web import NoMedia, Supply


@dataclass(frozen=True, slots=True)
class Picture:
    """A whole picture in memory."""

    content: bytes
    type: str
    """MIME type, one of `EXTENSIONS`."""

    @property
    def digest(self) -> str:
        """The same for the same content, 32 hexadecimal digits."""
        return hashlib.sha256(self.content).hexdigest()[:32]

    @property
    def file_name(self) -> str:
        return f"{self.digest}.{EXTENSIONS[self.type]}"


async def fetch(media: Supply, url: str, *, limit: int, patience: float) -> Picture:
    """The picture at `url`: at most `limit` bytes, within `patience` seconds. Raises: NoMedia."""
    content = await media.get(url, limit=limit, patience=patience)
    kind = sniff(content)
    if not kind:
        raise NoMedia("it is not a JPEG, PNG, WebP or GIF picture")
    return Picture(content, kind)
