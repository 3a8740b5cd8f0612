"""Time, in one place, so that tests can bring their own."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from datetime import UTC, datetime, timedelta


def now() -> datetime:
    """Aware, UTC."""
    return datetime.now(UTC)


async def wait(event: asyncio.Event, at_most: timedelta) -> bool:
    """Until `event` is set or the time is over; whether it was set."""
    with suppress(TimeoutError):
        async with asyncio.timeout(at_most.total_seconds()):
            await event.wait()
    return event.is_set()
