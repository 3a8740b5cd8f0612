"""When an item may be published, as its feed says: Dublin Core's `available`, PRISM's `embargoDate`, or an
element called `embargo` of anybody's namespace (ours, too)."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any, NamedTuple

_NAMED = ("dcterms_available", "dc_available", "prism_embargodate")
_PERIOD = re.compile(r"(?i)\bstart\s*=\s*([^;]+)")
"""DCMI Period Encoding Scheme."""


class Embargo(NamedTuple):
    """`until`: aware, UTC. `fault`: why it cannot be read; then nobody knows when."""

    until: datetime | None = None
    fault: str = ""


def read(entry: Mapping[str, Any]) -> Embargo:
    """The latest that an item names. One that cannot be read for sure, because it has no time or no zone,
    is a fault: what is sent too early cannot be taken back."""
    found = [_instant(text) for text in _told(entry)]
    if any(instant is None for instant in found):
        return Embargo(fault=f"its embargo cannot be read: {', '.join(_told(entry))[:100]!r}")
    return Embargo(max((instant for instant in found if instant), default=None))


def _told(entry: Mapping[str, Any]) -> Iterator[str]:
    for name, value in entry.items():
        lower = name.lower()
        if (lower in _NAMED or lower.endswith(("_embargo", "_embargoed_until"))) and str(value or "").strip():
            yield str(value).strip()


def _instant(text: str) -> datetime | None:
    """ISO 8601 (W3CDTF), RFC 5322, or the start of a DCMI period; with date, time and zone."""
    period = _PERIOD.search(text)
    told = period[1].strip() if period else text
    for parse in (datetime.fromisoformat, parsedate_to_datetime):
        try:
            at = parse(told)
        except (ValueError, TypeError, IndexError):
            continue
        if at.tzinfo is not None and -1 < at.year < 9999:
            return at.astimezone(UTC)
    return None
