"""Who may in: a person by a session's cookie, a machine by a token; and what browsers are told to refuse."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Awaitable, Callable
from urllib.parse import quote, urlsplit

from aiohttp import web
from sqlalchemy.exc import DataError, DBAPIError, IntegrityError, ProgrammingError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from distributor.desk.desk import Desk
from distributor.desk.problems import problem, status_of
from distributor.errors import DistributorError
from distributor.ledger import people
from distributor.ledger.people import Person, Role

CSRF = "X-CSRF-Token"
SAFE = ("GET", "HEAD")
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self'; "
    "connect-src 'self'; frame-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
HEADERS = {
    "Content-Security-Policy": POLICY,
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
    "Cache-Control": "no-store",
}

LOST = (DBAPIError, PoolTimeout, OSError)
"""What is raised where the ledger is away, or the network on the way to it."""
AWAY = "the ledger cannot be had now; please try again"
"""Not why: whoever asks may be a stranger."""
AGAIN = "5"
"""Seconds."""

Handler = Callable[[web.Request, Person], Awaitable[web.StreamResponse]]


def cookie_name(request: web.Request) -> str:
    """With the prefix that browsers hold to HTTPS and this host (RFC 6265bis §4.1.3), if we are on HTTPS."""
    return "__Host-wire" if is_secure(request) else "wire"


def is_secure(request: web.Request) -> bool:
    """Whether browsers reach us over HTTPS, here or at a proxy before us."""
    return bool(request.app[BEHIND_TLS])


BEHIND_TLS = web.AppKey("behind_tls", bool)


def csrf_token(session: str) -> str:
    """Known only to who has the session and can read our pages."""
    return hashlib.sha256(f"csrf\x1f{session}".encode("utf-8", "replace")).hexdigest()


def is_ours(request: web.Request) -> bool:
    """Not sent by another site's page: browsers say where a form comes from."""
    site = request.headers.get("Sec-Fetch-Site")
    if site is not None:
        return site in ("same-origin", "none")
    origin = request.headers.get("Origin")
    try:
        return origin is None or urlsplit(origin).netloc == request.host
    except ValueError:
        return False


def browsed(
    handler: Callable[[web.Request], Awaitable[web.StreamResponse]],
) -> Callable[[web.Request], Awaitable[web.StreamResponse]]:
    """What a browser shows: always with our headers, and a word where the ledger is away."""

    async def answered(request: web.Request) -> web.StreamResponse:
        try:
            return _with_headers(await handler(request))
        except web.HTTPException as e:
            e.headers.update(HEADERS)
            raise
        except LOST as e:
            _is_no_fault(e)
            return web.Response(status=503, text=AWAY, headers={**HEADERS, "Retry-After": AGAIN})

    return answered


class Guard:
    """Wraps the handlers of pages and operations."""

    def __init__(self, desk: Desk) -> None:
        self.desk = desk

    def page(
        self, handler: Handler, role: Role = "viewer"
    ) -> Callable[[web.Request], Awaitable[web.StreamResponse]]:
        """For a person; who is not logged in is asked to."""

        async def guarded(request: web.Request) -> web.StreamResponse:
            person = await self.by_session(request)
            if person is None:
                raise web.HTTPSeeOther(f"/desk/login?to={quote(request.path_qs, safe='/')}")
            if not person.may(role):
                raise web.HTTPForbidden(text=f"this is for {role}s")
            return await handler(request, person)

        return browsed(guarded)

    def operation(
        self, handler: Handler, role: Role
    ) -> Callable[[web.Request], Awaitable[web.StreamResponse]]:
        """For both; errors of ours become problems."""

        async def guarded(request: web.Request) -> web.StreamResponse:
            return _with_headers(await self._operated(request, handler, role))

        return guarded

    async def _operated(self, request: web.Request, handler: Handler, role: Role) -> web.StreamResponse:
        try:
            return await self._let_in(request, handler, role)
        except DistributorError as e:
            return problem(*status_of(e), str(e))
        except web.HTTPException as e:  # too large a body
            return problem(e.status, e.reason.lower(), e.text or "")
        except LOST as e:
            _is_no_fault(e)
            return problem(503, "the ledger is away", AWAY, Retry_After=AGAIN)

    async def _let_in(self, request: web.Request, handler: Handler, role: Role) -> web.StreamResponse:
        machine = await self._by_token(request)
        person = machine or await self.by_session(request)
        if person is None:
            return problem(
                401, "who are you", "log in, or send a token", WWW_Authenticate='Bearer realm="wire"'
            )
        if not person.may(role):
            return problem(403, "not yours to do", f"this is for {role}s; {person.name}: {person.role}")
        if machine is None and request.method not in SAFE and not _meant(request):
            return problem(403, "forged, or too old a page", f"the header {CSRF} is missing or wrong")
        return await handler(request, person)

    async def by_session(self, request: web.Request) -> Person | None:
        """Whose session it is."""
        secret = request.cookies.get(cookie_name(request))
        return await self._found(people.by_session, people.seen, secret) if secret else None

    async def _by_token(self, request: web.Request) -> Person | None:
        kind, _, secret = request.headers.get("Authorization", "").partition(" ")
        if kind.lower() != "bearer" or not secret:
            return None
        return await self._found(people.by_token, people.used, secret.strip())

    async def _found(
        self, look: Callable[..., tuple[Person, bool] | None], touch: Callable[..., None], secret: str
    ) -> Person | None:
        now = self.desk.now()
        found = await self.desk.ledger.read(look, secret, now)
        if found is None:
            return None
        person, stale = found
        if stale:
            await self.desk.ledger.write(touch, secret, now)
        return person


def _is_no_fault(error: Exception) -> None:
    """Raises what is a mistake of ours: who comes back later would find it again."""
    if isinstance(error, IntegrityError | ProgrammingError | DataError):
        raise error


def _meant(request: web.Request) -> bool:
    """By a page of ours."""
    session = request.cookies.get(cookie_name(request), "")
    told = request.headers.get(CSRF, "")
    return hmac.compare_digest(told.encode("utf-8", "replace"), csrf_token(session).encode())


def _with_headers(response: web.StreamResponse) -> web.StreamResponse:
    if not response.prepared:
        for name, value in HEADERS.items():
            response.headers.setdefault(name, value)
    return response
