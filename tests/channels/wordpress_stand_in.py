"""What of WordPress' REST API the channel needs, strict, on 127.0.0.1.

Answers and codes as in wp-includes/rest-api/endpoints/ of WordPress 6.1; the same tests run against itself.
"""

from __future__ import annotations

import asyncio
import base64
import hashlib
import html
import json
import re
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from aiohttp import web
from receivers import CLOSING

STATUSES = {"publish", "future", "draft", "pending", "private"}
POST_FIELDS = {
    "title": str,
    "content": str,
    "excerpt": str,
    "slug": str,
    "status": str,
    "author": int,
    "featured_media": int,
    "categories": list,
    "tags": list,
    "lang": str,
}
EVERYTHING = (
    "edit_posts delete_posts publish_posts edit_published_posts delete_published_posts upload_files "
    "manage_categories edit_others_posts"
)
Answer = Callable[[web.Request], Awaitable[web.StreamResponse]]


def basic(user: str, password: str) -> str:
    return f"Basic {base64.b64encode(f'{user}:{password}'.encode()).decode()}"


class RestError(Exception):
    def __init__(self, status: int, code: str, **data: Any) -> None:
        super().__init__(code)
        self.status = status
        self.body = {"code": code, "message": f"<b>{code}</b>", "data": {"status": status, **data}}


@dataclass
class StandIn:
    """`says` answers instead, once each, by `METHOD collection`; `loses` does it and says nothing."""

    plain: bool = False
    url: str = ""
    user: str = "wire"
    password: str = "abcd EFGH 1234 ijkl MNOP 6789"
    capabilities: set[str] = field(default_factory=lambda: set(EVERYTHING.split()))
    trash: bool = True
    items: dict[str, dict[int, dict[str, Any]]] = field(
        default_factory=lambda: {"posts": {}, "media": {}, "categories": {}, "tags": {}}
    )
    says: dict[str, list[web.StreamResponse | Answer]] = field(default_factory=dict)
    loses: list[str] = field(default_factory=list)
    before: dict[str, list[Callable[[], None]]] = field(default_factory=dict)
    got: list[str] = field(default_factory=list)
    connections: set[Any] = field(default_factory=set)
    last: int = 0

    async def handle(self, request: web.Request) -> web.StreamResponse:
        self.connections.add(request.transport)
        body = await request.read()
        path = request.query.get("rest_route") if self.plain else request.path.removeprefix("/wp-json")
        if request.path == "/" and path in (None, "/"):
            return await self._front(request)
        _, namespace, version, collection, *rest = f"{path}////".split("/")
        what = f"{request.method} {collection}"
        self.got.append(what)
        for act in self.before.pop(what, []):
            act()
        if scripted := self.says.get(what):
            answer = scripted.pop(0)
            return answer if isinstance(answer, web.StreamResponse) else await answer(request)
        try:
            if (namespace, version) != ("wp", "v2"):
                raise RestError(404, "rest_no_route")
            status, told = self._answer(request, collection, rest[0], body)
        except RestError as e:
            return web.json_response(e.body, status=e.status)
        if what in self.loses:
            self.loses.remove(what)
            assert request.transport is not None
            request.transport.abort()
        return web.json_response(told, status=status)

    async def _front(self, request: web.Request) -> web.StreamResponse:
        if scripted := self.says.get("front"):
            answer = scripted.pop(0)
            return answer if isinstance(answer, web.StreamResponse) else await answer(request)
        api = f"{self.url}index.php?rest_route=/" if self.plain else f"{self.url}wp-json/"
        links = [f'<{api}>; rel="https://api.w.org/"', f"<{self.url}?p=1>; rel=shortlink"]
        response = web.Response(text="<html>" * 10_000, content_type="text/html")
        for link in links:
            response.headers.add("Link", link)
        return response

    def _answer(self, request: web.Request, collection: str, rest: str, body: bytes) -> tuple[int, Any]:
        known = self._known(request)
        if request.query.get("context") == "edit" and not known:
            raise RestError(401, "rest_forbidden_context")
        fields = dict(request.query)
        if request.headers.get("Content-Type", "").startswith("application/json"):
            fields |= json.loads(body)
        match collection, request.method, rest:
            case "users", "GET", "me":
                told: Any = {
                    "id": 1,
                    "name": self.user,
                    "capabilities": dict.fromkeys(self.capabilities, True),
                }
                return 200, told
            case _, "GET", "" if collection in self.items:
                return 200, [_only(i, fields) for i in self._list(collection, fields)]
        if not known or "edit_posts" not in self.capabilities:
            raise RestError(403 if known else 401, "rest_cannot_create")
        match collection, request.method, rest:
            case "posts", "POST", "":
                return 201, _only(self._write("posts", {"status": "draft"}, fields), fields)
            case "media", "POST", "":
                return 201, _only(self._upload(request, fields, body), fields)
            case "posts" | "media", "POST", id_:
                return 200, _only(self._write(collection, self._one(collection, id_), fields), fields)
            case "posts", "DELETE", id_:
                return 200, _only(self._delete(self._one("posts", id_), fields), fields)
            case "categories" | "tags", "POST", "":
                return 201, _only(self._term(collection, fields["name"]), fields)
        raise RestError(404, "rest_no_route")

    def _known(self, request: web.Request) -> bool:
        given = request.headers.get("Authorization")
        if given and given != basic(self.user, self.password):
            raise RestError(401, "incorrect_password")
        return bool(given)

    def _list(self, collection: str, fields: dict[str, Any]) -> list[dict[str, Any]]:
        found = list(self.items[collection].values())
        if "slug" in fields:
            found = [item for item in found if item["slug"] in fields["slug"].split(",")]
        if collection == "posts":
            statuses = fields.get("status", "publish").split(",")
            if unknown := set(statuses) - STATUSES - {"trash", "any"}:
                raise RestError(400, "rest_invalid_param", params={"status": f"{unknown} is not one of"})
            found = [
                i for i in found if i["status"] in statuses or ("any" in statuses and i["status"] != "trash")
            ]
        if search := fields.get("search"):
            found = [item for item in found if search.casefold() in item["name"].casefold()]
        return found[: int(fields.get("per_page", 10))]

    def _one(self, collection: str, id_: str) -> dict[str, Any]:
        if int(id_) not in self.items[collection]:
            raise RestError(404, "rest_post_invalid_id")
        return self.items[collection][int(id_)]

    def _write(self, collection: str, item: dict[str, Any], fields: dict[str, Any]) -> dict[str, Any]:
        for name, kind in POST_FIELDS.items():
            if name in fields and collection == "posts" and not isinstance(fields[name], kind):
                raise RestError(400, "rest_invalid_param", params={name: f"{name} is not of type {kind}"})
        if fields.get("status", "draft") not in STATUSES:
            raise RestError(400, "rest_invalid_param", params={"status": "is not one of"})
        if not item.get("id"):
            self.last += 1
            item = {
                "id": self.last,
                "slug": "",
                "author": 1,
                "featured_media": 0,
                "alt_text": "",
                "caption": {"raw": ""},
                **item,
            }
            item["link"] = f"{self.url}?p={self.last}"
        for name in ("title", "content", "excerpt", "caption"):
            if name in fields:
                item[name] = {"raw": fields[name], "rendered": fields[name]}
        plain = ("status", "author", "featured_media", "categories", "tags", "alt_text", "lang", "source_url")
        item |= {name: fields[name] for name in plain if name in fields}
        if fields.get("slug"):
            item["slug"] = self._unique(collection, item["id"], fields["slug"])
        self.items[collection][item["id"]] = item
        return item

    def _unique(self, collection: str, id_: int, slug: str) -> str:
        slug = re.sub(r"-+", "-", re.sub(r"[^a-z0-9_-]", "", slug.lower().replace(".", "-")))[:200]
        others = {i["slug"] for i in self.items[collection].values() if i["id"] != id_}
        names = (f"{slug}-{n}" for n in range(2, 100))
        return slug if slug not in others else next(name for name in names if name not in others)

    def _delete(self, item: dict[str, Any], fields: dict[str, Any]) -> dict[str, Any]:
        if fields.get("force") == "true":
            return {"deleted": True, "previous": self.items["posts"].pop(item["id"])}
        if not self.trash:
            raise RestError(501, "rest_trash_not_supported")
        if item["status"] == "trash":
            raise RestError(410, "rest_already_trashed")
        item |= {"status": "trash", "slug": f"{item['slug']}__trashed"}
        return item

    def _upload(self, request: web.Request, fields: dict[str, Any], body: bytes) -> dict[str, Any]:
        if "upload_files" not in self.capabilities:
            raise RestError(403, "rest_cannot_create")
        name = re.fullmatch(r'attachment; filename="([\w.-]+)"', request.headers["Content-Disposition"])
        if not name or not body:
            raise RestError(400, "rest_upload_invalid_disposition")
        if request.headers["Content-MD5"] != hashlib.md5(body).hexdigest():
            raise RestError(412, "rest_upload_hash_mismatch")
        more = {"source_url": f"{self.url}wp-content/uploads/{name[1]}"}
        return self._write(
            "media", {"status": "inherit"}, {k: v for k, v in fields.items() if k != "status"} | more
        )

    def _term(self, taxonomy: str, name: str) -> dict[str, Any]:
        if "manage_categories" not in self.capabilities:
            raise RestError(403, "rest_cannot_create")
        for term in self.items[taxonomy].values():
            if html.unescape(term["name"]).casefold() == name.casefold():
                raise RestError(400, "term_exists", term_id=term["id"])
        self.last += 1
        term = {"id": self.last, "name": html.escape(name, quote=False), "slug": f"term-{self.last}"}
        self.items[taxonomy][self.last] = term
        return term


def _only(item: dict[str, Any], fields: dict[str, Any]) -> dict[str, Any]:
    """`_fields`, nested ones too."""
    wanted = fields.get("_fields")
    if not wanted or item.get("deleted"):
        return item
    told: dict[str, Any] = {}
    for name in wanted.split(","):
        outer, _, inner = name.partition(".")
        if outer in item and not (inner and "source_url" in item):  # media know no nested fields
            told[outer] = {inner: item[outer][inner]} if inner else item[outer]
    return told


@asynccontextmanager
async def stand_in(*, plain: bool = False) -> AsyncIterator[StandIn]:
    """Running; with `plain` permalinks its API is at `?rest_route=`."""
    site = StandIn(plain=plain)
    app = web.Application(client_max_size=50_000_000)
    app[CLOSING] = asyncio.Event()
    app.router.add_route("*", "/{path:.*}", site.handle)
    runner = web.AppRunner(app, handle_signals=False, shutdown_timeout=0)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    host, port = runner.addresses[0][:2]
    site.url = f"http://{host}:{port}/"
    try:
        yield site
    finally:
        app[CLOSING].set()
        await runner.cleanup()
