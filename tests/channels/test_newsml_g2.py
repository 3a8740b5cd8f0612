from __future__ import annotations

from typing import Any

import pytest
from channel_stories import HEADLINES, HOSTILE, KNOWN, STORY, story
from format_stories import BODIES, BROADLY, CARRIED, DEEP, LONG, STORIES, edition, schema, solid, words_of
from hypothesis import given
from lxml import etree

from channels.formats import newsml_g2
from channels.formats.elements import LANG
from channels.story import Story

NAMES = {"n": newsml_g2.NAMESPACE, "h": newsml_g2.XHTML}


@pytest.fixture(scope="module")
def power() -> etree.XMLSchema:
    return schema("NewsML-G2_2.35-spec-All-Power.xsd")


def item(given: Story) -> etree._Element:
    return etree.fromstring(newsml_g2.encode(given))


def found(given: Story, path: str) -> list[str]:
    """Texts or attributes."""
    values: Any = item(given).xpath(path, namespaces=NAMES)
    return [str(value) for value in values]


@BROADLY
@given(STORIES)
def test_every_story_is_valid_at_power_conformance(power: etree.XMLSchema, given: Story) -> None:
    power.assertValid(item(given))


@pytest.mark.parametrize("name", CARRIED)
def test_a_hostile_story_is_valid_too(power: etree.XMLSchema, name: str) -> None:
    power.assertValid(item(HOSTILE[name]))


def test_the_sample_edition_is_valid_in_all_languages(power: etree.XMLSchema) -> None:
    for given_ in edition():
        power.assertValid(item(given_))


def test_the_item_names_itself_its_version_and_the_standard() -> None:
    told = item(STORY)
    assert (told.get("guid"), told.get("version")) == (STORY.uri, "2")
    assert (told.get("standardversion"), told.get("conformance")) == ("2.35", "power")
    assert told.get(LANG) == "ru"


def test_the_item_tells_what_the_story_knows() -> None:
    assert found(STORY, "n:rightsInfo/n:copyrightNotice/text()") == [STORY.rights]
    assert found(STORY, "n:itemMeta/n:provider/n:name/text()") == ["Weekly Edition"]
    assert found(STORY, "n:itemMeta/n:firstCreated/text()") == ["2021-12-21T08:00:00Z"]
    assert found(STORY, "n:itemMeta/n:versionCreated/text()") == ["2021-12-21T09:00:00Z"]
    assert found(STORY, "n:contentMeta/n:urgency/text()") == ["5"]
    assert found(STORY, "n:contentMeta/n:creator/n:name/text()") == ["Li Wei", "Anna Rossi"]
    assert found(STORY, "n:contentMeta/n:infoSource/n:name/text()") == ["Weekly Edition"]
    assert found(STORY, "n:contentMeta/n:subject/n:name/text()") == ["Climate", "Union"]
    assert found(STORY, "n:contentMeta/n:keyword/text()") == ["Climate", "Union"]
    assert found(STORY, "n:contentMeta/n:headline/text()") == [STORY.headline]
    assert found(STORY, "n:contentMeta/n:description/text()") == [STORY.summary]
    assert found(STORY, "n:contentMeta/n:language/@tag") == ["ru"]


def test_all_languages_of_a_story_share_an_alternative_id() -> None:
    for language in HEADLINES:
        assert found(story(language=language), "n:contentMeta/n:altId/text()") == [STORY.slug]


@pytest.mark.parametrize("urgency", [1, 5, 9])
def test_urgency_goes_from_1_to_9(urgency: int) -> None:
    assert found(story(urgency=urgency), "n:contentMeta/n:urgency/text()") == [str(urgency)]


def test_a_first_version_corrects_nothing() -> None:
    first = story(version=1)
    assert not found(first, "n:itemMeta/n:signal/@qcode")
    assert not found(first, "n:itemMeta/n:link[@rel='irel:previousVersion']/@residref")


def test_a_correction_says_so_and_names_what_it_corrects() -> None:
    corrected = story(version=3, ed_note="The year was wrong.")
    assert found(corrected, "n:itemMeta/n:signal/@qcode") == ["sig:correction"]
    assert found(corrected, "n:itemMeta/n:edNote/text()") == ["The year was wrong."]
    previous = "n:itemMeta/n:link[@rel='irel:previousVersion']"
    assert found(corrected, f"{previous}/@residref") == [STORY.uri]
    assert found(corrected, f"{previous}/@version") == ["2"]


def test_a_withdrawal_is_canceled_says_why_and_carries_no_text() -> None:
    withdrawn = story(pub_status="canceled")
    assert found(withdrawn, "n:itemMeta/n:pubStatus/@qcode") == ["stat:canceled"]
    assert found(withdrawn, "n:itemMeta/n:edNote/text()") == ["Материал отозван"]
    assert not found(withdrawn, "n:itemMeta/n:signal/@qcode")
    assert not found(withdrawn, "n:contentSet")


def test_what_is_held_is_withheld() -> None:
    assert found(story(pub_status="withheld"), "n:itemMeta/n:pubStatus/@qcode") == ["stat:withheld"]


@pytest.mark.parametrize("origin", ["machine", "edited"])
def test_a_translation_says_who_made_it_and_from_what(origin: str) -> None:
    (source,) = found(story(origin=origin), "n:contentMeta/n:digitalSourceType/@uri")
    assert source.endswith({"machine": "/trainedAlgorithmicMedia"}.get(origin, "WithTrainedAlgorithmicMedia"))
    link = "n:itemMeta/n:link[@rel='irel:translatedFrom']"
    assert found(story(origin=origin), f"{link}/@href") == [STORY.url]


def test_a_link_takes_xml_lang_the_language_of_what_it_leads_to() -> None:
    link = item(STORY).find("n:itemMeta/n:link[@rel='irel:translatedFrom']", NAMES)
    assert link is not None
    assert link.get(LANG) == "en"
    assert link.get("language") is None


def test_an_original_refers_to_its_page_and_is_nobodys_translation() -> None:
    original = story(origin="original", language="en", media=())
    assert not found(original, "n:contentMeta/n:digitalSourceType/@uri")
    assert found(original, "n:itemMeta/n:link[@rel='irel:seeAlso']/@href") == [STORY.url]


def test_media_are_links_with_their_captions_and_credits() -> None:
    picture, report = item(STORY).findall("n:itemMeta/n:link[@rel='irel:seeAlso']", NAMES)
    assert (picture.get("href"), picture.get("contenttype")) == (STORY.media[0].url, "image/jpeg")
    assert (picture.get("size"), report.get("title")) == ("345678", "Доклад")
    assert picture.findtext("n:creditline", namespaces=NAMES) == "Photo: Li Wei"
    assert picture.findtext("n:description", namespaces=NAMES) == "Зал конференции"


def test_the_text_comes_as_xhtml_and_as_plain_text_with_its_counts() -> None:
    markup, plain = item(STORY).iterfind("n:contentSet/*", NAMES)
    assert (markup.get("contenttype"), plain.get("contenttype")) == ("application/xhtml+xml", "text/plain")
    assert markup.get("wordcount") == plain.get("wordcount") == "14"
    assert (plain.text or "").splitlines()[:2] == ["Десять фронтов", "Доклад можно прочесть сегодня."]
    assert found(STORY, ".//h:a/@href") == ["https://example.org/report?a=1&b=2"]
    assert found(STORY, ".//h:html/@lang") == ["ru"]


@pytest.mark.parametrize("language", ["zh-Hans", "ja"])
def test_words_are_not_counted_where_none_are_spaced(language: str) -> None:
    assert not found(story(language=language), "n:contentSet/*/@wordcount")


@BROADLY
@given(BODIES)
def test_no_word_of_a_body_is_lost(body: str) -> None:
    page = item(story(body=body)).find(".//h:body", NAMES)
    assert page is not None
    assert solid("".join(map(str, page.itertext()))) == words_of(body)


def test_a_page_written_from_right_to_left_says_so() -> None:
    assert found(HOSTILE["right to left"], ".//h:html/@dir") == ["rtl"]


def test_what_is_no_web_address_is_no_link() -> None:
    given_ = story(url="javascript:alert(1)", media=(), body='<a href="javascript:alert(1)">x</a>')
    assert b"javascript" not in newsml_g2.encode(given_)


def test_what_xml_cannot_carry_is_left_out() -> None:
    assert found(HOSTILE["control characters"], "n:contentMeta/n:headline/text()") == ["abc[31m"]


def test_text_that_utf_8_cannot_carry_is_an_error_never_a_question_mark() -> None:
    for given_ in (HOSTILE["lone surrogate"], story(body="\ud800"), story(url="https://e.org/\ud800")):
        with pytest.raises(UnicodeEncodeError):
            newsml_g2.encode(given_)


@pytest.mark.parametrize("body", DEEP, ids=len)
def test_of_markup_too_deep_the_text_remains(body: str) -> None:
    assert newsml_g2.encode(story(body=body)).count(b"x") > newsml_g2.encode(
        story(body=body.replace("x", ""))
    ).count(b"x")


@pytest.mark.parametrize("body", LONG, ids=len)
def test_markup_that_nobody_sanitised_costs_no_more_than_its_length(body: str) -> None:
    assert newsml_g2.encode(story(body=body))


def test_what_is_all_known_is_valid(power: etree.XMLSchema) -> None:
    power.assertValid(item(KNOWN))


def test_an_embargo_names_its_end() -> None:
    assert found(KNOWN, "n:itemMeta/n:embargoed/text()") == ["2021-12-21T18:00:00Z"]
    assert not found(STORY, "n:itemMeta/n:embargoed")


def test_subjects_have_the_uri_or_the_code_of_their_vocabulary() -> None:
    subject = "n:contentMeta/n:subject[not(@type)]"
    assert found(KNOWN, f"{subject}/n:name/text()") == ["Climate", "Union", "Sea"]
    assert found(KNOWN, f"{subject}/@uri") == ["http://cv.iptc.org/newscodes/mediatopic/20000418"]
    assert found(KNOWN, f"{subject}/@literal") == ["MSN:1765", "Sea"]


def test_a_place_is_a_subject_and_its_position_is_asserted_of_the_same_literal() -> None:
    place = "n:contentMeta/n:subject[@type='cpnat:geoArea']"
    assert found(KNOWN, f"{place}/@literal") == ["Hobart", "Tasmania", "geo:0,-0.0000001"]
    assert found(KNOWN, f"{place}/n:name/text()") == ["Hobart", "Tasmania"]
    assert found(KNOWN, "n:assert/@literal") == ["Hobart", "geo:0,-0.0000001"]
    position = "n:assert[@literal='Hobart']/n:geoAreaDetails/n:position"
    assert found(KNOWN, f"{position}/@latitude | {position}/@longitude") == ["-42.88", "147.33"]


def test_publisher_and_licence_are_told() -> None:
    assert found(KNOWN, "n:contentMeta/n:infoSource/@literal") == ["Weekly Edition", "Science Press"]
    assert found(KNOWN, "n:rightsInfo/n:link/@href") == [KNOWN.license]


def test_a_translation_links_to_the_item_of_its_original() -> None:
    link = "n:itemMeta/n:link[@rel='irel:translatedFrom' and @residref]"
    assert found(KNOWN, f"{link}/@residref") == [KNOWN.original_uri]
    assert found(KNOWN, f"{link}/@xml:lang") == ["en"]
    assert not found(story(original_uri=STORY.uri, origin="original"), link)
