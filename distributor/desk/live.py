"""Server-sent events (WHATWG HTML §9.2): a page hears that the ledger says something else than it shows."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from datetime import timedelta
from typing import Any

from aiohttp import web
from sqlalchemy.exc import SQLAlchemyError

from distributor import clock
from distributor.desk.desk import Desk
from distributor.ledger.people import Person

LOOK = timedelta(seconds=0.5)
"""Between two looks at the ledger, while somebody watches; who watches together looks once."""
ALIVE = 15.0
"""Seconds between two signs of life, so that proxies keep the connection."""


class Live:
    """Looks at the ledger's pulse only while a page is open."""

    def __init__(self, desk: Desk) -> None:
        self.desk = desk
        self._watchers: set[asyncio.Event] = set()
        self._looking: asyncio.Task[None] | None = None
        self._over = False

    async def watch(self, request: web.Request, _: Person) -> web.StreamResponse:
        """`changed`, as often as something was committed; at most twice a second."""
        headers = {
            "Content-Type": "text/event-stream",
            "Cache-Control": "no-store",
            "X-Accel-Buffering": "no",
        }
        answer = web.StreamResponse(headers=headers)
        await answer.prepare(request)
        bell = asyncio.Event()
        self._watchers.add(bell)
        self._look()
        try:
            await answer.write(b"retry: 2000\nevent: changed\ndata: now\n\n")
            while not self._over:
                await clock.wait(bell, timedelta(seconds=ALIVE))
                told = b"event: changed\ndata: now\n\n" if bell.is_set() else b": alive\n\n"
                bell.clear()
                await answer.write(told)
        except ConnectionError:
            pass
        finally:
            self._watchers.discard(bell)
        return answer

    def _look(self) -> None:
        if self._looking is None or self._looking.done():
            self._looking = asyncio.create_task(self._pulse())

    async def _pulse(self) -> None:
        before: Any = None
        while self._watchers:
            with suppress(SQLAlchemyError, OSError):
                pulse = await self.desk.ledger.pulse()
                if before is not None and pulse != before:
                    for bell in self._watchers:
                        bell.set()
                before = pulse
            await asyncio.sleep(LOOK.total_seconds())

    def close(self) -> None:
        """Let all pages go: the service stops, and they come back to the next one."""
        self._over = True
        for bell in self._watchers:
            bell.set()
