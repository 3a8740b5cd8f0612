from __future__ import annotations

from datetime import UTC, datetime, timedelta
from random import Random

import pytest

from channels.channel import Denied, Gone, Refused, Unavailable
from channels.story import IdempotencyKey, Receipt
from distributor.delivery.schedule import ORDINARY, Schedule
from distributor.delivery.settle import SAID_AT_MOST, Tried, settle
from distributor.ledger.outcome import Claim, Outcome

NOON = datetime(2021, 12, 21, 12, 0, tzinfo=UTC)
ONCE = Schedule((timedelta(minutes=1),), jitter=0)


def claim(failures: int = 0) -> Claim:
    return Claim(
        1, IdempotencyKey("k"), 1, 1, "publish", "m/webhook", "m", "en", 1, 5, failures, failures, NOON
    )


def settled(answer: Receipt | Exception, failures: int = 0, schedule: Schedule = ONCE) -> Outcome:
    return settle(Tried(claim(failures), answer, NOON, 1000.0), lambda _: schedule, Random(0))


@pytest.mark.parametrize(
    ("answer", "state", "named", "lane", "failures"),
    [
        (Receipt("HTTP 204"), "delivered", "delivered", "open", 0),
        (Unavailable("busy"), "pending", "unavailable", "open", 1),
        (Unavailable("no answer", unknown=True), "pending", "unknown", "open", 1),
        (TimeoutError(), "pending", "unknown", "open", 1),
        (Refused("not JSON"), "dead", "refused", "open", 1),
        (Denied("401"), "pending", "denied", "parked", 0),
        (Gone("410"), "pending", "gone", "off", 0),
        (ZeroDivisionError("a channel's bug"), "pending", "unavailable", "open", 1),
    ],
)
def test_each_answer_has_its_own_path(
    answer: Receipt | Exception, state: str, named: str, lane: str, failures: int
) -> None:
    outcome = settled(answer)
    assert (outcome.state, outcome.answer, outcome.lane, outcome.failures) == (state, named, lane, failures)


def test_a_retry_is_due_by_the_schedule_from_the_attempts_end() -> None:
    assert settled(Unavailable("busy")).due == NOON + timedelta(seconds=61)


def test_a_receivers_wish_is_kept() -> None:
    wish = settled(Unavailable("busy", retry_after=timedelta(minutes=7)), schedule=ORDINARY)
    assert wish.due == NOON + timedelta(minutes=7, seconds=1)


def test_after_the_last_wait_it_is_dead_and_says_so() -> None:
    outcome = settled(Unavailable("busy"), failures=1)
    assert outcome.state == "dead"
    assert outcome.said == "busy (gave up after 2 failures)"


def test_what_a_receiver_says_is_one_bounded_line() -> None:
    said = settled(Refused("a\x00b\r\nc" + "x" * 9000)).said
    assert said.startswith("a b c")
    assert len(said) == SAID_AT_MOST
