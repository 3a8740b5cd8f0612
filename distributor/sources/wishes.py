"""What a server's headers ask of us: when to come again. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime

LONGEST_RETRY = timedelta(days=7)
LONGEST_FRESH = timedelta(days=1)
"""A slip of the server's configuration must not silence a source for a year."""


def retry_after(value: str, now: datetime) -> timedelta | None:
    """RFC 9110 §10.2.3: seconds, or a date."""
    if re.fullmatch(r"[0-9]{1,9}", value.strip()):
        wait = timedelta(seconds=int(value))
    elif (until := http_date(value)) is not None:
        wait = until - now
    else:
        return None
    return min(max(wait, timedelta()), LONGEST_RETRY)


def fresh_for(headers: Mapping[str, str], now: datetime) -> timedelta | None:
    """RFC 9111 §4.2: by `max-age` less `Age`, else by `Expires`; None where neither helps."""
    said = headers.get("cache-control", "").lower()
    if re.search(r"\bno-(?:cache|store)\b", said):
        return None
    if age := re.search(r"(?<![\w-])max-age\s*=\s*\"?([0-9]{1,9})", said):
        old = re.fullmatch(r"\s*([0-9]{1,9})\s*", headers.get("age", ""))
        fresh = timedelta(seconds=int(age[1]) - (int(old[1]) if old else 0))
    elif (until := http_date(headers.get("expires", ""))) is not None:
        fresh = until - (http_date(headers.get("date", "")) or now)
    else:
        return None
    return min(fresh, LONGEST_FRESH) if fresh > timedelta() else None


def http_date(value: str) -> datetime | None:
    """Aware, UTC; None if it is no date (`Expires: 0` is usual)."""
    try:
        date = parsedate_to_datetime(value)
        return date.replace(tzinfo=UTC) if date.tzinfo is None else date.astimezone(UTC)
    except (ValueError, TypeError, IndexError, OverflowError):
        return None
