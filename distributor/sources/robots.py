"""What a site's robots.txt lets us do (RFC 9309). Pure."""

from __future__ import annotations

from datetime import timedelta
from urllib.parse import urlsplit

from channels.extras import extra
from distributor.errors import SourceError

with extra("page"):
    from protego import Protego

US = "distributor"
"""The product token that a group of rules may name (RFC 9309 §2.2.1)."""
LARGEST = 512_000
"""Bytes; 500 KiB must be read at least (RFC 9309 §2.5)."""
TOO_MANY_REQUESTS = 429


class Rules:
    """One site's. (Not by `urllib.robotparser`: it knows no `*` and `$`, and the first match decides there,
    not the longest, as RFC 9309 §2.2.2 has it.)"""

    def __init__(self, text: str = "", *, closed: str = "") -> None:
        """`closed`: why nothing may be asked for; empty if `text` decides."""
        self.closed = closed
        self._parsed = Protego.parse(text)

    def refusal(self, url: str) -> str:
        """Why `url` may not be asked for; empty if it may."""
        return self.closed or ("" if self._parsed.can_fetch(url, US) else "its robots.txt forbids it")

    @property
    def delay(self) -> timedelta:
        """Between two requests (`Crawl-delay`: no standard has it, many sites do); zero if none is named."""
        return timedelta(seconds=min(self._parsed.crawl_delay(US) or 0.0, 86400.0))


def read(body: bytes) -> Rules:
    """It is UTF-8 (RFC 9309 §2.3); what is not is no rule."""
    return Rules(body.decode("utf-8-sig", "replace"))


def without(reason: SourceError) -> Rules:
    """Where there is none to read: all is open where the site says so (4xx), nothing where it cannot be
    asked (RFC 9309 §2.3.1.3 and 4), which 429 says as well."""
    if 400 <= reason.status < 500 and reason.status != TOO_MANY_REQUESTS:
        return Rules()
    return Rules(closed=f"its robots.txt cannot be read ({reason})")


def site(url: str) -> str:
    """Whose robots.txt counts for `url`: `https://w.example:8443`."""
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}"
