"""The REST API itself: where it is, requests and what their answers mean."""

from __future__ import annotations

import asyncio
import base64
import json
from collections.abc import Callable, Mapping
from contextlib import suppress
from datetime import datetime
from typing import Any, Self

import aiohttp
from yarl import URL

from channels.answers import read, tidy
from channels.channel import ChannelError, Denied, Refused
from channels.net import connector
from channels.no_answer import no_answer
from channels.wordpress.settings import WordPressSettings

RELATION = "https://api.w.org/"
"""https://developer.wordpress.org/rest-api/using-the-rest-api/discovery/"""
ANSWER_LIMIT = 32_000_000
"""Bytes of an answer: a post comes back with its text, as JSON that escapes all but ASCII."""
SAID_LIMIT = 65536
"""Bytes of an error that are read: its words come last where a site prints warnings first."""
PATIENCE = 2.0
"""Seconds that the body of an error is waited for, once its status is known."""
JSON_TYPE = {"Content-Type": "application/json; charset=utf-8"}
NAMESPACE = "wp/v2/"


class Api:
    """One site's API. Opened and closed as a context; its address is looked for once."""

    def __init__(self, settings: WordPressSettings, clock: Callable[[], datetime]) -> None:
        self.settings = settings
        self.clock = clock
        self.site = URL(str(settings.url), encoded=True)
        self.root = URL(str(settings.api), encoded=True) if settings.api else None
        self.http: aiohttp.ClientSession
        # Not the session's: the front page is asked without.
        login = f"{settings.user}:{settings.password.get_secret_value()}".encode()  # RFC 7617 §2.1
        self.authorization = {"Authorization": f"Basic {base64.b64encode(login).decode()}"}

    async def __aenter__(self) -> Self:
        total = self.settings.timeout.total_seconds()
        self.http = aiohttp.ClientSession(
            connector=connector(allow_private=self.settings.allow_private, limit=self.settings.concurrency),
            timeout=aiohttp.ClientTimeout(total=total, sock_connect=total / 2),
            # Nothing is unpacked: it could be a bomb.
            headers={"User-Agent": "distributor", "Accept-Encoding": "identity"},
            cookie_jar=aiohttp.DummyCookieJar(),
            auto_decompress=False,
        )
        return self

    async def __aexit__(self, *exc: object) -> None:
        await self.http.close()

    async def get(self, route: str, **query: str) -> Any:
        """What is at `route`, such as `posts`.

        Raises: as `_call`, but never Refused: what we ask is not the story's fault. (Some versions say 400 to
        a wrong password: they take us for a visitor, who may not ask for drafts.)
        """
        try:
            return await self._call("GET", route, query)
        except Answered as e:
            if isinstance(e.error, Refused):
                raise Answered(Denied(f"{e} (are user and password right?)"), e.code, e.data) from e
            raise

    async def post(self, route: str, fields: Mapping[str, Any], **query: str) -> Any:
        """Make or change what is at `route`. Raises: as `_call`; Refused where it cannot be written."""
        try:
            body = json.dumps(fields, ensure_ascii=False).encode()
        except UnicodeEncodeError as e:
            raise Refused(f"the text cannot be written in UTF-8: {e.reason}") from e
        return await self._call("POST", route, query, body, JSON_TYPE)

    async def upload(self, content: bytes, headers: Mapping[str, str], **query: str) -> Any:
        """A file into the library of media. Raises: as `_call`."""
        return await self._call("POST", "media", query, content, headers)

    async def delete(self, route: str, **query: str) -> Any:
        """Into the trash, or for ever with force. Raises: as `_call`."""
        return await self._call("DELETE", route, query)

    async def _call(
        self,
        method: str,
        route: str,
        query: Mapping[str, str],
        body: bytes | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Any:
        """The answer's JSON.

        Raises: Answered where it says no; Denied; Unavailable, unknown unless it was only a question.
        """
        root = await self._found()
        url = _at(root, NAMESPACE + route).update_query(query)
        try:
            async with self.http.request(
                method,
                url,
                data=body,
                headers={**self.authorization, **(headers or {})},
                allow_redirects=False,
            ) as answer:
                return await self._understood(answer)
        except (aiohttp.ClientError, TimeoutError) as e:
            raise no_answer(e, self.site.host, unknown=method != "GET") from e

    async def _understood(self, answer: aiohttp.ClientResponse) -> Any:
        good = 200 <= answer.status < 300
        content = await _content(answer) if good else await _said(answer)
        told: Any = None
        with suppress(ValueError, RecursionError):
            told = json.loads(content)
        if good:
            if told is None:
                # A page of a cache or a firewall in front, or a site that prints its errors.
                raise Denied(tidy(f"HTTP {answer.status}, which is not JSON: {_start(content)}"))
            return told
        code = str(told.get("code", "")) if isinstance(told, dict) else ""
        said = f"{code}: {_words(told)}" if code else _start(content)
        try:
            read(answer.status, answer.headers.get("Retry-After"), self.clock(), said)
        except ChannelError as e:
            data = told.get("data") if code else None
            raise Answered(e, code, data if isinstance(data, dict) else {}) from e

    async def _found(self) -> URL:
        """By the `Link` of the site's front page, which also knows of sites with plain permalinks.

        Raises: Denied where it points to another place; as `_call`.
        """
        if self.root is None:
            try:
                async with self.http.get(self.site, allow_redirects=False) as answer:
                    if answer.status >= 300:
                        read(
                            answer.status,
                            answer.headers.get("Retry-After"),
                            self.clock(),
                            "of the front page",
                        )
                    link = answer.links[RELATION]["url"] if RELATION in answer.links else None
            except (aiohttp.ClientError, TimeoutError, ValueError) as e:
                raise no_answer(e, self.site.host, unknown=False) from e
            root = URL(str(link)) if link else self.site / "wp-json/"
            if root.origin() != self.site.origin():
                raise Denied(tidy(f"its API is at {root.origin()}, which is not the url of the settings"))
            self.root = root
        return self.root


class Answered(Exception):
    """The API said no: `error` is what that means in general, `code` and `data` are its own words."""

    def __init__(self, error: ChannelError, code: str, data: Mapping[str, Any]) -> None:
        super().__init__(str(error))
        self.error = error
        self.code = code
        self.data = data


def _at(root: URL, route: str) -> URL:
    """Under `/wp-json/`, or in the query of a site with plain permalinks."""
    if plain := root.query.get("rest_route"):
        return root.update_query(rest_route=f"{plain.rstrip('/')}/{route}")
    return root.joinpath(*filter(None, route.split("/")))


async def _content(answer: aiohttp.ClientResponse) -> bytes:
    """The whole body. Raises: aiohttp.ClientPayloadError where it is longer than any post is."""
    content = bytearray()
    async for chunk in answer.content.iter_chunked(65536):
        content += chunk
        if len(content) > ANSWER_LIMIT:
            raise aiohttp.ClientPayloadError("too long")
    return bytes(content)


async def _said(answer: aiohttp.ClientResponse) -> bytes:
    """The start of an error's body; what cannot be read does not matter beside the status."""
    content = bytearray()
    with suppress(aiohttp.ClientError, TimeoutError):
        async with asyncio.timeout(PATIENCE):
            async for chunk in answer.content.iter_chunked(SAID_LIMIT):
                content += chunk
                if len(content) >= SAID_LIMIT:
                    break
    return bytes(content)


def _words(told: Mapping[str, Any]) -> str:
    """Of an error: its message, and which parameter it is about."""
    data = told.get("data")
    params = data.get("params") if isinstance(data, dict) else None
    why = "; ".join(map(str, params.values())) if isinstance(params, dict) else ""
    return " ".join(filter(None, (str(told.get("message", "")), why)))


def _start(content: bytes) -> str:
    return content[:2048].decode("utf-8", "replace")
