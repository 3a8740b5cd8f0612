"""What a mail carries instead of a link: fetched, bounded, and what it is by its content."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from html import unescape
from urllib.parse import unquote

from channels.formats import html
from channels.media_types import EXTENSIONS, kind
from channels.media_web import NoMedia, Supply
from channels.pictures import fetch
from channels.story import Media, Story

MOST = 20
"""Files that are asked for, for one mail."""
LONGEST_NAME = 60

# In a page of ours, attributes hold no angle brackets and stand in double quotes.
IMAGE = re.compile(r"<img\b[^<>]*>")
SOURCE = re.compile(r'\ssrc="([^"]*)"')
ALT = re.compile(r'\salt="([^"]*)"')
UNSAFE = re.compile(r"[^\w.() -]+")


@dataclass(frozen=True, slots=True)
class File:
    content: bytes
    type: str
    """MIME type, by its content."""
    name: str
    """With the extension of that type, whatever the address says."""
    alt: str = ""
    """What it shows or is, for people."""


@dataclass(frozen=True, slots=True)
class Enclosed:
    pictures: dict[str, File] = field(default_factory=dict)
    """By the address that the story's page shows them from."""
    files: tuple[File, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.pictures or self.files)


async def enclose(media: Supply, story: Story, *, limit: int, patience: float) -> Enclosed:
    """The pictures that the story's page shows, then its other media, as long as there is room and time.

    `limit`: bytes of all together, `patience`: seconds for all together. What does not fit, cannot be had or
    is not what it should be is left out. One after the other, so that no more than `limit` is in memory.
    """
    store = _Store(media, limit, asyncio.get_running_loop().time() + patience)
    pictures: dict[str, File] = {}
    page = await asyncio.to_thread(html.encode, story)
    for url, alt in _shown(page.decode()):
        if picture := await store.picture(url, alt):
            pictures[url] = picture
    others = [other for other in story.media if other.role != "picture"]
    return Enclosed(pictures, tuple([file for other in others if (file := await store.file(other))]))


def _shown(page: str) -> Iterator[tuple[str, str]]:
    """Address and alternative text of each picture, once."""
    seen: set[str] = set()
    for image in IMAGE.findall(page):
        source, alt = SOURCE.search(image), ALT.search(image)
        url = unescape(source[1]) if source else ""
        if url not in seen and url.startswith(("https://", "http://")):
            seen.add(url)
            yield url, unescape(alt[1]) if alt else ""


class _Store:
    """Keeps account of what is left: bytes, seconds, files."""

    def __init__(self, media: Supply, limit: int, until: float) -> None:
        self.media = media
        self.room = limit
        self.until = until
        self.asked = 0

    async def picture(self, url: str, alt: str) -> File | None:
        if patience := self._turn():
            try:
                found = await fetch(self.media, url, limit=self.room, patience=patience)
            except NoMedia:
                return None
            return self._kept(File(found.content, found.type, _name(_last(url), EXTENSIONS[found.type]), alt))
        return None

    async def file(self, media: Media) -> File | None:
        if (media.length or 0) > self.room:
            return None
        if patience := self._turn():
            try:
                content = await self.media.get(media.url, limit=self.room, patience=patience)
            except NoMedia:
                return None
            type, extension = kind(content)
            if type:
                name = _name(media.title or _last(media.url), extension)
                return self._kept(File(content, type, name, media.alt or media.caption))
        return None

    def _turn(self) -> float:
        """Seconds that the next one may take: half of what is left, so that a slow one leaves some."""
        self.asked += 1
        left = self.until - asyncio.get_running_loop().time()
        return left / 2 if left > 0 and self.room > 0 and self.asked <= MOST else 0

    def _kept(self, file: File) -> File:
        self.room -= len(file.content)
        return file


def _name(of: str, extension: str) -> str:
    """A file name for people; no path, no second extension that misleads."""
    stem = re.sub(r"\.[A-Za-z][A-Za-z0-9]{0,4}$", "", " ".join(UNSAFE.sub(" ", of).split()))
    return f"{stem.strip('. ')[:LONGEST_NAME].strip() or 'file'}.{extension}"


def _last(url: str) -> str:
    """What a file is called in an address."""
    return unquote(url.partition("?")[0].rstrip("/").rpartition("/")[2])
