"""Windows and times in time zones."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from distributor.hours import Times, Window, times, window

TOKYO, ROME, ADELAIDE = ZoneInfo("Asia/Tokyo"), ZoneInfo("Europe/Rome"), ZoneInfo("Australia/Adelaide")
ZONES = st.sampled_from([TOKYO, ROME, ADELAIDE, ZoneInfo("America/New_York"), ZoneInfo("Pacific/Apia")])
INSTANTS = st.datetimes(datetime(2021, 1, 1), datetime(2027, 1, 1), timezones=st.just(UTC))
WINDOWS = st.sampled_from(
    ["09:00-18:00", "mon-fri 09:00-18:00", "22:00-06:00", "sat,sun 01:30-03:30", "fri-mon 00:00-23:59"]
)
TIMES = st.sampled_from(["09:00", "mon-fri 09:00", "sun 02:30", "daily 00:00", "wed 23:59"])


def test_ordinary_items_wait_for_the_morning() -> None:
    night = datetime(2021, 12, 20, 15, 30, tzinfo=UTC)  # half past midnight on a Tuesday there
    assert window("mon-fri 09:00-18:00").until_open(night, TOKYO) == datetime(2021, 12, 21, 0, tzinfo=UTC)


def test_in_its_hours_a_window_is_open() -> None:
    morning = datetime(2021, 12, 21, 0, 0, tzinfo=UTC)
    office = window("mon-fri 09:00-18:00")
    assert office.until_open(morning, TOKYO) is None
    assert office.until_closed(morning, TOKYO) == morning + timedelta(hours=9)
    assert office.until_open(morning + timedelta(hours=9), TOKYO) is not None


def test_a_weekend_is_waited_out() -> None:
    friday_evening = datetime(2021, 12, 24, 19, tzinfo=ROME)
    opens = window("mon-fri 09:00-18:00").until_open(friday_evening, ROME)
    assert opens == datetime(2021, 12, 27, 9, tzinfo=ROME)


def test_a_window_goes_over_midnight() -> None:
    assert window("22:00-06:00").until_open(datetime(2021, 12, 24, 3, tzinfo=ROME), ROME) is None
    noon = datetime(2021, 12, 24, 12, tzinfo=ROME)
    assert window("22:00-06:00").until_open(noon, ROME) == datetime(2021, 12, 24, 22, tzinfo=ROME)


def test_a_digest_is_due_at_the_local_time_whatever_the_clocks_do() -> None:
    """At half past two on 28 March 2021 there was no such time in Rome."""
    sunday = times("sun 02:30")
    before = datetime(2021, 3, 27, 12, tzinfo=ROME)
    assert sunday.next(before, ROME) == datetime(2021, 3, 28, 1, 30, tzinfo=UTC)
    assert times("09:00").next(before, ROME) == datetime(2021, 3, 28, 7, tzinfo=UTC)


@given(WINDOWS, INSTANTS, ZONES)
def test_a_closed_window_opens_and_is_then_open(text: str, now: datetime, zone: ZoneInfo) -> None:
    hours = window(text)
    opens = hours.until_open(now, zone)
    if opens is None:
        closed = hours.until_closed(now, zone)
        assert now < closed <= now + timedelta(days=1, hours=1)
        opens = hours.until_open(closed, zone) or closed
    assert opens > now
    assert opens <= now + timedelta(days=8)
    assert hours.until_open(opens, zone) is None
    assert hours.until_open(opens - timedelta(microseconds=1), zone) in (opens, None)


@given(TIMES, INSTANTS, ZONES)
def test_times_follow_each_other(text: str, now: datetime, zone: ZoneInfo) -> None:
    rule = times(text)
    last, following = rule.last(now, zone), rule.next(now, zone)
    assert last <= now < following
    assert rule.next(last, zone) == following
    assert rule.last(following, zone) == following
    assert following - last <= timedelta(days=8)


def test_what_can_be_written_for_days() -> None:
    assert window("fri-mon 09:00-10:00") == Window(frozenset({4, 5, 6, 0}), window("9:00-10:00").opens,
                                                   window("9:00-10:00").closes)  # fmt: skip
    assert times("mon,thu 9:00") == Times(frozenset({0, 3}), times("09:00").time)


@pytest.mark.parametrize("text", ["", "9-18", "09:00-09:00", "25:00-26:00", "mon", "noon-18:00", "09:00"])
def test_hours_that_are_none_are_refused_with_the_mend(text: str) -> None:
    with pytest.raises(ValueError, match=r"write 'mon|write '09:00-18:00'"):
        window(text)


@pytest.mark.parametrize("text", ["", "9", "24:00", "weekly 09:00", "mon-fri", "09:00-18:00"])
def test_times_that_are_none_are_refused_with_the_mend(text: str) -> None:
    with pytest.raises(ValueError, match=r"write 'mon|write '09:00'"):
        times(text)
