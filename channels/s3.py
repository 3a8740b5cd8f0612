"""Objects in a bucket of S3 or of any store that speaks like it (AWS Signature Version 4)."""

from __future__ import annotations

import asyncio
import re
import secrets
import ssl
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from hashlib import sha256
from io import BytesIO
from ipaddress import ip_address
from typing import Any, Literal, Self

import aiohttp
from pydantic import Field, FilePath, HttpUrl, field_validator, model_validator
from yarl import URL

from channels.answers import read, tidy
from channels.beside import Beside, BesideSettings
from channels.channel import Denied, Unavailable
from channels.extras import extra
from channels.formats.kinds import FormatName
from channels.media_cache import MediaCache
from channels.net import connector
from channels.no_answer import no_answer, words_of
from channels.placing import USUAL, File, Relative, tell_apart
from channels.settings import Secret
from channels.story import IdempotencyKey, Receipt, Story

with extra("s3"):
    from aiohttp_s3_client import S3Client

BUCKET = re.compile(r"[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]")
LARGE = 2**20
SHORTEST = 0.001
"""Seconds that a request has at least: for aiohttp, none are no limit."""
CODE = re.compile(r"<Code>([A-Za-z0-9.]+)</Code>")
WORDS = re.compile(r"<Message>([^<]*)</Message>")

# https://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html; those whose status says another thing,
# and what MinIO and Ceph say of a store that is full.
UNAVAILABLE = frozenset(
    (
        "RequestTimeout",
        "IncompleteBody",
        "BadDigest",
        "OperationAborted",
        "TemporaryRedirect",
        "QuotaExceeded",
    )
) | {"XMinioStorageFull", "XMinioAdminBucketQuotaExceeded"}
DENIED = frozenset(
    ("AuthorizationHeaderMalformed", "ExpiredToken", "InvalidToken", "InvalidBucketName", "InvalidRequest")
)


class S3:
    """Each object is there whole or not at all; S3 itself sees to that."""

    class Settings(BesideSettings):
        """`[[members.channels]] type = "s3"`."""

        bucket: str
        region: str = Field("us-east-1", pattern="[a-z0-9-]+")
        endpoint: HttpUrl | None = Field(None, description="Amazon's of the region unless said.")
        path_style: bool = Field(False, description="The bucket in the path, not in front of the host.")
        access_key: str = Field(min_length=1, pattern="^[!-~]+$")
        secret_key: Secret
        key: Relative = Field(USUAL, description="Of an object; without {version} a correction replaces it.")
        formats: tuple[FormatName, ...] = Field(("ninjs",), min_length=1)
        encryption: Literal["", "AES256", "aws:kms", "aws:kms:dsse"] = Field(
            "", description="At rest, by the server; the bucket's own rule unless said."
        )
        kms_key: str = Field("", pattern="^[!-~]*$", description="Its id or ARN, with aws:kms.")
        ca: FilePath | None = Field(
            None, description="PEM file of the authorities trusted instead of the system's."
        )
        allow_private: bool = Field(
            False, description="May it be on a private or loopback address; only there without TLS."
        )

        @field_validator("bucket")
        @classmethod
        def _is_bucket(cls, bucket: str) -> str:
            if not BUCKET.fullmatch(bucket):
                raise ValueError("a bucket's name is 3 to 63 small letters, digits, dots and hyphens")
            return bucket

        @field_validator("endpoint")
        @classmethod
        def _is_host(cls, endpoint: HttpUrl | None) -> HttpUrl | None:
            if endpoint and (endpoint.username or endpoint.password or endpoint.query or endpoint.fragment):
                raise ValueError("an endpoint is a scheme, a host and perhaps a port; no login, no query")
            if endpoint and endpoint.path not in (None, "", "/"):
                raise ValueError("an endpoint has no path; the bucket stands in bucket, folders in key")
            return endpoint

        @model_validator(mode="after")
        def _can_be_addressed(self) -> Self:
            if self.endpoint and self.endpoint.scheme == "http" and not self.allow_private:
                raise ValueError(
                    "use an https endpoint; http is for private addresses (allow_private = true)"
                )
            host = URL(str(self.endpoint)).host or "" if self.endpoint else ""
            if not self.path_style and ("." in self.bucket or _is_address(host)):
                raise ValueError("this bucket cannot stand in front of this host; set path_style = true")
            if self.kms_key and not self.encryption.startswith("aws:kms"):
                raise ValueError('a kms_key is for encryption = "aws:kms"')
            tell_apart(self, self.formats, self.key)
            return self

    def __init__(
        self, settings: Settings, *, clock: Callable[[], datetime] = lambda: datetime.now(UTC)
    ) -> None:
        self.settings = settings
        self.clock = clock
        self.url = _base(settings)
        self.headers: dict[str, str] = {}
        if settings.encryption:
            self.headers["x-amz-server-side-encryption"] = settings.encryption
        if settings.kms_key:
            self.headers["x-amz-server-side-encryption-aws-kms-key-id"] = settings.kms_key
        self.trust: ssl.SSLContext | bool = True
        self.media_cache: MediaCache | None = None
        self.beside = Beside(settings)
        self.http: aiohttp.ClientSession
        self.bucket: S3Client

    async def __aenter__(self) -> Self:
        told = self.settings
        if told.ca:
            self.trust = await asyncio.to_thread(ssl.create_default_context, cafile=told.ca)
        self.http = aiohttp.ClientSession(
            connector=connector(allow_private=told.allow_private, limit=told.concurrency),
            timeout=_timeout(told.timeout.total_seconds()),
            headers={"User-Agent": "distributor", "Accept-Encoding": "identity"},
            cookie_jar=aiohttp.DummyCookieJar(),
            auto_decompress=False,
        )
        self.bucket = S3Client(
            self.http,
            self.url,
            access_key_id=told.access_key,
            secret_access_key=told.secret_key.get_secret_value(),
            region=told.region,
        )
        self.beside.open(self.media_cache)
        return self

    async def __aexit__(self, *exc: object) -> None:
        await self.beside.close()
        await self.http.close()

    async def send(self, story: Story, key: IdempotencyKey, number: int = 0) -> Receipt:
        """PUT the story in each format. Raises: Unavailable, Refused, Denied, Gone."""
        told = self.settings
        deadline = asyncio.get_running_loop().time() + told.timeout.total_seconds()
        there = await self.beside.placed(story, told.formats, told.key, self._add)
        receipts = [
            await self._put(path, file, timeout=_left(deadline)) for path, file in there.files.items()
        ]
        for path in there.gone:
            await self._ask("DELETE", path, timeout=_left(deadline))
        return receipts[0] if receipts else Receipt(tidy(f"removed {', '.join(there.gone)}"))

    async def check(self) -> str:
        """Asks for an object that is not there: the answer tells a login that is good from one that is not.

        Whether objects can be written is not proved: that could leave one. Raises: Unavailable, Denied.
        """
        try:
            await self._ask("GET", f".{secrets.token_hex(8)}.probe")
        except Denied as e:
            # Who may only write gets the second for what is not there.
            if not re.match(r"HTTP (404 NoSuchKey|403 AccessDenied)\b", str(e)):
                raise
        return f"{self.settings.bucket} on {self.url.host} knows {self.settings.access_key}"

    async def _add(self, path: str, file: File) -> None:
        """As `beside.Put`. Who may only write is not told what is there, and writes it again."""
        async with self._answer("HEAD", path, unknown=False) as answer:
            there = answer.status == 200 and answer.content_length == len(file.content)
        if not there:
            await self._put(path, file, unknown=False)

    async def _put(self, path: str, file: File, **more: Any) -> Receipt:
        content = file.content
        said = await self._ask(
            "PUT",
            path,
            headers=self.headers | {"Content-Type": file.media_type},
            # A large one in a form that aiohttp writes piece by piece, so that others are served meanwhile.
            data=content if len(content) <= LARGE else BytesIO(content),
            data_length=len(content),
            # Signed: what arrives otherwise is not stored.
            content_sha256=sha256(content).hexdigest(),
            **more,
        )
        return Receipt(said, remote_id=path, url=str(self.url / path))

    async def _ask(self, method: str, path: str, **more: Any) -> str:
        async with self._answer(method, path, **more) as answer:
            retry_after = answer.headers.get("Retry-After")
            return verdict(answer.status, retry_after, self.clock(), await words_of(answer))

    @asynccontextmanager
    async def _answer(
        self, method: str, path: str, *, unknown: bool = True, **more: Any
    ) -> AsyncIterator[aiohttp.ClientResponse]:
        """`unknown`: the item may be there where none comes. Raises: Unavailable, Denied."""
        try:
            async with self.bucket.request(
                method, path, allow_redirects=False, ssl=self.trust, **more
            ) as answer:
                yield answer
        except (aiohttp.ClientError, TimeoutError) as e:
            raise no_answer(e, self.url.host, unknown=unknown) from e


def verdict(status: int, retry_after: str | None, now: datetime, said: str) -> str:
    """A line for people where it is done. Raises: Unavailable, Refused, Denied, Gone."""
    code, words = CODE.search(said), WORDS.search(said)
    name = code[1] if code else ""
    told = " ".join(part for part in (name, words[1] if words else "") if part)
    if status >= 300 and name in UNAVAILABLE:
        raise Unavailable(tidy(f"HTTP {status} {told}"))
    if status >= 300 and (name in DENIED or name.startswith("KMS.")):
        raise Denied(tidy(f"HTTP {status} {told}"))
    return read(status, retry_after, now, told).answer


def _left(deadline: float) -> aiohttp.ClientTimeout:
    """For the next request of an attempt."""
    return _timeout(max(deadline - asyncio.get_running_loop().time(), SHORTEST))


def _timeout(seconds: float) -> aiohttp.ClientTimeout:
    """Shorter for connecting than for the whole, so that a timeout then is told from one after it."""
    return aiohttp.ClientTimeout(total=seconds, sock_connect=seconds / 2)


def _base(settings: S3.Settings) -> URL:
    told = str(settings.endpoint) if settings.endpoint else f"https://s3.{settings.region}.amazonaws.com"
    url = URL(told)
    if settings.path_style:
        return url / settings.bucket
    return url.with_host(f"{settings.bucket}.{url.host}")


def _is_address(host: str) -> bool:
    try:
        ip_address(host)
    except ValueError:
        return False
    return True
