from __future__ import annotations

from datetime import UTC, datetime
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from typing import Any

import pytest
from channel_stories import HEADLINES, HOSTILE, STORY, TEXTS, in_language, story
from hypothesis import example, given, settings

from channels.formats import html, text
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
    given = in_language(language)
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


@pytest.mark.parametrize(("urgency", "importance"), [(1, "high"), (2, "high"), (3, None), (5, None)])
def test_what_is_urgent_is_important(urgency: int, importance: str | None) -> None:
    mail = parsed(story(urgency=urgency))
    assert mail["Importance"] == importance
    assert mail["X-Priority"] == ("1" if importance else None)


def test_a_withdrawal_says_so_in_its_subject() -> None:
    assert parsed(story(pub_status="canceled", headline="A"))["Subject"] == "Материал отозван: A"


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
    mail = parsed(story(headline=headline, body="", summary=""))
    assert list(mail.keys()) == list(parsed(story(body="", summary="")).keys())
    expected = "".join(" " if ord(c) < 32 or 127 <= ord(c) < 160 else c for c in headline).split()
    assert mail["Subject"].split() == expected


@settings(max_examples=100, deadline=None)
@given(TEXTS)
def test_any_text_comes_through_whole(words: str) -> None:
    given = story(summary=words, body="")
    assert alternatives(parsed(given))[0].rstrip("\n") == text.encode(given).rstrip("\n")
