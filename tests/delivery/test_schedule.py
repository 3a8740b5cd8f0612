from __future__ import annotations

from datetime import UTC, datetime, timedelta
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from distributor.delivery.schedule import ORDINARY, URGENT, Schedule, schedule_for

NOON = datetime(2021, 12, 21, 12, 0, tzinfo=UTC)
schedules = st.sampled_from([ORDINARY, URGENT])
wishes = st.none() | st.timedeltas(timedelta(), timedelta(days=400))


def test_the_ordinary_schedule_is_that_of_standard_webhooks() -> None:
    hours = [w.total_seconds() / 3600 for w in ORDINARY.waits]
    assert hours == [5 / 3600, 5 / 60, 0.5, 2, 5, 10, 14, 20, 24]


@pytest.mark.parametrize(("urgency", "schedule"), [(1, URGENT), (2, URGENT), (3, ORDINARY), (9, ORDINARY)])
def test_the_urgent_have_a_schedule_of_their_own(urgency: int, schedule: Schedule) -> None:
    assert schedule_for(urgency) is schedule


@given(schedules, st.integers(1, 30), wishes, st.integers())
def test_a_wait_is_neither_short_of_the_schedule_nor_of_the_wish_nor_without_end(
    schedule: Schedule, failures: int, wish: timedelta | None, seed: int
) -> None:
    due = schedule.next(failures, NOON, wish, Random(seed))
    if failures > len(schedule.waits):
        assert due is None
        return
    assert due is not None
    wait, planned, longest = due - NOON, schedule.waits[failures - 1], schedule.waits[-1]
    assert planned <= wait <= max(planned * (1 + schedule.jitter), longest)
    assert wait >= min(wish or timedelta(), longest)


def test_jitter_spreads_a_crowd() -> None:
    waits = {ORDINARY.next(1, NOON, None, Random(seed)) for seed in range(100)}
    assert len(waits) == 100
