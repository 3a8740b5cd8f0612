"""Standard Webhooks 1.0: https://github.com/standard-webhooks/standard-webhooks

A receiver that wants a bearer token gets it by `headers.Authorization`, which may be a secret; one that wants
a certificate of ours (mTLS) by `client_cert` and `client_key`.
"""

from __future__ import annotations

import asyncio
import re
import ssl
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime
from functools import lru_cache
from io import BytesIO
from typing import Annotated, Self

import aiohttp
from multidict import CIMultiDict
from pydantic import BeforeValidator, Field, FilePath, HttpUrl, SecretStr, field_validator, model_validator
from yarl import URL

from channels.answers import read, tidy
from channels.channel import ChannelError, Denied, Refused
from channels.formats.kinds import FORMATS, FormatName
from channels.net import connector
from channels.no_answer import no_answer, words_of
from channels.settings import ChannelSettings, Secret, resolve_secret
from channels.signing import is_private, public_key, signer
from channels.story import IdempotencyKey, Receipt, Story
from channels.tls import context, turned_away

LARGE = 2**20
LONGEST = 2048
"""Characters of an address that is kept."""

LONG = 20_000
"""Characters of a body from which on a thread is worth its price, in any format but ninjs."""

NO_CERTIFICATE = "SSL certificate"
"""In nginx's pages for a client certificate that is missing or bad; it has no status of its own for it."""

HEADER_NAME = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")  # RFC 9110 §5.1
OURS = {
    "content-type",
    "content-language",
    "content-length",
    "transfer-encoding",
    "connection",
    "host",
    "item-number",
}
LANGUAGE = re.compile(r"[A-Za-z0-9]{1,8}(-[A-Za-z0-9]{1,8})*")  # RFC 9110 §8.5.1


@lru_cache(maxsize=32)
def encode(story: Story, kind: FormatName = "ninjs") -> bytes:
    """Members that read the same rendition get the same bytes. Raises: UnicodeEncodeError."""
    return FORMATS[kind].encode(story)


@lru_cache(maxsize=256)
def _language(language: str) -> dict[str, str]:
    return {"Content-Language": language} if LANGUAGE.fullmatch(language) else {}


def _header_value(value: object) -> object:
    return SecretStr(value) if isinstance(value, str) else resolve_secret(value)


class Webhook:
    """Signs every attempt anew; `webhook-id` stays the delivery's."""

    class Settings(ChannelSettings):
        """`[[members.channels]] type = "webhook"`."""

        url: HttpUrl
        secrets: tuple[Secret, ...] = Field(
            min_length=1,
            description="Newest first; each signs: whsec_… shared with the receiver, or whsk_… (ed25519).",
        )
        format: FormatName = "ninjs"
        headers: dict[str, Annotated[SecretStr, BeforeValidator(_header_value)]] = Field(
            {}, description="Sent along, such as Authorization; a value may be a secret."
        )
        client_cert: FilePath | None = Field(
            None, description="PEM file of a certificate that we show, with those that signed it (mTLS)."
        )
        client_key: FilePath | None = Field(None, description="PEM file of its key, if that stands apart.")
        ca: FilePath | None = Field(
            None, description="PEM file of the authorities trusted instead of the system's."
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
                signer(secret.get_secret_value())
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

        @model_validator(mode="after")
        def _can_show_it(self) -> Self:
            if self.client_key and not self.client_cert:
                raise ValueError("client_key goes with client_cert")
            if (self.client_cert or self.ca) and self.url.scheme != "https":
                raise ValueError("client_cert and ca are for an https url")
            return self

    def __init__(
        self, settings: Settings, *, clock: Callable[[], datetime] = lambda: datetime.now(UTC)
    ) -> None:
        self.settings = settings
        self.clock = clock
        self.url = URL(str(settings.url), encoded=True)
        secrets = [secret.get_secret_value() for secret in settings.secrets]
        self.signers = [signer(secret) for secret in secrets]
        self.public_keys = [public_key(secret) for secret in secrets if is_private(secret)]
        self.tls: ssl.SSLContext | bool = not (settings.client_cert or settings.ca)
        """The system's (True), our own, or False: ours that is still to be read."""
        self.http: aiohttp.ClientSession

    async def __aenter__(self) -> Self:
        kind = FORMATS[self.settings.format]
        headers = CIMultiDict({"User-Agent": "distributor", "Content-Type": kind.media_type})
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
        with suppress(Denied):  # to be said of this channel, while the others open
            await self._load()
        return self

    async def __aexit__(self, *exc: object) -> None:
        await self.http.close()

    async def send(self, story: Story, key: IdempotencyKey, number: int = 0) -> Receipt:
        """POST the story in its format. Raises: Unavailable, Refused, Denied, Gone."""
        body = await self._body(story)
        if self.tls is False:
            await self._load()
        now = self.clock()
        headers = self.sign(key, now, body)
        headers |= _language(story.language)
        if number:
            headers["Item-Number"] = str(number)
        try:
            async with self.http.post(
                self.url, data=_payload(body), headers=headers, allow_redirects=False, ssl=self.tls
            ) as answer:
                said = await words_of(answer)
                if answer.status == 400 and NO_CERTIFICATE in said:
                    raise Denied(tidy(f"HTTP 400 {said}"))
                receipt = read(answer.status, answer.headers.get("Retry-After"), now, said)
                url = self._location(answer)
                return replace(receipt, url=url) if url else receipt
        except (aiohttp.ClientError, TimeoutError) as e:
            raise self._failure(e) from e

    def sign(self, key: IdempotencyKey, now: datetime, body: bytes) -> dict[str, str]:
        """The three headers, with a signature for each secret: a receiver may know only an old one."""
        timestamp = str(int(now.timestamp()))
        content = f"{key}.{timestamp}.".encode() + body
        return {
            "webhook-id": key,
            "webhook-timestamp": timestamp,
            "webhook-signature": " ".join([sign(content) for sign in self.signers]),
        }

    async def check(self) -> str:
        """Who answers a HEAD: any answer will do that does not say that nobody is there.

        Says the public keys by which the receiver verifies, too.
        Raises: Gone, Denied (404; 301 and 308, which a POST would get too), Unavailable (5xx).
        """
        if self.tls is False:
            await self._load()
        try:
            async with self.http.head(self.url, allow_redirects=False, ssl=self.tls) as answer:
                if answer.status in (301, 308, 404, 410) or (answer.status >= 500 and answer.status != 501):
                    read(answer.status, answer.headers.get("Retry-After"), self.clock())
                return "; ".join((f"HTTP {answer.status} from {self.url.host}", *self.public_keys))
        except (aiohttp.ClientError, TimeoutError) as e:
            raise self._failure(e) from e

    async def _body(self, story: Story) -> bytes:
        kind = self.settings.format
        try:
            if kind == "ninjs" or len(story.body) <= LONG:
                return encode(story, kind)
            return await asyncio.to_thread(encode, story, kind)
        except UnicodeEncodeError as e:
            raise Refused(f"the text cannot be written in UTF-8: {e.reason}") from e

    async def _load(self) -> None:
        """Our certificate and authorities; a file that was bad is read anew. Raises: Denied."""
        if self.tls is False:
            told = self.settings
            self.tls = await asyncio.to_thread(context, told.ca, told.client_cert, told.client_key)

    def _location(self, answer: aiohttp.ClientResponse) -> str:
        """Where the receiver says the item stands (RFC 9110 §10.2.2)."""
        if location := answer.headers.get("Location"):
            with suppress(ValueError):
                url = self.url.join(URL(location))
                return str(url) if url.scheme in ("http", "https") and len(location) < LONGEST else ""
        return ""

    def _failure(self, error: Exception) -> ChannelError:
        """What it means that no answer came. The address may hold a token: only the host is named."""
        host = self.url.host
        if alert := turned_away(error):
            return Denied(tidy(f"{host} ended TLS: {alert}"))
        return no_answer(error, host)


def _payload(body: bytes) -> bytes | BytesIO:
    """A large body in a form that aiohttp writes piece by piece, so that others are served meanwhile."""
    return body if len(body) <= LARGE else BytesIO(body)
