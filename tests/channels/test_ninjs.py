from __future__ import annotations

import json
import re
from datetime import datetime
from typing import Any

import pytest
from channel_stories import HOSTILE, KNOWN, STORY, in_language, story
from format_stories import BROADLY, STORIES, edition, schema_file
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft202012Validator, FormatChecker
from referencing import Registry
from referencing.jsonschema import DRAFT202012

from channels.formats import elements, ninjs
from channels.story import Media, Story

GEOJSON = "https://geojson.org/schema/GeoJSON.json"
"""What IPTC's schema refers to; this much of it, RFC 7946 §3.1.2, is what we write."""
POSITION = [
    {"type": "number", "minimum": -180, "maximum": 180},
    {"type": "number", "minimum": -90, "maximum": 90},
]
POINT = {
    "type": "object",
    "required": ["type", "coordinates"],
    "properties": {
        "type": {"const": "Point"},
        "coordinates": {"type": "array", "prefixItems": POSITION, "minItems": 2, "items": False},
    },
}
FORMATS = FormatChecker(formats=())


@FORMATS.checks("uri")
def is_uri(text: object) -> bool:
    return bool(re.fullmatch(r"[a-z][a-z0-9+.-]*:[!-~]+", str(text))) and not set('<>"{}|\\^`') & set(
        str(text)
    )


@FORMATS.checks("date-time", raises=ValueError)
def is_date_time(text: object) -> bool:
    return datetime.fromisoformat(str(text)).tzinfo is not None


@pytest.fixture(scope="module")
def schema() -> Draft202012Validator:
    known = Registry().with_resource(GEOJSON, DRAFT202012.create_resource(POINT))
    text = schema_file("ninjs-schema_3.1.json").read_text(encoding="utf-8")
    return Draft202012Validator(json.loads(text), registry=known, format_checker=FORMATS)


def item(given: Story) -> dict[str, Any]:
    decoded: dict[str, Any] = json.loads(ninjs.encode(given))
    return decoded


@BROADLY
@given(STORIES)
def test_every_story_is_a_valid_item(schema: Draft202012Validator, given: Story) -> None:
    schema.validate(item(given))


def test_the_sample_edition_is_valid_in_all_languages(schema: Draft202012Validator) -> None:
    for given_ in edition():
        schema.validate(item(given_))


@pytest.mark.parametrize("name", sorted(HOSTILE.keys() - {"lone surrogate"}))
def test_a_hostile_story_is_a_valid_item_too(schema: Draft202012Validator, name: str) -> None:
    schema.validate(item(HOSTILE[name]))


def test_the_item_tells_what_the_story_knows() -> None:
    told = item(STORY)
    assert told["uri"] == STORY.uri
    assert told["standard"]["version"] == "3.1"
    assert (told["version"], told["pubStatus"], told["urgency"]) == ("2", "usable", 5)
    assert (told["firstCreated"], told["versionCreated"]) == (
        "2021-12-21T08:00:00+00:00",
        "2021-12-21T09:00:00+00:00",
    )
    assert told["language"] == "ru"
    assert told["headlines"] == [{"role": "main", "contentType": "text/plain", "value": STORY.headline}]
    assert told["descriptions"][0]["value"] == STORY.summary
    assert told["by"] == "Li Wei, Anna Rossi"
    assert [subject["name"] for subject in told["subjects"]] == ["Climate", "Union"]
    assert told["infoSources"] == [{"name": "Weekly Edition"}]
    assert told["copyrightNotice"] == STORY.rights
    assert {"role": "story", "value": STORY.slug} in told["altIds"]


def test_the_body_comes_as_markup_and_as_plain_text_with_its_counts() -> None:
    markup, plain = item(STORY)["bodies"]
    assert (markup["contentType"], markup["value"]) == ("text/html", STORY.body)
    assert plain["contentType"] == "text/plain"
    assert plain["value"].splitlines() == [
        "Десять фронтов",
        "Доклад можно прочесть сегодня.",
        "Море & ветер",
        "Солнце",
        "Год Цель",
        "2060 0",
    ]
    assert (plain["wordCount"], plain["charCount"]) == (14, len(plain["value"]))


def test_captions_of_figures_are_not_counted() -> None:
    body = '<p>one two</p><figure><img src="https://e.org/a"><figcaption>three</figcaption></figure>'
    assert item(story(body=body))["bodies"][0]["wordCount"] == 2


@pytest.mark.parametrize("language", ["zh-Hans", "ja"])
def test_words_are_not_counted_where_none_are_spaced(language: str) -> None:
    body = item(in_language(language))["bodies"][0]
    assert "wordCount" not in body
    assert body["charCount"] > 0


def test_media_are_associated_with_their_captions_credits_and_sizes() -> None:
    _, picture, report = item(STORY)["associations"]
    assert (picture["type"], picture["by"]) == ("picture", "Photo: Li Wei")
    assert {d["role"]: d["value"] for d in picture["descriptions"]} == {
        "caption": "Зал конференции",
        "altText": "Люди в зале",
    }
    assert picture["renditions"] == [
        {
            "name": "main",
            "href": "https://weekly-edition.example/hall.jpg",
            "contentType": "image/jpeg",
            "width": 1200,
            "height": 800,
            "sizeInBytes": 345_678,
        }
    ]
    assert (report["type"], report["headlines"]) == ("text", [{"value": "Доклад"}])


@pytest.mark.parametrize(
    ("origin", "source_type"),
    [
        ("machine", "http://cv.iptc.org/newscodes/digitalsourcetype/trainedAlgorithmicMedia"),
        ("edited", "http://cv.iptc.org/newscodes/digitalsourcetype/compositeWithTrainedAlgorithmicMedia"),
    ],
)
def test_what_a_machine_had_a_part_in_says_so_and_names_its_original(origin: str, source_type: str) -> None:
    told = item(story(origin=origin))
    assert told["digitalSourceType"]["uri"] == source_type
    assert (told["associations"][0]["rel"], told["associations"][0]["uri"]) == ("translatedFrom", STORY.url)


def test_an_original_has_no_digital_source_type() -> None:
    told = item(story(origin="original", language="en"))
    assert "digitalSourceType" not in told
    assert told["associations"][0]["rel"] == "seeAlso"


def test_the_same_story_gives_the_same_readable_bytes() -> None:
    assert ninjs.encode(STORY) == ninjs.encode(story())
    assert STORY.headline.encode() in ninjs.encode(STORY)


def test_an_address_with_foreign_letters_becomes_a_uri() -> None:
    told = item(story(url="https://пример.example/статья 1?q=%20#ä"))
    assert told["associations"][0]["uri"].isascii()
    assert told["associations"][0]["uri"].endswith("%201?q=%20#%C3%A4")


def test_text_that_utf_8_cannot_carry_is_an_error_never_a_question_mark() -> None:
    with pytest.raises(UnicodeEncodeError):
        ninjs.encode(HOSTILE["lone surrogate"])


@pytest.mark.parametrize("body", ["<" * 300_000, "<figcaption>" * 50_000, "<p " * 100_000], ids=len)
def test_markup_that_nobody_sanitised_costs_no_more_than_its_length(body: str) -> None:
    assert ninjs.encode(story(body=body))


def test_an_embargo_names_its_end_and_where_there_is_none_nothing_is_said() -> None:
    assert item(KNOWN)["embargoedUntil"] == "2021-12-21T18:00:00+00:00"
    assert "embargoedUntil" not in item(STORY)


def test_people_organisations_places_and_subjects_are_told_where_they_are_known() -> None:
    told = item(KNOWN)
    assert told["people"] == [{"name": "Li Wei", "rel": "author"}, {"name": "Anna Rossi", "rel": "author"}]
    assert told["organisations"] == [{"name": "Science Press", "rel": "publisher"}]
    assert told["places"][:2] == [
        {"name": "Hobart", "rel": "about", "geoJSON": {"type": "Point", "coordinates": [147.33, -42.88]}},
        {"name": "Tasmania", "rel": "about"},
    ]
    topic = "http://cv.iptc.org/newscodes/mediatopic/20000418"
    assert told["subjects"] == [
        {"name": "Climate", "rel": "about", "uri": topic},
        {"name": "Union", "rel": "about", "literal": "MSN:1765"},
        {"name": "Sea", "rel": "about"},
    ]


def test_an_author_that_is_called_as_the_source_is_no_person() -> None:
    assert "people" not in item(story(authors=("Weekly Edition",)))
    assert {"organisations", "places"}.isdisjoint(item(STORY))


def test_rights_are_linked_where_the_feed_says_where_the_terms_stand() -> None:
    assert item(KNOWN)["rightsInfo"] == {"linkedRights": "https://creativecommons.org/licenses/by/4.0/"}
    only_an_address = item(story(rights="http://creativecommons.org/licenses/by/4.0/"))
    assert only_an_address["rightsInfo"] == {"linkedRights": "http://creativecommons.org/licenses/by/4.0/"}
    assert "rightsInfo" not in item(STORY)


def test_a_translation_refers_to_the_item_of_its_original_which_shares_the_storys_id() -> None:
    page, original = item(KNOWN)["associations"][:2]
    assert (page["name"], page["uri"]) == ("original", STORY.url)
    assert (original["rel"], original["uri"], original["language"]) == (
        "translatedFrom",
        KNOWN.original_uri,
        "en",
    )
    itself = item(story(uri=KNOWN.original_uri, original_uri=KNOWN.original_uri, origin="original"))
    assert KNOWN.original_uri not in {a["uri"] for a in itself["associations"]}
    shared = {"role": "story", "value": STORY.slug}
    assert shared in itself["altIds"]
    assert shared in item(KNOWN)["altIds"]


def test_a_correction_has_its_note() -> None:
    assert item(story(ed_note="The year was wrong."))["edNote"] == "The year was wrong."
    assert "edNote" not in item(STORY)


def test_what_is_no_web_address_is_no_association() -> None:
    told = item(story(url="javascript:alert(1)", media=(Media(url="file:///etc/passwd"),)))
    assert "associations" not in told


@given(st.text("ab.:/?#[]%@&=é -", max_size=30))
def test_a_usual_address_is_what_mending_it_would_make_of_it(rest: str) -> None:
    address = f"https://e.org{rest}"
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(elements, "USUAL", re.compile(r"(?!)"))
        mended = elements.web_address(address)
    assert elements.web_address(address) == mended
