"""What a mail carries instead of a link: fetched, bounded, and what it is by its content."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from html import unescape
from urllib.parse import unquote

import aiohttp
from yarl import URL

from channels.formats import html
from channels.pictures import EXTENSIONS, HOPS, NoPicture, fetch, sniff
from channels.story import Media, Story

MOST = 20
"""Files that are asked for, for one mail."""
LONGEST_NAME = 60

# In a page of ours, attributes hold no angle brackets and stand in double quotes.
IMAGE = re.compile(r"<img\b[^<>]*>")
SOURCE = re.compile(r'\ssrc="([^"]*)"')
ALT = re.compile(r'\salt="([^"]*)"')
UNSAFE = re.compile(r"[^\w.() -]+")

# By the first bytes: offset, signature, type, extension. Nothing here runs when it is opened.
KINDS = (
    (0, b"%PDF-", "application/pdf", "pdf"),
    (0, b"ID3", "audio/mpeg", "mp3"),
    (0, b"\xff\xfb", "audio/mpeg", "mp3"),
    (0, b"OggS", "audio/ogg", "ogg"),
    (0, b"fLaC", "audio/flac", "flac"),
    (8, b"WAVE", "audio/wav", "wav"),
    (4, b"ftypM4A", "audio/mp4", "m4a"),
    (4, b"ftyp", "video/mp4", "mp4"),
    (0, b"\x1aE\xdf\xa3", "video/webm", "webm"),
)


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


async def enclose(http: aiohttp.ClientSession, story: Story, *, limit: int, patience: float) -> Enclosed:
    """The pictures that the story's page shows, then its other media, as long as there is room and time.

    `limit`: bytes of all together, `patience`: seconds for all together. What does not fit, cannot be had or
    is not what it should be is left out. One after the other, so that no more than `limit` is in memory.
    """
    store = _Store(http, limit, asyncio.get_running_loop().time() + patience)
    pictures: dict[str, File] = {}
    page = await asyncio.to_thread(html.encode, story)
    for url, alt in _shown(page.decode()):
        if picture := await store.picture(url, alt):
            pictures[url] = picture
    others = [media for media in story.media if media.role != "picture"]
    return Enclosed(pictures, tuple([file for media in others if (file := await store.file(media))]))


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

    def __init__(self, http: aiohttp.ClientSession, limit: int, until: float) -> None:
        self.http = http
        self.room = limit
        self.until = until
        self.asked = 0

    async def picture(self, url: str, alt: str) -> File | None:
        if patience := self._turn():
            try:
                found = await fetch(self.http, url, limit=self.room, patience=patience)
            except NoPicture:
                return None
            return self._kept(File(found.content, found.type, _name(_last(url), EXTENSIONS[found.type]), alt))
        return None

    async def file(self, media: Media) -> File | None:
        if (media.length or 0) > self.room or not media.url.startswith(("https://", "http://")):
            return None
        if patience := self._turn():
            try:
                async with asyncio.timeout(patience):
                    content = await self._read(media.url)
            except (aiohttp.ClientError, TimeoutError, ValueError):
                return None
            kind, extension = _kind(content)
            if kind:
                name = _name(media.title or _last(media.url), extension)
                return self._kept(File(content, kind, name, media.alt or media.caption))
        return None

    def _turn(self) -> float:
        """Seconds that the next one may take: half of what is left, so that a slow one leaves some."""
        self.asked += 1
        left = self.until - asyncio.get_running_loop().time()
        return left / 2 if left > 0 and self.room > 0 and self.asked <= MOST else 0

    def _kept(self, file: File) -> File:
        self.room -= len(file.content)
        return file

    async def _read(self, url: str) -> bytes:
        """Raises: ValueError for what is too large or not there."""
        headers = {"Accept": "*/*"}
        async with self.http.get(URL(url), max_redirects=HOPS, headers=headers) as answer:
            content = bytearray()
            async for chunk in answer.content.iter_chunked(65536):
                content += chunk
                if answer.status != 200 or len(content) > self.room:
                    raise ValueError(answer.status)
            return bytes(content)


def _kind(content: bytes) -> tuple[str, str]:
    """Type and extension; empty for what we do not hand on."""
    if picture := sniff(content):
        return picture, EXTENSIONS[picture]
    for offset, signature, kind, extension in KINDS:
        if content.startswith(signature, offset):
            return kind, extension
    return "", ""


def _name(of: str, extension: str) -> str:
    """A file name for people; no path, no second extension that misleads."""
    stem = re.sub(r"\.[A-Za-z][A-Za-z0-9]{0,4}$", "", " ".join(UNSAFE.sub(" ", of).split()))
    return f"{stem.strip('. ')[:LONGEST_NAME].strip() or 'file'}.{extension}"


def _last(url: str) -> str:
    """What a file is called in an address."""
    return unquote(url.partition("?")[0].rstrip("/").rpartition("/")[2])
