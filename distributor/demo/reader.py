"""A member that fetches: reads its private feeds over HTTP, as any feed reader would."""

from __future__ import annotations

import json
from typing import Any

import aiohttp

from distributor.demo.receivers import Inbox


async def fetch(inbox: Inbox, member: str, address: str) -> None:
    """Keep each feed at the private `address`, and the entries of the JSON feeds as items.

    Raises: aiohttp.ClientError.
    """
    async with aiohttp.ClientSession(raise_for_status=True) as http:
        entries: dict[str, dict[str, Any]] = {}
        for feed in json.loads(await _get(http, address))["feeds"]:
            content = await _get(http, feed["url"])
            inbox.take(member, "feed", f"{feed['language']}.{feed['format']}", content)
            if feed["format"] == "json":
                entries |= {entry["id"]: entry for entry in json.loads(content)["items"]}
        counted = json.loads(await _get(http, f"{address}/items?channel=feed&since=0"))
    for told in counted["items"]:
        if told["item"] and (entry := entries.get(told["item"]["uri"])):
            shown = json.dumps(entry, ensure_ascii=False, indent=2).encode()
            inbox.take(member, "feed", f"{told['key']}.entry", shown)


async def _get(http: aiohttp.ClientSession, url: str) -> bytes:
    async with http.get(url) as answer:
        return await answer.read()
