"""The pictures and other files of a story, beside its item at a receiver that keeps files.

They are there before the item is, so that whoever picks it up finds them. A name has the digest of what is in
the file: a repeat, a correction or another language finds it there, and an item never shows what it was not
made with. The text comes first: what cannot be had, or is not taken in time, stays a link.
"""

from __future__ import annotations

import asyncio
import posixpath
from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from hashlib import sha256
from typing import Annotated, Literal
from urllib.parse import quote

from pydantic import AfterValidator, Field

from channels import pictures
from channels.channel import Refused
from channels.formats.elements import web_address
from channels.formats.kinds import FormatName
from channels.media_cache import MediaCache, supply
from channels.media_types import kind
from channels.media_web import NoMedia, Supply
from channels.placing import File, Placement, checked, filled, placed, placeholders
from channels.settings import ChannelSettings, Size
from channels.story import Media, Story

MOST = 20
"""Files of one story that are asked for; the rest stay links."""
OF_THE_FILE = ("digest", "extension")

Put = Callable[[str, File], Awaitable[None]]
"""Places a file at a path, whole or not at all, unless one of that size is there. Raises: ChannelError."""


def _is_path(template: str) -> str:
    if template.startswith("/"):
        raise ValueError("it is relative to the item; write it without a slash at its beginning")
    if missing := set(OF_THE_FILE) - placeholders(checked(template, OF_THE_FILE)):
        raise ValueError(f"two files could have one name; put {{{min(missing)}}} into it")
    return template


class BesideSettings(ChannelSettings):
    """What channels to a receiver that keeps files can be told of pictures and other files."""

    media: Literal["link", "fetch"] = Field("link", description="fetch: files are placed beside the item.")
    media_path: Annotated[str, AfterValidator(_is_path)] = Field(
        "{slug}.{digest}.{extension}", description="Of such a file, from where the item is."
    )
    media_limit: Size = Field(10_000_000, description="Of one file; a larger one stays a link.")
    media_total: Size = Field(50_000_000, description="Of all files of one item; the rest stay links.")
    media_allow_private: bool = Field(False, description="May files be fetched from private addresses.")


@dataclass(frozen=True, slots=True)
class Placed:
    """A file that the receiver has."""

    name: str
    """Relative to the item, as an address says it."""
    type: str
    """MIME type, by its content."""
    length: int
    """Bytes."""


class Beside:
    """Places the files of stories for one channel, which opens and closes it."""

    def __init__(self, settings: BesideSettings) -> None:
        self.settings = settings
        self.supply: Supply | None = None

    def open(self, cache: MediaCache | None) -> None:
        """Files come from `cache`, or from where they are."""
        if self.settings.media == "fetch":
            self.supply = supply(cache, allow_private=self.settings.media_allow_private)

    async def close(self) -> None:
        """Nothing is fetched from here on."""
        if self.supply:
            await self.supply.close()

    async def placed(self, story: Story, formats: Iterable[FormatName], template: str, put: Put) -> Placement:
        """The files of the item itself, which refer to those that `put` has placed beside it.

        A withdrawal brings none. Raises: Refused, Unavailable, Denied.
        """
        there = await placed(story, formats, template)
        if not self.supply or story.pub_status == "canceled":
            return there
        folders = dict.fromkeys(posixpath.dirname(path) for path in there.files)
        files = await self._brought(self.supply, story, folders, put)
        return await placed(_told(story, files), formats, template) if files else there

    async def _brought(
        self, supply: Supply, story: Story, folders: Iterable[str], put: Put
    ) -> dict[str, Placed]:
        """By address, what is there now; all of it within half of the time, one file in memory at a time."""
        room = self.settings.media_total
        found: dict[str, Placed] = {}
        clock = asyncio.get_running_loop().time
        until = clock() + self.settings.timeout.total_seconds() / 2
        for media in _wanted(story)[:MOST]:
            limit = min(room, self.settings.media_limit)
            if not limit or until <= clock():
                break
            try:
                async with asyncio.timeout_at(until):
                    # Half of what is left, so that a slow one leaves some to the next.
                    file = await _fetched(supply, media, limit, (until - clock()) / 2)
                    path = self._path(story, file)
                    for folder in folders:
                        await put(posixpath.join(folder, path), file)
            except (NoMedia, Refused, TimeoutError):
                continue  # the text goes without it
            room -= len(file.content)
            found[media.url] = Placed(quote(path), file.media_type, len(file.content))
        return found

    def _path(self, story: Story, file: File) -> str:
        digest = sha256(file.content).hexdigest()[:32]
        return filled(self.settings.media_path, story, digest=digest, extension=kind(file.content)[1])


async def _fetched(supply: Supply, media: Media, limit: int, patience: float) -> File:
    """With the type that it has by its content. Raises: NoMedia."""
    if (media.length or 0) > limit:
        raise NoMedia(f"it is larger than {limit} bytes", limit=limit)
    if media.role == "picture":
        picture = await pictures.fetch(supply, media.url, limit=limit, patience=patience)
        return File(picture.content, picture.type)
    content = await supply.get(media.url, limit=limit, patience=patience)
    if not (found := kind(content)[0]):
        raise NoMedia("it is none of the kinds of file that are handed on")
    return File(content, found)


def _wanted(story: Story) -> list[Media]:
    """The pictures beside the text, those in it, then other files; each address once."""
    beside = [media for media in story.media if media.role == "picture"]
    others = [media for media in story.media if media.role != "picture"]
    shown = [Media(url=url) for url in pictures.sources(story.body)]
    by_url: dict[str, Media] = {}
    for media in (*beside, *shown, *others):
        by_url.setdefault(media.url, media)
    return [media for media in by_url.values() if web_address(media.url)]


def _told(story: Story, files: Mapping[str, Placed]) -> Story:
    """`story` with what is beside its item: how it is called, and what it is."""
    names = {url: file.name for url, file in files.items()}
    media = [
        replace(m, type=files[m.url].type, length=files[m.url].length) if m.url in files else m
        for m in story.media
    ]
    return replace(story, media=tuple(media), files=names, body=pictures.rewrite(story.body, names))
