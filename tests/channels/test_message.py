from __future__ import annotations

import re
from dataclasses import replace
from datetime import UTC, datetime
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import compat32, default
from typing import Any

import pytest
from channel_stories import HEADLINES, HOSTILE, STORY, TEXTS, in_language, story
from format_stories import BROADLY, STORIES, edition
from hypothesis import example, given, settings
from hypothesis import strategies as st

from channels.formats import html, text
from channels.formats.phrases import PHRASES
from channels.message import compose
from channels.story import IdempotencyKey, Story

NOW = datetime(2021, 12, 21, 8, 30, tzinfo=UTC)
OURS: dict[str, Any] = {
    "sender": "Weekly Edition <wire@weekly-edition.example>",
    "to": ("desk@jst.example", "Редакция <news@jst.example>"),
    "list_id": "science-wire.example",
    "now": NOW,
}


def raw(given: Story, key: str = "d-1", **changes: Any) -> bytes:
    return compose(given, IdempotencyKey(key), **OURS | changes)


def parsed(given: Story, key: str = "d-1", **changes: Any) -> EmailMessage:
    return message_from_bytes(raw(given, key, **changes), policy=default)


def alternatives(mail: EmailMessage) -> list[str]:
    parts = [part for part in mail.iter_parts() if isinstance(part, EmailMessage)]
    return [part.get_content().replace("\r\n", "\n") for part in parts]


@pytest.mark.parametrize("language", sorted(HEADLINES))
def test_the_text_arrives_as_it_was_in_every_language(language: str) -> None:
    given = replace(in_language(language), version=1)
    mail = parsed(given)
    assert mail["Subject"] == given.headline
    assert alternatives(mail) == [text.encode(given), html.encode(given).decode()]


def test_the_parts_are_text_and_html_in_the_storys_language() -> None:
    mail = parsed(STORY)
    assert mail.get_content_type() == "multipart/alternative"
    parts = list(mail.iter_parts())
    assert [part.get_content_type() for part in parts] == ["text/plain", "text/html"]
    assert [part.get_content_charset() for part in parts] == ["utf-8", "utf-8"]
    assert [part["Content-Language"] for part in (mail, *parts)] == ["ru", "ru", "ru"]


@pytest.mark.parametrize(
    ("language", "encoding"),
    [("en", "quoted-printable"), ("it", "quoted-printable"), ("ja", "base64"), ("ru", "base64")],
)
def test_each_part_takes_the_shorter_encoding(language: str, encoding: str) -> None:
    plain = next(parsed(in_language(language)).iter_parts())
    assert plain["Content-Transfer-Encoding"] == encoding


@pytest.mark.parametrize("name", sorted(HOSTILE.keys() - {"lone surrogate"}))
def test_on_the_wire_there_are_only_short_lines_of_ascii(name: str) -> None:
    wire = raw(HOSTILE[name])
    assert wire.isascii()
    lines = wire.split(b"\r\n")
    assert max(map(len, lines)) <= 998  # RFC 5322 §2.1.1
    assert not any(b"\n" in line or b"\r" in line or b"\0" in line for line in lines)


def test_the_headers_say_whose_it_is() -> None:
    mail = parsed(STORY)
    assert mail["From"] == "Weekly Edition <wire@weekly-edition.example>"
    assert [(a.display_name, a.addr_spec) for a in mail["To"].addresses] == [
        ("", "desk@jst.example"),
        ("Редакция", "news@jst.example"),
    ]
    assert mail["Date"].datetime == NOW
    assert mail["List-Id"] == "<science-wire.example>"
    assert mail["Auto-Submitted"] == "auto-generated"


def test_a_name_with_specials_stays_one_name() -> None:
    mail = parsed(STORY, sender='Smith, "Jo" (desk) <wire@e.org>')
    assert [(a.display_name, a.addr_spec) for a in mail["From"].addresses] == [
        ('Smith, "Jo" (desk)', "wire@e.org")
    ]


def test_the_message_id_is_the_deliverys_for_ever() -> None:
    later = parsed(story(version=3), now=NOW.replace(year=2022))
    assert parsed(STORY)["Message-ID"] == later["Message-ID"] == "<d-1@weekly-edition.example>"
    assert parsed(STORY, "d-2")["Message-ID"] != later["Message-ID"]


@settings(max_examples=50, deadline=None)
@given(TEXTS)
def test_any_key_makes_a_message_id_of_one_line(key: str) -> None:
    said = parsed(STORY, key)["Message-ID"]
    assert said.isascii()
    assert said.count("@") == 1
    assert " " not in said


def test_the_list_id_is_left_out_where_there_is_none() -> None:
    assert "List-Id" not in parsed(STORY, list_id="")


def test_all_versions_of_a_story_are_one_thread() -> None:
    """As JWZ's algorithm has it, which Thunderbird's is like: who refers to the same is together."""
    mails = [parsed(story(version=n, headline=f"v{n}"), f"d-{n}") for n in (1, 2, 3)]
    (root,) = {mail["References"] for mail in mails}
    assert [mail["In-Reply-To"] for mail in mails] == [None, root, root]
    assert root not in {mail["Message-ID"] for mail in mails}
    assert re.fullmatch(r"<[0-9a-f]{32}\.story@weekly-edition\.example>", root)


def test_a_withdrawal_stands_in_the_thread_of_what_it_withdraws() -> None:
    withdrawn = parsed(story(version=3, pub_status="canceled"))
    assert withdrawn["In-Reply-To"] == withdrawn["References"] == parsed(story(version=1))["References"]


def test_another_story_language_or_sender_is_another_thread() -> None:
    others = [
        parsed(story(uri=STORY.uri + "2")),
        parsed(STORY, sender="wire@other.example"),
        parsed(STORY),
    ]
    assert len({mail["References"] for mail in others}) == 3


ONE_CLICK, BY_MAIL = "https://wire.example/leave?m=jst,desk&t=" + "x" * 300, "mailto:leave@wire.example"


@pytest.mark.parametrize(
    ("unsubscribe", "said", "post"),
    [
        ((), None, None),
        ((ONE_CLICK,), f"<{ONE_CLICK}>", "List-Unsubscribe=One-Click"),
        ((BY_MAIL,), f"<{BY_MAIL}>", None),
        ((ONE_CLICK, BY_MAIL), f"<{ONE_CLICK}>, <{BY_MAIL}>", "List-Unsubscribe=One-Click"),
    ],
)
def test_how_to_leave_is_said(unsubscribe: tuple[str, ...], said: str | None, post: str | None) -> None:
    mail = parsed(STORY, unsubscribe=unsubscribe)
    assert (mail["List-Unsubscribe"], mail["List-Unsubscribe-Post"]) == (said, post)


@pytest.mark.parametrize(("urgency", "importance"), [(1, "high"), (2, "high"), (3, None), (5, None)])
def test_what_is_urgent_is_important(urgency: int, importance: str | None) -> None:
    mail = parsed(story(urgency=urgency))
    assert mail["Importance"] == importance
    assert mail["X-Priority"] == ("1" if importance else None)


def test_a_withdrawal_says_so_in_its_subject() -> None:
    assert parsed(story(pub_status="canceled", headline="A"))["Subject"] == "Материал отозван: A"


@pytest.mark.parametrize(
    ("language", "says"), [("en", "Corrected"), ("ja", "訂正"), ("zh-Hans", "更正"), ("ru", "Исправлено")]
)
def test_a_correction_says_so_in_its_subject_in_brackets(language: str, says: str) -> None:
    assert parsed(story(language=language, version=2, headline="A"))["Subject"] == f"[{says}] A"
    assert parsed(story(language=language, version=1, headline="A"))["Subject"] == "A"


def test_every_language_that_has_words_of_ours_has_one_for_a_correction() -> None:
    said = {language: phrases.corrected for language, phrases in PHRASES.items()}
    assert all(word.strip() and word != PHRASES[language].withdrawn for language, word in said.items())
    assert [language for language, word in said.items() if word == "Corrected"] == ["en"]


def test_the_same_delivery_at_the_same_time_is_the_same_mail() -> None:
    assert raw(STORY) == raw(story())


@settings(max_examples=150, deadline=None)
@given(TEXTS)
@example("=?utf-8?q?a=0D=0ABcc:_x@example.org?= b")
@example("a\r\nBcc: x@example.org")
@example("x" * 900)
@example("科学" * 100)
@example("a " * 90 + "é")
@example(" =? ")
def test_a_headline_is_one_subject_and_nothing_else(headline: str) -> None:
    mail = parsed(story(version=1, headline=headline, body="", summary=""))
    assert list(mail.keys()) == list(parsed(story(version=1, body="", summary="")).keys())
    expected = "".join(" " if ord(c) < 32 or 127 <= ord(c) < 160 else c for c in headline).split()
    assert mail["Subject"].split() == expected


@settings(max_examples=100, deadline=None)
@given(TEXTS)
def test_any_text_comes_through_whole(words: str) -> None:
    given = story(summary=words, body="")
    assert alternatives(parsed(given))[0].rstrip("\n") == text.encode(given).rstrip("\n")


def test_the_sample_edition_arrives_as_it_was_in_all_languages() -> None:
    for given_ in edition():
        assert alternatives(parsed(given_)) == [text.encode(given_), html.encode(given_).decode()]


@BROADLY
@given(STORIES, st.sampled_from(sorted(HEADLINES)))
def test_any_story_arrives_as_it_was(given_: Story, language: str) -> None:
    """But for a bare carriage return: no mail may have one (RFC 5322 §2.3), for HTML it is a line's end."""
    given_ = replace(given_, language=language)
    told = [text.encode(given_), html.encode(given_).decode()]
    assert [_in_lines(part) for part in alternatives(parsed(given_))] == [_in_lines(part) for part in told]


def _in_lines(part: str) -> str:
    return part.replace("\r\n", "\n").replace("\r", "\n")


@given(TEXTS, TEXTS, st.sampled_from([1, 2]), st.sampled_from(["en", "ru"]))
@example("a" * 63 + " b", "", 1, "en")
@example(" ".join(["word"] * 40), "\r", 2, "en")
def test_it_is_written_as_pythons_own_generator_would(
    headline: str, summary: str, version: int, language: str
) -> None:
    wire = raw(story(headline=headline, summary=summary, version=version, language=language))
    generated = message_from_bytes(wire).as_bytes(policy=compat32.clone(linesep="\r\n", mangle_from_=False))
    assert wire == generated
