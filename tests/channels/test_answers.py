from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from channels.answers import LONGEST, read, tidy, wish
from channels.channel import Denied, Gone, Refused, Unavailable

NOW = datetime(2021, 12, 21, 8, tzinfo=UTC)

DENIED = [*range(300, 309), 399, 401, 403, 404, 405]
REFUSED = [400, 402, 406, 409, 411, 413, 414, 415, 422, 431, 451, 499]
UNAVAILABLE = [408, 425, 429, 500, 501, 502, 503, 504, 507, 599, 600, 999, 100, 199]


@pytest.mark.parametrize("status", [200, 201, 202, 204, 207, 299])
def test_every_2xx_is_a_receipt_that_says_what_was_said(status: int) -> None:
    assert read(status, None, NOW, "thanks").answer == f"HTTP {status} thanks"


@pytest.mark.parametrize(
    ("status", "error"),
    [
        (410, Gone),
        *((status, Denied) for status in DENIED),
        *((status, Refused) for status in REFUSED),
        *((status, Unavailable) for status in UNAVAILABLE),
    ],
)
def test_every_other_status_is_one_of_the_four_errors(status: int, error: type[Exception]) -> None:
    with pytest.raises(error, match=f"^HTTP {status} no$") as raised:
        read(status, None, NOW, "no")
    assert raised.type is error


@pytest.mark.parametrize(
    ("header", "wished"),
    [
        ("120", timedelta(minutes=2)),
        (" 0 ", timedelta()),
        ("Tue, 21 Dec 2021 08:01:00 GMT", timedelta(minutes=1)),
        ("Tue, 21 Dec 2021 08:01:00 -0000", timedelta(minutes=1)),
        ("Tuesday, 21-Dec-21 08:01:00 GMT", timedelta(minutes=1)),
        ("Tue, 21 Dec 2021 07:00:00 GMT", timedelta()),
        ("-5", None),
        ("soon", None),
        ("1e9", None),
        ("9" * 40, None),
        ("１２", None),
        ("", None),
        (None, None),
    ],
)
def test_a_retry_after_is_seconds_or_a_date_and_nonsense_is_no_wish(
    header: str | None, wished: timedelta | None
) -> None:
    assert wish(header, NOW) == wished


@pytest.mark.parametrize("status", [429, 503])
def test_the_receivers_wish_comes_with_the_error(status: int) -> None:
    with pytest.raises(Unavailable) as raised:
        read(status, "120", NOW)
    assert raised.value.retry_after == timedelta(minutes=2)
    assert not raised.value.blip
    assert not raised.value.unknown


@given(st.text() | st.from_regex(r"\w{3}, \d+ \w{3} \d+ \d+:\d+:\d+ [-+]?\w+", fullmatch=True))
def test_no_retry_after_breaks_anything_or_lies_in_the_past(header: str) -> None:
    wished = wish(header, NOW)
    assert wished is None or wished >= timedelta()


@given(st.text(max_size=3 * LONGEST))
def test_what_a_receiver_says_becomes_one_short_line_that_utf_8_carries(said: str) -> None:
    line = tidy(said)
    assert len(line) <= LONGEST
    assert len(line.splitlines()) <= 1
    line.encode()


def test_a_receiver_cannot_paint_the_terminal_or_turn_the_line_around() -> None:
    assert tidy("\x1b[31mred\r\n\u202eevil\x00") == "[31mred evil"
