"""More or fewer members for one article."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from distributor.ledger.audience import choose
from distributor.routing import Facts, Route
from ledger_wire import Wire


class Chosen(Wire):
    """As the router does it: `c` gets only what an editor adds it to."""

    def routes(self, facts: Facts) -> Sequence[Route]:
        usual = [r for r in self.plan if r.member != "c" or "c" in facts.more]
        return [r for r in usual if r.member not in facts.fewer]

    async def choose(self, member: str, wanted: bool | None) -> int:
        return await self.ledger.write(choose, 1, member, wanted, self.routes, "ada", self.now())


@pytest.fixture
async def chosen(wire: Wire) -> Chosen:
    made = Chosen(wire.ledger, wire.now)
    made.plan = [*wire.plan, Route("c/webhook", "c", "en")]
    return made


async def test_a_member_that_is_added_gets_this_and_later_versions(chosen: Chosen) -> None:
    await chosen.add()
    assert await chosen.choose("c", True) == 1
    assert {c.lane for c in await chosen.claim()} == {"a/webhook", "c/webhook"}
    await chosen.revise(1, "Second")
    assert await chosen.state_of("c/webhook", version=2) == "pending"


async def test_who_is_left_out_gets_neither_this_nor_a_later_version(chosen: Chosen) -> None:
    await chosen.add()
    assert await chosen.choose("a", False) == 1
    assert await chosen.claim() == []
    await chosen.revise(1, "Second")
    assert await chosen.state_of("a/webhook", version=2) == ""


async def test_as_before_is_as_before(chosen: Chosen) -> None:
    await chosen.add()
    before = await chosen.states()
    for member in ("a", "c"):
        await chosen.choose(member, member == "c")
        await chosen.choose(member, None)
    assert await chosen.states() == before


async def test_what_was_tried_waits_no_longer_and_then_again(chosen: Chosen) -> None:
    await chosen.add()
    await chosen.settle(await chosen.claim(), "pending")
    await chosen.choose("a", False)
    assert await chosen.state_of("a/webhook") == "canceled"
    await chosen.choose("a", None)
    assert await chosen.state_of("a/webhook") == "pending"


async def test_what_is_there_already_stays(chosen: Chosen) -> None:
    await chosen.add()
    await chosen.settle(await chosen.claim())
    await chosen.choose("a", False)
    assert await chosen.state_of("a/webhook") == "delivered"
