from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest
from channel_stories import HEADLINES, HOSTILE, STORY, TEXTS, in_language, story
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from channels.formats import ninjs
from channels.story import Media, Story

BESIDE = Path(__file__).parents[3] / "shared/schemas/ninjs-schema_3.1.json"


@pytest.fixture(scope="module")
def schema() -> Draft202012Validator:
    path = Path(os.environ.get("NINJS_SCHEMA", BESIDE))
    if not path.is_file():
        pytest.skip("needs IPTC's ninjs-schema_3.1.json, named by NINJS_SCHEMA")
    return Draft202012Validator(json.loads(path.read_text(encoding="utf-8")))


def item(given: Story) -> dict[str, Any]:
    decoded: dict[str, Any] = json.loads(ninjs.encode(given))
    return decoded


STORIES = st.builds(
    story,
    headline=TEXTS,
    summary=TEXTS,
    body=TEXTS,
    url=TEXTS,
    source=TEXTS,
    rights=TEXTS,
    ed_note=TEXTS,
    language=st.sampled_from(sorted(HEADLINES)),
    origin=st.sampled_from(["original", "machine", "edited"]),
    pub_status=st.sampled_from(["usable", "withheld", "canceled"]),
    urgency=st.integers(1, 9),
    version=st.integers(1),
    authors=st.lists(TEXTS, max_size=2).map(tuple),
    categories=st.lists(TEXTS, max_size=2).map(tuple),
    media=st.lists(
        st.builds(
            Media,
            url=TEXTS,
            type=TEXTS,
            role=st.sampled_from(["picture", "video", "audio", "document"]),
            caption=TEXTS,
            alt=TEXTS,
            credit=TEXTS,
            title=TEXTS,
            width=st.none() | st.integers(0, 10_000),
            height=st.none() | st.integers(0, 10_000),
            length=st.none() | st.integers(0),
        ),
        max_size=2,
    ).map(tuple),
)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(STORIES)
def test_every_story_is_a_valid_item(schema: Draft202012Validator, given: Story) -> None:
    schema.validate(item(given))


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
