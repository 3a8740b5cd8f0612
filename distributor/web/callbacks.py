"""A subscriber's end (WebSub §5.3 and §7): it is asked whether it agrees, and gets what is new."""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import secrets
from collections.abc import Callable
from datetime import UTC, datetime
from io import BytesIO
from typing import NamedTuple, Self
from urllib.parse import urlencode

import aiohttp
from yarl import URL

from channels.answers import read, tidy
from channels.channel import Refused
from channels.net import connector
from channels.no_answer import no_answer, words_of

TIMEOUT = aiohttp.ClientTimeout(total=15, sock_connect=5)
PER_HOST = 8
"""Connections: whoever is named as callback and never asked for it is not flooded by us."""


class Content(NamedTuple):
    """A feed as it is sent; `tag` says which state of it this is."""

    body: bytes
    content_type: str
    links: str
    tag: str


class Callbacks:
    """A client that goes nowhere but where it is told: no redirects, no private addresses unless allowed."""

    def __init__(
        self, *, allow_private: bool, clock: Callable[[], datetime] = lambda: datetime.now(UTC)
    ) -> None:
        self.allow_private, self.clock = allow_private, clock
        self.http: aiohttp.ClientSession

    async def __aenter__(self) -> Self:
        self.http = aiohttp.ClientSession(
            connector=connector(allow_private=self.allow_private, limit=0, per_host=PER_HOST),
            timeout=TIMEOUT,
            headers={"User-Agent": "distributor", "Accept-Encoding": "identity"},
            cookie_jar=aiohttp.DummyCookieJar(),
            auto_decompress=False,
        )
        return self

    async def __aexit__(self, *exc: object) -> None:
        await self.http.close()

    async def confirm(self, callback: str, mode: str, topic: str, seconds: int) -> None:
        """Asked once; who answers anything but the challenge does not agree (§5.3.1).

        Raises: Unavailable, Refused, Denied, Gone.
        """
        challenge = secrets.token_urlsafe(32)
        told = {"hub.mode": mode, "hub.topic": topic, "hub.challenge": challenge}
        if mode == "subscribe":
            told["hub.lease_seconds"] = str(seconds)
        joint = "&" if "?" in callback else "?"
        status, _, said = await self._request("GET", callback + joint + urlencode(told))
        read(status, None, self.clock(), tidy(said))
        if not hmac.compare_digest(said.encode(), challenge.encode()):
            raise Refused(tidy(f"HTTP {status} without the challenge: {said}"))

    async def send(self, callback: str, secret: str, content: Content) -> None:
        """The whole feed, signed where there is a secret (§7). Raises: Unavailable, Refused, Denied, Gone."""
        headers = {"Content-Type": content.content_type, "Link": content.links}
        if secret:
            signature = await asyncio.to_thread(sign, secret, content.body)
            headers["X-Hub-Signature"] = signature
        status, retry_after, said = await self._request("POST", callback, content.body, headers)
        read(status, retry_after, self.clock(), said)

    async def _request(
        self, method: str, url: str, body: bytes | None = None, headers: dict[str, str] | None = None
    ) -> tuple[int, str | None, str]:
        """Status, `Retry-After`, the start of the body. The address may hold a token: no error shows it."""
        target = URL(url, encoded=True)
        data = BytesIO(body) if body is not None else None
        try:
            async with self.http.request(
                method, target, data=data, headers=headers, allow_redirects=False
            ) as answer:
                return answer.status, answer.headers.get("Retry-After"), await words_of(answer)
        except (aiohttp.ClientError, TimeoutError, OSError, ValueError) as e:
            raise no_answer(e, target.host) from e


def sign(secret: str, body: bytes) -> str:
    """The value of `X-Hub-Signature` (§7.1)."""
    return "sha256=" + hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()
