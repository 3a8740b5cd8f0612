"""The wire as an editor sees it, and all that is of one article."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from distributor.errors import NotFound
from distributor.ledger import articles, dossier, newsroom, renditions, retention, sources
from distributor.ledger.edits import edit
from distributor.ledger.newsroom import STATES, Filter
from distributor.ledger.renditions import Made
from distributor.ledger.urgency import make_urgent
from distributor.ledger.withdrawal import withdraw
from ledger_wire import LEASE, NOON, Wire


async def ids(wire: Wire, before: int = 0, limit: int = 50, **wanted: str) -> list[int]:
    rows = await wire.ledger.read(newsroom.wire, Filter(**wanted), before=before, limit=limit)
    return [row["id"] for row in rows]


async def row(wire: Wire, id_: int = 1) -> dict[str, Any]:
    (found,) = await wire.ledger.read(newsroom.rows_of, [id_])
    return found


async def member(wire: Wire, name: str) -> dict[str, Any]:
    return next(m for m in (await row(wire))["members"] if m["member"] == name)


async def doubt(wire: Wire) -> None:
    """What waits to be translated comes out in doubt."""
    for task in await wire.ledger.write(renditions.claim, "t1", wire.now(), 100, LEASE):
        made = Made(task.original.having(language=task.language), "test", 1.0, ({"what": "?"},), "a number")
        await wire.ledger.write(renditions.save, task, "t1", made, wire.now())


async def test_each_state_is_found_and_no_other(wire: Wire) -> None:
    """1 in doubt, 2 urgent, 3 dead, 4 held, 5 withdrawn, 6 wholly delivered."""
    for n in range(1, 7):
        await wire.add(f"g{n}")
        if n in (3, 6):
            await wire.translate()
            state = "dead" if n == 3 else "delivered"
            await wire.settle([c for c in await wire.claim() if c.article == n], state)
        if n == 1:
            await doubt(wire)
    await wire.ledger.write(make_urgent, 2, 2, wire.routes, "ada", wire.now())
    await wire.ledger.write(articles.hold, 4, "a number", "ada", wire.now())
    await wire.ledger.write(withdraw, 5, "wrong", "ada", wire.now())
    assert {state: await ids(wire, state=state) for state in STATES} == {
        "urgent": [5, 2],
        "moving": [5, 4, 2, 1],
        "doubt": [1],
        "dead": [3],
        "held": [4],
        "withdrawn": [5],
    }
    assert await wire.ledger.read(newsroom.counts) == {"doubt": 1, "dead": 1, "held": 1}
    assert await ids(wire) == [6, 5, 4, 3, 2, 1]


async def test_an_article_is_counted_once_however_much_of_it_is_dead(wire: Wire) -> None:
    await wire.add()
    await wire.translate()
    await wire.settle(await wire.claim(), "dead")
    assert (await wire.ledger.read(newsroom.counts))["dead"] == 1
    assert await ids(wire, state="dead") == [1]


@pytest.mark.parametrize("wanted", [{}, {"member": "a"}, {"words": "union"}, {"state": "moving"}])
async def test_page_after_page(wire: Wire, wanted: dict[str, str]) -> None:
    for n in range(1, 12):
        await wire.add(f"g{n}")
    found: list[int] = []
    while page := await ids(wire, before=found[-1] if found else 0, limit=4, **wanted):
        found += page
        await wire.add(f"new{len(found)}")
    assert found == list(range(11, 0, -1))


@pytest.mark.parametrize(
    ("states", "told"),
    [
        (["delivered", "delivered"], "delivered"),
        (["delivered", "pending"], "pending"),
        (["delivered", "dead"], "dead"),
        (["pending", "dead"], "dead"),
    ],
)
async def test_a_member_is_as_happy_as_its_unhappiest_delivery(
    wire: Wire, states: list[str], told: str
) -> None:
    wire.plan.append(replace(wire.plan[0], lane="a/email"))
    await wire.add()
    claims = sorted(await wire.claim(), key=lambda c: c.lane)
    for claim, state in zip(claims, states, strict=True):
        wire.now.forward(seconds=1)
        await wire.settle([claim], state)
    found = await member(wire, "a")
    assert found["state"] == told
    received = NOON.replace(second=states.count("delivered")) if "delivered" in states else None
    assert found["received"] == received


async def test_of_several_versions_the_newest_counts(wire: Wire) -> None:
    await wire.add()
    await wire.settle(await wire.claim())
    assert (await member(wire, "a"))["state"] == "delivered"
    await wire.revise(1, "Union opens in Beijing")
    found = await row(wire)
    assert (found["head"], found["headline"]) == (2, "Union opens in Beijing")
    assert {one["version"] for one in found["languages"]} == {2}
    assert (await member(wire, "a"))["state"] == "pending"
    assert (await member(wire, "b"))["state"] == "waiting"


async def test_a_row_has_what_the_feed_said(wire: Wire) -> None:
    await wire.add("g1", urgency=3)
    found = await row(wire)
    assert (found["source"], found["guid"], found["urgency"], found["language"]) == ("weekly", "g1", 3, "en")
    assert (found["published"], found["created"], found["topics"], found["url"]) == (NOON, NOON, [], "")
    assert (found["routed"], found["undo_until"], found["embargoed_until"]) == (True, None, None)


async def test_the_sources_that_ever_were(wire: Wire) -> None:
    await wire.ledger.write(sources.sync, {"weekly": "w.xml", "a": "a.xml"}, wire.now())
    assert await wire.ledger.read(newsroom.names) == {"source": ["a", "weekly"]}


ASKED = st.builds(
    Filter,
    state=st.sampled_from(["", *STATES]),
    language=st.sampled_from(["", "ru", "xx", "'"]),
    topic=st.sampled_from(["", "space", '"']),
    member=st.sampled_from(["", "a", "zz"]),
    source=st.sampled_from(["", "weekly"]),
    words=st.text(st.characters(exclude_categories=["Cs"]), max_size=20).map(lambda t: t.replace("\x00", "")),
)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(asked=st.lists(ASKED, min_size=1, max_size=5))
async def test_whatever_is_asked_is_answered(wire: Wire, asked: list[Filter]) -> None:
    if not wire.opened:
        await wire.add()
    for wanted in asked:
        assert len(await wire.ledger.read(newsroom.wire, wanted)) <= 1


# The dossier


async def test_all_of_an_article(wire: Wire) -> None:
    await wire.add()
    await wire.add("g2")
    await wire.settle(await wire.claim())
    await wire.revise(1, "Union closes")
    await wire.ledger.write(articles.hold, 1, "a number", "ada", wire.now())
    found = await wire.ledger.read(dossier.dossier, 1)
    assert [(v["number"], v["headline"]) for v in found["versions"]] == [
        (2, "Union closes"),
        (1, "Union opens"),
    ]
    assert {(d["channel"], d["version"]) for d in found["deliveries"]} == {
        ("a/webhook", 1), ("b/webhook", 1), ("a/webhook", 2), ("b/webhook", 2),
    }  # fmt: skip
    assert [(d["who"], d["action"]) for d in found["audit"]] == [("ada", "hold")]
    with pytest.raises(NotFound, match="no article 3"):
        await wire.ledger.read(dossier.dossier, 3)


async def test_what_a_version_said(wire: Wire) -> None:
    await wire.add()
    await wire.revise(1, "Union closes")
    told = [await wire.ledger.read(dossier.text, 1, n) for n in (1, 2, 3)]
    assert [t and t.headline for t in told] == ["Union opens", "Union closes", None]


async def test_a_translation_beside_the_original(wire: Wire) -> None:
    await wire.add()
    waiting = await wire.ledger.read(dossier.rendered, 1, "ru")
    assert (waiting["state"], waiting["content"], waiting["sentences"], waiting["doubts"]) == (
        "waiting",
        None,
        [],
        [],
    )
    await wire.translate()
    made = await wire.ledger.read(dossier.rendered, 1, "RU")
    assert (made["original"].headline, made["content"].headline) == ("Union opens", "[ru] Union opens")
    assert made["left"] is False
    await wire.settle(await wire.claim())
    assert (await wire.ledger.read(dossier.rendered, 1, "ru"))["left"] is True
    with pytest.raises(NotFound, match="no rendition in de"):
        await wire.ledger.read(dossier.rendered, 1, "de")


async def test_a_text_that_is_kept_no_longer_is_still_an_article(wire: Wire) -> None:
    await wire.add()
    await wire.translate()
    await wire.settle(await wire.claim())
    wire.now.forward(days=800)
    assert await wire.ledger.write(retention.prune_bodies, wire.now()) == 1
    found = await wire.ledger.read(dossier.dossier, 1)
    assert found["versions"][0]["pruned"].startswith("sha256:")
    assert (await wire.ledger.read(dossier.rendered, 1, "ru"))["sentences"] == []


async def test_who_did_what_is_found(wire: Wire) -> None:
    for n in (1, 2):
        await wire.add(f"g{n}")
        await wire.ledger.write(articles.hold, n, f"100%_{n} Wrong", "ada", wire.now())
    await wire.ledger.write(articles.release, 1, wire.routes, "eve", wire.now())

    async def told(**of: Any) -> list[tuple[str, str]]:
        return [(d["action"], d["subject"]) for d in await wire.ledger.read(dossier.trail, **of)]

    assert await told() == [("release", "article 1"), ("hold", "article 2"), ("hold", "article 1")]
    assert await told(limit=1) == [("release", "article 1")]
    assert await told(subject="article 1", who="ada") == [("hold", "article 1")]
    assert await told(words="WRONG 100%_2") == [("hold", "article 2")]
    assert await told(words="%1") == []
    newest = (await wire.ledger.read(dossier.trail))[0]["id"]
    assert len(await told(before=newest)) == 2


async def test_what_routing_looks_at(wire: Wire) -> None:
    await wire.add(urgency=4)
    facts = await wire.ledger.read(dossier.facts, 1)
    assert (facts.source, facts.language, facts.categories, facts.urgency) == ("weekly", "en", (), 4)
    with pytest.raises(NotFound):
        await wire.ledger.read(dossier.facts, 2)


async def test_when_it_was_flagged_last(wire: Wire) -> None:
    for n in (1, 2, 3):
        await wire.add(f"g{n}")
    for minutes, id_ in ((0, 1), (1, 2), (2, 1)):
        wire.now.time = NOON.replace(minute=minutes)
        await wire.ledger.write(make_urgent, id_, 1, wire.routes, "ada", wire.now())
    found = await wire.ledger.read(dossier.flagged, [1, 2, 3])
    assert found == {1: NOON.replace(minute=2), 2: NOON.replace(minute=1)}


async def test_a_correction_shows_the_head(wire: Wire) -> None:
    await wire.add()
    await wire.translate()
    await wire.settle(await wire.claim())
    seen = (await wire.ledger.read(dossier.rendered, 1, "ru"))["mark"]
    await wire.ledger.write(
        edit, 1, "ru", seen, [("Union opens", "Открытие")], wire.routes, "eve", wire.now()
    )
    found = await wire.ledger.read(dossier.rendered, 1, "ru")
    assert (found["version"], found["state"], found["mark"] != seen, found["left"]) == (
        2,
        "waiting",
        True,
        False,
    )
