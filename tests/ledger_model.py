"""What the ledger promises, as a model without SQL: whose state is derived, not stored, where it can be."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Literal

from distributor.article import URGENT
from distributor.ledger.circuit import Health, Terms, after
from distributor.ledger.claims import BURST, allowance
from distributor.ledger.outcome import Claim, Outcome
from distributor.routing import Facts, Route
from ledger_wire import NOON

ROUTED_IF = 3
"""The urgency up to which `e` is routed."""
ORDERED = {"b/x"}
INTERVAL = {"a/x": 8.0}
"""Seconds from one attempt to the next, of those that have a rate."""
DISABLE_AFTER = 500_000.0
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


def terms(name: str) -> Terms:
    """Of the configuration."""
    interval = timedelta(seconds=INTERVAL[name]) if name in INTERVAL else None
    disable_after = timedelta(seconds=DISABLE_AFTER)
    return Terms(name[0], "webhook", CONCURRENCY[name], name in ORDERED, interval, disable_after)


def sound(name: str, now: datetime) -> Health:
    """As it begins."""
    return Health("open", "", now, None, 0, None, None, None, INTERVAL.get(name), None)


def routes(facts: Facts) -> Sequence[Route]:
    """Who gets what: `e` only what is urgent, `f` only what is about the climate, the others all."""
    urgent = ONLY_URGENT if facts.urgency <= ROUTED_IF else []
    return [*ROUTES, *urgent, *(ONLY_CLIMATE if "climate" in facts.categories else [])]


@dataclass(eq=False)
class Lane:
    """`circuit.after` has tests of its own; here it tells what a batch of outcomes means."""

    name: str
    health: Health

    @property
    def state(self) -> str:
        return self.health.state

    def tell(self, outcomes: Sequence[Outcome], now: datetime) -> None:
        if outcomes:
            self.health = after(self.health, INTERVAL.get(self.name), DISABLE_AFTER, outcomes, now)

    def probing(self, now: datetime) -> bool:
        probe = self.health.probe
        return self.state in ("parked", "resting") and probe is not None and probe <= now

    def spend(self, count: int, now: datetime) -> None:
        """A lane with a rate goes on later by so many intervals."""
        if count and self.health.pace:
            start = max(self.health.next or now, now - timedelta(seconds=BURST))
            then = start + timedelta(seconds=self.health.pace * count)
            self.health = self.health._replace(next=then)

    def silent(self, now: datetime) -> bool:
        """It asked for it, or its rate does."""
        return self.health.next is not None and self.health.next > now

    def routine(self, now: datetime) -> bool:
        """Whether more than what is urgent may go."""
        return self.health.blocked is None or self.health.blocked <= now


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
    number: int = 0
    """Its id in the ledger."""
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
    def order(self) -> tuple[int, datetime, int]:
        """In an ordered lane as they were made, but for urgent ones; else those that are due at the same time
        go in any order."""
        if self.lane.name in ORDERED:
            return self.urgency if self.urgency <= URGENT else 9, NOON, self.number
        return self.urgency, self.due, 0

    @property
    def coming(self) -> bool:
        """Not urgent, and no person holds it."""
        return self.urgency > URGENT and not self.article.withheld

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
        self.lanes = {name: Lane(name, sound(name, NOON)) for name in CONCURRENCY}

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
        if lane.silent(now) or not (lane.state == "open" or lane.probing(now)):
            return 0
        most = 1 if lane.state != "open" or lane.name in ORDERED else CONCURRENCY[lane.name]
        rate = allowance(lane.health.pace, lane.health.next, now) if lane.health.pace else most
        return max(0, min(most - flying, rate))

    def claimable(self, lane: Lane, now: datetime) -> list[Delivery]:
        """What is due on a lane, without a sibling in flight; the first first."""
        due = [d for d in self.deliveries if d.lane is lane and d.state == "pending" and d.due <= now]
        due = [d for d in due if not any(s.flight for s in d.beside())]
        if lane.name in ORDERED:
            due = [d for d in due if d.urgency <= URGENT or not self.comes_before(d)]
        if not lane.routine(now):
            due = [d for d in due if d.urgency <= URGENT]
        return sorted(due, key=lambda d: d.order)

    def comes_before(self, d: Delivery) -> bool:
        """Something that was made earlier for its lane is being translated."""
        theirs = self.deliveries
        earlier = [o for o in theirs if o.lane is d.lane and o.number < d.number and o.state == "waiting"]
        states = {o.article.texts[o.version, o.text].state for o in earlier if o.coming}
        return bool(states & {"waiting", "working"})
