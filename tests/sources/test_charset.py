"""Bytes into text, whatever is said about them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from distributor.sources.charset import decode

RUSSIAN, JAPANESE, FRENCH = "Спутник на орбите", "量子の海", "Découverte à l’œil"


def declared(charset: str, text: str) -> str:
    return f'<?xml version="1.0" encoding="{charset}"?><rss><title>{text}</title></rss>'


@pytest.mark.parametrize(
    ("said", "codec", "text"),
    [
        ("utf-8", "utf-8", RUSSIAN),
        ("windows-1251", "cp1251", RUSSIAN),
        ("KOI8-R", "koi8-r", RUSSIAN),
        ("iso-8859-1", "cp1252", FRENCH),
        ("Shift_JIS", "cp932", JAPANESE),
        ("euc-jp", "euc_jp", JAPANESE),
        ("iso-2022-jp", "iso2022_jp", JAPANESE),
        ("gb2312", "gb18030", "量子通信"),
        ("utf-16", "utf-16", RUSSIAN),
        ("utf-16", "utf-16-be", RUSSIAN),
        ("utf-8", "utf-8-sig", FRENCH),
    ],
)
def test_a_charset_that_is_as_declared_needs_no_word(said: str, codec: str, text: str) -> None:
    found, warning = decode(declared(said, text).encode(codec), {})
    assert found == declared(said, text)
    assert not warning


def test_the_header_counts_where_the_body_says_nothing() -> None:
    body = f"<rss>{RUSSIAN}</rss>".encode("cp1251")
    assert decode(body, {"content-type": 'text/xml; charset="windows-1251"'}) == (f"<rss>{RUSSIAN}</rss>", "")


@pytest.mark.parametrize(
    ("said", "codec", "text"),
    [
        ("iso-8859-1", "utf-8", RUSSIAN),
        ("utf-8", "cp1252", FRENCH),
        ("no-such-charset", "cp1252", FRENCH),
        ("unicode_escape", "cp1252", FRENCH),
    ],
)
def test_a_charset_that_is_another_is_found_and_named(said: str, codec: str, text: str) -> None:
    found, warning = decode(declared(said, text).encode(codec), {})
    assert text in found
    assert warning.endswith(f"read as {codec}")


def test_a_few_broken_letters_do_not_cost_the_others() -> None:
    body = declared("utf-8", RUSSIAN * 5).encode() + b"\xff"
    assert RUSSIAN * 5 in decode(body, {})[0]


@given(st.binary(max_size=200), st.text(max_size=20))
def test_all_bytes_are_some_text(body: bytes, charset: str) -> None:
    said = {"content-type": f"text/xml; charset={charset}"}
    assert isinstance(decode(body, said)[0], str)
    assert isinstance(decode(declared(charset, "").encode("utf-8", "replace") + body, {})[0], str)
