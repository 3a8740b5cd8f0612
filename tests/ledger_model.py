"""What the ledger promises, as a model without SQL: whose state is derived, not stored, where it can be."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal

from distributor.ledger.deliveries import Claim
from distributor.ledger.lanes import PROBE_AFTER
from distributor.routing import Facts, Route

URGENT = 3
CONCURRENCY = {"a/x": 2, "b/x": 2, "c/x": 1, "d/x": 2, "e/x": 2, "f/x": 1}
ROUTES = [
    Route("a/x", "a", "en"),
    Route("a/x", "a", "ru"),
    Route("b/x", "b", "ru"),
    Route("c/x", "c", "ru", "send"),
    Route("d/x", "d", "ru", "original"),
    Route("d/x", "d", "en", "original"),
]
ONLY_URGENT = [Route("e/x", "e", "ru", "original"), Route("e/x", "e", "it", "send")]
ONLY_CLIMATE = [Route("f/x", "f", "ru", "original")]


def routes(facts: Facts) -> Sequence[Route]:
    """Who gets what: `e` only what is urgent, `f` only what is about the climate, the others all."""
    urgent = ONLY_URGENT if facts.urgency <= URGENT else []
    return [*ROUTES, *urgent, *(ONLY_CLIMATE if "climate" in facts.categories else [])]


@dataclass(eq=False)
class Lane:
    name: str
    state: Literal["open", "parked", "off"] = "open"
    probe: datetime | None = None

    def tell(self, states: Sequence[str], took: bool, now: datetime) -> None:
        """What one batch of outcomes means: who took something is open, who is gone is gone."""
        if took:
            self.state = "off" if self.state == "off" else "open"
        elif states and self.state != "off":
            self.state = "off" if "off" in states else "parked"
            self.probe = now + PROBE_AFTER


@dataclass(eq=False)
class Text:
    """A rendition: waiting, working, ready, doubt (held with a text), unmade (held without), superseded."""

    state: str
    worker: str = ""
    until: datetime | None = None

    def becomes(self, state: str) -> None:
        self.state, self.worker, self.until = state, "", None

    def free(self, now: datetime) -> bool:
        return self.state == "waiting" or (
            self.state == "working" and self.until is not None and self.until < now
        )


@dataclass(eq=False)
class Flight:
    """A claim in a worker's hands, until the worker has recorded it or has lost it."""

    delivery: Delivery
    claim: Claim
    worker: str
    until: datetime
    arrived: bool = False
    crashed: bool = False


@dataclass(eq=False)
class Delivery:
    article: Article
    version: int
    lane: Lane
    language: str
    on_doubt: str
    due: datetime
    urgency: int
    text: str
    """The language of the rendition that goes: the original's where that of `language` is in doubt."""
    settled: Literal["", "delivered", "dead"] = ""
    doubled: bool = False
    """The original goes to this lane already."""
    flight: Flight | None = None
    key: str = ""
    attempts: int = 0
    failures: int = 0
    got: int = 0
    unknown: bool = False
    """An attempt ended without an answer: it may have arrived."""
    lost: int = 0
    """Flights of which nobody knows whether they arrived."""

    @property
    def state(self) -> str:
        """By what has happened to it; what may go is pending, and nothing else is."""
        if self.settled or self.flight:
            return self.settled or "sending"
        if self.doubled or self.version < self.article.head:
            return "superseded"
        return "pending" if not self.article.withheld and self.made else "waiting"

    @property
    def made(self) -> bool:
        """Whether there is a text that its member wants."""
        state = self.article.texts[self.version, self.text].state
        return state == "ready" or (state == "doubt" and self.on_doubt == "send")

    @property
    def order(self) -> tuple[int, datetime]:
        return self.urgency, self.due

    def beside(self) -> Iterator[Delivery]:
        """All versions for the same place."""
        same = (self.lane, self.language)
        return (d for d in self.article.deliveries.values() if (d.lane, d.language) == same)

    def arrives(self) -> None:
        """The receiver gets it. Promises 2 and 3 are about what it then has."""
        flight = self.flight
        if flight and not flight.arrived:
            flight.arrived = True
            self.got += 1
            assert self.got <= 1 + self.lost, "received twice, and no flight was lost in between"
            newer = [d for d in self.beside() if d.version > self.version and d.got]
            assert not newer, "an old version arrived after a new one"

    def lands(self, *, known: bool) -> None:
        """Its worker has recorded it; `known`: that it has arrived, where it has."""
        if self.flight and self.flight.arrived and not known:
            self.lost += 1
        self.flight = None

    def is_lost(self) -> None:
        self.flight = None
        self.lost += 1


@dataclass(eq=False)
class Article:
    id: int
    guid: str
    urgency: int
    withheld: bool
    routed: bool
    head: int = 0
    original: dict[int, str] = field(default_factory=dict)
    topics: dict[int, str] = field(default_factory=dict)
    texts: dict[tuple[int, str], Text] = field(default_factory=dict)
    """By version and language."""
    deliveries: dict[tuple[int, str, str], Delivery] = field(default_factory=dict)
    """By version, lane and language."""

    def dead(self) -> list[Delivery]:
        return [d for d in self.deliveries.values() if d.settled == "dead"]

    def of_head(self) -> list[Delivery]:
        return [d for d in self.deliveries.values() if d.version == self.head]


class Model:
    """All articles and lanes."""

    def __init__(self) -> None:
        self.articles: list[Article] = []
        self.lanes = {name: Lane(name) for name in CONCURRENCY}

    @property
    def deliveries(self) -> list[Delivery]:
        return [d for a in self.articles for d in a.deliveries.values()]

    @property
    def flights(self) -> list[Flight]:
        """Those whose lease holds, of crashed workers, too."""
        return [d.flight for d in self.deliveries if d.flight]

    def add_version(self, a: Article, language: str, topic: str, now: datetime) -> None:
        a.head += 1
        a.original[a.head], a.topics[a.head] = language, topic
        useless = {"waiting", "working", "doubt", "unmade"}
        for (version, _), text in a.texts.items():
            if version < a.head and text.state in useless:
                text.becomes("superseded")
        if a.routed:
            self.fan_out(a, now)

    def fan_out(self, a: Article, now: datetime) -> None:
        """Head version: what its routes ask for, and who has an older one or may just be getting it."""
        original, topic = a.original[a.head], a.topics[a.head]
        facts = Facts("weekly", original, (topic,) if topic else (), a.urgency)
        wanted = {(r.lane, r.language): r.on_doubt for r in routes(facts)}
        for d in a.deliveries.values():
            if d.version < a.head and (d.settled == "delivered" or d.flight or d.unknown):
                wanted.setdefault((d.lane.name, d.language), d.on_doubt)
        for (lane, language), on_doubt in wanted.items():
            if (a.head, lane, language) not in a.deliveries:
                a.texts.setdefault((a.head, language), Text("ready" if language == original else "waiting"))
                a.deliveries[a.head, lane, language] = Delivery(
                    a, a.head, self.lanes[lane], language, on_doubt, now, a.urgency, language
                )
        for version, language in list(a.texts):
            if version == a.head and a.texts[version, language].state == "doubt":
                self.original_instead(a, language)

    def original_instead(self, a: Article, language: str) -> None:
        """The head's text in `language` is in doubt: who reads the original then gets that, once a lane."""
        original = a.original[a.head]
        served = {d.lane for d in a.of_head() if d.text == original}
        for d in a.of_head():
            if d.text == language and d.on_doubt == "original" and d.state == "waiting":
                a.texts.setdefault((a.head, original), Text("ready"))
                d.doubled = d.lane in served
                d.text = d.text if d.doubled else original
                served.add(d.lane)

    def room(self, lane: Lane, now: datetime) -> int:
        """How many more may be claimed; of a parked lane whose probe is due one at a time."""
        flying = sum(f.delivery.lane is lane for f in self.flights)
        probing = lane.state == "parked" and lane.probe is not None and lane.probe <= now
        return max(0, {"open": CONCURRENCY[lane.name], "parked": int(probing), "off": 0}[lane.state] - flying)

    def claimable(self, lane: Lane, now: datetime) -> list[Delivery]:
        """What is due on a lane, without a sibling in flight; the first first."""
        due = [d for d in self.deliveries if d.lane is lane and d.state == "pending" and d.due <= now]
        return sorted((d for d in due if not any(s.flight for s in d.beside())), key=lambda d: d.order)
