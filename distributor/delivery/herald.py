"""The loop that tells people of ours what wants a person, over the channels that members have, too."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from datetime import datetime, timedelta
from html import escape

from sqlalchemy.exc import SQLAlchemyError

from channels.channel import Channel
from channels.story import IdempotencyKey, Receipt, Story
from distributor import clock
from distributor.delivery.attempt import attempt
from distributor.events import Events, Trouble
from distributor.ledger import notices
from distributor.ledger.ledger import Ledger
from distributor.ledger.tables import AnyRow

EVERY = timedelta(minutes=1)
LEASE = timedelta(minutes=5)
"""Of one notice, for all channels; after it what could not be told is tried again."""
LONGEST = timedelta(seconds=60)
"""For one channel."""

WHAT = {
    "parked": "refuses us; what waits for it is kept, and it is tried every ten minutes",
    "off": "is switched off; what waits for it is kept until somebody resumes it",
    "slowed": "gets less from us, because it asked for that",
    "dead": "has a delivery that will not be tried again",
}
MEND = {
    "parked": "Mend it, then: distributor resume {0}",
    "off": "Ask the member, then: distributor resume {0}",
    "slowed": "It gets faster again by itself. A rate in the configuration spares it the trouble.",
    "dead": "See: distributor deliveries --channel {0} --state dead; then: distributor replay --channel {0}",
}


class Herald:
    """Tells each notice once, and once more when it is over; at least one of the channels must have it."""

    def __init__(
        self, ledger: Ledger, channels: Mapping[str, Channel], domain: str, events: Events, worker: str
    ) -> None:
        self.ledger, self.channels, self.domain = ledger, channels, domain
        self.events, self.worker = events, worker

    async def run(self, stop: asyncio.Event) -> None:
        """Until `stop` is set and the ledger's bell rung."""
        wake = asyncio.Event()
        self.ledger.bells.add(wake)
        try:
            while not stop.is_set():
                wake.clear()
                try:
                    await self.once()
                except (SQLAlchemyError, OSError) as e:
                    self.events.emit(Trouble("ledger", f"notices are not told: {getattr(e, 'orig', e)}"))
                await clock.wait(wake, EVERY)
        finally:
            self.ledger.bells.discard(wake)

    async def once(self) -> int:
        """All that nobody has been told of; how many that was."""
        if not self.channels:
            return 0
        told = 0
        while row := await self.ledger.write(notices.take, self.worker, self.ledger.now(), LEASE):
            if await self._tell(row):
                await self.ledger.write(notices.tell, row.id, row.over, self.ledger.now())
                told += 1
        return told

    async def _tell(self, row: AnyRow) -> bool:
        story = compose(row, self.domain)
        key = IdempotencyKey(f"ntc_{row.id}" + ("_over" if row.over else ""))
        answers = [await self._send(channel, story, key) for channel in self.channels.values()]
        for name, answer in zip(self.channels, answers, strict=True):
            if not isinstance(answer, Receipt):
                self.events.emit(Trouble(f"notices over {name}", str(answer) or repr(answer)))
        return any(isinstance(answer, Receipt) for answer in answers)

    async def _send(self, channel: Channel, story: Story, key: IdempotencyKey) -> Receipt | Exception:
        try:
            async with asyncio.timeout(LONGEST.total_seconds()):
                return await attempt(channel, story, key)
        except TimeoutError as e:
            return e


def compose(row: AnyRow, domain: str) -> Story:
    """A notice as a story, so that every channel can bring it."""
    what = WHAT.get(row.kind, row.kind)
    headline = f"{row.subject} is well again" if row.over else f"{row.subject} {what}"
    told = f"<p>{escape(row.text)}</p><p>{escape(MEND.get(row.kind, '').format(row.subject))}</p>"
    over = f"<p>It is over since {_time(row.over)}; it began at {_time(row.raised)}.</p>" if row.over else ""
    at = row.over or row.raised
    return Story(
        uri=f"tag:{domain},{row.raised:%Y-%m-%d}:notice:{row.id}",
        slug=f"notice-{row.id}" + ("-over" if row.over else ""),
        version=1,
        language="en",
        original_language="en",
        origin="original",
        headline=headline,
        summary="",
        body=over or told,
        url="",
        source=domain,
        published=at,
        updated=at,
        urgency=3,
    )


def _time(at: datetime) -> str:
    return f"{at:%Y-%m-%d %H:%M} UTC"
