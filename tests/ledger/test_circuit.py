"""What answers make of a lane; pure."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from channels.story import IdempotencyKey
from distributor.ledger.circuit import (
    CALM,
    EASE_AFTER,
    FIRST_REST,
    LONGEST_REST,
    LONGEST_WISH,
    PROBE_AFTER,
    TRIP,
    Health,
    after,
    rest,
)
from distributor.ledger.outcome import Claim, Outcome
from ledger_wire import NOON

DAYS = 5 * 86_400.0
CLAIM = Claim(1, IdempotencyKey("k"), 1, 1, "publish", "a/x", "a", "en", 1, 5, 0, 0, NOON)
SOUND = Health("open", "", NOON, None, 0, None, None, None, None, None)
STATES = {"delivered": "delivered", "refused": "dead"}
LANES = {"denied": "parked", "gone": "off"}


def said(answer: str, **more: Any) -> Outcome:
    told: dict[str, Any] = {"state": STATES.get(answer, "pending"), "lane": LANES.get(answer, "open"), **more}
    return Outcome(CLAIM, answer=answer, said=answer, started=NOON, took_ms=1, due=NOON, failures=0, **told)  # type: ignore[arg-type]


def fail(times: int, health: Health = SOUND, **more: Any) -> Health:
    for _ in range(times):
        health = after(health, None, DAYS, [said("unavailable", **more)], NOON)
    return health


def test_some_failures_are_no_reason_to_rest() -> None:
    assert fail(TRIP - 1).state == "open"


def test_several_failures_without_a_success_between_open_the_circuit() -> None:
    resting = fail(TRIP)
    assert (resting.state, resting.probe) == ("resting", NOON + FIRST_REST)
    assert resting.reason == "unavailable"


def test_a_success_between_counts_from_the_start_again() -> None:
    health = after(fail(TRIP - 1), None, DAYS, [said("delivered")], NOON)
    assert health == SOUND
    assert fail(TRIP - 1, health).state == "open"


def test_each_probe_that_fails_doubles_the_rest_up_to_the_longest() -> None:
    assert fail(TRIP + 1).probe == NOON + 2 * FIRST_REST
    assert fail(TRIP + 99).probe == NOON + LONGEST_REST
    assert [rest(n) <= rest(n + 1) for n in range(99)] == [True] * 99


def test_a_probe_that_arrives_closes_the_circuit() -> None:
    health = after(fail(TRIP), None, DAYS, [said("delivered")], NOON)
    assert health == SOUND


def test_a_refusal_is_an_answer_too_and_closes_it() -> None:
    assert after(fail(TRIP), None, DAYS, [said("refused")], NOON).state == "open"


@pytest.mark.parametrize(
    ("answers", "state"),
    [
        (["denied"], "parked"),
        (["gone", "denied"], "off"),
        (["denied", "refused"], "parked"),
        (["denied", "delivered"], "open"),
        (["gone", "delivered"], "open"),
        (["unavailable", "denied"], "parked"),
    ],
)
def test_the_gravest_of_a_batch_counts_unless_something_arrived(answers: list[str], state: str) -> None:
    assert after(SOUND, None, DAYS, [said(a) for a in answers], NOON).state == state


def test_a_parked_lane_whose_probe_is_not_answered_stays_parked() -> None:
    parked = after(SOUND, None, DAYS, [said("denied")], NOON)
    later = after(parked, None, DAYS, [said("unavailable")], NOON + PROBE_AFTER)
    assert (later.state, later.probe, later.since) == ("parked", NOON + 2 * PROBE_AFTER, NOON)


def test_what_fails_without_a_break_for_long_is_disabled() -> None:
    almost, long = NOON + timedelta(days=4, hours=23), NOON + timedelta(days=5)
    assert after(fail(TRIP), None, DAYS, [said("unavailable")], almost).state == "resting"
    off = after(fail(TRIP), None, DAYS, [said("unavailable")], long)
    assert (off.state, off.probe) == ("off", None)
    assert off.reason == "disabled after failing for 5 d 0 h: unavailable"


@pytest.mark.parametrize("state", ["off", "paused", "removed"])
def test_a_late_answer_does_not_open_what_a_person_has_to_open(state: str) -> None:
    health = SOUND._replace(state=state)
    assert after(health, None, DAYS, [said("delivered")], NOON).state == state
    assert after(health, None, DAYS, [said("denied")], NOON).state == state


def test_retry_after_counts_for_the_whole_lane_within_bounds() -> None:
    health = after(SOUND, None, DAYS, [said("unavailable", wish=timedelta(minutes=2))], NOON)
    assert health.next == NOON + timedelta(minutes=2)
    health = after(SOUND, None, DAYS, [said("unavailable", wish=timedelta(days=400))], NOON)
    assert health.next == NOON + LONGEST_WISH


def test_too_many_requests_halve_the_pace_once_a_burst() -> None:
    slowed = after(SOUND, None, DAYS, [said("unavailable", slow=True)] * 8, NOON)
    assert (slowed.pace, slowed.state) == (1.0, "open")
    again = after(slowed, None, DAYS, [said("unavailable", slow=True)], NOON + timedelta(seconds=1))
    assert again.pace == 1.0
    later = after(slowed, None, DAYS, [said("unavailable", slow=True)], NOON + CALM)
    assert later.pace == 2.0


def test_a_lane_that_was_slowed_down_gets_faster_until_it_is_free_again() -> None:
    health, now = after(SOUND, None, DAYS, [said("unavailable", slow=True)], NOON), NOON
    paces = []
    while health.slowed and len(paces) < 100:
        now += EASE_AFTER
        health = after(health, None, DAYS, [said("delivered")], now)
        paces.append(health.pace)
    assert paces[0] == 0.7
    assert paces[-1] is None
    assert len(paces) == 13


@given(st.lists(st.sampled_from(["delivered", "slow"]), max_size=60), st.floats(0.01, 60))
def test_the_pace_stays_between_the_configured_and_the_slowest(answers: list[str], interval: float) -> None:
    health, now = SOUND._replace(pace=interval), NOON
    for answer in answers:
        now += EASE_AFTER
        told = said("delivered") if answer == "delivered" else said("unavailable", slow=True)
        health = after(health, interval, DAYS, [told], now)
        assert health.pace is not None
        assert interval <= health.pace <= max(interval, 60)


def test_a_blocked_lane_is_blocked_until_something_arrives() -> None:
    until = NOON + timedelta(minutes=5)
    health = after(SOUND, None, DAYS, [said("unavailable", blocks=until)], NOON)
    assert health.blocked == until
    assert after(health, None, DAYS, [said("delivered")], NOON).blocked is None
