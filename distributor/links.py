"""Addresses: as names (two spellings of one address have one key), and as they may be shown."""

from __future__ import annotations

import re
from urllib.parse import urlsplit

TRACKING = re.compile(
    r"(?:utm_\w+|(?:fb|g|dc|ms|tw|y|wbra|gbra|igsh)cl?id|gclsrc|wbraid|gbraid|igshid|mc_[ce]id|_hsenc|_hsmi"
    r"|mkt_tok|ref_src|ref_url|spm|cmpid|xtor|wt\.mc_id|_ga|_gl|at_(?:medium|campaign)\w*)(?:=.*)?",
    re.IGNORECASE | re.DOTALL,
)
PORTS = {"http": 80, "https": 443}


def link_key(url: str) -> str:
    """What remains of an address without scheme, `www.`, default port, fragment, tracking parameters and
    trailing slash: `example.org/a?id=7`. Empty if it is no http(s) address."""
    try:
        parts = urlsplit(url.strip())
        port = parts.port
    except ValueError:
        return ""
    if parts.scheme not in PORTS or not parts.hostname:
        return ""
    host = parts.hostname.rstrip(".").removeprefix("www.")
    at = f":{port}" if port not in (None, PORTS[parts.scheme]) else ""
    kept = [p for p in re.split("[&;]", parts.query) if p and not TRACKING.fullmatch(p)]
    return host + at + parts.path.rstrip("/") + ("?" + "&".join(kept) if kept else "")


def shown(url: str) -> str:
    """For messages: without user name and password."""
    return re.sub(r"(?<=//)[^/?#\s]*@", "", url)
