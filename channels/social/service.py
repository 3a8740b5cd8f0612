"""A service's address into Apprise's object for it, the same here and in the process that posts."""

from __future__ import annotations

import logging
from typing import Any
from urllib.parse import urlsplit

from channels.extras import extra
from channels.social.text import Limits, utf8, utf16, weighted

with extra("social"):
    from apprise import Apprise, AppriseAsset
    from apprise.plugins.base import NotifyBase

# What it logs about an address that it cannot read is that address, tokens and all.
logging.getLogger("apprise").setLevel(logging.CRITICAL + 1)

ASSET = AppriseAsset(app_id="Distributor", app_desc="Distributor", app_url="", async_mode=False)

MEASURES = {"wecombot": utf8, "twitter": weighted, "x": weighted, "tweet": weighted}
"""Services that count in their own way, by the scheme of their addresses."""


def service(url: str) -> NotifyBase:
    """Raises: ValueError, which does not show the address."""
    found = Apprise.instantiate(url, asset=ASSET, suppress_exceptions=True)
    if not isinstance(found, NotifyBase):
        raise ValueError("not an address of a service; see https://appriseit.com/services/")
    # Whether it arrived is ours to know, and when to try again.
    found.retry, found.optional = 0, False
    # A POST that is led elsewhere becomes a GET there, which a page for logging in answers with 200.
    found.redirects = False
    if not found.verify_certificate:
        raise ValueError("verify=no is not allowed: the token would go to anybody")
    if len(found) > 1:
        raise ValueError(
            "it names several targets; write a channel for each, or a repeat posts twice to some"
        )
    return found


def limits(found: NotifyBase, longest: int | None) -> Limits:
    """What `found` takes; `longest` where a server takes less than Apprise knows."""
    amalgamated = found.overflow_amalgamate_title  # then both share one limit
    body = min(found.body_maxlen, longest or found.body_maxlen)
    return Limits(
        title=0 if amalgamated else found.title_maxlen,
        body=body,
        measure=MEASURES.get(scheme(found), utf16),
    )


def scheme(found: NotifyBase) -> str:
    shown: str = found.url(privacy=True)  # type: ignore[no-untyped-call]
    return urlsplit(shown).scheme


def address(found: NotifyBase) -> tuple[str, int] | None:
    """Host and port, where a service is wherever its owner runs it and not at one place for all."""
    tokens: dict[str, Any] = found.template_tokens
    if "host" not in tokens or tokens["host"].get("private") or not found.host:
        return None
    return str(found.host).strip("[]"), int(found.port or (443 if found.secure else 80))
