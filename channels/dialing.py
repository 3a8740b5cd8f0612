"""Connections to a host and port, for protocols that are not HTTP."""

from __future__ import annotations

import asyncio
import socket

import aiohappyeyeballs

from channels.answers import tidy
from channels.channel import Denied, Unavailable
from channels.net import kept_away, public_socket

DELAY = 0.25
"""Seconds until the next address is tried beside one that does not answer (RFC 8305 §5)."""


async def dial(host: str, port: int, *, allow_private: bool) -> socket.socket:
    """A connected socket, on the public internet unless `allow_private`; without a timeout of its own.

    Raises: Unavailable (blip where a connection was tried), Denied.
    """
    loop = asyncio.get_running_loop()
    try:
        found = await loop.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as e:
        raise Unavailable(f"{host} cannot be resolved") from e
    try:
        return await aiohappyeyeballs.start_connection(
            found,
            happy_eyeballs_delay=DELAY,
            socket_factory=None if allow_private else public_socket,
        )
    except (OSError, RuntimeError) as e:  # uvloop has RuntimeError for some
        if kept_away(e):
            raise Denied(f"{host} is a private address; allow_private = true permits it") from e
        raise Unavailable(tidy(f"no connection to {host} port {port}: {e}"), blip=True) from e
