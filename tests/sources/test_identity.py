"""What an article is known by, and when it counts as changed."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from distributor.article import Content, Media, Place, Subject
from distributor.links import shown
from distributor.sources.identity import link_key, text_key

CONTENT = Content(
    headline="Kelp forests return to Tasmania",
    summary="Divers count more kelp.",
    body='<p>Divers count <a href="https://wire.example/kelp?id=7">kelp</a>.</p><p>Warm water harms it.</p>',
    url="https://wire.example/2021/kelp",
    published=datetime(2021, 12, 21, tzinfo=UTC),
    categories=("Ocean", "Climate"),
    media=(Media(url="https://wire.example/kelp.jpg", caption="Kelp"),),
)


@pytest.mark.parametrize(
    ("url", "key"),
    [
        ("https://wire.example/a", "wire.example/a"),
        ("http://www.Wire.Example:80/a/", "wire.example/a"),
        ("https://wire.example:443/a#top", "wire.example/a"),
        ("https://wire.example:8443/a", "wire.example:8443/a"),
        ("https://wire.example/a?utm_source=rss&id=7&fbclid=x&gclid=y", "wire.example/a?id=7"),
        ("https://wire.example/a?id=7&amp", "wire.example/a?id=7&amp"),
        ("https://wire.example/a?utm=1&ID=7", "wire.example/a?utm=1&ID=7"),
        ("https://wire.example/", "wire.example"),
        ("https://wire.example/A", "wire.example/A"),
        ("https://ann:s3cret@wire.example/a", "wire.example/a"),
        ("", ""),
        ("/a", ""),
        ("mailto:a@b.example", ""),
        ("http://[", ""),
        ("http://h:port/", ""),
    ],
)
def test_two_spellings_of_an_address_have_one_key(url: str, key: str) -> None:
    assert link_key(url) == key


@given(st.text(max_size=60))
def test_no_address_breaks_the_key(url: str) -> None:
    key = link_key("https://wire.example/" + url)
    assert key == "" or link_key("http://" + key) == key


@pytest.mark.parametrize(
    ("url", "seen"),
    [
        ("https://ann:s3cret@h.example/a?b=c@d", "https://h.example/a?b=c@d"),
        ("https://ann:s3@cret@h.example", "https://h.example"),
        ("https://h.example/a@b", "https://h.example/a@b"),
        ("editions/feed.xml", "editions/feed.xml"),
    ],
)
def test_a_password_is_not_shown(url: str, seen: str) -> None:
    assert shown(url) == seen


def test_the_text_is_the_same_in_other_markup_case_and_white_space() -> None:
    other = "<div>Divers  count\nkelp. </div> <p><b>Warm</b> water HARMS it.</p>"
    assert text_key(replace(CONTENT, body=other, url="https://new.example/1")) == text_key(CONTENT)


def test_another_text_has_another_key() -> None:
    assert text_key(replace(CONTENT, headline="Kelp forests vanish")) != text_key(CONTENT)


def test_a_text_too_short_to_tell_has_no_key() -> None:
    assert text_key(Content(headline="News in brief")) == ""


@pytest.mark.parametrize(
    "same",
    [
        pytest.param({"published": datetime(2031, 1, 1, tzinfo=UTC), "updated": None}, id="dates"),
        pytest.param({"categories": ("Climate", "Ocean")}, id="order of categories"),
        pytest.param({"url": "http://www.wire.example/2021/kelp/?utm_source=feed#top"}, id="link's dress"),
        pytest.param({"headline": " Kelp  forests\nreturn to Tasmania"}, id="white space in the headline"),
        pytest.param(
            {"body": CONTENT.body.replace("</p><p>", "</p>\n  <p> ").replace("count", "count\t")},
            id="white space in the text",
        ),
        pytest.param(
            {"body": CONTENT.body.replace("kelp?id=7", "kelp?id=7&amp;utm_campaign=x")}, id="tracking"
        ),
        pytest.param({"body": CONTENT.body.replace("https:", "http:")}, id="scheme of a link"),
        pytest.param(
            {"media": (Media(url="http://wire.example/kelp.jpg?utm_medium=rss", caption="Kelp"),)},
            id="tracking of a picture",
        ),
    ],
)
def test_what_no_reader_sees_makes_no_version(same: dict[str, object]) -> None:
    assert replace(CONTENT, **same).fingerprint() == CONTENT.fingerprint()  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "changed",
    [
        {"headline": "Kelp forests return to Chile"},
        {"summary": ""},
        {"body": CONTENT.body.replace("Warm", "Cold")},
        {"body": CONTENT.body.replace("id=7", "id=8")},
        {"body": CONTENT.body.replace("<p>Warm", "<h2>Warm")},
        {"url": "https://wire.example/2021/kelp-2"},
        {"language": "en"},
        {"authors": ("Ann",)},
        {"categories": ("Ocean",)},
        {"media": ()},
        {"media": (Media(url="https://wire.example/kelp.jpg", caption="More kelp"),)},
        {"rights": "CC BY"},
    ],
    ids=str,
)
def test_what_a_reader_sees_makes_a_version(changed: dict[str, object]) -> None:
    assert replace(CONTENT, **changed).fingerprint() != CONTENT.fingerprint()  # type: ignore[arg-type]


def test_content_comes_back_from_json_as_it_was() -> None:
    assert Content.from_json(CONTENT.to_json()) == CONTENT


MORE: dict[str, Any] = {
    "subjects": (Subject("Ocean", "https://e.org/topics/", "7"),),
    "places": (Place("Hobart", (-42.88, 147.33)), Place("Tasmania"), Place(position=(0.5, 1))),
    "publisher": "Science Press",
    "license": "https://creativecommons.org/licenses/by/4.0/",
}


def test_what_the_ledger_has_of_before_is_read_and_keeps_its_fingerprint() -> None:
    """Both as they were before subjects, places, publisher and licence were read: an upgrade alone must make
    no new version of anything."""
    stored = {key: value for key, value in CONTENT.to_json().items() if key not in MORE}
    assert Content.from_json(json.loads(json.dumps(stored))) == CONTENT
    before = "32af012a0364d768375717e253fae5078972422729563d9fd89b5cd7ddbc5527"
    assert CONTENT.fingerprint() == before
    assert replace(CONTENT, **MORE).fingerprint() == before


def test_what_was_added_comes_back_from_json_too() -> None:
    full = replace(CONTENT, **MORE)
    assert Content.from_json(json.loads(json.dumps(full.to_json()))) == full
