"""Server time of each page of the desk, and of the API, with a hundred articles in the ledger and with many.

Two ledgers are filled as archive.py says: 100 articles with 1,000 deliveries, and 100,000 with 1,000,000. The
desk's own routes are served for each from a process of its own, on loopback; one client asks both in turns
for the same page, over a connection that stays open. Told is what passes between the request and the last
byte of the answer, the best of some, and the ratio of the large ledger's to the small one's, which has the
bar. Both show as many rows: see archive.py.

*Urgent* is clicked on one article after the other; after each answer another connection looks whether the
ledger says so.

On SQLite, and on PostgreSQL where it is installed. Filling the large ledgers takes some minutes, and 4 GB of
disk each.

    python benchmarks/desk.py [--articles 100000] [--repeats 15] [--only trail] [--json]
"""

from __future__ import annotations

import argparse
import asyncio
import multiprocessing
import sqlite3
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from http.client import HTTPConnection
from typing import Any
from urllib.parse import quote, urlencode

import asyncpg
from aiohttp import web
from archive import ASKED, LANES, RARE, fill
from databases import Database, databases
from figures import figure, show
from growth import apart
from pydantic import SecretStr
from sqlalchemy import make_url

from channels.webhook import Webhook
from distributor import clock
from distributor.cli.running import keep_for_good
from distributor.desk import passwords
from distributor.desk.app import App
from distributor.desk.desk import Desk
from distributor.desk.guard import csrf_token
from distributor.ledger.ledger import Ledger
from distributor.naming import Names
from distributor.routing import Router
from distributor.settings import Config, MemberSettings
from distributor.translation.glossary import Glossaries

SMALL, LARGE = 100, 100_000
PASSWORD = "the password of the benchmark"
BAR = 2.0
ADA = ASKED.who[0]
PATIENCE = 2.0
"""Seconds after which a page is not asked again."""


def config() -> Config:
    """Members as the ledger has them."""
    return Config(members=tuple(_member(*told) for told in LANES.items()))


def _member(name: str, language: str) -> MemberSettings:
    id_ = name.partition("/")[0]
    secret = SecretStr("whsec_" + "MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY=")
    channel = Webhook.Settings(type="webhook", url="https://member.example/", secrets=(secret,))
    topics = (ASKED.topic[1],) if language == "it" else ("*",)
    return MemberSettings(id=id_, name=id_, languages=(language,), topics=topics, channels=(channel,))


def filled(storage: str, size: int) -> str:
    """The ledger."""

    async def run() -> None:
        async with Ledger(storage) as ledger:
            await fill(ledger, size, clock.now(), passwords.hashed(PASSWORD))

    asyncio.run(run())
    return storage


@contextmanager
def serving(storage: str) -> Iterator[Browser]:
    """The desk over this ledger, in a process of its own; ada, who has logged in."""
    here, there = multiprocessing.Pipe()
    spawn = multiprocessing.get_context("spawn")
    process = spawn.Process(target=_serve, args=(storage, there), daemon=True)
    process.start()
    try:
        yield Browser(storage, here.recv())
    finally:
        process.terminate()
        process.join()


def _serve(storage: str, ready: Any) -> None:
    async def serve() -> None:
        ours = config()
        async with Ledger(storage) as ledger:
            router = Router(ours, lambda *_: True)
            desk = App(Desk(ours, ledger, router, Names(ours), {}, Glossaries(None)))
            app = web.Application()
            app.router.add_routes(desk.routes())
            desk.prepare(app)
            runner = web.AppRunner(app, access_log=None)
            await runner.setup()
            await web.TCPSite(runner, "127.0.0.1", 0).start()
            keep_for_good()
            ready.send(runner.addresses[0][1])
            await asyncio.Event().wait()

    asyncio.run(serve())


class Browser:
    """Ada's, at one desk."""

    def __init__(self, storage: str, port: int) -> None:
        self.storage = storage
        self._http = HTTPConnection("127.0.0.1", port, timeout=120)
        form = urlencode({"name": ADA, "password": PASSWORD})
        self._http.request("POST", "/desk/login", form, {"Content-Type": "application/x-www-form-urlencoded"})
        answer = self._http.getresponse()
        answer.read()
        self._cookie = (answer.headers["Set-Cookie"] or "").partition(";")[0]
        self._csrf = csrf_token(self._cookie.partition("=")[2])

    def get(self, path: str) -> tuple[float, bytes]:
        """Seconds, and the answer."""
        return self._asked("GET", path)

    def post(self, path: str, body: str) -> float:
        """Seconds."""
        return self._asked("POST", path, body)[0]

    def _asked(self, method: str, path: str, body: str | None = None) -> tuple[float, bytes]:
        headers = {"Cookie": self._cookie, "X-CSRF-Token": self._csrf}
        started = time.perf_counter()
        self._http.request(method, path, body, headers)
        answer = self._http.getresponse()
        told = answer.read()
        took = time.perf_counter() - started
        if answer.status != 200:
            raise SystemExit(f"{method} {path}: {answer.status} {told[:500]!r}")
        return took, told


@dataclass(frozen=True)
class Page:
    """`path`: for a ledger of so many articles."""

    name: str
    path: Callable[[int], str]
    rows: bytes = b""
    """What stands in the answer once for each row: as often on both."""


def _desk(name: str, **query: Any) -> Page:
    return Page(name, lambda _: f"/desk/?{urlencode(query)}", b'<tr id="a')


def _page(name: str, path: str, **query: Any) -> Page:
    return Page(name, lambda _: f"/desk/{path}?{urlencode(query)}")


def _api(path: str, **query: Any) -> Page:
    name = f"API: {path}" + "".join(f", {key} {value}" for key, value in query.items())
    return Page(name, lambda _: f"/api/v1/{path}?{urlencode(query)}")


def wire_pages() -> Iterator[Page]:
    """The wire, filtered and searched."""
    yield _desk("the wire")
    yield Page("the wire, halfway down", lambda size: f"/desk/?before={size // 2 + 2}&limit=40", b'<tr id="a')
    for state in ("urgent", "moving", "doubt", "dead", "held", "withdrawn"):
        yield _desk(f"the wire, {state}", state=state)
    for kind in ("language", "topic", "member", "source"):
        for often, value in zip(("common", "rare"), getattr(ASKED, kind), strict=True):
            yield _desk(f"the wire, {kind}, {often}", **{kind: value})
    yield _desk("the wire, dead, of a member", state="dead", member="m1")
    yield _desk("the wire, dead, of a member without", state="dead", member="late")
    yield _desk("the wire, on the way, of a rare source", state="moving", source=ASKED.source[1])
    yield _desk("the wire, urgent, with a common word", state="urgent", words=ASKED.word[0], limit=40)
    yield _desk("the wire, urgent, with a rare word", state="urgent", words=ASKED.word[1])


def search_pages() -> Iterator[Page]:
    """The search."""
    common, rare = ASKED.word
    yield _desk("search, a word in three of four", words=common)
    yield _desk("search, a word in one of fifty", words=ASKED.some)
    yield _desk("search, a word in one", words=rare)
    yield _desk("search, no such word", words="xylophone")
    yield _desk("search, a beginning, common", words=common[:4])
    yield _desk("search, a beginning, one letter", words="e")
    yield _desk("search, a beginning, rare", words=rare[:4])
    yield _desk("search, two words, common", words=f"{common} {ASKED.beside}")
    yield _desk("search, two words, one rare", words=f"{common} {rare}")
    yield _desk("search, Chinese, common", words=ASKED.chinese[0], limit=20)
    yield _desk("search, Chinese, rare, its characters common", words=ASKED.chinese[1])
    yield _desk("search, Chinese, one character", words=ASKED.chinese[0][0], limit=20)
    yield _desk("search, a common word, rare topic", words=common, topic=ASKED.topic[1])


def other_pages() -> Iterator[Page]:
    """All but the wire."""
    yield Page("an article", lambda size: f"/desk/articles/{size - 9}")
    yield Page("an article, what changed", lambda size: f"/desk/articles/{size - 10}?diff=2")
    yield Page("an old article", lambda _: f"/desk/articles/{RARE}")
    yield _page("members", "members")
    for hours, name in ((24, "24 hours"), (168, "7 days"), (720, "30 days")):
        yield _page(f"figures, {name}", "figures", hours=hours)
    yield _page("figures, 30 days of a member", "figures", hours=720, member="m1")
    yield _page("figures, 30 days of a language", "figures", hours=720, language="zh-Hans")
    yield _page("trail", "trail")
    yield _page("trail, a word, common", "trail", words=ASKED.did[0])
    yield _page("trail, a word, rare and old", "trail", words=ASKED.did[1])
    yield _page("trail, by who, common", "trail", who=ASKED.who[0])
    yield _page("trail, by who, rare", "trail", who=ASKED.who[1])
    yield _page("people", "people")
    yield _page("me", "me")


def api_pages() -> Iterator[Page]:
    """The API's GETs."""
    yield _api("articles")
    yield _api("articles", words=ASKED.word[0])
    yield Page("API: an article", lambda size: f"/api/v1/articles/{size - 9}")
    yield Page("API: an article, why", lambda size: f"/api/v1/articles/{size - 9}/why")
    yield Page("API: a rendition", lambda size: f"/api/v1/articles/{size - 9}/renditions/ru")
    yield Page("API: a preview", lambda size: f"/api/v1/articles/{size - 9}/renditions/ru/preview")
    yield _api("deliveries", limit=80)
    for state in ("delivered", "dead", "pending", "waiting", "sending", "superseded"):
        yield _api("deliveries", state=state, limit=80)
    for lane in ("m1/webhook", "late/webhook"):
        yield _api("deliveries", channel=lane, limit=20)
        yield _api("deliveries", member=lane.partition("/")[0], limit=20)
        yield _api("deliveries", state="dead", channel=lane, limit=20)
    yield Page("API: deliveries of an article", lambda size: f"/api/v1/deliveries?article={size - 9}")
    yield Page("API: attempts", lambda size: f"/api/v1/deliveries/{size * 10 - 9}/attempts")
    yield _api("members")
    yield _api("figures", hours=720)
    yield _api("audit")
    yield _api("audit", words=ASKED.did[1])
    yield _api("audit", subject=quote(f"article {RARE}"))
    yield _api("notices", all=True)
    yield _api("users")
    yield _api("tokens")


def pages() -> Iterator[Page]:
    """All."""
    for some in (wire_pages, search_pages, other_pages, api_pages):
        yield from some()


def in_turns(page: Page, browsers: dict[int, Browser], repeats: int) -> dict[int, float]:
    """The best of each in seconds."""
    took: dict[int, list[float]] = {size: [] for size in browsers}
    paths = {size: page.path(size) for size in browsers}
    first = {size: browser.get(paths[size]) for size, browser in browsers.items()}
    shown = {size: told.count(page.rows) for size, (_, told) in first.items()}
    if page.rows and len(set(shown.values())) > 1:
        raise SystemExit(f"{page.name}: not as many rows: {shown}")
    for _ in range(repeats if max(took for took, _ in first.values()) < PATIENCE else 1):
        for size, browser in browsers.items():
            took[size].append(browser.get(paths[size])[0])
    return {size: min(some) for size, some in took.items()}


def clicks(browsers: dict[int, Browser], repeats: int) -> tuple[dict[int, float], int]:
    """The best of a click on *urgent* in seconds; how many were in the ledger when it was answered."""
    took: dict[int, list[float]] = {size: [] for size in browsers}
    there = 0
    for nth in range(repeats):
        for size, browser in browsers.items():
            article = size - 3 * nth
            took[size].append(browser.post(f"/api/v1/articles/{article}/urgency", '{"urgency":1,"pause":0}'))
            there += urgency_of(browser.storage, article) == 1
    return {size: min(some) for size, some in took.items()}, there


def urgency_of(storage: str, article: int) -> int:
    """As a new connection finds it."""
    url = make_url(storage)
    if url.get_backend_name() == "sqlite":
        with sqlite3.connect(url.database or "") as db:
            return int(db.execute("SELECT urgency FROM article WHERE id = ?", (article,)).fetchone()[0])
    return asyncio.run(_urgency_of(storage.replace("+asyncpg", ""), article))


async def _urgency_of(address: str, article: int) -> int:
    db = await asyncpg.connect(address)
    try:
        return int(await db.fetchval("SELECT urgency FROM article WHERE id = $1", article))
    finally:
        await db.close()


@dataclass
class Results:
    """Of one database."""

    database: str
    large: int
    told: list[dict[str, Any]] = field(default_factory=list)

    def add(self, name: str, took: dict[int, float]) -> None:
        """Milliseconds of both, and the ratio."""
        small, large = took[SMALL] * 1000, took[self.large] * 1000
        named = f"{self.database}, {name}"
        self.told.append(figure(f"{named}, {SMALL:,} articles", round(small, 1), "ms"))
        self.told.append(figure(f"{named}, {self.large:,} articles", round(large, 1), "ms"))
        self.told.append(
            figure(f"{named}, large / small", round(large / small, 2), "ratio", BAR, at_most=True)
        )


def measure(database: str, storages: dict[int, str], options: argparse.Namespace) -> list[dict[str, Any]]:
    """All pages over these ledgers, by size."""
    results = Results(database, max(storages))
    with ExitStack() as stack:
        browsers = {size: stack.enter_context(serving(storage)) for size, storage in storages.items()}
        for page in pages():
            if options.only in page.name:
                results.add(page.name, in_turns(page, browsers, options.repeats))
        if options.only in "urgent":
            took, there = clicks(browsers, options.repeats)
            results.add("a click on urgent", took)
            asked = options.repeats * len(browsers)
            named = f"{database}, clicks on urgent that were in the ledger before the answer, of {asked}"
            results.told.append(figure(named, there, "clicks", asked))
    return results.told


def ledgers(db: Database, sizes: tuple[int, ...]) -> dict[int, str]:
    """Filled, each in a process of its own."""
    return {size: apart(filled, db.fresh(), size) for size in sizes}


def main() -> None:
    """Measure and print."""
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    arguments.add_argument("--articles", type=int, default=LARGE, help="in the large ledger")
    arguments.add_argument("--repeats", type=int, default=15, help="each figure is the best of so many")
    arguments.add_argument("--only", default="", help="pages with this in their names")
    arguments.add_argument("--json", action="store_true")
    options = arguments.parse_args()
    results: list[dict[str, Any]] = []
    with databases() as found:
        for db in found:
            results += measure(db.name, ledgers(db, (SMALL, options.articles)), options)
    show(results, options.json)


if __name__ == "__main__":
    main()
