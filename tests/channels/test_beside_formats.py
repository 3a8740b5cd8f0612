"""What each format says of a picture or another file that lies beside the item."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest
from channel_stories import STORY, story
from format_stories import BROADLY, STORIES, schema, schema_file
from hypothesis import given
from jsonschema import Draft202012Validator
from lxml import etree
from referencing import Registry
from referencing.jsonschema import DRAFT202012

from channels.formats import html, markdown, newsml_g2, ninjs, nitf, text
from channels.formats.kinds import FORMATS, FormatName
from channels.story import Media, Story

HALL, REPORT, CHART = (f"m%20m/carbon-report.{letter * 32}.{kind}" for letter, kind in ("aj", "bp", "cg"))
FROM = STORY.media[0].url, STORY.media[1].url
KEPT = story(
    files={FROM[0]: HALL, FROM[1]: REPORT},
    body=f'<p>x <img src="{CHART}" alt="A chart"> y</p><figure><img src="{CHART}"></figure>',
)
GEOJSON = "https://geojson.org/schema/GeoJSON.json"


def xml(encoded: bytes) -> etree._Element:
    return etree.fromstring(encoded)


def values(document: etree._Element, path: str) -> list[str]:
    return [str(value) for value in document.xpath(path)]


def test_ninjs_has_the_file_as_a_rendition_of_what_is_at_the_address() -> None:
    told = json.loads(ninjs.encode(KEPT))["associations"][-2:]
    assert [a["uri"] for a in told] == list(FROM)
    assert [a["renditions"][0]["href"] for a in told] == [HALL, REPORT]


def test_newsml_g2_links_to_the_file_and_names_where_it_came_from() -> None:
    item = xml(newsml_g2.encode(KEPT))
    links = "//*[local-name()='link'][@residref and @href]"
    assert values(item, f"{links}/@href") == [HALL, REPORT]
    assert values(item, f"{links}/@residref") == list(FROM)
    assert values(item, "//*[local-name()='img']/@src") == [CHART, CHART]


def test_nitf_refers_to_the_file_and_names_where_it_came_from() -> None:
    item = xml(nitf.encode(KEPT))
    assert values(item, "//*[local-name()='media-reference']/@source") == [CHART, CHART, HALL, REPORT]
    assert values(item, "//*[local-name()='media-metadata'][@name='original']/@value") == list(FROM)


def test_pages_show_the_file_and_nothing_twice() -> None:
    page = html.encode(KEPT).decode()
    assert page.count(f'<img src="{HALL}"') == page.count(f'<a href="{REPORT}">') == 1
    shown = replace(KEPT, body=f'<img src="{HALL}">')
    assert html.encode(shown).decode().count(HALL) == markdown.encode(shown).decode().count(HALL) == 1
    assert f"[](<{REPORT}>)" in markdown.encode(KEPT).decode().replace("[Доклад]", "[]")
    assert f"![A chart](<{CHART}>)" in markdown.encode(KEPT).decode()
    assert f"  <{HALL}>" in text.encode(KEPT)
    for address in FROM:
        assert address not in page
        assert address not in text.encode(KEPT)


def test_a_page_from_a_disk_may_show_what_lies_beside_it() -> None:
    policy = html.encode(KEPT).decode().partition('Content-Security-Policy" content="')[2].partition('"')[0]
    allowed = {rule.split()[0]: rule.split()[1:] for rule in policy.split(";")}
    assert "file:" in allowed["img-src"]
    assert "file:" in allowed["media-src"]
    assert allowed["default-src"] == ["'none'"]


@pytest.mark.parametrize("source", ["hall.jpg", "../etc/passwd", f"/{HALL}", f"//e.org/{HALL}", f"x:{HALL}"])
@pytest.mark.parametrize("kind", ["newsml_g2", "nitf", "markdown"])
def test_a_feed_cannot_name_a_file_as_only_we_do(kind: FormatName, source: str) -> None:
    assert source not in FORMATS[kind].encode(story(media=(), body=f'<img src="{source}">')).decode()


def with_files(given: Story) -> Story:
    """All media that have an address of the web lie beside the item, and a picture of the body does."""
    files = {m.url: HALL for m in given.media if m.url.startswith("https://")}
    return replace(given, files=files, body=f'{given.body}<img src="{CHART}">')


FILED = STORIES.map(lambda given: replace(given, media=(*given.media, Media(url="https://e.org/a")))).map(
    with_files
)


@pytest.fixture(scope="module")
def power() -> etree.XMLSchema:
    return schema("NewsML-G2_2.35-spec-All-Power.xsd")


@pytest.fixture(scope="module")
def valid_nitf() -> etree.XMLSchema:
    return schema("nitf-3-6.xsd")


@pytest.fixture(scope="module")
def rules() -> Draft202012Validator:
    """Without formats: `href` is a `uri` there, which a relative reference is not."""
    known = Registry().with_resource(GEOJSON, DRAFT202012.create_resource({}))
    text = schema_file("ninjs-schema_3.1.json").read_text(encoding="utf-8")
    return Draft202012Validator(json.loads(text), registry=known)


@BROADLY
@given(FILED)
def test_every_story_with_files_is_valid(
    power: etree.XMLSchema, valid_nitf: etree.XMLSchema, rules: Draft202012Validator, given: Story
) -> None:
    power.assertValid(xml(newsml_g2.encode(given)))
    valid_nitf.assertValid(xml(nitf.encode(given)))
    rules.validate(json.loads(ninjs.encode(given)))
