"""A simulated week of the union: members that receive and contribute, editors at work, things gone wrong.

All of the wire is real (sources, ledger, translator, routing, courier); only models, receivers and time are
the test's own. What happens when is drawn from a seed, so that a failure can be played again.
"""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from html import escape
from pathlib import Path
from random import Random
from typing import Any, Self

from sqlalchemy import Connection, select

from channels.channel import Unavailable
from channels.settings import ChannelSettings
from channels.story import IdempotencyKey, Receipt, Story
from distributor.config import parse
from distributor.delivery.courier import Courier
from distributor.delivery.flight import Line
from distributor.delivery.rhythm import PLAIN
from distributor.events import Events
from distributor.ledger import articles, deliveries, lanes, renditions, sources
from distributor.ledger.circuit import Terms
from distributor.ledger.ledger import Ledger
from distributor.ledger.tables import article
from distributor.ledger.withdrawal import withdraw
from distributor.naming import Names
from distributor.routing import Router
from distributor.settings import Config
from distributor.sources.intake import Intake
from distributor.translation.documents.align import Translation
from distributor.translation.interpreter import Interpreter
from distributor.translation.translator import Translator
from ledger_wire import NOON, Clock

LANGUAGES = (("ru", "en"), ("en",), ("ja",), ("it", "en"), ("en", "zh-Hans"))
MEMBERS = range(len(LANGUAGES))
DOWN, HOLDS = 2, 4
"""The member that is down for two days, and the one whose contributions want an editor's release."""
TICK = timedelta(minutes=10)
DAY = timedelta(days=1)
WORDS = [
    a + b
    for a in ["ba", "de", "fi", "go", "lu", "me", "ni", "pa", "ro", "su", "ta", "vi", "zo", "ke"]
    for b in ["rim", "lon", "tak", "sel", "dun", "mor"]
]


class Engine:
    """Says in front of each sentence which language it is in now."""

    def can(self, source: str, target: str) -> bool:
        return True

    def named(self, source: str, target: str) -> str:
        return "week"

    def refresh(self) -> None: ...

    async def translate(
        self,
        sentences: Sequence[str],
        source: str,
        target: str,
        *,
        tied: Collection[str] | None = None,
        urgency: int = 5,
        careful: bool = False,
    ) -> list[Translation]:
        return [Translation(f"[{target}] {sentence}") for sentence in sentences]


@dataclass(slots=True)
class Receiver:
    """A member's system: what it holds, and what it was told that it should not have been."""

    Settings = ChannelSettings

    member: int
    clock: Clock
    embargoes: dict[str, datetime]
    held: dict[str, Story] = field(default_factory=dict)
    canceled: set[str] = field(default_factory=set)
    faults: list[str] = field(default_factory=list)
    keys: dict[str, int] = field(default_factory=dict)
    down: bool = False
    stuck: asyncio.Event | None = None

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *exc: object) -> None: ...

    async def check(self) -> str:
        return "fine"

    async def send(self, story: Story, key: IdempotencyKey, number: int = 0) -> Receipt:
        if self.down:
            raise Unavailable("down")
        if self.stuck:
            await self.stuck.wait()
        self._receive(story, key)
        return Receipt("ok")

    def _receive(self, story: Story, key: IdempotencyKey) -> None:
        self.keys[key] = self.keys.get(key, 0) + 1
        before = self.held.get(story.uri)
        if story.uri in self.canceled and story.pub_status != "canceled":
            self.faults.append(f"{story.uri}: sent after its withdrawal")
        if before and before.version > story.version:
            self.faults.append(f"{story.uri}: version {story.version} after {before.version}")
        if any(name in story.uri and self.clock() < at for name, at in self.embargoes.items()):
            self.faults.append(f"{story.uri}: sent under embargo")
        if story.pub_status == "canceled":
            if before is None:
                self.faults.append(f"{story.uri}: withdrawn, but never sent")
            self.canceled.add(story.uri)
        self.held[story.uri] = story


@dataclass(slots=True)
class Item:
    """An article as its contributor has it."""

    name: str
    member: int
    published: datetime
    text: str
    link: str
    embargo: datetime | None = None
    version: int = 1
    withdrawn: bool = False
    echo: bool = False

    def xml(self) -> str:
        told = f"<title>{escape(self.text[:60])}</title><link>{self.link}</link>"
        told += f"<guid isPermaLink='false'>{self.name}</guid>"
        told += f"<pubDate>{self.published:%a, %d %b %Y %H:%M:%S} GMT</pubDate>"
        if self.embargo:
            told += f"<dcterms:available>{self.embargo.isoformat()}</dcterms:available>"
        return f"<item>{told}<description>{escape(f'<p>{self.text}</p>')}</description></item>"


class Week:
    """Runs it, tick by tick."""

    def __init__(self, ledger: Ledger, folder: Path, seed: int) -> None:
        self.ledger, self.folder, self.random = ledger, folder, Random(seed)
        self.clock = Clock()
        self.config = self._config()
        self.embargoes: dict[str, datetime] = {}
        self.receivers = [Receiver(m, self.clock, self.embargoes) for m in MEMBERS]
        self.items: list[Item] = []
        self.plan: list[tuple[datetime, int, Any]] = []
        self.restarts = 0
        self._plan()

    def _config(self) -> Config:
        told_sources = [
            {
                "name": f"s{m}",
                "url": str(self.folder / f"s{m}.xml"),
                "backfill": "all",
                "contributor": f"m{m}",
                "trust": "hold" if m == HOLDS else "send",
            }
            for m in MEMBERS
        ]
        told_members = [
            {
                "id": f"m{m}",
                "name": f"Member {m}",
                "languages": list(LANGUAGES[m]),
                "channels": [{"type": "folder", "path": str(self.folder / f"out{m}")}],
            }
            for m in MEMBERS
        ]
        return parse({"sources": told_sources, "members": told_members})

    # --- what happens when

    def _at(self, after: datetime, low: float, high: float) -> datetime:
        """So many hours after, on a tick."""
        ticks = int(self.random.uniform(low, high) * 6) + 1
        return after + ticks * TICK

    def _do(self, at: datetime, act: Any) -> None:
        self.plan.append((at, len(self.plan), act))

    def _plan(self) -> None:
        pick = self.random
        for n in range(60):
            at = self._at(NOON, 0, 24 * 5.5)
            member = pick.choice(MEMBERS)
            item = Item(f"art-{n:02}", member, at, self._text(), f"https://s{member}.example/art-{n:02}")
            self.items.append(item)
            if n < 4:
                item.embargo = self._at(at, 3, 12)
                self.embargoes[item.name] = item.embargo
            self._do(at, lambda: None)
            if member == HOLDS:
                self._do(at + 2 * TICK, lambda item=item: self._release(item))
        for item in pick.sample(self.items, 25):
            self._do(self._at(item.published, 0.5, 30), lambda item=item: self._correct(item))
        for item in pick.sample(self.items[4:], 3):
            self._do(self._at(item.published, 1, 40), lambda item=item: self._withdraw(item))
        for n, item in enumerate(pick.sample(self.items[4:], 12)):
            self._do(self._at(item.published, 1, 20), lambda item=item, n=n: self._echo(item, n))
        for day, act in ((2, self._down), (4, self._up), (1.5, self._restart), (5, self._restart)):
            self._do(NOON + day * DAY, act)

    def _text(self) -> str:
        return " ".join(self.random.choice(WORDS) for _ in range(50)).capitalize() + "."

    async def _correct(self, item: Item) -> None:
        if not item.withdrawn:
            item.text = f"{item.text[:-1]} {self.random.randrange(1000)}."
            item.version += 1

    async def _withdraw(self, item: Item) -> None:
        item.withdrawn = True
        await self.ledger.write(withdraw, await self._id(item), "a mistake", "editor", self.clock())

    async def _release(self, item: Item) -> None:
        id_, routes = await self._id(item), Router(self.config, Engine().can).routes
        if not item.withdrawn:
            await self.ledger.write(articles.release, id_, routes, "editor", self.clock())

    async def _echo(self, item: Item, n: int) -> None:
        """Another member has it, too: under its own guid, by the same link or in nearly the same words."""
        member = self.random.choice([m for m in MEMBERS if m != item.member])
        link = item.link if n % 2 else f"https://s{member}.example/copy-{n}"
        text = item.text if n % 2 else f"{item.text} Via a partner."
        self.items.append(Item(f"echo-{n:02}", member, self.clock(), text, link, echo=True))

    async def _down(self) -> None:
        self.receivers[DOWN].down = True

    async def _up(self) -> None:
        self.receivers[DOWN].down = False

    async def _restart(self) -> None:
        """Killed while some are in the air."""
        for receiver in self.receivers:
            receiver.stuck = asyncio.Event()
        await self._poll()
        courier = self._courier()
        running = asyncio.create_task(courier.run(asyncio.Event()))
        await asyncio.sleep(0.05)
        flights = [flight.task for flight in courier._flights]
        for task in (running, *flights):
            task.cancel()
        await asyncio.gather(running, *flights, return_exceptions=True)
        for receiver in self.receivers:
            receiver.stuck = None
        await self.ledger.write(self._take_up)
        self.restarts += 1

    # --- the wire

    def _take_up(self, db: Connection) -> None:
        """As the service does at its start."""
        lanes_ = {lane: self._terms(m.id, c) for lane, (m, c) in self.config.lanes().items()}
        lanes.sync(db, lanes_, self.clock())
        sources.sync(db, {s.name: s.url for s in self.config.sources}, self.clock())
        deliveries.hand_back(db)
        renditions.hand_back(db)

    @staticmethod
    def _terms(member: str, c: ChannelSettings) -> Terms:
        return Terms(member, c.type, c.concurrency, c.ordered, c.rate, c.disable_after)

    def _courier(self) -> Courier:
        lines = {f"m{m}/folder": Line(self.receivers[m], 30.0, False, False, PLAIN) for m in MEMBERS}  # type: ignore[arg-type]
        names = Names(self.config)
        return Courier(self.ledger, lines, names, Events(), "w", now=self.clock, random=Random(1))

    async def run(self, days: float) -> None:
        await self.ledger.write(self._take_up)
        plan, end = sorted(self.plan, key=lambda told: told[:2]), NOON + days * DAY
        while self.clock.time < end:
            happened = self.clock.time.minute == 0
            while plan and plan[0][0] <= self.clock.time:
                happened = True
                _, _, act = plan.pop(0)
                if (doing := act()) is not None:
                    await doing
            if happened:
                await self._turn()
            self.clock.time += TICK

    async def _turn(self) -> None:
        await self._poll()
        interpreter = Interpreter(self.ledger, Engine(), judge=_fine, judge_text=_fine, now=self.clock)
        await Translator(self.ledger, interpreter, Events(), "t", now=self.clock).run(
            asyncio.Event(), until_idle=True
        )
        await self._courier().run(asyncio.Event(), until_idle=True)

    async def _poll(self) -> None:
        """Each feed that says something else, and every six hours all."""
        routes = Router(self.config, Engine().can).routes
        for m, source in enumerate(self.config.sources):
            if self._write(m, Path(source.url)) or self.clock.time.hour % 6 == 0:
                await Intake(self.ledger, source, routes, Events(), now=self.clock, random=Random(0)).once()

    def _write(self, member: int, path: Path) -> bool:
        """The member's feed as it is now; whether it is another than before."""
        there = [i.xml() for i in self.items if i.member == member and i.published <= self.clock.time]
        channel = f"<channel><title>S</title><language>en</language>{''.join(there)}</channel>"
        told = f"<rss version='2.0' xmlns:dcterms='http://purl.org/dc/terms/'>{channel}</rss>"
        if path.exists() and path.read_text("utf-8") == told:
            return False
        path.write_text(told, "utf-8")
        return True

    async def _id(self, item: Item) -> int:
        mine = (article.c.source == f"s{item.member}") & (article.c.guid == item.name)
        id_: int = await self.ledger.read(
            lambda db: db.execute(select(article.c.id).where(mine)).scalar_one()
        )
        return id_

    # --- what ought to be

    def amiss(self) -> list[str]:
        """Whatever a member holds and should not, or should and does not."""
        found = [f"m{r.member}: {fault}" for r in self.receivers for fault in r.faults]
        for receiver in self.receivers:
            expected = {uri: item for item in self.items for uri in self._uris(item, receiver.member)}
            more = receiver.held.keys() - expected.keys()
            found += [f"m{receiver.member} holds {uri}" for uri in sorted(more)]
            for uri, item in expected.items():
                found += [
                    f"m{receiver.member}: {uri}: {fault}" for fault in self._faults(uri, item, receiver)
                ]
        return found

    def _uris(self, item: Item, member: int) -> list[str]:
        if item.echo or item.member == member:
            return []
        names = Names(self.config)
        return [names.uri(f"s{item.member}", item.name, tag, item.published) for tag in LANGUAGES[member]]

    def _faults(self, uri: str, item: Item, receiver: Receiver) -> list[str]:
        held = receiver.held.get(uri)
        if item.withdrawn:
            return [] if held is None or held.pub_status == "canceled" else ["not withdrawn"]
        if held is None:
            return ["not there"]
        right = f"{item.text}" in held.body and held.pub_status == "usable"
        return [] if right and held.version == item.version else [f"version {held.version} of {item.version}"]


def _fine(*_: str) -> tuple[()]:
    return ()
