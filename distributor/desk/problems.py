"""What went wrong, told to a machine (RFC 9457) or to a person."""

from __future__ import annotations

import orjson
from aiohttp import web

from distributor.errors import Conflict, DistributorError, NotFound

MEDIA_TYPE = "application/problem+json"


def problem(status: int, title: str, detail: str = "", **headers: str) -> web.Response:
    """RFC 9457 §3, of the type about:blank."""
    told = {"type": "about:blank", "title": title, "status": status, "detail": detail}
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return web.Response(status=status, body=orjson.dumps(told), content_type=MEDIA_TYPE, headers=named)


def status_of(e: DistributorError) -> tuple[int, str]:
    """An error of ours as HTTP has it."""
    match e:
        case NotFound():
            return 404, "not found"
        case Conflict():
            return 409, "changed meanwhile"
    return 400, "that cannot be done"
