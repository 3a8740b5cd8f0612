"""Flagged, and taken back before it left."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

import pytest

from distributor.errors import Conflict
from distributor.ledger.urgency import make_urgent, undo
from distributor.routing import Facts, Route
from ledger_wire import Wire

PAUSE = timedelta(seconds=8)


class Flashes(Wire):
    """Of its lanes `f` takes only what is urgent."""

    def routes(self, facts: Facts) -> Sequence[Route]:
        return [r for r in self.plan if r.member != "f" or facts.urgency <= 2]


async def test_it_leaves_after_the_pause_and_is_translated_meanwhile(wire: Wire) -> None:
    id_ = await wire.add()
    await wire.ledger.write(make_urgent, id_, 1, wire.routes, "ada", wire.now(), PAUSE)
    assert await wire.translate() == 1
    assert await wire.claim() == []
    wire.now.forward(seconds=8)
    assert {c.urgency for c in await wire.claim()} == {1}
    with pytest.raises(Conflict, match="on its way"):
        await wire.ledger.write(undo, id_, wire.routes, "ada", wire.now())


async def test_taken_back_it_is_as_if_it_had_not_been(ledger_flashes: Flashes) -> None:
    wire = ledger_flashes
    id_ = await wire.add()
    before = await wire.states()
    await wire.ledger.write(make_urgent, id_, 1, wire.routes, "ada", wire.now(), PAUSE)
    assert (1, 1, "f/webhook", "en") in await wire.states()
    wire.now.forward(seconds=5)
    assert await wire.ledger.write(undo, id_, wire.routes, "ada", wire.now()) == 1
    assert await wire.states() == before
    await wire.translate()
    assert {(c.lane, c.urgency) for c in await wire.claim()} == {("a/webhook", 5), ("b/webhook", 5)}
    with pytest.raises(Conflict):
        await wire.ledger.write(undo, id_, wire.routes, "ada", wire.now())


async def test_flagged_again_it_goes_to_all(ledger_flashes: Flashes) -> None:
    wire = ledger_flashes
    id_ = await wire.add()
    for act in (make_urgent, undo, make_urgent):
        more = (1,) if act is make_urgent else ()
        last = (PAUSE,) if act is make_urgent else ()
        await wire.ledger.write(act, id_, *more, wire.routes, "ada", wire.now(), *last)
    await wire.translate()
    wire.now.forward(seconds=8)
    assert {c.lane for c in await wire.claim()} == {"a/webhook", "b/webhook", "f/webhook"}


async def test_what_has_been_sent_is_not_undone(wire: Wire) -> None:
    id_ = await wire.add()
    await wire.settle(await wire.claim())
    await wire.ledger.write(make_urgent, id_, 1, wire.routes, "ada", wire.now(), PAUSE)
    await wire.ledger.write(undo, id_, wire.routes, "ada", wire.now())
    assert await wire.state_of("a/webhook") == "delivered"


@pytest.fixture
async def ledger_flashes(wire: Wire) -> Flashes:
    made = Flashes(wire.ledger, wire.now)
    made.plan = [*wire.plan, Route("f/webhook", "f", "en")]
    return made
