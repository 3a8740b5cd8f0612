"""The loop that counts, and watches the clock: figures of each hour, withdrawals that are not confirmed."""

from __future__ import annotations

import asyncio
from datetime import timedelta

from sqlalchemy.exc import SQLAlchemyError

from distributor import clock
from distributor.events import Events, Trouble
from distributor.ledger import kill, search, tally
from distributor.ledger.ledger import Ledger

EVERY = timedelta(seconds=15)
"""So old the figures may be."""
BETWEEN = timedelta(milliseconds=100)
"""Between two steps, for those that deliver."""


class Bookkeeper:
    """In small steps; what is counted is counted once, whoever else counts."""

    def __init__(self, ledger: Ledger, kill_deadline: timedelta, events: Events) -> None:
        self.ledger, self.kill_deadline, self.events = ledger, kill_deadline, events

    async def run(self, stop: asyncio.Event) -> None:
        """Until `stop`."""
        while not stop.is_set():
            try:
                await self.once(stop)
            except (SQLAlchemyError, OSError) as e:
                self.events.emit(Trouble("ledger", f"nothing is counted: {getattr(e, 'orig', e)}"))
            await clock.wait(stop, EVERY)

    async def once(self, stop: asyncio.Event) -> None:
        """All that is not counted yet."""
        await self.ledger.write(kill.watch, self.kill_deadline, self.ledger.now())
        while not stop.is_set() and await self.ledger.write(tally.count, self.ledger.now()) == tally.STEP:
            await clock.wait(stop, BETWEEN)
        while not stop.is_set() and await self.ledger.write(search.catch_up) == search.STEP:
            await clock.wait(stop, BETWEEN)
