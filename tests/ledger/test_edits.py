"""An editor's wording: what has not left takes it up, what has is corrected; two editors do not collide."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import Connection, select, update

from distributor.errors import Conflict, NotFound
from distributor.ledger import memory, renditions
from distributor.ledger.edits import edit, mark_of
from distributor.ledger.tables import article, rendition
from ledger_wire import Wire

SENTENCE, WORDING = "Union opens", "Союз открывает работу"


async def change(wire: Wire, seen: str = "", language: str = "ru") -> bool:
    """By an editor who saw `seen`, or what there is now."""
    told, seen = [(SENTENCE, WORDING)], seen or mark_of(await head(wire, language))
    return await wire.ledger.write(edit, 1, language, seen, told, wire.routes, "ada", wire.now())


async def head(wire: Wire, language: str = "ru") -> Any:
    return await wire.ledger.read(renditions.head, 1, language)


def hold_it(db: Connection) -> None:
    """As the checks would."""
    db.execute(
        update(rendition).where(rendition.c.version == 2, rendition.c.language == "ru").values(state="held")
    )


async def test_what_has_not_left_is_made_anew(wire: Wire) -> None:
    await wire.add()
    await wire.translate()
    assert await change(wire) is False
    assert await wire.state_of("b/webhook") == "waiting"
    assert (await head(wire)).state == "waiting"
    known = await wire.ledger.read(memory.recall, "en", "ru", "any", {SENTENCE: ""})
    assert known[SENTENCE].target == WORDING
    await wire.translate()
    assert await wire.state_of("b/webhook") == "pending"


async def test_what_has_left_is_corrected_in_its_language_only(wire: Wire) -> None:
    await wire.add()
    await wire.translate()
    await wire.settle(await wire.claim())
    assert await change(wire) is True
    assert await wire.state_of("b/webhook", version=2) == "waiting"
    assert await wire.state_of("a/webhook", version=2) == ""
    await wire.translate()
    assert {(c.lane, c.version) for c in await wire.claim()} == {("b/webhook", 2)}
    assert (await head(wire, "en")).version == 2


async def test_who_has_not_had_the_other_languages_gets_them_with_the_correction(wire: Wire) -> None:
    await wire.add()
    await wire.translate()
    await wire.settle([c for c in await wire.claim() if c.lane == "b/webhook"])
    await wire.settle(await wire.claim(), "pending")
    await change(wire)
    await wire.translate()
    assert {(c.lane, c.version) for c in await wire.claim()} <= {("b/webhook", 2), ("a/webhook", 2)}


async def test_the_second_editor_sees_that_the_first_was_there(wire: Wire) -> None:
    await wire.add()
    await wire.translate()
    seen = mark_of(await head(wire))
    await change(wire, seen)
    await wire.translate()
    with pytest.raises(Conflict, match="changed meanwhile"):
        await change(wire, seen)
    assert await change(wire) is False


async def test_the_second_editor_sees_it_also_where_the_first_sent_a_correction(wire: Wire) -> None:
    await wire.add()
    await wire.translate()
    await wire.settle(await wire.claim())
    seen = mark_of(await head(wire))
    assert await change(wire, seen) is True
    await wire.translate()
    with pytest.raises(Conflict, match="changed meanwhile"):
        await change(wire, seen)


async def test_an_editor_sees_that_a_later_version_or_another_try_came(wire: Wire) -> None:
    await wire.add()
    await wire.translate()
    first = mark_of(await head(wire))
    await wire.revise(1, "Second")
    await wire.translate()
    second = mark_of(await head(wire))
    await wire.ledger.write(hold_it)
    await wire.ledger.write(renditions.again, 1, "ru", "ada", wire.now())
    await wire.translate()
    third = mark_of(await head(wire))
    assert len({first, second, third}) == 3


async def test_the_original_and_what_is_not_made_cannot_be_edited(wire: Wire) -> None:
    await wire.add()
    with pytest.raises(NotFound, match="nothing to edit"):
        await change(wire, language="en")
    with pytest.raises(NotFound, match="nothing to edit"):
        await change(wire)


async def test_the_head_of_an_article_is_a_version_that_is_there(wire: Wire) -> None:
    def heads(db: Connection) -> list[int]:
        return list(db.execute(select(article.c.head)).scalars())

    await wire.add()
    await wire.translate()
    await wire.settle(await wire.claim())
    await change(wire)
    assert await wire.ledger.read(heads) == [2]
