from __future__ import annotations

from typing import Any

import pytest
from channel_stories import HOSTILE, KNOWN, STORY, story
from format_stories import BODIES, BROADLY, CARRIED, DEEP, LONG, STORIES, edition, schema, solid, words_of
from hypothesis import given
from lxml import etree

from channels.formats import nitf
from channels.story import Media, Story

NAMES = {"n": "http://iptc.org/std/NITF/2006-10-18/"}


@pytest.fixture(scope="module")
def valid() -> etree.XMLSchema:
    return schema("nitf-3-6.xsd")


def item(given: Story) -> etree._Element:
    return etree.fromstring(nitf.encode(given))


def found(given: Story, path: str) -> list[str]:
    """Texts or attributes."""
    values: Any = item(given).xpath(path, namespaces=NAMES)
    return [str(value) for value in values]


def content(body: str) -> str:
    """The markup within `body.content`, without media that the body does not show."""
    (held,) = item(story(body=body, media=())).iter(f"{{{NAMES['n']}}}body.content")
    inner = "".join(etree.tostring(child, encoding="unicode") for child in held)
    return inner.replace(f' xmlns="{NAMES["n"]}"', "")


@BROADLY
@given(STORIES)
def test_every_story_is_valid(valid: etree.XMLSchema, given: Story) -> None:
    valid.assertValid(item(given))


@pytest.mark.parametrize("name", CARRIED)
def test_a_hostile_story_is_valid_too(valid: etree.XMLSchema, name: str) -> None:
    valid.assertValid(item(HOSTILE[name]))


def test_the_sample_edition_is_valid_in_all_languages(valid: etree.XMLSchema) -> None:
    for given_ in edition():
        valid.assertValid(item(given_))


def test_the_root_is_in_the_namespace_without_a_prefix() -> None:
    root = item(STORY)
    assert root.tag == "{http://iptc.org/std/NITF/2006-10-18/}nitf"
    assert all(element.prefix is None for element in root.iter())
    assert root.get("version") == "-//IPTC//DTD NITF 3.6//EN"


def test_the_document_tells_what_the_story_knows() -> None:
    assert found(STORY, "@uno") == found(STORY, ".//n:doc-id/@id-string") == [STORY.uri]
    assert found(STORY, "@baselang") == ["ru"]
    assert found(STORY, ".//n:hl1/text()") == found(STORY, "n:head/n:title/text()") == [STORY.headline]
    assert found(STORY, ".//n:abstract/n:p/text()") == [STORY.summary]
    assert found(STORY, ".//n:byline/n:person/text()") == ["Li Wei", "Anna Rossi"]
    assert found(STORY, ".//n:distributor/text()") == ["Weekly Edition"]
    assert found(STORY, ".//n:keyword/@key") == ["Climate", "Union"]
    assert found(STORY, ".//n:body.head/n:rights/text()") == [STORY.rights]
    assert found(STORY, ".//n:date.issue/@norm") == ["20211221T090000+0000"]


def test_an_embargo_is_the_date_of_release() -> None:
    assert found(KNOWN, ".//n:date.release/@norm") == ["20211221T180000+0000"]
    assert found(STORY, ".//n:date.release/@norm") == ["20211221T080000+0000"]


@pytest.mark.parametrize(("pub_status", "told"), [("usable", "usable"), ("withheld", "embargoed")])
def test_what_waits_for_its_date_is_embargoed(pub_status: str, told: str) -> None:
    held = story(pub_status=pub_status, embargoed_until=KNOWN.embargoed_until)
    assert found(held, ".//n:docdata/@management-status") == [told]
    assert found(story(pub_status=pub_status), ".//n:docdata/@management-status") == [pub_status]


@pytest.mark.parametrize(("urgency", "told"), [(1, "1"), (5, "5"), (8, "8"), (9, "8")])
def test_urgency_goes_from_1_to_8(urgency: int, told: str) -> None:
    assert found(story(urgency=urgency), ".//n:urgency/@ed-urg") == [told]


def test_all_languages_and_versions_of_a_story_share_its_key() -> None:
    for told in (STORY, story(language="it", version=7)):
        assert found(told, ".//n:du-key/@key") == ["carbon-report"]
        assert found(told, ".//n:du-key/@version") == [str(told.version)]


def test_a_first_version_corrects_nothing() -> None:
    first = story(version=1)
    assert not found(first, ".//n:correction | .//n:ed-msg | .//n:revision-history")
    assert not found(first, ".//n:docdata/@management-doc-idref")


def test_a_correction_says_so_in_the_revision_history_too() -> None:
    corrected = story(version=2, ed_note="The year was wrong.")
    assert found(corrected, ".//n:correction/@id-string") == [STORY.uri]
    assert found(corrected, ".//n:correction/@info") == ["The year was wrong."]
    assert found(corrected, ".//n:ed-msg/@msg-type") == ["correction"]
    assert found(corrected, ".//n:revision-history/@comment") == ["The year was wrong."]
    assert found(corrected, ".//n:docdata/@management-doc-idref") == [STORY.uri]


def test_a_withdrawal_is_canceled_says_why_and_carries_no_text() -> None:
    withdrawn = story(pub_status="canceled", version=1)
    assert found(withdrawn, ".//n:docdata/@management-status") == ["canceled"]
    assert found(withdrawn, ".//n:docdata/@management-doc-idref") == [STORY.uri]
    assert found(withdrawn, ".//n:ed-msg/@info") == ["Материал отозван"]
    assert not found(withdrawn, ".//n:body.content | .//n:abstract")


@pytest.mark.parametrize("origin", ["machine", "edited"])
def test_a_translation_says_who_made_it_and_from_what(origin: str) -> None:
    told = story(origin=origin)
    (source,) = found(told, ".//n:meta[@name='digitalSourceType']/@content")
    assert source.endswith("rainedAlgorithmicMedia")
    assert found(told, ".//n:meta[@name='translatedFrom']/@content") == [STORY.url]
    assert found(told, ".//n:meta[@name='originalLanguage']/@content") == ["en"]
    assert found(told, ".//n:tagline/n:a/@href") == found(told, ".//n:pubdata/@ex-ref") == [STORY.url]


def test_an_original_refers_to_its_page_and_is_nobodys_translation() -> None:
    original = story(origin="original", language="en")
    assert not found(
        original, ".//n:meta[@name='translatedFrom' or @name='digitalSourceType'] | .//n:tagline"
    )
    assert found(original, ".//n:pubdata/@ex-ref") == [STORY.url]


@pytest.mark.parametrize(
    ("body", "told"),
    [
        ("a <b>b</b> c", '<p>a <em class="bold">b</em> c</p>'),
        ("<h3>a</h3><p>b<br>c</p><hr>", "<hl2>a</hl2><p>b<br/>c</p><hr/>"),
        ("<ul><li>a<ol><li>b</li></ol></li></ul>", "<ul><li><p>a</p><ol><li>b</li></ol></li></ul>"),
        ("<blockquote>a</blockquote>", "<bq><block><p>a</p></block></bq>"),
        ("<dl><dt>a</dt><dd>b</dd></dl>", "<dl><dt>a</dt><dd><p>b</p></dd></dl>"),
        ("<pre>a\n  b</pre>", "<pre>a\n  b</pre>"),
        (
            "<p>CO<sub>2</sub> 10<sup>6</sup></p>",
            "<p>CO<num><sub>2</sub></num> 10<num><sup>6</sup></num></p>",
        ),
        ("<ruby>漢<rp>(</rp><rt>かん</rt><rp>)</rp></ruby>", "<p>漢 (かん)</p>"),
        ('<p><a href="javascript:x">a</a></p>', "<p>a</p>"),
        ('<p>a <span lang="it">ciao</span></p>', '<p>a <lang value="it">ciao</lang></p>'),
        ("<ul></ul><table></table><p> </p><h2></h2>", ""),
        ("<ul>a<li>b</li></ul>", "<ul><li>a</li><li>b</li></ul>"),
    ],
)
def test_html_becomes_nitfs_own_elements(body: str, told: str) -> None:
    assert content(body) == told


def test_a_table_keeps_its_rows_spans_and_caption_whatever_its_parts() -> None:
    rows = '<thead><tr><th colspan="2">a</th></tr></thead><tbody><tr><td>b</td></tr></tbody>'
    told = content(f"<table><caption>c</caption>{rows}<tbody><tr><td>d</td></tr></tbody></table>")
    kept = '<tr><th colspan="2">a</th></tr><tr><td>b</td></tr><tr><td>d</td></tr>'
    assert told == f"<table><caption>c</caption>{kept}</table>"


def test_a_picture_in_a_paragraph_parts_it_and_keeps_its_alternative_text() -> None:
    told = content('<p>a<img src="https://e.org/a.jpg" alt="A" width="8">b</p>')
    reference = '<media-reference source="https://e.org/a.jpg" alternate-text="A" width="8"/>'
    assert told == f'<p>a</p><media media-type="image">{reference}</media><p>b</p>'


def test_a_figure_keeps_its_caption() -> None:
    told = content('<figure><img src="https://e.org/a.jpg"><figcaption>a <em>b</em></figcaption></figure>')
    assert told.endswith("<media-caption>a <em>b</em></media-caption></media>")


def test_media_that_the_body_does_not_show_follow_it_and_none_comes_twice() -> None:
    shown = story(
        body=f'<p>a</p><img src="{STORY.media[0].url}">', media=(*STORY.media, Media(url="no address"))
    )
    assert found(shown, ".//n:media-reference/@source") == [media.url for media in STORY.media]
    assert found(STORY, ".//n:media-producer/text()") == ["Photo: Li Wei"]
    assert found(STORY, ".//n:media/@media-type") == ["image", "application"]


@BROADLY
@given(BODIES)
def test_no_word_of_a_body_is_lost(body: str) -> None:
    (held,) = item(story(body=body, media=())).iter(f"{{{NAMES['n']}}}body.content")
    assert solid("".join(map(str, held.itertext()))) == words_of(body)


def test_what_xml_cannot_carry_is_left_out() -> None:
    assert found(HOSTILE["control characters"], ".//n:hl1/text()") == ["abc[31m"]


def test_text_that_utf_8_cannot_carry_is_an_error_never_a_question_mark() -> None:
    for given_ in (HOSTILE["lone surrogate"], story(body="\ud800"), story(rights="\ud800")):
        with pytest.raises(UnicodeEncodeError):
            nitf.encode(given_)


@pytest.mark.parametrize("body", DEEP, ids=len)
def test_of_markup_too_deep_the_text_remains(body: str) -> None:
    assert nitf.encode(story(body=body)).count(b"x") > nitf.encode(story(body=body.replace("x", ""))).count(
        b"x"
    )


@pytest.mark.parametrize("body", LONG, ids=len)
def test_markup_that_nobody_sanitised_costs_no_more_than_its_length(body: str) -> None:
    assert nitf.encode(story(body=body))


def test_what_is_all_known_is_valid(valid: etree.XMLSchema) -> None:
    valid.assertValid(item(KNOWN))


def test_subjects_of_vocabularies_and_places_are_identified() -> None:
    classifier = ".//n:identified-content/n:classifier"
    assert found(KNOWN, f"{classifier}/text()") == ["Climate", "Union"]
    assert found(KNOWN, f"{classifier}/@value") == ["20000418", "1765"]
    assert found(KNOWN, f"{classifier}/@idsrc") == ["http://cv.iptc.org/newscodes/mediatopic/", "MSN"]
    location = ".//n:identified-content/n:location"
    assert found(KNOWN, f"{location}/text()") == ["Hobart", "Tasmania"]
    assert found(KNOWN, f"{location}/@location-code") == ["geo:-42.88,147.33", "geo:0,-0.0000001"]
    assert found(KNOWN, ".//n:keyword/@key") == ["Climate", "Union", "Sea"]
    assert not found(STORY, ".//n:identified-content")


def test_publisher_licence_and_the_item_of_the_original_are_told() -> None:
    told = {
        name: found(KNOWN, f".//n:meta[@name='{name}']/@content") for name in ("publisher", "linkedRights")
    }
    assert told == {"publisher": ["Science Press"], "linkedRights": [KNOWN.license]}
    original = ".//n:meta[@name='originalItem']/@content"
    assert found(KNOWN, original) == [KNOWN.original_uri]
    assert not found(story(original_uri=STORY.uri, origin="original"), original)
