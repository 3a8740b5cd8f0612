"""Standard Webhooks 1.0: https://github.com/standard-webhooks/standard-webhooks"""

from __future__ import annotations

import asyncio
import base64
import binascii
import hmac
import re
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime
from functools import lru_cache
from io import BytesIO
from typing import Annotated, Self

import aiohttp
from multidict import CIMultiDict
from pydantic import BeforeValidator, Field, HttpUrl, SecretStr, field_validator
from yarl import URL

from channels.answers import read, tidy
from channels.channel import ChannelError, Denied, Refused, Unavailable
from channels.formats import ninjs
from channels.net import connector, kept_away
from channels.settings import ChannelSettings, Secret, resolve_secret
from channels.story import IdempotencyKey, Receipt, Story

LARGE = 2**20
SAID_LIMIT = 2048
"""Bytes of an answer's body that are read."""
PATIENCE = 1.0
"""Seconds that an answer's body is waited for, once its status is known."""

PREFIX = "whsec_"
KEY_BYTES = range(24, 65)
"""Standard Webhooks, "Signature scheme": between 24 and 64 bytes."""

HEADER_NAME = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")  # RFC 9110 §5.1
OURS = {"content-type", "content-length", "transfer-encoding", "connection", "host"}

# Members that read the same rendition get the same bytes.
encode = lru_cache(maxsize=32)(ninjs.encode)


def _header_value(value: object) -> object:
    return SecretStr(value) if isinstance(value, str) else resolve_secret(value)


def signing_key(secret: str) -> bytes:
    """The key in `whsec_…`. Raises: ValueError, which does not show it."""
    encoded = secret.removeprefix(PREFIX)
    try:
        key = base64.b64decode(encoded + "=" * (-len(encoded) % 4), validate=True)
    except (binascii.Error, ValueError):
        raise ValueError(f"a signing secret is {PREFIX} and base64; this one is not base64") from None
    if len(key) not in KEY_BYTES:
        raise ValueError(f"a signing secret holds 24 to 64 bytes; this one holds {len(key)}")
    return key


class Webhook:
    """Signs every attempt anew; `webhook-id` stays the delivery's."""

    class Settings(ChannelSettings):
        """`[[members.channels]] type = "webhook"`."""

        url: HttpUrl
        secrets: tuple[Secret, ...] = Field(min_length=1, description="Newest first; each one signs.")
        headers: dict[str, Annotated[SecretStr, BeforeValidator(_header_value)]] = Field(
            {}, description="Sent along; a value may be a secret."
        )
        allow_private: bool = Field(False, description="May it be on a private or loopback address.")

        @field_validator("url")
        @classmethod
        def _without_password(cls, url: HttpUrl) -> HttpUrl:
            if url.username or url.password:
                raise ValueError("a URL is logged, a password in it too; use headers.Authorization instead")
            return url

        @field_validator("secrets")
        @classmethod
        def _are_keys(cls, secrets: tuple[SecretStr, ...]) -> tuple[SecretStr, ...]:
            for secret in secrets:
                signing_key(secret.get_secret_value())
            return secrets

        @field_validator("headers")
        @classmethod
        def _can_be_sent(cls, headers: dict[str, SecretStr]) -> dict[str, SecretStr]:
            for name, value in headers.items():
                if not HEADER_NAME.fullmatch(name):
                    raise ValueError(f"{name!r} cannot be the name of a header")
                if name.lower() in OURS or name.lower().startswith("webhook-"):
                    raise ValueError(f"the header {name} is set by the channel itself")
                if not value.get_secret_value().isprintable():
                    raise ValueError(f"the value of the header {name} holds a control character")
            return headers

    def __init__(
        self, settings: Settings, *, clock: Callable[[], datetime] = lambda: datetime.now(UTC)
    ) -> None:
        self.settings = settings
        self.clock = clock
        self.url = URL(str(settings.url), encoded=True)
        self.keys = [signing_key(secret.get_secret_value()) for secret in settings.secrets]
        self.http: aiohttp.ClientSession

    async def __aenter__(self) -> Self:
        headers = CIMultiDict({"User-Agent": "distributor", "Content-Type": ninjs.MEDIA_TYPE})
        headers["Accept-Encoding"] = "identity"  # and nothing is unpacked: it could be a bomb
        headers.update({name: value.get_secret_value() for name, value in self.settings.headers.items()})
        total = self.settings.timeout.total_seconds()
        self.http = aiohttp.ClientSession(
            connector=connector(allow_private=self.settings.allow_private, limit=self.settings.concurrency),
            # Shorter than the whole, so that a timeout while connecting is told from one after it.
            timeout=aiohttp.ClientTimeout(total=total, sock_connect=total / 2),
            headers=headers,
            cookie_jar=aiohttp.DummyCookieJar(),
            auto_decompress=False,
        )
        return self

    async def __aexit__(self, *exc: object) -> None:
        await self.http.close()

    async def send(self, story: Story, key: IdempotencyKey) -> Receipt:
        """POST the story as ninjs. Raises: Unavailable, Refused, Denied, Gone."""
        try:
            body = encode(story)
        except UnicodeEncodeError as e:
            raise Refused(f"the text cannot be written in UTF-8: {e.reason}") from e
        now = self.clock()
        try:
            async with self.http.post(
                self.url, data=_payload(body), headers=self.sign(key, now, body), allow_redirects=False
            ) as answer:
                receipt = read(answer.status, answer.headers.get("Retry-After"), now, await _said(answer))
                url = self._location(answer)
                return replace(receipt, url=url) if url else receipt
        except (aiohttp.ClientError, TimeoutError) as e:
            raise self._failure(e) from e

    def sign(self, key: IdempotencyKey, now: datetime, body: bytes) -> dict[str, str]:
        """The three headers, with a signature for each secret: a receiver may know only the old one."""
        timestamp = str(int(now.timestamp()))
        content = f"{key}.{timestamp}.".encode() + body
        signatures = (base64.b64encode(hmac.digest(k, content, "sha256")).decode() for k in self.keys)
        return {
            "webhook-id": key,
            "webhook-timestamp": timestamp,
            "webhook-signature": " ".join(f"v1,{signature}" for signature in signatures),
        }

    async def check(self) -> str:
        """Who answers a HEAD: any answer will do that does not say that nobody is there.

        Raises: Gone, Denied (404; 301 and 308, which a POST would get too), Unavailable (5xx).
        """
        try:
            async with self.http.head(self.url, allow_redirects=False) as answer:
                if answer.status in (301, 308, 404, 410) or (answer.status >= 500 and answer.status != 501):
                    read(answer.status, answer.headers.get("Retry-After"), self.clock())
                return f"HTTP {answer.status} from {self.url.host}"
        except (aiohttp.ClientError, TimeoutError) as e:
            raise self._failure(e) from e

    def _location(self, answer: aiohttp.ClientResponse) -> str:
        """Where the receiver says the item stands (RFC 9110 §10.2.2)."""
        if location := answer.headers.get("Location"):
            with suppress(ValueError):
                url = self.url.join(URL(location))
                return str(url) if url.scheme in ("http", "https") and len(location) < SAID_LIMIT else ""
        return ""

    def _failure(self, error: Exception) -> ChannelError:
        """What it means that no answer came. The address may hold a token: only the host is named."""
        host = self.url.host
        match error:
            case aiohttp.ClientConnectorDNSError():
                return Unavailable(f"{host} cannot be resolved")
            case aiohttp.ClientConnectorCertificateError():
                return Denied(tidy(f"{host} has a bad certificate: {error.certificate_error}"))
            case aiohttp.ClientConnectorSSLError():
                return Denied(tidy(f"no TLS with {host}: {error.os_error}"))
            case aiohttp.ClientConnectorError() if kept_away(error):
                return Denied(f"{host} is a private address; allow_private = true permits it")
            case aiohttp.ClientConnectorError():
                return Unavailable(tidy(f"no connection to {host}: {error.os_error}"), blip=True)
            case aiohttp.ConnectionTimeoutError():
                return Unavailable(f"no connection to {host} in time", blip=True)
            case aiohttp.InvalidURL():
                return Denied("the url cannot be requested")
            case TimeoutError():
                return Unavailable(f"no answer from {host} in time", unknown=True)
        return Unavailable(f"no answer from {host}: {type(error).__name__}", unknown=True)


def _payload(body: bytes) -> bytes | BytesIO:
    """A large body in a form that aiohttp writes piece by piece, so that others are served meanwhile."""
    return body if len(body) <= LARGE else BytesIO(body)


async def _said(answer: aiohttp.ClientResponse) -> str:
    """The start of the body; what cannot be read does not matter beside the status."""
    if answer.content.at_eof():
        return ""
    said = b""
    with suppress(aiohttp.ClientError, TimeoutError):
        async with asyncio.timeout(PATIENCE):
            while len(said) < SAID_LIMIT and (chunk := await answer.content.read(SAID_LIMIT - len(said))):
                said += chunk
    return said.decode("utf-8", "replace")
