"""Everybody who has it, or may have, is told; nobody else hears of it."""

from __future__ import annotations

from distributor.ledger.withdrawal import withdraw
from ledger_wire import Wire


async def test_who_has_it_is_told_and_who_has_not_never_gets_it(wire: Wire) -> None:
    id_ = await wire.add()
    await wire.settle(await wire.claim())  # to a; b waits for its translation
    assert await wire.ledger.write(withdraw, id_, "wrong figures", "ada", wire.now()) == 1
    assert await wire.translate() == 0
    (word,) = await wire.claim()
    assert (word.lane, word.action, word.urgency) == ("a/webhook", "cancel", 1)
    await wire.settle([word])
    assert await wire.state_of("a/webhook") == "delivered"
    assert await wire.state_of("b/webhook") == "canceled"
    assert await wire.claim() == []


async def test_the_word_follows_what_is_in_flight(wire: Wire) -> None:
    id_ = await wire.add()
    flying = await wire.claim()
    assert await wire.ledger.write(withdraw, id_, "", "ada", wire.now()) == 1
    assert await wire.claim() == []
    await wire.settle(flying)
    assert [c.action for c in await wire.claim()] == ["cancel"]


async def test_an_attempt_that_nobody_knows_of_counts_as_arrived(wire: Wire) -> None:
    id_ = await wire.add()
    await wire.settle(await wire.claim(), "pending", answer="unknown")
    assert await wire.ledger.write(withdraw, id_, "", "ada", wire.now()) == 1
    assert [c.action for c in await wire.claim()] == ["cancel"]


async def test_twice_is_once_and_each_language_is_told_of_its_newest_version(wire: Wire) -> None:
    id_ = await wire.add()
    await wire.translate()
    await wire.settle(await wire.claim())
    await wire.revise(id_, "Second")
    await wire.settle([c for c in await wire.claim() if c.lane == "a/webhook"])  # ru of version 2 waits
    assert await wire.ledger.write(withdraw, id_, "", "ada", wire.now()) == 2
    assert await wire.ledger.write(withdraw, id_, "", "ada", wire.now()) == 0
    assert {(c.lane, c.version, c.action) for c in await wire.claim()} == {
        ("a/webhook", 2, "cancel"),
        ("b/webhook", 1, "cancel"),
    }
