"""All routes of the desk."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from functools import partial

from aiohttp import web

from distributor.desk import guard, openapi
from distributor.desk.api import OPERATIONS
from distributor.desk.desk import Desk
from distributor.desk.guard import HEADERS, Guard
from distributor.desk.live import Live
from distributor.desk.login import Login
from distributor.desk.operations import BASE, Operation, answered
from distributor.desk.pages import Handlers
from distributor.desk.rendering import STATIC, Pages
from distributor.ledger.people import Person

FOR_EVER = "public, max-age=31536000, immutable"
TYPES = {".css": "text/css", ".js": "text/javascript", ".svg": "image/svg+xml", ".txt": "text/plain"}


class App:
    """Pages, the API and its document, and what is live."""

    def __init__(self, desk: Desk) -> None:
        self.desk = desk
        self.guard, self.live = Guard(desk), Live(desk)
        self.pages = Pages(desk.config.desk.title)
        self._document = openapi.document(OPERATIONS, f"{desk.config.desk.title}: the desk's API")

    def routes(self) -> list[web.RouteDef]:
        """Of all."""
        handlers, page = Handlers(self.desk, self.pages), self.guard.page
        return [
            web.get("/", self.home),
            web.get("/desk", self.home),
            web.get("/desk/static/{name:[a-z0-9.-]+}", static),
            *Login(self.desk, self.pages).routes(),
            web.get("/desk/", page(handlers.wire)),
            web.get(r"/desk/articles/{article:\d{1,15}}", page(handlers.article)),
            web.get(r"/desk/articles/{article:\d{1,15}}/preview", page(handlers.preview)),
            web.get("/desk/members", page(handlers.members)),
            web.get("/desk/figures", page(handlers.figures)),
            web.get("/desk/trail", page(handlers.trail)),
            web.get("/desk/people", page(handlers.people, "admin")),
            web.get("/desk/me", page(handlers.me)),
            web.get("/desk/live", page(self.live.watch)),
            web.get(f"{BASE}/openapi.json", self.guard.operation(self.document, "viewer")),
            *(self._route(operation) for operation in OPERATIONS),
        ]

    def prepare(self, app: web.Application) -> None:
        """What the routes ask of the application that has them."""
        app[guard.BEHIND_TLS] = self.desk.config.web.address.startswith("https:")
        app.on_shutdown.append(self._close)

    async def _close(self, _: web.Application) -> None:
        self.live.close()

    def _route(self, operation: Operation) -> web.RouteDef:
        handler: Callable[[web.Request, Person], Awaitable[web.StreamResponse]]
        handler = partial(self._answer, operation)
        guarded = self.guard.operation(handler, operation.role)
        return web.route(operation.method, BASE + operation.path, guarded)

    async def _answer(self, operation: Operation, request: web.Request, person: Person) -> web.StreamResponse:
        return await answered(operation, self.desk, person, request)

    async def home(self, _: web.Request) -> web.Response:
        """The wire."""
        return web.Response(status=303, headers={**HEADERS, "Location": "/desk/"})

    async def document(self, _: web.Request, __: Person) -> web.Response:
        """OpenAPI 3.1."""
        return web.json_response(self._document)


async def static(request: web.Request) -> web.StreamResponse:
    """A file of ours; its address changes with its content."""
    path = STATIC / request.match_info["name"]
    if path.suffix not in TYPES or not path.is_file():
        raise web.HTTPNotFound(text="there is no such file")
    headers = {"Content-Type": f"{TYPES[path.suffix]}; charset=utf-8", "X-Content-Type-Options": "nosniff"}
    return web.FileResponse(path, headers={**headers, "Cache-Control": FOR_EVER})
