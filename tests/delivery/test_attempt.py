from __future__ import annotations

from typing import Any

from channels.channel import Refused, Unavailable
from channels.story import IdempotencyKey, Receipt
from distributor.delivery.attempt import TRIES, attempt

KEY = IdempotencyKey("k")
STORY: Any = object()


class Script:
    """A channel that answers what it was told to, in turn."""

    def __init__(self, *answers: Receipt | Exception) -> None:
        self.answers = list(answers)
        self.keys: list[str] = []

    async def send(self, story: Any, key: IdempotencyKey, number: int = 0) -> Receipt:
        self.keys.append(key)
        answer = self.answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer


async def tried(*answers: Receipt | Exception) -> tuple[Any, Script, list[float]]:
    slept: list[float] = []

    async def sleep(seconds: float) -> None:
        slept.append(seconds)

    channel: Any = Script(*answers)
    return await attempt(channel, STORY, KEY, sleep=sleep), channel, slept


BLIP = Unavailable("reset", blip=True)


async def test_a_first_try_that_succeeds_waits_for_nothing() -> None:
    answer, channel, slept = await tried(Receipt("ok"))
    assert (answer, channel.keys, slept) == (Receipt("ok"), ["k"], [])


async def test_a_blip_is_tried_again_within_the_attempt_with_the_same_key() -> None:
    answer, channel, slept = await tried(BLIP, BLIP, Receipt("ok"))
    assert answer == Receipt("ok")
    assert channel.keys == ["k", "k", "k"]
    assert len(slept) == 2


async def test_blips_without_end_are_handed_to_the_ledgers_schedule() -> None:
    answer, channel, _ = await tried(*[BLIP] * 10)
    assert isinstance(answer, Unavailable)
    assert len(channel.keys) == 1 + TRIES


async def test_what_is_no_blip_is_not_tried_again() -> None:
    busy, refused = Unavailable("busy"), Refused("no")
    assert (await tried(busy, Receipt()))[0] is busy
    assert (await tried(BLIP, refused, Receipt()))[0] is refused
