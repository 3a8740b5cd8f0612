"""In and out."""

from __future__ import annotations

from datetime import timedelta
from ipaddress import ip_address
from urllib.parse import parse_qsl

from aiohttp import web

from distributor.desk import guard, passwords
from distributor.desk.desk import Desk
from distributor.desk.guard import HEADERS, browsed
from distributor.desk.rendering import Pages
from distributor.ledger import people


class Login:
    """The handlers."""

    def __init__(self, desk: Desk, pages: Pages) -> None:
        self.desk, self.pages = desk, pages

    def routes(self) -> list[web.RouteDef]:
        """Without a login, of course."""
        return [
            web.get("/desk/login", browsed(self.form)),
            web.post("/desk/login", browsed(self.enter)),
            web.post("/desk/logout", browsed(self.leave)),
        ]

    async def form(self, request: web.Request) -> web.Response:
        """Name and password."""
        return self._form(request, request.query.get("to", ""))

    async def enter(self, request: web.Request) -> web.Response:
        """A session, if it is the password; after some that are not, one has to wait."""
        told = _fields(await request.read())
        name, password, to = (told.get(field, "")[:500] for field in ("name", "password", "to"))
        if not guard.is_ours(request):
            return self._form(request, to, "foreign", status=403)
        subjects = (f"name {name.casefold()[:100]}", f"address {_address(request)}")
        if wait := await self.desk.ledger.write(people.tries, subjects, self.desk.now()):
            return self._wait(request, to, wait)
        person = await self.desk.ledger.read(people.find, name)
        if not await passwords.right(password, person.secret if person else None):
            return self._form(request, to, "wrong", status=403)
        await self.desk.ledger.write(people.succeeded, subjects)
        secret = await self.desk.ledger.write(people.open_session, name, self.desk.now())
        return self._entered(request, secret, to)

    def _entered(self, request: web.Request, secret: str, to: str) -> web.Response:
        answer = web.Response(status=303, headers={**HEADERS, "Location": _inside(to)})
        answer.set_cookie(
            guard.cookie_name(request),
            secret,
            path="/",
            httponly=True,
            samesite="Lax",
            secure=guard.is_secure(request),
            max_age=int(people.LONGEST.total_seconds()),
        )
        return answer

    async def leave(self, request: web.Request) -> web.Response:
        """The session is over, here and in the ledger; another site's page ends nobody's."""
        if not guard.is_ours(request):
            raise web.HTTPForbidden(text="this form came from elsewhere")
        name = guard.cookie_name(request)
        if secret := request.cookies.get(name):
            await self.desk.ledger.write(people.close_session, secret)
        answer = web.Response(status=303, headers={**HEADERS, "Location": "/desk/login"})
        answer.del_cookie(name, path="/", httponly=True, samesite="Lax", secure=guard.is_secure(request))
        return answer

    def _wait(self, request: web.Request, to: str, wait: timedelta) -> web.Response:
        answer = self._form(request, to, "wait", status=429)
        answer.headers["Retry-After"] = str(int(wait.total_seconds()) + 1)
        return answer

    def _form(self, request: web.Request, to: str, fault: str = "", status: int = 200) -> web.Response:
        body = self.pages.render(request, "login.html", None, to=_inside(to), fault=fault)
        return web.Response(text=body, content_type="text/html", status=status, headers=HEADERS)


def _fields(body: bytes) -> dict[str, str]:
    """Of a form, whatever else it says it is; PostgreSQL takes no NUL."""
    try:
        told = dict(parse_qsl(body.decode("utf-8", "replace"), keep_blank_values=True, max_num_fields=20))
    except ValueError:
        return {}
    return {name: value.replace("\x00", "") for name, value in told.items()}


def _address(request: web.Request) -> str:
    """Whose guesses are counted: behind a proxy of ours, what it says last, as it adds whom it sees."""
    peer, told = request.remote or "", request.headers.getall("X-Forwarded-For", [])
    return told[-1].rpartition(",")[2].strip()[:100] if told and _is_near(peer) else peer


def _is_near(address: str) -> bool:
    try:
        return ip_address(address).is_private
    except ValueError:
        return False


def _inside(to: str) -> str:
    """A page of ours, never another site's."""
    return to if to.startswith("/desk/") and "\\" not in to and to.isprintable() else "/desk/"
