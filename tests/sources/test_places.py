"""Where an item is about, and what else only machines read."""

from __future__ import annotations

import pytest
from feed_texts import MORE, read
from hypothesis import given
from hypothesis import strategies as st

from distributor.article import Content, Place, Subject

HOBART = (-42.88, 147.33)
SPACES = (
    'xmlns:georss="http://www.georss.org/georss" xmlns:gml="http://www.opengis.net/gml" '
    'xmlns:geo="http://www.w3.org/2003/01/geo/wgs84_pos#" xmlns:dcterms="http://purl.org/dc/terms/" '
    'xmlns:atom="http://www.w3.org/2005/Atom" xmlns:cc="http://backend.userland.com/creativeCommonsRssModule"'
)


def only(inside: str, channel: str = "") -> Content:
    text = f'<rss version="2.0" {MORE} {SPACES}><channel><title>W</title>{channel}'
    feed = read(f"{text}<item><title>Kelp</title>{inside}</item></channel></rss>")
    assert not feed.warnings
    [item] = feed.items
    return item.content


def gml(pos: str, system: str = "") -> str:
    return f"<georss:where><gml:Point{system}><gml:pos>{pos}</gml:pos></gml:Point></georss:where>"


@pytest.mark.parametrize(
    ("told", "places"),
    [
        ("<georss:point>-42.88 147.33</georss:point>", (Place(position=HOBART),)),
        ("<georss:point>-42.88,147.33</georss:point>", (Place(position=HOBART),)),
        (gml("-42.88 147.33"), (Place(position=HOBART),)),
        (gml("-42.88 147.33", ' srsName="urn:ogc:def:crs:EPSG::4326"'), (Place(position=HOBART),)),
        (gml("5000000 3000000", ' srsName="EPSG:25832"'), ()),
        ("<geo:lat>-42.88</geo:lat><geo:long>147.33</geo:long>", (Place(position=HOBART),)),
        (
            "<geo:Point><geo:lat>-42.88</geo:lat><geo:long>147.33</geo:long></geo:Point>",
            (Place(position=HOBART),),
        ),
        (
            "<georss:point>-42.88 147.33</georss:point><georss:featurename>Hobart</georss:featurename>",
            (Place("Hobart", HOBART),),
        ),
        (
            "<georss:point>1 2</georss:point><georss:point>3 4</georss:point>"
            "<georss:featureName>Hobart</georss:featureName>",
            (Place(position=(1, 2)), Place(position=(3, 4)), Place("Hobart")),
        ),
        (
            "<dcterms:spatial>Hobart</dcterms:spatial><dcterms:spatial>Perth</dcterms:spatial>",
            (Place("Hobart"), Place("Perth")),
        ),
        ("<dcterms:spatial>name=Perth; north=-31.9</dcterms:spatial>", ()),
        (
            "<georss:point>91 0</georss:point><georss:point>nan 0</georss:point>"
            "<georss:point>1</georss:point>",
            (),
        ),
        ("<geo:lat>1</geo:lat>", ()),
        ("", ()),
    ],
)
def test_places_are_those_that_the_feed_names(told: str, places: tuple[Place, ...]) -> None:
    assert only(told).places == places


@pytest.mark.parametrize(
    "told",
    [
        "<gml:pos>1 2</gml:pos>",
        gml("1 2", ' srsName="EPSG:x"'),
        "<georss:where><gml:LinearRing><gml:posList>x</gml:posList></gml:LinearRing></georss:where>",
    ],
)
def test_a_position_that_feedparser_stumbles_over_costs_no_feed(told: str) -> None:
    assert only(told).headline == "Kelp"
    assert only("", channel=told).headline == "Kelp"


@given(st.text(st.characters(exclude_categories=["Cs", "Cc"], exclude_characters="<&>"), max_size=40))
def test_no_position_breaks_a_feed(text: str) -> None:
    for place in only(f"<georss:point>{text}</georss:point>{gml(text)}").places:
        assert place.position is not None


def test_no_item_has_more_places_than_anyone_reads() -> None:
    many = "".join(f"<dcterms:spatial>p{n}</dcterms:spatial>" for n in range(500))
    assert len(only(many).places) == 20


@pytest.mark.parametrize(
    ("told", "subjects"),
    [
        ("<category>Ocean</category>", ()),
        ('<category domain="MSN">Ocean</category>', (Subject("Ocean", "MSN", "Ocean"),)),
        (
            '<atom:category scheme="http://e.org/t#" term="7" label="Ocean"/><dc:subject>Ice</dc:subject>',
            (Subject("Ocean", "http://e.org/t#", "7"),),
        ),
        (f'<category domain="{"x" * 501}">Ocean</category>', ()),
        ('<category domain="MSN"></category>', ()),
    ],
)
def test_a_category_of_a_vocabulary_is_a_subject(told: str, subjects: tuple[Subject, ...]) -> None:
    content = only(told)
    assert content.subjects == subjects
    assert {subject.name for subject in subjects} <= set(content.categories)


def test_a_publisher_is_dublin_cores_and_no_web_master() -> None:
    assert only("<dc:publisher>Science Press</dc:publisher>").publisher == "Science Press"
    assert only("", channel="<webMaster>Ann Lee</webMaster>").publisher == ""


@pytest.mark.parametrize(
    ("told", "address"),
    [
        ('<atom:link rel="license" href="https://e.org/by"/>', "https://e.org/by"),
        ("<cc:license>https://e.org/by</cc:license>", "https://e.org/by"),
        ('<atom:link rel="license" href="javascript:x"/>', ""),
    ],
)
def test_a_licence_is_the_items_or_the_feeds(told: str, address: str) -> None:
    assert only(told).license == address
    assert only("", channel=told).license == address
