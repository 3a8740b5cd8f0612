"""A running desk on loopback, over a ledger in a test's hands, and those who sit at it."""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

import aiohttp
from sqlalchemy import Connection

from channels.channel import Channel
from distributor.article import Content
from distributor.config import parse
from distributor.desk import passwords
from distributor.desk.app import App
from distributor.desk.desk import Desk
from distributor.events import Events
from distributor.ledger import articles, lanes, people, renditions, sources
from distributor.ledger.articles import Entry
from distributor.ledger.circuit import Terms
from distributor.ledger.ledger import Ledger
from distributor.ledger.people import ROLES, Role
from distributor.ledger.renditions import Made
from distributor.naming import Names
from distributor.routing import Facts, Route, Router
from distributor.service import make
from distributor.settings import Config
from distributor.translation.glossary.folder import Glossaries
from distributor.web.server import Server
from ledger_wire import LEASE, NOON, Clock, Wire

PASSWORD = "ten research fronts"
PEOPLE: Mapping[str, Role] = {"vic": "viewer", "eve": "editor", "ada": "admin"}
TOKEN = "m" * 24
SENTENCES = (("Union opens", "Союз открывается"), ("It met.", "Он собрался."))
"""What `translated` makes of an article, whatever it says."""
_META = re.compile(r'<meta name="csrf" content="(\w*)">')


@cache
def secret() -> str:
    """The hash of `PASSWORD`, made once: it takes its time."""
    return passwords.hashed(PASSWORD)


def config(folder: Path, storage: str, url: str = "") -> Config:
    """Who gets it in English, in Russian over a channel that fails, and only what is about space."""
    (folder / "token").write_text(TOKEN, encoding="utf-8")
    (folder / "file").write_text("where a folder should be", encoding="utf-8")
    agency = {"id": "agency", "name": "Agency", "languages": ["en"], "token": {"file": f"{folder}/token"}}
    bureau = {"id": "bureau", "name": "Bureau", "languages": ["ru"]}
    space = {"id": "space", "name": "Space Weekly", "languages": ["en"], "topics": ["space"]}
    return parse(
        {
            "storage": storage,
            "domain": "wire.example",
            "web": {"listen": "127.0.0.1:0", "url": url},
            "sources": [{"name": name, "url": "feed.xml"} for name in ("weekly", "other")],
            "members": [
                agency | {"channels": [{"type": "folder", "path": f"{folder}/out"}]},
                bureau | {"channels": [{"type": "folder", "path": f"{folder}/file/out"}]},
                space | {"channels": [{"type": "folder", "name": "the disk", "path": f"{folder}/space"}]},
            ],
        }
    )


class Edition(Wire):
    """Articles that go where the configuration says."""

    def __init__(self, ledger: Ledger, now: Clock, router: Router) -> None:
        super().__init__(ledger, now)
        self.router = router
        self.opened = True

    def routes(self, facts: Facts) -> Sequence[Route]:
        return self.router.routes(facts)

    async def bring(self, guid: str, headline: str = "Union opens", **more: Any) -> int:
        """An article; `source`, or anything else of its content."""
        source = more.pop("source", "weekly")
        told = Content(
            **{"headline": headline, "body": "<p>It met.</p>", "language": "en", "published": NOON, **more}
        )
        entry = Entry(source, guid, {}, told, told.fingerprint())
        return await self.ledger.write(articles.add, entry, self.routes, self.now())

    async def translated(self, *doubts: dict[str, str]) -> None:
        """All that waits for it; held, if there are doubts."""
        for task in await self.ledger.write(renditions.claim, "t1", self.now(), 100, LEASE):
            content = task.original.having(language=task.language, headline="Союз открывается")
            reason = "; ".join(doubt["what"] for doubt in doubts)
            made = Made(content, "test", 250.0, doubts, reason, sentences=SENTENCES)
            await self.ledger.write(renditions.save, task, "t1", made, self.now())


@dataclass(frozen=True)
class Answer:
    """What came back."""

    status: int
    headers: Mapping[str, str]
    body: bytes
    cookies: Sequence[str] = ()

    @property
    def text(self) -> str:
        return self.body.decode()

    @property
    def json(self) -> Any:
        return json.loads(self.body)


@dataclass
class Visitor:
    """Somebody's browser, or a machine, before a desk."""

    http: aiohttp.ClientSession
    base: str
    headers: dict[str, str] = field(default_factory=dict)
    """With each request; a browser's have the CSRF token of its page."""

    async def ask(self, method: str, path: str, *, data: Any = None, **headers: str) -> Answer:
        """As it stands; redirects are not followed."""
        told = {**self.headers, **{name.replace("_", "-"): value for name, value in headers.items()}}
        async with self.http.request(
            method, self.base + path, data=data, headers=told, allow_redirects=False
        ) as answer:
            cookies = answer.headers.getall("Set-Cookie", [])
            return Answer(answer.status, answer.headers, await answer.read(), cookies)

    async def call(self, method: str, path: str, body: Any = None, **headers: str) -> Answer:
        """An operation of the API; without a body nothing is sent."""
        data = None if body is None else json.dumps(body)
        return await self.ask(method, "/api/v1" + path, data=data, **headers)

    async def got(self, path: str) -> Any:
        """What an operation tells."""
        answer = await self.call("GET", path)
        assert answer.status == 200, answer.text
        return answer.json

    async def did(self, path: str, body: Any = None, method: str = "POST") -> Any:
        """What an operation answers that is done."""
        answer = await self.call(method, path, body)
        assert answer.status == 200, answer.text
        return answer.json

    async def refused(self, path: str, body: Any = None, method: str = "POST") -> tuple[int, str]:
        """Why not: the status and the detail of the problem."""
        answer = await self.call(method, path, body)
        assert answer.headers["Content-Type"] == "application/problem+json", answer.text
        return answer.status, answer.json["detail"]

    async def log_in(self, name: str, password: str = PASSWORD, to: str = "", **headers: str) -> Answer:
        """By the form."""
        form = {"name": name, "password": password, "to": to}
        return await self.ask("POST", "/desk/login", data=form, **headers)

    async def take_csrf(self) -> None:
        """Out of a page, as its script does."""
        answer = await self.ask("GET", "/desk/me")
        found = _META.search(answer.text)
        assert found, answer.text
        assert found[1]
        self.headers["X-CSRF-Token"] = found[1]

    def cookie(self, name: str) -> str:
        """Of its jar; empty where there is none."""
        return next((c.value for c in self.http.cookie_jar if c.key == name), "")


@dataclass
class Office:
    """A desk that runs, its ledger, and the door to it."""

    desk: Desk
    app: App
    server: Server
    ledger: Ledger
    wire: Edition
    now: Clock
    folder: Path
    exits: AsyncExitStack
    over: asyncio.Event
    serving: asyncio.Task[None]

    async def stop(self) -> None:
        """As the service does."""
        self.over.set()
        await self.serving

    @property
    def base(self) -> str:
        return f"http://127.0.0.1:{self.server.port}"

    async def stranger(self) -> Visitor:
        """With an empty jar for cookies."""
        jar = aiohttp.CookieJar(unsafe=True)
        http = await self.exits.enter_async_context(aiohttp.ClientSession(cookie_jar=jar))
        return Visitor(http, self.base)

    async def person(self, name: str) -> Visitor:
        """Logged in; quicker than by the form, which has tests of its own."""
        visitor = await self.stranger()
        session = await self.ledger.write(people.open_session, name, self.now())
        visitor.http.cookie_jar.update_cookies({"wire": session})
        await visitor.take_csrf()
        return visitor

    async def machine(self, role: Role, name: str = "") -> Visitor:
        """With a token; it has no cookies and no page."""
        visitor = await self.stranger()
        told = name or f"for {role}s", role, "ada", self.now()
        token = await self.ledger.write(people.add_token, *told)
        visitor.headers["Authorization"] = f"Bearer {token}"
        return visitor

    async def machines(self) -> dict[Role, Visitor]:
        """One for each role."""
        return {role: await self.machine(role) for role in ROLES}

    async def deliver(self) -> None:
        """All that is due, and count it: what is Russian is refused, the rest arrives."""
        claims = await self.wire.claim()
        self.now.forward(seconds=3)
        await self.wire.settle([c for c in claims if c.member != "bureau"], said="written")
        await self.wire.settle([c for c in claims if c.member == "bureau"], "dead", said="no such folder")


def _furnished(db: Connection, config: Config, now: Any) -> None:
    table = {lane: Terms(m.id, c.type, c.concurrency) for lane, (m, c) in config.lanes().items()}
    lanes.sync(db, table, now)
    sources.sync(db, {s.name: s.url for s in config.sources}, now)
    for name, role in PEOPLE.items():
        people.add(db, name, role, secret(), "root", now)


@asynccontextmanager
async def office(folder: Path, ledger: Ledger, url: str = "") -> AsyncIterator[Office]:
    """Served as the service serves it, without the loops."""
    told = config(folder, ledger.url.render_as_string(hide_password=False), url)
    now, stop, router = Clock(), asyncio.Event(), Router(told, lambda *_: True)
    await ledger.write(_furnished, told, now())
    async with AsyncExitStack() as exits:
        channels: dict[str, Channel] = {
            lane: await exits.enter_async_context(make(settings))
            for lane, (_, settings) in told.lanes().items()
        }
        desk = Desk(told, ledger, router, Names(told), channels, Glossaries(None), now)
        app = App(desk)
        server = Server(told.web, app.routes(), Events(), app.prepare)
        task = asyncio.create_task(server.run(stop))
        while not server.port:
            await asyncio.sleep(0.005)
        edition = Edition(ledger, now, router)
        opened = Office(desk, app, server, ledger, edition, now, folder, exits, stop, task)
        yield opened
        await opened.stop()
