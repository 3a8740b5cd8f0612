"""What stands at the members' end: an HTTP receiver that verifies signatures, and an SMTP server."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from email import message_from_bytes, policy
from email.message import EmailMessage
from html import escape
from pathlib import Path
from typing import Any

from aiohttp import web
from aiosmtpd.smtp import SMTP, Envelope
from standardwebhooks import Webhook, WebhookVerificationError


@dataclass(frozen=True, slots=True)
class Arrived:
    """One item at a member: how to look at it, and what came in full."""

    member: str
    key: str
    html: str
    raw: bytes


@dataclass(slots=True)
class Inbox:
    """All that has arrived over HTTP and mail, by (member, idempotency key), so that a repeat is one item."""

    folder: Path
    """Where each item is a file, too: `member/key.json` or `.eml`."""
    items: dict[tuple[str, str], Arrived] = field(default_factory=dict)

    def take(self, item: Arrived, suffix: str) -> None:
        """Keep it."""
        self.items[item.member, item.key] = item
        path = self.folder / item.member / f"{item.key}{suffix}"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(item.raw)


def hooks(inbox: Inbox, secrets: Mapping[str, str]) -> list[web.RouteDef]:
    """The receivers of the webhooks; what does not verify is answered 401."""
    verifiers = {member: Webhook(secret) for member, secret in secrets.items()}

    async def receive(request: web.Request) -> web.Response:
        member, body = request.match_info["member"], await request.read()
        try:
            verifiers[member].verify(body.decode(), dict(request.headers))
        except (KeyError, UnicodeDecodeError, WebhookVerificationError):
            return web.Response(status=401)
        key = request.headers["webhook-id"]
        inbox.take(Arrived(member, key, _html_of(json.loads(body)), body), ".json")
        return web.Response(status=204)

    return [web.post("/hooks/{member}", receive)]


def _html_of(item: dict[str, Any]) -> str:
    """The HTML body of a ninjs item, under its headline."""
    html = "".join(body["value"] for body in item["bodies"] if body["contentType"] == "text/html")
    return f"<h1>{escape(item['headlines'][0]['value'])}</h1>{html}"


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
                self.inbox.take(Arrived(member, key, _part(message, "html"), content), ".eml")
        return "250 2.0.0 Ok"


def _part(message: EmailMessage, kind: str) -> str:
    part = message.get_body((kind,))
    return part.get_content() if part else ""


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
