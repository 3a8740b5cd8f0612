"""`/members/TOKEN`: a member's feeds, and what it may have missed."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import quote

import orjson
from aiohttp import ETag, web
from sqlalchemy import Connection

from channels.formats import ninjs
from channels.story import Story
from distributor.ledger import items
from distributor.ledger.ledger import Ledger
from distributor.ledger.stories import Naming, load
from distributor.ledger.tables import AnyRow
from distributor.settings import MemberSettings
from distributor.web.addresses import Addresses, Topic
from distributor.web.feeds import as_sent, document, page, tag_of

AT_MOST = 100
"""Items of one answer."""
LARGEST = 2**31 - 1
HEADERS = {
    "Cache-Control": "private, no-cache",
    "Referrer-Policy": "no-referrer",  # the address is a password
    "X-Robots-Tag": "noindex",
    "X-Content-Type-Options": "nosniff",
}


class Private:
    """The handlers."""

    def __init__(self, ledger: Ledger, addresses: Addresses, naming: Naming) -> None:
        self.ledger, self.addresses, self.naming = ledger, addresses, naming

    def routes(self) -> list[web.RouteDef]:
        """All read only."""
        return [
            web.get("/members/{token}", self.index),
            web.get("/members/{token}/items", self.items),
            web.get(r"/members/{token}/{language:[A-Za-z0-9-]+}.{kind:rss|atom|json}", self.feed),
        ]

    async def index(self, request: web.Request) -> web.Response:
        """What there is for this member."""
        member = self._member(request)
        own = self.addresses.of(member)
        channels = [
            {"channel": lane, "items": f"{own}/items?channel={quote(lane.partition('/')[2])}&since=0"}
            for lane, _ in member.lanes()
        ]
        feeds = [
            {"language": topic.language, "format": topic.kind, "url": topic.url}
            for topic in self.addresses.topics(member)
        ]
        hub = {"hub": self.addresses.hub} if feeds else {}
        return _json({"member": member.id, "name": member.name, "channels": channels, "feeds": feeds, **hub})

    async def items(self, request: web.Request) -> web.Response:
        """What was counted after `since` over `channel`, and what became of it."""
        member = self._member(request)
        lane = f"{member.id}/{request.query.get('channel', '')}"
        if lane not in dict(member.lanes()):
            known = ", ".join(name.partition("/")[2] for name, _ in member.lanes())
            raise web.HTTPBadRequest(text=f"say which channel: {known}", headers=HEADERS)
        after = _number(request, "since", 0)
        own = f"{self.addresses.of(member)}/items?channel={quote(lane.partition('/')[2])}"
        rows, stories, last = await self.ledger.read(self._since, lane, after)
        return await asyncio.to_thread(_items, lane, rows, stories, last, own)

    def _since(self, db: Connection, lane: str, after: int) -> tuple[Sequence[AnyRow], dict[int, Story], int]:
        rows = items.since(db, lane, after, AT_MOST + 1)
        stories = load(db, {row.rendition for row in rows if row.told}, self.naming)
        return rows, stories, items.last(db, lane)

    async def feed(self, request: web.Request) -> web.Response:
        """A page of a feed (RFC 5005 §3), or 304 where nothing has changed (RFC 9110 §13)."""
        named = request.match_info
        topic = self.addresses.find(self._member(request), named["language"], named["kind"])
        if topic is None:
            raise web.HTTPNotFound(text="there is no such feed", headers=HEADERS)
        nth = _number(request, "page", 1)
        mark = await self.ledger.read(items.mark, topic.lane, topic.language)
        if _has(request, tag_of(mark, topic, nth)):
            answer = web.Response(status=304, headers={**HEADERS, "Link": topic.links})
            answer.etag = ETag(tag_of(mark, topic, nth))
            return answer
        return await self._page(topic, nth)

    async def _page(self, topic: Topic, nth: int) -> web.Response:
        found = await self.ledger.read(page, topic, nth, self.naming)
        body, content_type = await asyncio.to_thread(document, topic, found)
        headers = {**HEADERS, "Content-Type": content_type, "Link": topic.links}
        answer = web.Response(body=body, headers=headers)
        answer.etag, answer.last_modified = ETag(found.tag), found.updated
        return answer

    def _member(self, request: web.Request) -> MemberSettings:
        member = self.addresses.member(request.match_info["token"])
        if member is None:
            raise web.HTTPNotFound(text="there is nothing here", headers=HEADERS)
        return member


def _items(
    lane: str, rows: Sequence[AnyRow], stories: Mapping[int, Story], last: int, own: str
) -> web.Response:
    told = rows[:AT_MOST]
    following = f"{own}&since={told[-1].number}" if len(rows) > AT_MOST else None
    found = [_item(row, stories.get(row.rendition) if row.told else None) for row in told]
    return _json({"channel": lane, "last": last, "next": following, "items": found})


def _item(row: AnyRow, story: Story | None) -> dict[str, Any]:
    names = ("number", "key", "state", "action", "article", "version", "language")
    item = orjson.Fragment(ninjs.encode(as_sent(story, row))) if story else None
    return {**{name: row._mapping[name] for name in names}, "item": item}


def _has(request: web.Request, tag: str) -> bool:
    return any(known.value in (tag, "*") for known in request.if_none_match or ())


def _number(request: web.Request, name: str, least: int) -> int:
    told = request.query.get(name, str(least))
    if not (told.isascii() and told.isdecimal() and least <= int(told[:11]) <= LARGEST):
        raise web.HTTPBadRequest(text=f"{name} is a number from {least} on", headers=HEADERS)
    return int(told)


def _json(told: Any) -> web.Response:
    headers = {**HEADERS, "Content-Type": "application/json"}
    return web.Response(body=orjson.dumps(told), headers=headers)
