"""`POST /hub`: who wants a feed sent asks here (WebSub, https://www.w3.org/TR/websub/ §5.1).

Only who knows the private address of a feed can subscribe to it. Any other address has one and the same
answer, whether there is no such member or no such feed of a member.
"""

from __future__ import annotations

import re
from datetime import timedelta
from urllib.parse import parse_qsl

from aiohttp import web
from yarl import URL

from distributor.ledger import subscriptions
from distributor.ledger.ledger import Ledger
from distributor.ledger.subscriptions import AT_MOST, Shelf, Wish
from distributor.web.addresses import Addresses
from distributor.web.private import HEADERS

FORM = "application/x-www-form-urlencoded"
LARGEST = 2**16
"""Bytes of a form."""
PARAMETERS = 100
LONGEST_CALLBACK = 2000
"""Characters: PostgreSQL's index takes no more than 2,704 bytes."""
LONGEST_SECRET = 199
"""Bytes (§5.1)."""

LEASE = timedelta(days=10)
"""Unless asked for another; the default that §8.2 recommends."""
SHORTEST, LONGEST = timedelta(hours=1), timedelta(days=30)
"""What is shorter or longer becomes this; the subscriber is told when it is asked whether it asked."""


class Hub:
    """The handler."""

    def __init__(self, ledger: Ledger, addresses: Addresses) -> None:
        self.ledger, self.addresses = ledger, addresses

    def routes(self) -> list[web.RouteDef]:
        """One; a GET of it is answered 405."""
        return [web.post("/hub", self.ask)]

    async def ask(self, request: web.Request) -> web.Response:
        """202: it will be verified. Else plain words for the engineer (§5.1.2)."""
        if request.content_type != FORM:
            raise web.HTTPUnsupportedMediaType(text=f"send a form: {FORM}", headers=HEADERS)
        try:
            wish = read(await request.clone(client_max_size=LARGEST).read())
        except ValueError as e:
            raise web.HTTPBadRequest(text=str(e), headers=HEADERS) from e
        topic = self.addresses.topic(wish.topic)
        if topic is None:
            raise web.HTTPNotFound(text="hub.topic is not the address of a feed of ours", headers=HEADERS)
        shelf = Shelf(topic.lane, topic.language, topic.kind)
        match await self.ledger.write(subscriptions.ask, wish, shelf, self.ledger.now()):
            case "unknown":
                raise web.HTTPNotFound(text="there is no such subscription", headers=HEADERS)
            case "full":
                text = f"a feed has {AT_MOST} subscriptions at most: end one, or wait until one is over"
                raise web.HTTPTooManyRequests(text=text, headers=HEADERS)
        return web.Response(status=202, text="your callback will be asked whether it agrees", headers=HEADERS)


def read(body: bytes) -> Wish:
    """What the form says. Raises: ValueError, with what is wrong with it."""
    told = _form(body)
    mode = told.get("hub.mode", "")
    if mode not in ("subscribe", "unsubscribe"):
        raise ValueError("hub.mode is 'subscribe' or 'unsubscribe'")
    secret = told.get("hub.secret", "")
    if len(secret.encode()) > LONGEST_SECRET:
        raise ValueError("hub.secret has fewer than 200 bytes")
    callback = told.get("hub.callback", "")
    _check(callback)
    if not told.get("hub.topic"):
        raise ValueError("hub.topic is missing: the address that the feed's Link header names with rel=self")
    seconds = _seconds(told.get("hub.lease_seconds", "")) if mode == "subscribe" else 0
    return Wish(
        "subscribe" if mode == "subscribe" else "unsubscribe", told["hub.topic"], callback, secret, seconds
    )


def _form(body: bytes) -> dict[str, str]:
    try:
        pairs = parse_qsl(body.decode(), keep_blank_values=True, errors="strict", max_num_fields=PARAMETERS)
    except ValueError as e:
        raise ValueError(f"not a form in UTF-8 of at most {PARAMETERS} parameters") from e
    told = dict(pairs)
    if any("\0" in value for value in told.values()):
        raise ValueError("a parameter has a null character in it")
    return told


def _check(callback: str) -> None:
    """It is requested as it stands, and stands in an index. Raises: ValueError."""
    if not callback:
        raise ValueError("hub.callback is missing")
    if len(callback) > LONGEST_CALLBACK:
        raise ValueError(f"hub.callback has more than {LONGEST_CALLBACK} characters")
    if not re.fullmatch(r"https?://[!-~]+", callback):
        raise ValueError("hub.callback is not an http(s) URL, with percent-encoding (RFC 3986)")
    try:
        url = URL(callback, encoded=True)
        whole = bool(url.host) and url.port != 0
    except ValueError as e:
        raise ValueError("hub.callback is not a URL") from e
    if not whole:
        raise ValueError("hub.callback names no host")
    if url.user is not None or url.password is not None:
        raise ValueError("hub.callback has a user name in it; put what is secret into its path")
    if "#" in callback:
        raise ValueError("hub.callback has a fragment, which is never sent")


def _seconds(told: str) -> int:
    """Within our bounds. Raises: ValueError."""
    if not told:
        return int(LEASE.total_seconds())
    if not re.fullmatch(r"[0-9]+", told) or not told.strip("0"):
        raise ValueError("hub.lease_seconds is a positive decimal integer")
    least, most = int(SHORTEST.total_seconds()), int(LONGEST.total_seconds())
    digits = told.lstrip("0")
    return most if len(digits) > 9 else min(max(int(digits), least), most)
