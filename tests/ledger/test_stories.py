"""What the ledger knows of an article, as its stories tell it."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from sqlalchemy import update

from channels.story import Place, Story, Subject
from distributor.ledger import articles, stories
from distributor.ledger.articles import Entry
from distributor.ledger.tables import article
from distributor.naming import Names
from distributor.settings import Config
from ledger_wire import NOON, Wire, content

KNOWN: dict[str, Any] = {
    "categories": ("Ocean",),
    "subjects": (Subject("Ocean", "https://e.org/topics/", "7"),),
    "places": (Place("Hobart", (-42.88, 147.33)), Place("Tasmania")),
    "publisher": "Science Press",
    "license": "https://e.org/by",
}


async def told(wire: Wire, **more: Any) -> dict[str, Story]:
    """The stories of one article by language."""
    await wire.open()
    said = content(**more)
    entry = Entry("weekly", "g1", {}, said, said.fingerprint())
    await wire.ledger.write(articles.add, entry, wire.routes, wire.now())
    await wire.translate()
    return await loaded(wire)


async def loaded(wire: Wire) -> dict[str, Story]:
    found = await wire.ledger.read(stories.load, range(1, 10), Names(Config()))
    return {story.language: story for story in found.values()}


async def test_what_machines_read_is_the_same_in_all_languages(wire: Wire) -> None:
    by_language = await told(wire, **KNOWN)
    assert by_language.keys() == {"en", "ru"}
    for story in by_language.values():
        assert {name: getattr(story, name) for name in KNOWN} == KNOWN


async def test_a_translation_names_its_original(wire: Wire) -> None:
    by_language = await told(wire)
    original, translation = by_language["en"], by_language["ru"]
    assert original.original_uri == original.uri == translation.original_uri != translation.uri


async def test_an_embargo_of_the_ledger_is_the_storys(wire: Wire) -> None:
    assert (await told(wire))["ru"].embargoed_until is None
    until = NOON + timedelta(days=1)
    await wire.ledger.write(lambda db: db.execute(update(article).values(embargoed_until=until)))
    assert {story.embargoed_until for story in (await loaded(wire)).values()} == {until}
