from __future__ import annotations

import asyncio

import pytest

from distributor.translation.engines.turns import Turns


async def test_the_most_urgent_of_those_that_wait_is_next_and_among_equals_the_first() -> None:
    turns, order = Turns(), list[str]()

    async def take(name: str, urgency: int) -> None:
        async with turns.turn(urgency):
            order.append(name)

    async with turns.turn(5):
        waiting = [asyncio.create_task(take(*who)) for who in (("b", 5), ("c", 5), ("a", 1), ("d", 9))]
        await asyncio.sleep(0)
    await asyncio.gather(*waiting)
    assert order == ["a", "b", "c", "d"]


async def test_who_gives_up_waiting_does_not_block_the_others() -> None:
    turns = Turns()

    async def take() -> str:
        async with turns.turn(5):
            return "done"

    async with turns.turn(5):
        first, second = asyncio.create_task(take()), asyncio.create_task(take())
        await asyncio.sleep(0)
        first.cancel()
        await asyncio.sleep(0)
    assert await second == "done"
    with pytest.raises(asyncio.CancelledError):
        await first


async def test_who_gives_up_just_when_it_is_its_turn_passes_it_on() -> None:
    turns = Turns()

    async def take() -> str:
        async with turns.turn(5):
            return "done"

    async with turns.turn(5):
        first, second = asyncio.create_task(take()), asyncio.create_task(take())
        await asyncio.sleep(0)
    first.cancel()  # it was woken, and has not run yet
    assert await second == "done"
    assert await take() == "done"


async def test_an_error_in_a_turn_ends_it() -> None:
    turns = Turns()
    with pytest.raises(ZeroDivisionError):
        async with turns.turn(5):
            raise ZeroDivisionError
    async with asyncio.timeout(1), turns.turn(5):
        pass
