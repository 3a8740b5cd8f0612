"""What an HTTP channel makes of a request that got no answer, and of an answer's words."""

from __future__ import annotations

import asyncio
from contextlib import suppress

import aiohttp

from channels.answers import tidy
from channels.channel import ChannelError, Denied, Unavailable
from channels.net import kept_away

SAID_LIMIT = 4096
"""Bytes of an answer's body that are read."""
PATIENCE = 1.0
"""Seconds that an answer's body is waited for, once its status is known."""


def no_answer(error: Exception, host: str | None, *, unknown: bool = True) -> ChannelError:
    """The address may hold a token: only the host is named. `unknown`: the request may have been acted on."""
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
        case aiohttp.InvalidURL() | ValueError():
            return Denied("the url cannot be requested")
        case TimeoutError():
            return Unavailable(f"no answer from {host} in time", unknown=unknown)
    return Unavailable(f"no answer from {host}: {type(error).__name__}", unknown=unknown)


async def words_of(answer: aiohttp.ClientResponse) -> str:
    """The start of the body; what cannot be read does not matter beside the status."""
    if answer.content.at_eof():
        return ""
    told = b""
    with suppress(aiohttp.ClientError, TimeoutError):
        async with asyncio.timeout(PATIENCE):
            while len(told) < SAID_LIMIT and (chunk := await answer.content.read(SAID_LIMIT - len(told))):
                told += chunk
    return told.decode("utf-8", "replace")
