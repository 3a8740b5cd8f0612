"""A member's SFTP server (asyncssh): one folder, one login, by a key that was made for it."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from channels.extras import extra

with extra("demo"):
    import asyncssh

ALGORITHM = "ssh-ed25519"


@dataclass(frozen=True, slots=True)
class Door:
    """A port, by which key (its fingerprint) the server there is known, and a key (PEM) that it lets in."""

    port: int
    host_key: str
    login: str


@asynccontextmanager
async def sftp(root: Path) -> AsyncIterator[Door]:
    """The server on loopback; whoever logs in sees `root` and nothing above it."""
    await asyncio.to_thread(root.mkdir, parents=True, exist_ok=True)
    host, login = asyncssh.generate_private_key(ALGORITHM), asyncssh.generate_private_key(ALGORITHM)
    server = await asyncssh.listen(
        "127.0.0.1",
        0,
        server_host_keys=[host],
        authorized_client_keys=asyncssh.import_authorized_keys(login.export_public_key().decode()),
        sftp_factory=lambda channel: asyncssh.SFTPServer(channel, chroot=os.fsencode(root)),
        config=None,
    )
    try:
        yield Door(server.get_port(), host.get_fingerprint(), login.export_private_key().decode())
    finally:
        server.close()
        await server.wait_closed()
