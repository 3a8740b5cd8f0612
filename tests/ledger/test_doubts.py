"""What becomes of a rendition that the checks doubt: each member's own wish."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import select

from distributor.errors import NotFound
from distributor.ledger import articles, renditions, stories
from distributor.ledger.ledger import Ledger
from distributor.ledger.renditions import Made, Task
from distributor.ledger.tables import audit, delivery
from distributor.naming import Names
from distributor.routing import Route
from distributor.settings import Config
from ledger_wire import LEASE, Wire

DOUBTS = ({"sentence": "5 cats", "translation": "6 котов", "kind": "numbers", "what": "5 became 6"},)
ROUTES = [
    Route("holds/x", "holds", "ru"),
    Route("sends/x", "sends", "ru", "send"),
    Route("reads/x", "reads", "ru", "original"),
    Route("both/x", "both", "ru", "original"),
    Route("both/x", "both", "en", "original"),
]


async def in_doubt(wire: Wire) -> int:
    """An article whose Russian rendition is in doubt; its id."""
    wire.plan = ROUTES
    article = await wire.add()
    await save(wire, (await tasks(wire))[0], DOUBTS)
    return article


async def tasks(wire: Wire) -> list[Task]:
    return await wire.ledger.write(renditions.claim, "t1", wire.now(), 10, LEASE)


async def save(wire: Wire, task: Task, doubts: tuple[dict[str, Any], ...] = ()) -> None:
    content = task.original.having(language="ru", headline="6 котов")
    made = Made(content, "test", 1.0, doubts, "numbers: 5 became 6" if doubts else "")
    await wire.ledger.write(renditions.save, task, "t1", made, wire.now())


async def sent(wire: Wire) -> dict[str, str]:
    """member and language asked for → headline, of what is claimed."""
    claims = await wire.claim()
    told = await wire.ledger.read(stories.load, {c.rendition for c in claims}, Names(Config()))
    return {f"{c.member} {c.language}": told[c.rendition].headline for c in claims}


async def test_each_member_gets_what_it_wants_of_a_rendition_in_doubt(wire: Wire) -> None:
    await in_doubt(wire)
    assert await sent(wire) == {
        "sends ru": "6 котов",
        "reads ru": "Union opens",
        "both en": "Union opens",
    }
    assert await wire.state_of("holds/x") == "waiting"
    assert sorted((await wire.state_of("both/x")).split(",")) == ["sending", "superseded"]


async def test_an_editor_s_approval_lets_go_those_that_held(wire: Wire) -> None:
    article = await in_doubt(wire)
    await wire.settle(await wire.claim())
    assert await wire.ledger.write(renditions.approve, article, "ru", "anna", wire.now()) == 1
    assert await sent(wire) == {"holds ru": "6 котов"}
    rows = await wire.ledger.read(lambda db: db.execute(select(audit)).all())
    assert [(r.who, r.action) for r in rows] == [("anna", "approve")]


async def test_only_what_is_held_with_a_text_can_be_approved(wire: Wire) -> None:
    wire.plan = ROUTES
    article = await wire.add()
    with pytest.raises(NotFound, match="is waiting: nothing to approve"):
        await wire.ledger.write(renditions.approve, article, "ru", "anna", wire.now())
    with pytest.raises(NotFound, match="no rendition in ja"):
        await wire.ledger.write(renditions.approve, article, "ja", "anna", wire.now())
    (task,) = await tasks(wire)
    await wire.ledger.write(renditions.hold, task, "t1", "no model")
    with pytest.raises(NotFound, match="is held: nothing to approve"):
        await wire.ledger.write(renditions.approve, article, "ru", "anna", wire.now())
    assert await wire.state_of("sends/x") == "waiting", "there is nothing to send yet"


async def test_a_rendition_that_is_made_again_without_doubts_goes(wire: Wire) -> None:
    article = await in_doubt(wire)
    await wire.settle(await wire.claim())
    await wire.ledger.write(renditions.again, article, "ru", "anna", wire.now())
    await save(wire, (await tasks(wire))[0])
    assert await sent(wire) == {"holds ru": "6 котов"}
    with pytest.raises(NotFound, match="is ready, not held"):
        await wire.ledger.write(renditions.again, article, "ru", "anna", wire.now())


async def test_a_held_article_sends_nothing_of_a_rendition_in_doubt_either(wire: Wire) -> None:
    wire.plan = ROUTES
    article = await wire.add()
    await wire.ledger.write(articles.hold, article, "wait", "anna", wire.now())
    await save(wire, (await tasks(wire))[0], DOUBTS)
    assert await wire.claim() == []
    await wire.ledger.write(articles.release, article, wire.routes, "anna", wire.now())
    assert set(await sent(wire)) == {"sends ru", "reads ru", "both en"}


async def test_what_a_member_wants_holds_for_later_versions_too(wire: Wire, ledger: Ledger) -> None:
    article = await in_doubt(wire)
    await wire.settle(await wire.claim())
    wire.plan = []
    await wire.revise(article, "Union opens in Beijing")
    rows = await ledger.read(
        lambda db: db.execute(
            select(delivery.c.member, delivery.c.on_doubt).where(delivery.c.version == 2)
        ).all()
    )
    assert set(rows) == {("sends", "send"), ("reads", "original"), ("both", "original")}
