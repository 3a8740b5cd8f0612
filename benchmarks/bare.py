"""The protocol libraries as they are, with bytes that are already made: what channels are measured by.

Each gives a function that brings item number n there; connections are opened once and kept, where the
library lets one. No clean-up after errors, no answers told apart, nothing found again: as one writes a loop
in a test.
"""

from __future__ import annotations

import asyncio
import os
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Any

import aiohttp
from aiosmtplib import SMTP
from sinks import There
from yarl import URL

Send = Callable[[int], Awaitable[Any]]


@asynccontextmanager
async def webhook(there: There, body: bytes, at_once: int) -> AsyncIterator[Send]:
    """aiohttp's POST."""
    async with _session(at_once) as http:
        url = f"http://127.0.0.1:{there['port']}/hooks"

        async def send(n: int) -> None:
            async with http.post(url, data=body) as answer:
                await answer.read()

        yield send


@asynccontextmanager
async def email(there: There, body: bytes, at_once: int) -> AsyncIterator[Send]:
    """aiosmtplib's sendmail, over a kept connection for each that goes at the same time."""

    async def connected() -> SMTP:
        smtp = SMTP(hostname="127.0.0.1", port=there["port"], start_tls=False)
        await smtp.connect()
        return smtp

    async with _pool(connected, at_once) as idle:

        async def send(n: int) -> None:
            smtp = idle.pop()
            await smtp.sendmail("a@e.example", ["b@e.example"], body)
            idle.append(smtp)

        yield send


@asynccontextmanager
async def folder(there: There, body: bytes, at_once: int) -> AsyncIterator[Send]:
    """A temporary file, on the disk, then its name, then the folder, in a thread."""
    place: Path = there["path"]

    def write(n: int) -> None:
        temporary = place / f".{n}.tmp"
        with temporary.open("xb") as file:
            file.write(body)
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(place / f"{n}.json")
        held = os.open(place, os.O_RDONLY | os.O_DIRECTORY)
        os.fsync(held)
        os.close(held)

    async def send(n: int) -> None:
        await asyncio.to_thread(write, n)

    yield send


@asynccontextmanager
async def sftp(there: There, body: bytes, at_once: int) -> AsyncIterator[Send]:
    """asyncssh: a temporary file, then its name, all over one connection."""
    import asyncssh

    login = {"username": there["username"], "client_keys": [there["key"]["file"]], "known_hosts": None}
    async with (
        asyncssh.connect("127.0.0.1", there["port"], **login) as connection,
        connection.start_sftp_client() as client,
    ):

        async def send(n: int) -> None:
            async with client.open(f".bare-{n}.tmp", "wb") as file:
                await file.write(body)
            await client.posix_rename(f".bare-{n}.tmp", f"bare-{n}.json")

        yield send


@asynccontextmanager
async def ftps(there: There, body: bytes, at_once: int) -> AsyncIterator[Send]:
    """aioftp: a temporary file, then its name, over a kept connection for each that goes at the same time."""
    import aioftp

    trust = ssl.create_default_context(cafile=there["ca"])

    async def connected() -> aioftp.Client:
        client = aioftp.Client()
        await client.connect("127.0.0.1", there["port"])
        await client.upgrade_to_tls(trust)
        await client.login("wire", "secret")
        return client

    async with _pool(connected, at_once) as idle:

        async def send(n: int) -> None:
            client = idle.pop()
            async with client.upload_stream(f".bare-{n}.tmp") as stream:
                await stream.write(body)
            await client.rename(f".bare-{n}.tmp", f"bare-{n}.json")
            idle.append(client)

        yield send


@asynccontextmanager
async def s3(there: There, body: bytes, at_once: int) -> AsyncIterator[Send]:
    """aiohttp-s3-client's put."""
    from aiohttp_s3_client import S3Client

    async with _session(at_once) as http:
        url = URL(f"http://127.0.0.1:{there['port']}/wire")
        bucket = S3Client(http, url, access_key_id="AKIAWIRE", secret_access_key="secret", region="us-east-1")

        async def send(n: int) -> None:
            async with bucket.put(f"bare-{n}.json", body) as answer:
                await answer.read()

        yield send


@asynccontextmanager
async def nats(there: There, body: bytes, at_once: int) -> AsyncIterator[Send]:
    """nats-py's publish to a stream, which waits until that has it."""
    import nats as library

    async with await library.connect(f"nats://127.0.0.1:{there['port']}") as client:
        stream = client.jetstream()

        async def send(n: int) -> None:
            await stream.publish("science.en", body)

        yield send


@asynccontextmanager
async def wordpress(there: There, body: bytes, at_once: int) -> AsyncIterator[Send]:
    """aiohttp's POST of a new post."""
    async with _session(at_once, LOGIN) as http:

        async def send(n: int) -> None:
            async with http.post(_posts(there), data=_named(body, n), headers=JSON) as answer:
                await answer.read()

        yield send


@asynccontextmanager
async def wordpress_asking(there: There, body: bytes, at_once: int) -> AsyncIterator[Send]:
    """The same, but asks before and after whether the post is there."""
    async with _session(at_once, LOGIN) as http:

        async def ask(n: int) -> None:
            async with http.get(_posts(there), params={"slug": f"bare-{n}", "context": "edit"}) as answer:
                await answer.read()

        async def send(n: int) -> None:
            await ask(n)
            async with http.post(_posts(there), data=_named(body, n), headers=JSON) as answer:
                await answer.read()
            await ask(n)

        yield send


@asynccontextmanager
async def social(there: There, body: bytes, at_once: int) -> AsyncIterator[Send]:
    """Apprise's own notify, in its threads."""
    from apprise import Apprise

    sender = Apprise()
    sender.add(f"json://127.0.0.1:{there['port']}/")

    async def send(n: int) -> None:
        if not await sender.async_notify(body=body.decode(), title="A title"):
            raise SystemExit("Apprise did not post")

    yield send


JSON = {"Content-Type": "application/json"}
LOGIN = aiohttp.BasicAuth("wire", "secret")


def _session(at_once: int, login: aiohttp.BasicAuth | None = None) -> aiohttp.ClientSession:
    connector = aiohttp.TCPConnector(limit=at_once)
    return aiohttp.ClientSession(connector=connector, auth=login, raise_for_status=True)


def _posts(there: There) -> str:
    return f"http://127.0.0.1:{there['port']}/wp-json/wp/v2/posts"


def _named(body: bytes, n: int) -> bytes:
    """A slug for each: the site would have to look for one that is free."""
    return body.replace(b"SLUG", f"bare-{n}".encode())


@asynccontextmanager
async def _pool(connected: Callable[[], Awaitable[Any]], number: int) -> AsyncIterator[list[Any]]:
    async with AsyncExitStack() as stack:
        idle = [await connected() for _ in range(number)]
        for client in idle:
            stack.push_async_callback(client.quit)
        yield idle
