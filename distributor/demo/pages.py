"""The demo's pages: what each member received, to be opened and read."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from html import escape
from importlib.resources import files
from string import Template

from aiohttp import web

from distributor.demo import readable
from distributor.demo.receivers import Inbox
from distributor.ledger.views import Record

Rows = Callable[[], Awaitable[list[Record]]]

# What arrived is shown as it came, but nothing in it may run.
SAFE = {
    "Content-Security-Policy": "default-src 'none'; img-src 'self' https: http:; style-src 'unsafe-inline'"
}


def pages(rows: Rows, inbox: Inbox) -> list[web.RouteDef]:
    """`/`, the table; `/items/ID`, what arrived; `/items/ID/raw`, in full."""

    async def index(request: web.Request) -> web.Response:
        body = "".join(_row(row) for row in await rows())
        return web.Response(
            text=_page("index.html").substitute(rows=body), content_type="text/html", headers=SAFE
        )

    async def item(request: web.Request) -> web.Response:
        row = await _find(rows, request.match_info["id"])
        path = inbox.find(row)
        if path is None:
            raise web.HTTPNotFound(text="it has not arrived")
        if request.path.endswith("/raw"):
            return web.Response(
                body=path.read_bytes(), content_type="text/plain", charset="utf-8", headers=SAFE
            )
        return web.Response(
            text=_as_page(readable.page(path), row["language"]), content_type="text/html", headers=SAFE
        )

    return [web.get("/", index), web.get(r"/items/{id:\d+}", item), web.get(r"/items/{id:\d+}/raw", item)]


def edition() -> list[web.AbstractRouteDef]:
    """The sample edition with its pictures, as a web server would have it."""
    return [web.static("/edition", str(files("distributor") / "sample"))]


async def _find(rows: Rows, id: str) -> Record:
    for row in await rows():
        if row["id"] == int(id):
            return row
    raise web.HTTPNotFound(text="no such delivery")


def _row(row: Record) -> str:
    told = (row["member"], row["headline"], row["language"], row["channel"].partition("/")[2], row["state"])
    cells = "".join(f"<td>{escape(str(value))}</td>" for value in told)
    item, its = escape(row["answer"]), f"/items/{row['id']}"
    if row["state"] == "delivered":
        item = f'<a href="{its}">open</a> <a href="{its}/raw">as it came</a>'
    return f'<tr class="{row["state"]}">{cells}<td>{row["attempts"]}</td><td>{item}</td></tr>'


def _as_page(html: str, language: str) -> str:
    if html.lstrip().lower().startswith("<!doctype"):
        return html
    return _page("item.html").substitute(language=escape(language), body=html)


def _page(name: str) -> Template:
    return Template((files("distributor.demo") / name).read_text(encoding="utf-8"))
