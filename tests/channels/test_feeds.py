from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from typing import Any

import feedparser
import pytest
from channel_stories import HEADLINES, HOSTILE, KNOWN, PUBLISHED, STORY, in_language, story
from format_stories import BROADLY, CARRIED, STORIES, edition, solid
from hypothesis import given
from hypothesis import strategies as st
from lxml import etree

from channels.formats import atom, json_feed, rss
from channels.formats.elements import line
from channels.formats.feeds import Feed
from channels.story import Place, Story, Subject
from distributor.sources.parse import parse

Encode = Callable[[Feed, Iterable[Story]], bytes]

FEED = Feed(
    title="Weekly Edition",
    url="https://feeds.example/sputnik/ru?page=2",
    id="https://feeds.example/sputnik/ru",
    language="ru",
    updated=PUBLISHED.replace(hour=10),
    home="https://weekly-edition.example/",
    description="For Sputnik",
    rights="© 2021 Weekly Edition",
    hub="https://feeds.example/hub",
    first="https://feeds.example/sputnik/ru",
    previous="https://feeds.example/sputnik/ru?page=1",
    next="https://feeds.example/sputnik/ru?page=3",
    last="https://feeds.example/sputnik/ru?page=9",
)
PAGES = {"self", "hub", "first", "previous", "next", "last"}
XML = [pytest.param(rss.encode, id="rss"), pytest.param(atom.encode, id="atom")]
ALL = [*XML, pytest.param(json_feed.encode, id="json_feed")]


def read(encode: Encode, *stories: Story) -> Any:
    """As feedparser understands it, without a complaint."""
    told = feedparser.parse(encode(FEED, stories))
    assert not told.bozo, told.get("bozo_exception")
    return told


def items(*stories: Story) -> list[dict[str, Any]]:
    """JSON Feed's."""
    found: list[dict[str, Any]] = json.loads(json_feed.encode(FEED, stories))["items"]
    return found


@pytest.mark.parametrize("encode", XML)
@BROADLY
@given(stories=st.lists(STORIES, max_size=3))
def test_any_stories_are_read_without_bozo(encode: Encode, stories: list[Story]) -> None:
    entries = read(encode, *stories).entries
    assert len(entries) == len(stories)
    assert [entry.id for entry in entries] == [given_.uri for given_ in stories]


@BROADLY
@given(st.lists(STORIES, max_size=3))
def test_any_stories_make_a_json_feed(stories: list[Story]) -> None:
    for told, given_ in zip(items(*stories), stories, strict=True):
        assert told["id"] == given_.uri
        assert told["content_html"]


@pytest.mark.parametrize("encode", XML)
@pytest.mark.parametrize("name", CARRIED)
def test_a_hostile_story_is_read_without_bozo(encode: Encode, name: str) -> None:
    (entry,) = read(encode, HOSTILE[name]).entries
    assert entry.id == HOSTILE[name].uri


@pytest.mark.parametrize("encode", ALL)
def test_our_own_reader_has_nothing_to_warn_of_in_the_sample_edition(encode: Encode) -> None:
    stories = edition()
    told = parse(encode(FEED, stories), url=FEED.url)
    assert not told.warnings
    assert [item.guid for item in told.items] == [given_.uri for given_ in stories]
    assert [item.content.headline for item in told.items] == [line(given_.headline) for given_ in stories]


@pytest.mark.parametrize("encode", XML)
def test_the_feed_says_what_it_is_and_where_its_other_pages_are(encode: Encode) -> None:
    told = read(encode).feed
    assert (told.title, told.language, told.subtitle) == ("Weekly Edition", "ru", "For Sputnik")
    assert told.updated_parsed[:4] == (2021, 12, 21, 10)
    assert told.rights == FEED.rights
    links = {link.rel: link.href for link in told.links}
    assert {rel: links[rel] for rel in PAGES} == {
        rel: FEED.url if rel == "self" else getattr(FEED, rel) for rel in PAGES
    }
    assert links["alternate"] == FEED.home


def test_json_feed_says_what_it_is_and_where_its_next_page_is() -> None:
    told = json.loads(json_feed.encode(FEED, []))
    assert told == {
        "version": "https://jsonfeed.org/version/1.1",
        "title": "Weekly Edition",
        "home_page_url": FEED.home,
        "feed_url": FEED.url,
        "description": "For Sputnik",
        "next_url": FEED.next,
        "language": "ru",
        "hubs": [{"type": "WebSub", "url": FEED.hub}],
        "items": [],
    }


@pytest.mark.parametrize("encode", XML)
def test_all_pages_are_one_feed(encode: Encode) -> None:
    root = etree.fromstring(atom.encode(FEED, []))
    assert root.findtext("{*}id") == FEED.id
    last = Feed(title="t", url="https://e.org/f", language="en", updated=PUBLISHED)
    assert "next" not in {link.rel for link in feedparser.parse(encode(last, [])).feed.links}


@pytest.mark.parametrize("encode", XML)
def test_an_entry_tells_what_the_story_knows(encode: Encode) -> None:
    (entry,) = read(encode, STORY).entries
    assert (entry.id, entry.link, entry.title) == (STORY.uri, STORY.url, STORY.headline)
    assert entry.published_parsed[:4] == (2021, 12, 21, 8)
    assert entry.updated_parsed[:4] == (2021, 12, 21, 9)
    assert [author.name for author in entry.authors] == ["Li Wei", "Anna Rossi"]
    assert [tag.term for tag in entry.tags] == ["Climate", "Union"]
    assert entry.summary == STORY.summary
    assert entry.content[0].type == "text/html"
    assert "<h2>Десять фронтов</h2>" in entry.content[0].value
    assert entry.rights == STORY.rights


def test_an_item_of_json_feed_tells_what_the_story_knows() -> None:
    (told,) = items(STORY)
    assert (told["id"], told["url"], told["title"]) == (STORY.uri, STORY.url, STORY.headline)
    assert (told["date_published"], told["date_modified"]) == ("2021-12-21T08:00:00Z", "2021-12-21T09:00:00Z")
    assert told["authors"] == [{"name": "Li Wei"}, {"name": "Anna Rossi"}]
    assert (told["tags"], told["language"]) == (["Climate", "Union"], "ru")
    assert told["image"] == STORY.media[0].url
    assert told["attachments"][1] == {
        "url": STORY.media[1].url,
        "mime_type": "application/pdf",
        "title": "Доклад",
        "size_in_bytes": 1_200_000,
    }
    assert told["_distributor"]["story"] == "carbon-report"


def test_atom_has_all_media_as_enclosures() -> None:
    (entry,) = read(atom.encode, STORY).entries
    assert [(e.href, e.type, e.length) for e in entry.enclosures] == [
        (STORY.media[0].url, "image/jpeg", "345678"),
        (STORY.media[1].url, "application/pdf", "1200000"),
    ]


def test_rss_has_one_enclosure_and_all_media_with_captions_and_credits() -> None:
    (entry,) = read(rss.encode, STORY).entries
    assert [(e.href, e.type, e.length) for e in entry.enclosures] == [
        (STORY.media[0].url, "image/jpeg", "345678")
    ]
    assert [(m["url"], m["medium"]) for m in entry.media_content] == [
        (STORY.media[0].url, "image"),
        (STORY.media[1].url, "document"),
    ]
    assert "Photo: Li Wei" in rss.encode(FEED, [STORY]).decode()


@pytest.mark.parametrize("encode", ALL)
def test_an_id_is_one_languages_for_all_versions(encode: Encode) -> None:
    def ids(*stories: Story) -> list[str]:
        return [item.guid for item in parse(encode(FEED, stories), url=FEED.url).items]

    assert ids(story(version=1)) == ids(story(version=5, updated=PUBLISHED.replace(day=30)))
    uris = [f"tag:weekly-edition.example,2021:carbon-report/{language}" for language in sorted(HEADLINES)]
    assert ids(*(story(uri=uri) for uri in uris)) == uris


def test_every_entry_says_its_language_and_what_it_is_a_translation_of() -> None:
    chinese = story(language="zh-Hans")
    (entry,) = etree.fromstring(atom.encode(FEED, [chinese])).iter("{*}entry")
    assert entry.get("{http://www.w3.org/XML/1998/namespace}lang") == "zh-Hans"
    relations = {e.get("rel"): (e.get("href"), e.get("hreflang")) for e in entry.iter("{*}link")}
    assert relations["alternate"] == relations["via"] == (STORY.url, "en")
    (told,) = etree.fromstring(rss.encode(FEED, [chinese])).iter("item")
    assert told.findtext("{*}language") == "zh-Hans"
    for shared in (entry, told):
        assert shared.findtext("{http://purl.org/dc/terms/}isVersionOf") == "carbon-report"
    assert items(chinese)[0]["language"] == "zh-Hans"


@pytest.mark.parametrize("encode", ALL)
def test_what_a_machine_had_a_part_in_says_so(encode: Encode) -> None:
    assert "Этот текст переведён машиной." in encode(FEED, [STORY]).decode()
    assert "переведён" not in encode(FEED, [story(origin="original")]).decode()


@pytest.mark.parametrize("encode", ALL)
def test_a_withdrawal_takes_the_text_back_and_says_so(encode: Encode) -> None:
    withdrawn = story(pub_status="canceled", ed_note="Wrong <numbers>.")
    told = encode(FEED, [withdrawn]).decode()
    assert "Материал отозван: Союз" in told
    assert "можно прочесть" not in told
    assert STORY.summary not in told
    assert "hall.jpg" not in told
    (item,) = parse(told.encode(), url=FEED.url).items
    assert item.guid == STORY.uri
    assert "Wrong &lt;numbers&gt;." in item.content.body


def test_atom_has_a_tombstone_for_what_is_withdrawn() -> None:
    root = etree.fromstring(atom.encode(FEED, [story(pub_status="canceled"), STORY]))
    (tombstone,) = root.iter("{http://purl.org/atompub/tombstones/1.0}deleted-entry")
    assert (tombstone.get("ref"), tombstone.get("when")) == (STORY.uri, "2021-12-21T09:00:00Z")


@pytest.mark.parametrize("language", sorted(HEADLINES))
@pytest.mark.parametrize("encode", XML)
def test_every_language_comes_through(encode: Encode, language: str) -> None:
    given_ = in_language(language)
    (entry,) = read(encode, given_).entries
    assert entry.title == given_.headline
    assert solid(given_.headline) * 3 in solid(entry.content[0].value)


@pytest.mark.parametrize("encode", ALL)
def test_text_that_utf_8_cannot_carry_is_an_error_never_a_question_mark(encode: Encode) -> None:
    for given_ in (HOSTILE["lone surrogate"], story(body="\ud800")):
        with pytest.raises(UnicodeEncodeError):
            encode(FEED, [given_])


@pytest.mark.parametrize("encode", ALL)
def test_the_same_stories_give_the_same_bytes(encode: Encode) -> None:
    assert encode(FEED, [STORY]) == encode(FEED, iter([story()]))


@pytest.mark.parametrize(
    ("encode", "code"),
    [pytest.param(rss.encode, "Union", id="rss"), pytest.param(atom.encode, "1765", id="atom")],
)
def test_subjects_and_places_come_back(encode: Encode, code: str) -> None:
    """RSS has room for a vocabulary and a name, Atom for a code as well."""
    one_place = story(subjects=KNOWN.subjects[1:], places=(*KNOWN.places[:2],))
    told = parse(encode(FEED, [one_place]), url=FEED.url)
    assert not told.warnings
    (read_,) = told.items
    assert read_.content.categories == STORY.categories
    assert read_.content.subjects == (Subject("Union", "MSN", code),)
    assert read_.content.places == (Place("Hobart", (-42.88, 147.33)), Place("Tasmania"))


@pytest.mark.parametrize("encode", XML)
def test_what_is_all_known_is_read_without_bozo(encode: Encode) -> None:
    assert [tag.get("label") or tag.term for tag in read(encode, KNOWN).entries[0].tags] == [
        *KNOWN.categories
    ]
