"""Time, in one place, so that tests can bring their own."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar

T = TypeVar("T")


def now() -> datetime:
    """Aware, UTC."""
    return datetime.now(UTC)


async def wait(event: asyncio.Event, at_most: timedelta) -> bool:
    """Until `event` is set or the time is over; whether it was set."""
    with suppress(TimeoutError):
        async with asyncio.timeout(at_most.total_seconds()):
            await event.wait()
    return event.is_set()


async def unless(event: asyncio.Event, work: Coroutine[Any, Any, T]) -> T | None:
    """What `work` gives; None, and `work` is cancelled, if `event` is set before it is done."""
    task, bell = asyncio.create_task(work), asyncio.create_task(event.wait())
    try:
        await asyncio.wait((task, bell), return_when=asyncio.FIRST_COMPLETED)
        return task.result() if task.done() else None
    finally:
        task.cancel()
        bell.cancel()
        await asyncio.gather(task, bell, return_exceptions=True)
