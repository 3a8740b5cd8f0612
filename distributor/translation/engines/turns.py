"""One at a time, the most urgent first."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from heapq import heappop, heappush
from itertools import count


class Turns:
    """A lock whose next holder is the most urgent of those that wait, not the first."""

    def __init__(self) -> None:
        self._held = False
        self._waiting: list[tuple[int, int, asyncio.Future[None]]] = []
        self._numbers = count()

    @asynccontextmanager
    async def turn(self, urgency: int) -> AsyncIterator[None]:
        """Hold it; `urgency` as IPTC's, 1 goes first."""
        if self._held:
            await self._wait(urgency)
        self._held = True
        try:
            yield
        finally:
            self._pass_on()

    async def _wait(self, urgency: int) -> None:
        ours: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        heappush(self._waiting, (urgency, next(self._numbers), ours))
        try:
            await ours
        except asyncio.CancelledError:
            if not ours.cancelled():  # it was our turn already
                self._pass_on()
            raise

    def _pass_on(self) -> None:
        """To the next that still waits; it stays held meanwhile, so that nobody slips in between."""
        while self._waiting:
            *_, theirs = heappop(self._waiting)
            if not theirs.done():
                theirs.set_result(None)
                return
        self._held = False
