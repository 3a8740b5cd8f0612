from __future__ import annotations

from typing import Any

import pytest

from distributor.config import parse
from distributor.routing import Facts, Router, wants

FOLDER = {"type": "folder", "path": "out"}


def router(
    *members: dict[str, Any], pairs: tuple[tuple[str, str], ...] = (("en", "ru"), ("en", "ja"))
) -> Router:
    filled = [{"name": m["id"], "languages": ["en"], "channels": [FOLDER], **m} for m in members]
    sources = [{"name": "a", "url": "x"}, {"name": "b", "url": "y"}]
    return Router(parse({"members": filled, "sources": sources}), lambda s, t: (s, t) in pairs)


def facts(language: str = "en", *categories: str, source: str = "a", urgency: int = 5) -> Facts:
    return Facts(source, language, categories, urgency)


def got(router: Router, told: Facts) -> list[tuple[str, str]]:
    return [(r.lane, r.language) for r in router.routes(told)]


@pytest.mark.parametrize(
    ("topics", "categories", "match"),
    [
        (("*",), (), True),
        (("Climate",), ("climate",), True),
        (("carbon*",), ("Carbon neutrality",), True),
        (("STRASSE",), ("Straße",), True),
        (("climate",), ("Climate change",), False),
        (("climate", "space"), ("Space",), True),
        (("[ab]*",), ("Biology",), True),
        (("climate",), (), False),
    ],
)
def test_topics_are_globs_over_folded_categories(
    topics: tuple[str, ...], categories: tuple[str, ...], match: bool
) -> None:
    assert wants(topics, categories) is match


def test_each_language_of_a_member_is_a_delivery_over_each_channel() -> None:
    two = [FOLDER, {**FOLDER, "name": "second", "languages": ["ja"]}]
    wire = router({"id": "m", "languages": ["ru", "en"], "channels": two})
    assert got(wire, facts()) == [("m/folder", "ru"), ("m/folder", "en"), ("m/second", "ja")]


def test_a_channel_can_be_for_what_is_urgent_alone() -> None:
    wire = router({"id": "m", "channels": [FOLDER, {**FOLDER, "name": "flash", "min_urgency": 2}]})
    assert got(wire, facts(urgency=3)) == [("m/folder", "en")]
    assert got(wire, facts(urgency=2)) == [("m/folder", "en"), ("m/flash", "en")]


def test_a_language_that_differs_by_region_only_is_delivered_once() -> None:
    assert got(router({"id": "m", "languages": ["en", "en-GB"]}), facts("en-US")) == [("m/folder", "en")]


@pytest.mark.parametrize(
    ("languages", "original", "first"),
    [
        (["ja", "en"], "en", "ja"),
        (["fr", "en"], "en", "en"),
        (["fr", "de"], "en", "fr"),
        (["en-GB", "ja"], "en", "en-GB"),
    ],
)
def test_deliver_first_takes_the_first_that_can_be_had(
    languages: list[str], original: str, first: str
) -> None:
    wire = router({"id": "m", "languages": languages, "deliver": "first"})
    assert got(wire, facts(original)) == [("m/folder", first)]


@pytest.mark.parametrize(
    ("member", "told", "why"),
    [
        ({"topics": ["space"]}, facts("en", "Climate"), "none of its topics (space) among Climate"),
        ({"min_urgency": 3}, facts(urgency=5), "urgency 5 is below its min_urgency 3"),
        (
            {"channels": [{**FOLDER, "min_urgency": 2}]},
            facts(),
            "urgency 5 is below the min_urgency 2 of its channels",
        ),
        ({"exclude_sources": ["a"]}, facts(), "excludes the source a"),
    ],
)
def test_who_gets_nothing_is_told_why(member: dict[str, Any], told: Facts, why: str) -> None:
    verdict = next(router({"id": "m", **member}).explain(told))
    assert (verdict.routes, verdict.why) == ((), why)


def test_who_gets_it_is_told_how_each_language_is_made() -> None:
    verdict = next(router({"id": "m", "languages": ["ru", "en", "fr"]}).explain(facts("en", "Climate")))
    assert verdict.why == "topics *; ru (translated), en (original), fr (no model for en → fr)"
