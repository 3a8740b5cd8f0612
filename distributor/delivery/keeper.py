"""The loop that keeps the ledger small: a step, a rest, and a long rest when there is no more to do."""

from __future__ import annotations

import asyncio
from datetime import datetime, timedelta

from sqlalchemy.exc import SQLAlchemyError

from distributor import clock
from distributor.events import Events, Pruned, Trouble
from distributor.ledger import retention, tally
from distributor.ledger.ledger import Ledger
from distributor.settings import RetentionSettings

EVERY = timedelta(hours=1)
BETWEEN = timedelta(milliseconds=200)
"""Between two steps, for those that deliver."""
FIGURES = timedelta(days=367)
"""As far back as the desk shows them."""


class Keeper:
    """Prunes what is older than the settings say."""

    def __init__(self, ledger: Ledger, settings: RetentionSettings, events: Events) -> None:
        self.ledger, self.settings, self.events = ledger, settings, events

    async def run(self, stop: asyncio.Event) -> None:
        """Until `stop`."""
        while not stop.is_set():
            try:
                await self.once(stop)
            except (SQLAlchemyError, OSError) as e:
                self.events.emit(Trouble("ledger", f"nothing is pruned: {getattr(e, 'orig', e)}"))
            await clock.wait(stop, EVERY)

    async def once(self, stop: asyncio.Event) -> None:
        """All that is old now."""
        now = self.ledger.now()
        await self.ledger.write(tally.prune, now - FIGURES)
        attempts = await self._attempts(now, stop) if self.settings.attempts else 0
        bodies = await self._bodies(now, stop) if self.settings.bodies else 0
        if attempts or bodies:
            self.events.emit(Pruned(attempts, bodies))

    async def _attempts(self, now: datetime, stop: asyncio.Event) -> int:
        before = now - (self.settings.attempts or timedelta())
        await self.ledger.write(retention.prune_notices, before)
        count, after = 0, 0
        while not stop.is_set():
            gone, following = await self.ledger.write(retention.prune_attempts, before, after)
            count += gone
            if following is None:
                break
            after = following
            await clock.wait(stop, BETWEEN)
        return count

    async def _bodies(self, now: datetime, stop: asyncio.Event) -> int:
        before, count = now - (self.settings.bodies or timedelta()), 0
        while not stop.is_set() and (gone := await self.ledger.write(retention.prune_bodies, before)):
            count += gone
            await clock.wait(stop, BETWEEN)
        return count
