"""A receiver's answer into what follows from it; pure."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from random import Random
from typing import Any, NamedTuple

from channels.channel import Denied, Gone, Refused, Unavailable
from channels.story import Receipt
from distributor.article import URGENT
from distributor.delivery.schedule import Schedule
from distributor.ledger.outcome import Answer, Claim, Outcome

SAID_AT_MOST = 500  # characters of a receiver's words that are kept


class Tried(NamedTuple):
    """One attempt as it went: a receipt, or the exception instead of one."""

    claim: Claim
    answer: Receipt | Exception
    started: datetime
    took_ms: float
    ordered: bool = False
    """In a lane that keeps the order of publication."""


def settle(tried: Tried, schedule: Callable[[int], Schedule], random: Random) -> Outcome:
    """One of the five answers of a receiver into the delivery's next state, and its lane's."""
    match tried.answer:
        case Receipt() as receipt:
            return _delivered(tried, receipt)
        case Refused() as e:
            return _outcome(tried, "dead", "refused", words(e), failures=1)
        case Gone() as e:
            return _outcome(tried, "pending", "gone", words(e), lane="off")
        case Denied() as e:
            return _outcome(tried, "pending", "denied", words(e), lane="parked")
        case Unavailable(unknown=unknown) as e:
            return _retry(tried, "unknown" if unknown else "unavailable", words(e), schedule, random)
        case TimeoutError():
            return _retry(tried, "unknown", "no answer in time", schedule, random)
        case unforeseen:
            return _retry(tried, "unavailable", f"unforeseen: {unforeseen!r}", schedule, random)


def _delivered(tried: Tried, receipt: Receipt) -> Outcome:
    """In the order of the fields: this is most of what happens."""
    claim, _, started, took_ms, _ = tried
    said = receipt.answer[:SAID_AT_MOST]
    return Outcome(claim, "delivered", "delivered", said, started, took_ms, started, claim.failures, receipt)


def words(e: Exception) -> str:
    """What is kept of it: one line, no control characters."""
    return " ".join("".join(c if c.isprintable() else " " for c in str(e)).split()) or type(e).__name__


def _retry(
    tried: Tried,
    answer: Answer,
    said: str,
    schedule: Callable[[int], Schedule],
    random: Random,
) -> Outcome:
    """By the schedule, or as late as the receiver wishes; in an ordered lane it keeps its place meanwhile."""
    wish = getattr(tried.answer, "retry_after", None)
    asks = {"wish": wish, "slow": getattr(tried.answer, "slow_down", False)}
    failures = tried.claim.failures + 1
    ended = tried.started + timedelta(milliseconds=tried.took_ms)
    due = schedule(tried.claim.urgency).next(failures, ended, wish, random)
    if due is None:
        said = f"{said} (gave up after {failures} failures)"
        return _outcome(tried, "dead", answer, said, failures=1, **asks)
    if tried.ordered and tried.claim.urgency > URGENT:
        asks |= {"blocks": due}
        due = tried.claim.due
    return _outcome(tried, "pending", answer, said, due=due, failures=1, **asks)


def _outcome(tried: Tried, state: Any, answer: Answer, said: str, **more: Any) -> Outcome:
    return Outcome(
        claim=tried.claim,
        state=state,
        answer=answer,
        said=said[:SAID_AT_MOST],
        started=tried.started,
        took_ms=tried.took_ms,
        due=more.pop("due", tried.claim.due if tried.ordered else tried.started),
        failures=tried.claim.failures + more.pop("failures", 0),
        **more,
    )
