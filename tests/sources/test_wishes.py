"""When to come again, by a server's headers."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from distributor.sources.wishes import LONGEST_FRESH, LONGEST_RETRY, fresh_for, retry_after

NOW = datetime(2021, 12, 21, 9, tzinfo=UTC)


@pytest.mark.parametrize(
    ("headers", "expected"),
    [
        ({}, None),
        ({"cache-control": "public, max-age=300"}, timedelta(minutes=5)),
        ({"cache-control": "max-age=300", "age": "100"}, timedelta(seconds=200)),
        ({"cache-control": "max-age=300", "age": "400"}, None),
        ({"cache-control": "s-maxage=300"}, None),
        ({"cache-control": "no-cache, max-age=300"}, None),
        ({"cache-control": "max-age=99999999"}, LONGEST_FRESH),
        ({"expires": "Tue, 21 Dec 2021 09:30:00 GMT"}, timedelta(minutes=30)),
        (
            {"expires": "Tue, 21 Dec 2021 10:30:00 GMT", "date": "Tue, 21 Dec 2021 10:00:00 GMT"},
            timedelta(minutes=30),
        ),
        ({"expires": "0"}, None),
        ({"expires": "Tue, 21 Dec 2021 08:30:00 GMT"}, None),
        (
            {"cache-control": "max-age=60", "expires": "Tue, 21 Dec 2021 09:30:00 GMT"},
            timedelta(minutes=1),
        ),
    ],
)
def test_how_long_a_body_stays_fresh(headers: dict[str, str], expected: timedelta | None) -> None:
    assert fresh_for(headers, NOW) == expected


@given(st.text(max_size=40), st.text(max_size=40))
def test_nothing_that_a_server_says_breaks_us(one: str, other: str) -> None:
    wait = retry_after(one, NOW)
    assert wait is None or timedelta() <= wait <= LONGEST_RETRY
    fresh = fresh_for({"cache-control": f"max-age={one}", "expires": other, "age": one, "date": one}, NOW)
    assert fresh is None or timedelta() < fresh <= LONGEST_FRESH
