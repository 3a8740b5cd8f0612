"""A subscriber on 127.0.0.1, port 0: agrees or not, and keeps what it was sent."""

from __future__ import annotations

import asyncio
import hashlib
import hmac
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from aiohttp import web
from multidict import CIMultiDictProxy

SECRET = "between us: ключ"


@dataclass
class Subscriber:
    """`says`: the challenge unless set; `answers`: the status of each POST, then 204."""

    url: str = ""
    status: int = 200
    says: str | None = None
    hangs: bool = False
    answers: list[web.Response] = field(default_factory=list)
    asked: list[dict[str, str]] = field(default_factory=list)
    got: list[tuple[CIMultiDictProxy[str], bytes]] = field(default_factory=list)
    paths: list[str] = field(default_factory=list)
    alive: asyncio.Event = field(default_factory=asyncio.Event)
    """Set: what hangs may end."""

    async def handle(self, request: web.Request) -> web.Response:
        self.paths.append(request.path_qs)
        if self.hangs:
            await self.alive.wait()
        if request.method == "GET":
            self.asked.append(dict(request.query))
            said = request.query.get("hub.challenge", "") if self.says is None else self.says
            headers = {"Location": "/other"} if 300 <= self.status < 400 else {}
            return web.Response(status=self.status, text=said, headers=headers)
        self.got.append((request.headers, await request.read()))
        return self.answers.pop(0) if self.answers else web.Response(status=204)

    async def until(self, number: int) -> None:
        """It was sent so many."""
        async with asyncio.timeout(20):
            while len(self.got) < number:
                await asyncio.sleep(0.01)


@asynccontextmanager
async def subscriber() -> AsyncIterator[Subscriber]:
    one = Subscriber()
    app = web.Application(client_max_size=10_000_000)
    app.router.add_route("*", "/{path:.*}", one.handle)
    runner = web.AppRunner(app, handle_signals=False, shutdown_timeout=0)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    one.url = f"http://127.0.0.1:{runner.addresses[0][1]}/callback"
    try:
        yield one
    finally:
        one.alive.set()
        await runner.cleanup()


def signature(body: bytes, secret: str = SECRET) -> str:
    """As the Recommendation has it (§7.1), written without ours."""
    return "sha256=" + hmac.HMAC(secret.encode("utf-8"), msg=body, digestmod=hashlib.sha256).digest().hex()
