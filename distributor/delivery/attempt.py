"""One attempt, with the first of the two layers of retrying: a blip of the network, over seconds."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

from tenacity import AsyncRetrying, retry_if_exception, stop_after_attempt, wait_random_exponential

from channels.channel import Channel, Unavailable
from channels.story import IdempotencyKey, Receipt, Story

Sleep = Callable[[float], Awaitable[None]]
TRIES = 3  # after the first


async def attempt(
    channel: Channel, story: Story, key: IdempotencyKey, number: int = 0, sleep: Sleep = asyncio.sleep
) -> Receipt | Exception:
    """Send; what went wrong is handed back, not raised. A first try that succeeds pays for no retrying."""
    try:
        return await channel.send(story, key, number)
    except Unavailable as e:
        return await _again(channel, story, key, number, sleep) if e.blip else e
    except Exception as e:
        return e


async def _again(
    channel: Channel, story: Story, key: IdempotencyKey, number: int, sleep: Sleep
) -> Receipt | Exception:
    waits = wait_random_exponential(multiplier=0.25, max=2)
    await sleep(waits.multiplier)
    retrying = AsyncRetrying(
        retry=retry_if_exception(_is_blip),
        stop=stop_after_attempt(TRIES),
        wait=waits,
        sleep=sleep,
        reraise=True,
    )
    try:
        receipt: Receipt = await retrying(channel.send, story, key, number)
    except Exception as e:
        return e
    return receipt


def _is_blip(e: BaseException) -> bool:
    return isinstance(e, Unavailable) and e.blip
