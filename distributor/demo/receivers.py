"""What stands at the members' end: an HTTP receiver that verifies signatures, and an SMTP server."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from email import message_from_bytes, policy
from pathlib import Path
from typing import Any
from urllib.parse import unquote

from aiohttp import web
from aiosmtpd.smtp import SMTP, Envelope
from standardwebhooks import Webhook, WebhookVerificationError

from distributor.ledger.views import Record


@dataclass(frozen=True, slots=True)
class Inbox:
    """All that has arrived, as files: `member/channel/…`, so that another run in the same folder finds it."""

    folder: Path

    def of(self, member: str, channel: str) -> Path:
        """Where the files of one channel are."""
        return self.folder / member / channel

    def take(self, member: str, channel: str, name: str, content: bytes) -> None:
        """Keep it. What is called by its idempotency key is one item, however often it comes."""
        folder = self.of(member, channel)
        folder.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(content)

    def find(self, row: Record) -> Path | None:
        """What came of a delivery; None: nothing."""
        folder = self.of(row["member"], row["channel"].partition("/")[2])
        scheme, _, rest = row["remote_url"].partition("://")
        if scheme == "file":
            path = Path(unquote(rest))
        elif scheme == "sftp":  # `~` in its address is where the login leads: the channel's folder
            path = folder / unquote(rest.partition("/~/")[2])
        else:
            path = next(folder.glob(f"{row['key']}.*"), folder / "nothing")
        return path if path.is_file() else None


def hooks(inbox: Inbox, secrets: Mapping[str, str]) -> list[web.RouteDef]:
    """The receivers of the webhooks; what does not verify is answered 401."""
    verifiers = {member: Webhook(secret) for member, secret in secrets.items()}

    async def receive(request: web.Request) -> web.Response:
        member, body = request.match_info["member"], await request.read()
        try:
            verifiers[member].verify(body.decode(), dict(request.headers))
        except (KeyError, UnicodeDecodeError, WebhookVerificationError):
            return web.Response(status=401)
        inbox.take(member, "webhook", f"{request.headers['webhook-id']}.json", body)
        return web.Response(status=204)

    return [web.post("/hooks/{member}", receive)]


class _Handler:
    """What the SMTP server does with a message."""

    def __init__(self, inbox: Inbox, members: Mapping[str, str]) -> None:
        self.inbox, self.members = inbox, members

    async def handle_DATA(self, server: SMTP, session: Any, envelope: Envelope) -> str:
        """Keep it for each recipient that is a member."""
        content = envelope.original_content or b""
        message = message_from_bytes(content, policy=policy.default)
        key = str(message["Message-ID"] or "").strip(" <>").partition("@")[0]
        for address in envelope.rcpt_tos:
            if member := self.members.get(address):
                self.inbox.take(member, "email", f"{key}.eml", content)
        return "250 2.0.0 Ok"


@asynccontextmanager
async def smtp(inbox: Inbox, members: Mapping[str, str]) -> AsyncIterator[int]:
    """An SMTP server on loopback; its port. `members`: address → member."""
    loop = asyncio.get_running_loop()

    def session() -> SMTP:
        return SMTP(_Handler(inbox, members), hostname="localhost", loop=loop, enable_SMTPUTF8=True)

    server = await loop.create_server(session, "127.0.0.1", 0)
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        server.close()
