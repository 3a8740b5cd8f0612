"""The receivers of docs/receiving.md as they stand there, sent to by the channel itself."""

from __future__ import annotations

import asyncio
import base64
import json
import os
import re
import shutil
import socket
import sqlite3
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, closing, suppress
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from aiohttp import web
from standardwebhooks import Webhook as Signer

import documents
from channels.answers import read
from channels.channel import Denied, Refused
from channels.formats import ninjs
from channels.signing import public_key
from channels.story import IdempotencyKey, Story
from channels.webhook import Webhook
from distributor.config import parse
from distributor.events import Events
from distributor.service import opened
from distributor.settings import Config

DOCUMENT = "receiving.md"
LONGEST = {"receiver.py": 50, "receiver.mjs": 60, "catch_up.py": 25, "subscriber.py": 65}
"""Lines."""
SECRET = "whsec_" + base64.b64encode(b"r" * 32).decode()
OTHER = "whsec_" + base64.b64encode(b"o" * 32).decode()
PRIVATE = "whsk_" + base64.b64encode(b"p" * 32).decode()

MOMENT = datetime(2021, 12, 21, 8, tzinfo=UTC)
FIRST = Story(
    uri="tag:science-wire.example,2021-12-21:weekly:carbon:ja",
    slug="carbon",
    version=1,
    language="ja",
    original_language="en",
    origin="machine",
    headline="十の研究フロント",
    summary="",
    body="<p>科学メディア連合が報告書を発表した。</p>",
    url="https://weekly-edition.example/carbon",
    source="Weekly Edition",
    published=MOMENT,
    updated=MOMENT,
)
SECOND = replace(FIRST, version=2, headline="十の研究フロント、訂正")
WITHDRAWN = replace(SECOND, pub_status="canceled")


def node() -> str:
    """Node.js. Skips where it is not installed, but not in CI."""
    if found := shutil.which("node"):
        return found
    if os.environ.get("CI"):
        pytest.fail("Node.js is not installed: .ci/run should have")
    pytest.skip("Node.js is not installed (Debian: apt-get install nodejs)")


@dataclass
class Example:
    """A receiver of the document, in a process of its own."""

    name: str
    folder: Path
    env: dict[str, str] = field(default_factory=dict)
    process: asyncio.subprocess.Process | None = None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.env['PORT']}/wire"

    @property
    def store(self) -> Path:
        return Path(self.env["STORE"])

    async def start(self) -> None:
        program = sys.executable if self.name.endswith(".py") else node()
        self.process = await asyncio.create_subprocess_exec(program, self.name, cwd=self.folder, env=self.env)
        async with asyncio.timeout(30):
            while not await answers(int(self.env["PORT"])):
                assert self.process.returncode is None, "it has ended"
                await asyncio.sleep(0.02)

    async def kill(self) -> None:
        if self.process and self.process.returncode is None:
            self.process.kill()
            await self.process.wait()

    def numbers(self) -> dict[str, int]:
        """What it has seen: the numbers by `webhook-id`."""
        if self.name.endswith(".py"):
            return dict(self._query("SELECT id, number FROM seen"))
        return {line["id"]: line["number"] for line in self._lines()}

    def held(self) -> dict[str, Any] | None:
        """The item that it holds, of one `uri`."""
        if self.name.endswith(".py"):
            items = [json.loads(item) for (item,) in self._query("SELECT item FROM items")]
            assert len(items) <= 1
        else:
            items = [line["item"] for line in self._lines() if "item" in line]
        return items[-1] if items else None

    def _query(self, query: str) -> list[Any]:
        with closing(sqlite3.connect(self.store)) as db:
            return db.execute(query).fetchall()

    def _lines(self) -> list[Any]:
        return [json.loads(line) for line in self.store.read_text("utf-8").split("\n") if line]


async def answers(port: int) -> bool:
    try:
        _, writer = await asyncio.open_connection("127.0.0.1", port)
    except OSError:
        return False
    writer.close()
    return True


def free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port: int = free.getsockname()[1]
        return port


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return documents.write(DOCUMENT, tmp_path)


@asynccontextmanager
async def running(name: str, folder: Path) -> AsyncIterator[Example]:
    own = {"PORT": str(free_port()), "SECRET": SECRET, "STORE": str(folder / "store")}
    example = Example(name, folder, dict(os.environ) | own)
    try:
        await example.start()
        yield example
    finally:
        await example.kill()


@pytest.fixture(params=["receiver.py", "receiver.mjs"])
async def example(request: pytest.FixtureRequest, folder: Path) -> AsyncIterator[Example]:
    async with running(request.param, folder) as started:
        yield started


@pytest.fixture
def make(monkeypatch: pytest.MonkeyPatch) -> Any:
    """Our channel to an address."""

    def made(url: str, *secrets: str, ago: timedelta = timedelta(), **more: Any) -> Webhook:
        names = [f"SECRET_{n}" for n, _ in enumerate(secrets)]
        for name, secret in zip(names, secrets, strict=True):
            monkeypatch.setenv(name, secret)
        own = {"type": "webhook", "url": url, "secrets": [{"env": name} for name in names]}
        settings = Webhook.Settings.model_validate(own | {"allow_private": True} | more)
        return Webhook(settings, clock=lambda: datetime.now(UTC) - ago)

    return made


async def send(channel: Webhook, *stories: Story, number: int = 0) -> None:
    """Each under a key of its own, that says which it is."""
    for story in stories:
        key = IdempotencyKey(f"dlv_{story.version}_{story.pub_status}")
        assert (await channel.send(story, key, number)).answer == "HTTP 204"


def test_the_examples_are_short() -> None:
    shown = documents.shown_in(DOCUMENT)
    assert {name: len(shown[name].splitlines()) for name in LONGEST if name in shown}.keys() == LONGEST.keys()
    for name, most in LONGEST.items():
        assert len(shown[name].splitlines()) <= most, name


async def test_what_is_signed_is_taken_and_what_is_not_is_not(example: Example, make: Any) -> None:
    async with make(example.url, OTHER) as stranger:
        with pytest.raises(Denied, match="HTTP 401"):
            await stranger.send(FIRST, IdempotencyKey("dlv_x"))
    assert example.held() is None
    async with make(example.url, SECRET) as channel:
        await send(channel, FIRST)
    assert example.held() == json.loads(ninjs.encode(FIRST))


async def test_one_signature_of_several_is_enough(example: Example, make: Any) -> None:
    async with make(example.url, PRIVATE, OTHER, SECRET) as channel:
        await send(channel, FIRST)
    assert example.numbers().keys() == {"dlv_1_usable"}


@pytest.mark.parametrize("ago", [timedelta(minutes=6), timedelta(minutes=-6)])
async def test_a_request_of_another_time_is_refused(example: Example, make: Any, ago: timedelta) -> None:
    async with make(example.url, SECRET, ago=ago) as channel:
        with pytest.raises(Denied, match="HTTP 401"):
            await channel.send(FIRST, IdempotencyKey("dlv_x"))
    assert example.held() is None


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"webhook-id": "x", "webhook-timestamp": "soon", "webhook-signature": "v1,x"},
        {"webhook-id": "x", "webhook-timestamp": "{now}", "webhook-signature": "v1"},
        {"webhook-id": "x", "webhook-timestamp": "{now}", "webhook-signature": "v1,ж"},
    ],
)
async def test_nonsense_is_refused_and_does_no_harm(
    example: Example, make: Any, headers: dict[str, str]
) -> None:
    now = str(int(datetime.now(UTC).timestamp()))
    told = {name: value.format(now=now) for name, value in headers.items()}
    async with aiohttp.ClientSession() as http, http.post(example.url, data=b"{}", headers=told) as answer:
        assert answer.status in (400, 401)
    async with make(example.url, SECRET) as channel:
        await send(channel, FIRST)


async def test_what_cannot_be_read_is_refused_for_good(example: Example, make: Any) -> None:
    async with make(example.url, SECRET, format="text") as channel:
        with pytest.raises(Refused, match="HTTP 400"):
            await channel.send(FIRST, IdempotencyKey("dlv_x"))
    assert example.held() is None


async def test_a_repeat_is_stored_once_even_after_a_crash(example: Example, make: Any) -> None:
    changed = replace(FIRST, headline="was never sent under this key")
    async with make(example.url, SECRET) as channel:
        await send(channel, FIRST, changed)
    await example.kill()
    await example.start()
    async with make(example.url, SECRET) as channel:
        await send(channel, changed)
    assert example.held() == json.loads(ninjs.encode(FIRST))
    assert len(example.numbers()) == 1


async def test_a_correction_takes_the_place_of_what_it_corrects(example: Example, make: Any) -> None:
    async with make(example.url, SECRET) as channel:
        await send(channel, FIRST, SECOND)
    assert example.held() == json.loads(ninjs.encode(SECOND))


async def test_what_is_older_is_dropped_even_after_a_crash(example: Example, make: Any) -> None:
    async with make(example.url, SECRET) as channel:
        await send(channel, replace(SECOND, version=10))
        await example.kill()
        await example.start()
        await send(channel, replace(SECOND, version=9))
    held = example.held()
    assert held
    assert held["version"] == "10"


async def test_a_withdrawal_holds(example: Example, make: Any) -> None:
    async with make(example.url, SECRET) as channel:
        await send(channel, FIRST, WITHDRAWN, SECOND)
    held = example.held()
    assert held
    assert (held["version"], held["pubStatus"]) == ("2", "canceled")
    assert len(example.numbers()) == 3


async def test_a_large_item_is_taken(example: Example, make: Any) -> None:
    large = replace(FIRST, body="<p>" + "十の" * 500_000 + "</p>")
    async with make(example.url, SECRET) as channel:
        await send(channel, large)
    assert example.held() == json.loads(ninjs.encode(large))


async def test_a_check_finds_it_there(example: Example, make: Any) -> None:
    async with make(example.url, SECRET) as channel:
        assert (await channel.check()).startswith("HTTP 405")


async def test_the_number_of_an_item_comes_along(example: Example, make: Any) -> None:
    async with make(example.url, SECRET) as channel:
        await send(channel, FIRST, number=7)
    assert example.numbers() == {"dlv_1_usable": 7}


async def test_a_line_that_a_crash_cut_short_spoils_none_of_the_others(folder: Path, make: Any) -> None:
    (folder / "store").write_text('\n{"id":"dlv_0","number":1}\n{"id":"dlv_1_usa', "utf-8")
    async with running("receiver.mjs", folder) as example:
        async with make(example.url, SECRET) as channel:
            await send(channel, FIRST)
        await example.kill()
        await example.start()
        async with make(example.url, SECRET) as channel:
            await send(channel, replace(FIRST, headline="a repeat"))
    (last,) = [line for line in (folder / "store").read_text("utf-8").split("\n") if "item" in line]
    assert json.loads(last)["item"] == json.loads(ninjs.encode(FIRST))


@asynccontextmanager
async def served(handler: Any) -> AsyncIterator[str]:
    app = web.Application()
    app.router.add_route("*", "/{path:.*}", handler)
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    try:
        yield f"http://127.0.0.1:{runner.addresses[0][1]}"
    finally:
        await runner.cleanup()


@pytest.mark.parametrize("language", ["py", "mjs"])
async def test_a_public_key_verifies(folder: Path, make: Any, language: str) -> None:
    arrived: list[tuple[dict[str, str], bytes]] = []

    async def take(request: web.Request) -> web.Response:
        headers = {name.lower(): value for name, value in request.headers.items()}
        arrived.append((headers, await request.read()))
        return web.Response(status=204)

    async with served(take) as url, make(url, SECRET, PRIVATE) as channel:
        await send(channel, FIRST)
    ((headers, body),) = arrived
    ours, another = public_key(PRIVATE), public_key("whsk_" + base64.b64encode(b"q" * 32).decode())
    asked = [(ours, headers, body), (another, headers, body), (ours, headers, body + b" ")]
    assert [verified(folder, language, *one) for one in asked] == [True, False, False]


def verified(folder: Path, language: str, key: str, headers: dict[str, str], body: bytes) -> bool:
    """What the example says, asked in a process of its own."""
    given = json.dumps([key, headers, body.decode()])
    python = (
        "import json, sys; from public_key import is_signed; k, h, b = json.load(sys.stdin);"
        "print(json.dumps(is_signed(k, h, b.encode())))"
    )
    script = (
        'import { isSigned } from "./public_key.mjs"; import { readFileSync } from "node:fs";'
        "const [k, h, b] = JSON.parse(readFileSync(0)); console.log(isSigned(k, h, Buffer.from(b)));"
    )
    command = (
        [sys.executable, "-c", python] if language == "py" else [node(), "--input-type=module", "-e", script]
    )
    done = subprocess.run(command, cwd=folder, input=given, capture_output=True, text=True, check=True)
    return bool(json.loads(done.stdout))


class Wire:
    """Answers what was counted, in pages of two, as the document says."""

    def __init__(self, last: int) -> None:
        self.asked: list[int] = []
        self.rows = [self._row(number) for number in range(1, last + 1)]

    def _row(self, number: int) -> dict[str, Any]:
        state = "superseded" if number == 3 else "delivered"
        story = replace(FIRST, version=number, headline=f"Number {number}")
        item = None if state == "superseded" else json.loads(ninjs.encode(story))
        told = {"number": number, "key": f"dlv_{number}", "state": state, "action": "publish"}
        return told | {"article": 1, "version": number, "language": "ja", "item": item}

    async def handle(self, request: web.Request) -> web.Response:
        assert (request.path, request.query["channel"]) == ("/members/t0ken/items", "webhook")
        since = int(request.query["since"])
        self.asked.append(since)
        rows = [row for row in self.rows if row["number"] > since]
        page, rest = rows[:2], rows[2:]
        after = request.url.update_query(since=page[-1]["number"]) if rest else None
        told = {"channel": "jst/webhook", "last": len(self.rows), "items": page}
        return web.json_response(told | {"next": after and str(after)})


async def test_what_was_missed_is_asked_for_once(folder: Path) -> None:
    wire = Wire(5)
    async with running("receiver.py", folder) as example, served(wire.handle) as url:
        async with aiohttp.ClientSession() as http:
            for number in (1, 4):
                await post(http, example.url, wire.rows[number - 1])
        assert (await caught_up(example, f"{url}/members/t0ken"), wire.asked) == (0, [1, 3])
        held = example.held()
        assert held
        assert held["headlines"][0]["value"] == "Number 5"
        assert example.numbers() == {f"dlv_{number}": number for number in range(1, 6)}
        assert (await caught_up(example, f"{url}/members/t0ken"), wire.asked) == (0, [1, 3, 5])


async def test_a_receiver_that_lost_its_store_has_all_of_it_from_the_wire_itself(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOOK", SECRET)
    monkeypatch.setenv("TOKEN", "t" * 24)
    (folder / "feed.xml").write_text(FEED, encoding="utf-8")
    async with running("receiver.py", folder) as example, opened(wire_to(example), Events()) as service:
        await service.once(asyncio.Event())
        held, numbers = example.held(), example.numbers()
        assert held
        assert list(numbers.values()) == [1]
        await example.kill()
        example.store.unlink()
        await example.start()
        stop = asyncio.Event()
        task = asyncio.create_task(service.run(stop, ["web"]))
        assert service.web
        while not service.web.port:
            await asyncio.sleep(0.01)
        url = f"http://127.0.0.1:{service.web.port}"
        assert await caught_up(example, f"{url}/members/{'t' * 24}") == 0
        stop.set()
        await task
        assert (example.held(), example.numbers()) == (held, numbers)


async def test_a_subscriber_has_what_the_feed_has_and_nothing_from_anybody_else(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TOKEN", "t" * 24)
    port, own, store = free_port(), free_port(), folder / "store"
    topic, callback = (
        f"http://127.0.0.1:{port}/members/{'t' * 24}/en.json",
        f"http://127.0.0.1:{own}/callback",
    )
    env = {"TOPIC": topic, "CALLBACK": callback, "SECRET": SECRET, "STORE": str(store), "PORT": str(own)}
    example, stop = Example("subscriber.py", folder, dict(os.environ) | env), asyncio.Event()
    try:
        async with opened(wire_with_a_feed(folder, port), Events()) as service:
            task = asyncio.create_task(service.run(stop))
            while not (service.web and service.web.port):
                await asyncio.sleep(0.01)
            for headlines in (["Union opens"], ["Union opened", "Union meets"]):
                (folder / "feed.xml").write_text(feed_of(*headlines), encoding="utf-8")
                await service.intakes[0].once()
                if not example.process:
                    await example.start()
                await stored(store, *headlines)
            forged = {"items": [{"id": "x", "_distributor": {"version": 1}}]}
            for headers in ({}, {"X-Hub-Signature": "sha256=00"}, {"X-Hub-Signature": "ж"}):
                assert await posted(callback, forged, headers) == 401
            assert await posted(callback + "?hub.mode=unsubscribe&hub.topic=" + topic) == 404
            await stored(store, "Union opened", "Union meets")
            stop.set()
            await task
    finally:
        await example.kill()


async def stored(store: Path, *headlines: str) -> None:
    """The subscriber holds these, and no others."""
    async with asyncio.timeout(20):
        while True:
            with suppress(sqlite3.Error), closing(sqlite3.connect(store)) as db:
                items = [json.loads(item)["title"] for (item,) in db.execute("SELECT item FROM items")]
                if sorted(items) == sorted(headlines):
                    return
            await asyncio.sleep(0.05)


async def posted(url: str, told: Any = None, headers: dict[str, str] | None = None) -> int:
    """The status; a GET where nothing is told."""
    async with (
        aiohttp.ClientSession() as http,
        http.request("GET" if told is None else "POST", url, json=told, headers=headers) as answer,
    ):
        return answer.status


def feed_of(*headlines: str) -> str:
    item = (
        "<item><title>{}</title><guid isPermaLink='false'>g{}</guid><description>It met.</description></item>"
    )
    items = "".join(item.format(headline, n) for n, headline in enumerate(headlines))
    return f"<rss version='2.0'><channel><title>W</title><language>en</language>{items}</channel></rss>"


def wire_with_a_feed(folder: Path, port: int) -> Config:
    member = {"id": "jst", "name": "JST", "languages": ["en"], "token": {"env": "TOKEN"}}
    return parse(
        {
            "storage": f"sqlite+aiosqlite:///{folder}/ledger.db",
            "web": {"listen": f"127.0.0.1:{port}", "allow_private": True},
            "sources": [{"name": "w", "url": f"{folder}/feed.xml", "backfill": "all", "every": "1h"}],
            "members": [member | {"channels": [{"type": "feed"}]}],
        }
    )


FEED = """<rss version='2.0'><channel><title>W</title><language>en</language>
<item><title>Union opens</title><guid isPermaLink='false'>g1</guid><description>It met.</description></item>
</channel></rss>"""


def wire_to(example: Example) -> Config:
    """A wire with one member, the example."""
    hook = {"type": "webhook", "url": example.url, "secrets": [{"env": "HOOK"}], "allow_private": True}
    member = {"id": "jst", "name": "JST", "languages": ["en"], "token": {"env": "TOKEN"}, "channels": [hook]}
    return parse(
        {
            "storage": f"sqlite+aiosqlite:///{example.folder}/ledger.db",
            "web": {"listen": "127.0.0.1:0"},
            "media": {"cache": ""},
            "sources": [{"name": "w", "url": f"{example.folder}/feed.xml", "backfill": "all"}],
            "members": [member],
        }
    )


async def post(http: aiohttp.ClientSession, url: str, row: dict[str, Any]) -> None:
    now, body = datetime.now(UTC), json.dumps(row["item"])
    headers = {
        "webhook-id": row["key"],
        "webhook-timestamp": str(int(now.timestamp())),
        "webhook-signature": Signer(SECRET).sign(row["key"], now, body),
        "Item-Number": str(row["number"]),
    }
    async with http.post(url, data=body.encode(), headers=headers) as answer:
        assert answer.status == 204


async def caught_up(example: Example, url: str) -> int:
    env = example.env | {"WIRE": url}
    command = (sys.executable, "catch_up.py")
    process = await asyncio.create_subprocess_exec(*command, cwd=example.folder, env=env)
    return await process.wait()


def test_the_answers_of_the_document_are_those_of_the_sender() -> None:
    text = (documents.ROOT / "docs" / DOCUMENT).read_text("utf-8")
    rows = dict(re.findall(r"^\| ([^|]*\d[^|]*) \| ([^|]*) \|$", text, re.MULTILINE))
    means = {"try again": "Unavailable", "never send": "Refused", "park": "Denied", "switch": "Gone"}
    assert len(rows) == 5
    for said, consequence in rows.items():
        for status in map(int, re.findall(r"\b[3-5]\d\d\b", said)):
            with pytest.raises(Exception) as raised:  # noqa: PT011
                read(status, None, MOMENT)
            (expected,) = [name for start, name in means.items() if consequence.startswith(start)]
            assert raised.type.__name__ == expected, status
