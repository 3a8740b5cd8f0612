"""What an HTTP receiver's answer means."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from functools import lru_cache

from channels.channel import Denied, Gone, Refused, Unavailable
from channels.story import Receipt

LONGEST = 200
"""Characters of a receiver's words that are kept."""

DENIED = frozenset((401, 403, 404, 405))
LATER = frozenset((408, 425, 429))
UNPRINTABLE = re.compile(r"[\x00-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff]+")


def read(status: int, retry_after: str | None, now: datetime, said: str = "") -> Receipt:
    """A receipt for a 2xx. `retry_after` is the header as it came, `said` the start of the body.

    Raises: Gone (410); Denied (3xx, 401, 403, 404, 405); Refused (other 4xx);
    Unavailable (408, 425, 429, 5xx, and what is no status of a final answer).
    """
    told = tidy(f"HTTP {status} {said}")
    if 200 <= status < 300:
        return Receipt(told)
    if status == 410:
        raise Gone(told)
    if 300 <= status < 400 or status in DENIED:
        raise Denied(told)
    if 400 <= status < 500 and status not in LATER:
        raise Refused(told)
    raise Unavailable(told, retry_after=wish(retry_after, now), slow_down=status == 429)


def wish(retry_after: str | None, now: datetime) -> timedelta | None:
    """`Retry-After` (RFC 9110 §10.2.3), seconds or a date, from `now` on and never below zero.

    None where there is none or it makes no sense.
    """
    text = (retry_after or "").strip()
    if re.fullmatch(r"[0-9]{1,9}", text):
        return timedelta(seconds=int(text))
    try:
        date = parsedate_to_datetime(text)
    except (ValueError, TypeError, OverflowError, IndexError):
        return None
    return max(timedelta(), (date if date.tzinfo else date.replace(tzinfo=UTC)) - now)


@lru_cache(maxsize=256)  # receivers say the same few things
def tidy(said: str) -> str:
    """A receiver's words as one printable line that can be logged and shown."""
    line = " ".join(UNPRINTABLE.sub(" ", said).split())
    return line if len(line) <= LONGEST else line[: LONGEST - 1] + "…"
