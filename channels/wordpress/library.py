"""The site's library of media: each picture once for each language, which has its own alternative text."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Self

from channels import pictures
from channels.channel import ChannelError
from channels.filenames import safe
from channels.media_cache import MediaCache, supply
from channels.media_web import NoMedia
from channels.pictures import Picture
from channels.story import Media, Story
from channels.wordpress import content
from channels.wordpress.api import Answered, Api

MOST = 20
"""Pictures of one story that are uploaded; the rest stay where they are."""
FIELDS = "id,source_url,alt_text,caption"  # the controller of media knows no nested ones


@dataclass(slots=True)
class Shelf:
    """What of a story's pictures is in the library."""

    lead: Media | None = None
    """The one that the theme shows."""
    featured: int = 0
    """Its id; 0 where there is none."""
    urls: dict[str, str] = field(default_factory=dict)
    """Where it came from → where the site has it."""
    missing: int = 0

    def add(self, media: Media, item: Mapping[str, Any], *, may_lead: bool) -> None:
        self.urls[media.url] = item["source_url"]
        if may_lead and not self.lead:
            self.lead, self.featured = media, item["id"]


class Library:
    """Fetches pictures and uploads them. Opened and closed as a context."""

    def __init__(self, api: Api, cache: MediaCache | None) -> None:
        self.api = api
        self.cache = cache
        self.settings = api.settings

    async def __aenter__(self) -> Self:
        self.supply = supply(self.cache, allow_private=self.settings.media_allow_private)
        return self

    async def __aexit__(self, *exc: object) -> None:
        await self.supply.close()

    async def shelve(self, story: Story) -> Shelf:
        """The story's pictures, within half of the time; those that cannot be had are missing."""
        loop = asyncio.get_running_loop()
        until = loop.time() + self.settings.timeout.total_seconds() / 2
        shelf = Shelf()
        wanted = list(_wanted(story))
        for media in wanted[:MOST]:
            try:
                async with asyncio.timeout_at(until):
                    item = await self._item(media, story, until - loop.time())
            except (NoMedia, Answered, ChannelError, TimeoutError, LookupError, TypeError):
                shelf.missing += 1  # the text goes without it
            else:
                shelf.add(media, item, may_lead=media in story.media)
        shelf.missing += len(wanted[MOST:])
        return shelf

    async def _item(self, media: Media, story: Story, patience: float) -> Mapping[str, Any]:
        picture = await pictures.fetch(
            self.supply, media.url, limit=self.settings.media_limit, patience=max(patience, 0)
        )
        slug = f"{picture.digest}-{safe(story.language)}".lower()
        found = await self.api.get("media", slug=slug, context="edit", _fields=FIELDS)
        item: Mapping[str, Any] = found[0] if found else await self._upload(picture, slug)
        told = {"alt_text": content.alt(media), "caption": content.caption(media)}
        if told != {"alt_text": item["alt_text"], "caption": item["caption"]["raw"]}:
            item = await self.api.post(f"media/{int(item['id'])}", told, context="edit", _fields=FIELDS)
        return item

    async def _upload(self, picture: Picture, slug: str) -> Mapping[str, Any]:
        """The slug goes with it, so that a crash right after makes no second copy."""
        md5 = hashlib.md5(picture.content, usedforsecurity=False).digest()
        headers = {
            "Content-Type": picture.type,
            "Content-Disposition": f'attachment; filename="{picture.file_name}"',
            "Content-MD5": md5.hex(),  # in hexadecimal there, whatever RFC 1864 says
        }
        item: Mapping[str, Any] = await self.api.upload(
            picture.content, headers, slug=slug, title=slug, context="edit", _fields=FIELDS
        )
        return item


def _wanted(story: Story) -> Iterable[Media]:
    """The pictures beside the text, then those in it that are not the same."""
    beside = [m for m in story.media if m.role == "picture"]
    known = {m.url for m in beside}
    yield from beside
    yield from (Media(url=url) for url in pictures.sources(story.body) if url not in known)
