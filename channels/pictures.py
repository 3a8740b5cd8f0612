"""Pictures for receivers that keep their own copies."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from html import escape, unescape

from channels.media_types import EXTENSIONS, sniff
from channels.media_web import NoMedia, Supply

SOURCE = re.compile(r"""(<img\b[^>]*?\ssrc\s*=\s*)("[^"]*"|'[^']*')""", re.IGNORECASE)


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


def sources(body: str) -> list[str]:
    """The addresses of the pictures in `body`, each once."""
    return list(dict.fromkeys(unescape(found[2][1:-1]) for found in SOURCE.finditer(body)))


def rewrite(body: str, pictures: Mapping[str, str]) -> str:
    """`body` with the pictures' own addresses instead of those that they came from, where there is one."""

    def replaced(found: re.Match[str]) -> str:
        url = pictures.get(unescape(found[2][1:-1]))
        return f'{found[1]}"{escape(url)}"' if url else found[0]

    return SOURCE.sub(replaced, body)
