"""The promises of the ledger over random interleavings of all that can happen to it, beside a model.

The same always, and what fails is told as it was found. With `EXAMPLES=1000 STEPS=50` in the environment it
is longer, at random, and what fails is made shorter first, for some minutes.
"""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any, ClassVar, Concatenate, ParamSpec, TypeVar

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)
from sqlalchemy import Connection, func, select, text

import postgresql
from distributor.article import URGENT
from distributor.errors import LeaseLost
from distributor.ledger import articles, deliveries, lanes, renditions, stories
from distributor.ledger.articles import Entry
from distributor.ledger.circuit import Health
from distributor.ledger.claims import claim
from distributor.ledger.ledger import Ledger
from distributor.ledger.outcome import Claim, Outcome
from distributor.ledger.renditions import Made, Task
from distributor.ledger.tables import attempt, delivery, lane, metadata, rendition
from distributor.ledger.urgency import make_urgent
from distributor.naming import Names
from distributor.settings import Config
from ledger_model import (
    CONCURRENCY,
    INTERVAL,
    ORDERED,
    Article,
    Delivery,
    Flight,
    Model,
    Text,
    routes,
    sound,
    terms,
)
from ledger_wire import LEASE, Clock, content

P = ParamSpec("P")
T = TypeVar("T")

EXAMPLES, STEPS = os.environ.get("EXAMPLES"), int(os.environ.get("STEPS", "30"))

ANSWERS: dict[str, tuple[str, str]] = {  # answer → state of the delivery, of the lane
    "delivered": ("delivered", "open"),
    "unavailable": ("pending", "open"),
    "unknown": ("pending", "open"),
    "refused": ("dead", "open"),
    "too many": ("pending", "open"),
    "denied": ("pending", "parked"),
    "gone": ("pending", "off"),
}
MANY = st.integers(0, 7)  # the index of something, modulo how many there are
WHO = st.integers(0, 1)
OPEN = ("waiting", "pending", "sending")
SAID = st.sampled_from([*ANSWERS, "delivered", "unavailable"])
some_article = precondition(lambda m: m.model.articles)
some_flight = precondition(lambda m: any(not f.crashed for f in m.model.flights))
DOUBTS = ({"sentence": "5", "translation": "6", "kind": "numbers", "what": "5 became 6"},)


class Machine(RuleBasedStateMachine):
    """Acts on the ledger and on the model, and compares them after each step."""

    run: ClassVar[asyncio.Runner]
    ledger: ClassVar[Ledger]

    def __init__(self) -> None:
        super().__init__()
        self.now, self.model = Clock(), Model()
        self.couriers, self.translators = ["w0.0", "w1.0"], ["t0.0", "t1.0"]
        self.tasks: dict[tuple[str, int], Task] = {}
        self.late: list[Flight] = []
        self.tried = 0

    def act(self, what: Callable[Concatenate[Connection, P], T], *args: P.args, **kwargs: P.kwargs) -> T:
        return self.run.run(self.ledger.write(what, *args, **kwargs))

    @initialize()
    def empty(self) -> None:
        self.act(wipe)
        self.act(lanes.sync, {name: terms(name) for name in CONCURRENCY}, self.now())

    # editors and feeds

    @precondition(lambda m: len(m.model.articles) < 3)
    @rule(
        language=st.sampled_from(["en", "en", "ru"]),
        urgency=st.sampled_from([5, 4, 1]),
        topic=st.sampled_from(["", "climate"]),
        hold=st.sampled_from(["", "", "too many"]),
    )
    def ingest(self, language: str, urgency: int, topic: str, hold: str) -> None:
        guid = f"g{len(self.model.articles)}"
        entry = entry_of(guid, 1, language, topic, urgency=urgency, hold=hold)
        article = Article(
            self.act(articles.add, entry, routes, self.now()), guid, urgency, bool(hold), not hold
        )
        self.model.articles.append(article)
        self.model.add_version(article, language, topic, self.now())

    @some_article
    @rule(which=MANY, language=st.sampled_from(["en", "en", "ru"]), topic=st.sampled_from(["", "climate"]))
    def correct(self, which: int, language: str, topic: str) -> None:
        if article := pick(self.model.articles, which):
            entry = entry_of(article.guid, article.head + 1, language, topic)
            number = self.act(articles.revise, article.id, entry, routes, self.now())
            self.model.add_version(article, language, topic, self.now())
            assert number == article.head

    @some_article
    @rule(which=MANY)
    def hold(self, which: int) -> None:
        if article := pick(self.model.articles, which):
            pending = [d for d in article.deliveries.values() if d.state == "pending"]
            assert self.act(articles.hold, article.id, "why", "anna", self.now()) == len(pending)
            article.withheld = True

    @some_article
    @rule(which=MANY)
    def release(self, which: int) -> None:
        if article := pick(self.model.articles, which):
            self.act(articles.release, article.id, routes, "anna", self.now())
            article.withheld = False
            if not article.routed:
                article.routed = True
                self.model.fan_out(article, self.now())

    @some_article
    @rule(which=MANY, urgency=st.sampled_from([1, 1, 5]))
    def make_urgent(self, which: int, urgency: int) -> None:
        if article := pick(self.model.articles, which):
            moves = {"waiting", "pending"}
            self.act(make_urgent, article.id, urgency, routes, "anna", self.now())
            article.urgency = urgency
            for d in article.deliveries.values():
                if d.state in moves:
                    d.due = min(d.due, self.now())
                if d.state in OPEN:
                    d.urgency = urgency
            if article.routed:
                self.model.fan_out(article, self.now())

    # couriers

    @precondition(lambda m: any(d.state == "pending" for d in m.model.deliveries))
    @rule(who=WHO, limit=st.integers(1, 4))
    def claim(self, who: int, limit: int) -> None:
        """Promises 4, 5 and 7: of each open lane the first of what may go, and all that there is room for."""
        worker = self.couriers[who]
        now = self.now()
        could = {
            name: (self.model.room(lane, now), self.model.claimable(lane, now))
            for name, lane in self.model.lanes.items()
        }
        claims = self.act(claim, worker, now, limit, LEASE)
        told = self.act(stories.load, {c.rendition for c in claims}, Names(Config()))
        claimed = [self.found(c) for c in claims]
        for name, (room, claimable) in could.items():
            mine = [d for d in claimed if d.lane.name == name]
            left = [d for d in claimable if d not in mine]
            assert all(d in claimable for d in mine), f"{name}: claimed what must not go"
            assert len(mine) <= room, f"{name}: more than there is room for"
            assert len(claims) == limit or len(mine) == min(room, len(claimable)), f"{name}: left behind"
            assert all(d.order <= other.order for d in mine for other in left), f"{name}: not the first"
        assert len(claims) <= limit
        assert [(d.urgency, d.due) for d in claimed] == sorted((d.urgency, d.due) for d in claimed)
        for c, d in zip(claims, claimed, strict=True):
            assert (told[c.rendition].version, told[c.rendition].language) == (d.version, d.text)
            assert (c.key, c.failures, c.urgency) == (d.key or c.key, d.failures, d.urgency)
            d.flight = Flight(d, c, worker, now + LEASE)
        for one in self.model.lanes.values():
            one.spend(sum(d.lane is one for d in claimed), now)

    @some_flight
    @rule(who=WHO, start=MANY, answers=st.lists(SAID, min_size=1, max_size=3))
    def land(self, who: int, start: int, answers: list[str]) -> None:
        """Some flights of a worker in one batch, each with an answer."""
        worker = self.busy(who)
        mine = self.in_hand(worker)
        some = (mine[start % len(mine) :] if mine else [])[: len(answers)]
        outcomes = [self.outcome(f, answer) for f, answer in zip(some, answers, strict=False)]
        if outcomes:
            assert self.act(deliveries.record, worker, outcomes, self.now()) == []
            for flight, outcome in zip(some, outcomes, strict=True):
                self.landed(flight.delivery, outcome)
            for lane_ in self.model.lanes.values():
                lane_.tell([o for o in outcomes if o.claim.lane == lane_.name], self.now())

    def landed(self, d: Delivery, outcome: Outcome) -> None:
        if outcome.answer in ("delivered", "unknown"):
            d.arrives()
        d.unknown = d.unknown or outcome.answer == "unknown"
        d.attempts += 1
        self.tried += 1
        d.lands(known=outcome.state == "delivered")
        if outcome.state != "pending":
            d.settled = outcome.state
        if outcome.state != "delivered":
            d.due, d.failures = outcome.due, outcome.failures

    @some_flight
    @rule(which=MANY)
    def arrives(self, which: int) -> None:
        """It is with the receiver, and the worker does not know yet."""
        if flight := pick([f for f in self.model.flights if not f.crashed], which):
            flight.delivery.arrives()

    @precondition(lambda m: m.model.flights or m.tasks)
    @rule(who=WHO)
    def crash(self, who: int) -> None:
        """A courier and a translator forget what they had; their successors have other names."""
        for team in (self.couriers, self.translators):
            gone = team[who]
            stem, generation = gone.split(".")
            team[who] = f"{stem}.{int(generation) + 1}"
            self.late = [f for f in self.late if f.worker != gone]
            self.tasks = {k: task for k, task in self.tasks.items() if k[0] != gone}
            for flight in self.model.flights:
                flight.crashed = flight.crashed or flight.worker == gone

    @precondition(lambda m: any(f.until < m.now() for f in m.model.flights))
    @rule()
    def expire(self) -> None:
        over = [f for f in self.model.flights if f.until < self.now()]
        assert self.act(deliveries.expire, self.now()) == len(over)
        for flight in over:
            flight.delivery.is_lost()
            self.late += [] if flight.crashed else [flight]

    @precondition(lambda m: m.late)
    @rule(which=MANY, answer=SAID)
    def record_late(self, which: int, answer: str) -> None:
        """Promise 6: nothing changes (the model does not, and is compared)."""
        if flight := pick(self.late, which):
            outcome = self.outcome(flight, answer)
            assert self.act(deliveries.record, flight.worker, [outcome], self.now()) == [outcome]

    @precondition(lambda m: m.model.flights or m.tasks)
    @rule(who=WHO)
    def beat(self, who: int) -> None:
        self.act(deliveries.renew, self.couriers[who], self.now() + LEASE)
        self.act(renditions.renew, self.translators[who], self.now() + LEASE)
        for flight in self.in_hand(self.couriers[who]):
            flight.until = self.now() + LEASE
        for one in self.texts():
            if one.worker == self.translators[who]:
                one.until = self.now() + LEASE

    @some_flight
    @rule(who=WHO, start=MANY)
    def hand_back(self, who: int, start: int) -> None:
        worker = self.busy(who)
        some = self.in_hand(worker)[start:]
        ids = [f.claim.id for f in some]
        assert self.act(deliveries.hand_back, ids, worker=worker) == len(some)
        for flight in some:
            flight.delivery.is_lost()

    @precondition(lambda m: m.model.flights or m.tasks)
    @rule()
    def restart(self) -> None:
        """All crash, and what they had in hand is taken up at once, as on SQLite."""
        self.crash(0)
        self.crash(1)
        assert self.act(deliveries.hand_back) == len(self.model.flights)
        self.act(renditions.hand_back)
        self.act(lanes.sync, {name: terms(name) for name in CONCURRENCY}, self.now())
        for flight in self.model.flights:
            flight.delivery.is_lost()
        for one in self.texts():
            if one.state == "working":
                one.becomes("waiting")
        for lane_ in self.model.lanes.values():
            lane_.health = lane_.health._replace(probe=self.now())

    @precondition(lambda m: any(d.settled == "dead" for d in m.model.deliveries))
    @rule(which=MANY)
    def replay(self, which: int) -> None:
        if article := pick([a for a in self.model.articles if a.dead()], which):
            dead = article.dead()
            assert self.act(deliveries.replay, [delivery.c.article == article.id], self.now()) == len(dead)
            for d in dead:
                d.settled, d.failures, d.due, d.urgency = "", 0, self.now(), article.urgency

    @precondition(lambda m: any(one.state != "open" for one in m.model.lanes.values()))
    @rule(which=MANY)
    def mend_lane(self, which: int) -> None:
        if closed := pick([one for one in self.model.lanes.values() if one.state != "open"], which):
            self.act(lanes.resume, closed.name, "anna", self.now())
            closed.health = sound(closed.name, self.now())

    # translators

    @precondition(lambda m: any(one.free(m.now()) for one in m.texts()))
    @rule(who=WHO, limit=st.integers(1, 3))
    def take_tasks(self, who: int, limit: int) -> None:
        worker = self.translators[who]
        free = [
            (a.urgency, a, k) for a in self.model.articles for k, t in a.texts.items() if t.free(self.now())
        ]
        tasks = self.act(renditions.claim, worker, self.now(), limit, LEASE)
        assert [t.urgency for t in tasks] == sorted(urgency for urgency, *_ in free)[:limit]
        for task in tasks:
            one = self.text_of(task)
            assert one.free(self.now())
            one.state, one.worker, one.until = "working", worker, self.now() + LEASE
            self.tasks[worker, task.id] = task

    @precondition(lambda m: m.tasks or any(one.free(m.now()) for one in m.texts()))
    @rule(which=MANY, outcome=st.sampled_from(["ready", "ready", "doubt", "unmade"]))
    def translate(self, which: int, outcome: str) -> None:
        if not self.tasks:
            self.take_tasks(0, 1)
        key = list(self.tasks)[which % len(self.tasks)]
        worker, task = key[0], self.tasks[key]
        one = self.text_of(task)
        del self.tasks[key]
        holds = one.state == "working" and one.worker == worker
        try:
            self.act(save, task, worker, outcome, self.now())
        except LeaseLost:
            assert not holds
            return
        assert holds, "a late translator's text was taken"
        one.becomes(outcome)
        article = self.article(task.article)
        if outcome == "doubt" and task.version == article.head:
            self.model.original_instead(article, task.language)

    @precondition(lambda m: m.held("doubt"))
    @rule(which=MANY)
    def approve(self, which: int) -> None:
        if found := pick(self.held("doubt"), which):
            article, language, one = found
            self.act(renditions.approve, article.id, language, "anna", self.now())
            one.becomes("ready")

    @precondition(lambda m: m.held("doubt", "unmade"))
    @rule(which=MANY)
    def retranslate(self, which: int) -> None:
        if found := pick(self.held("doubt", "unmade"), which):
            article, language, one = found
            self.act(renditions.again, article.id, language, "anna", self.now())
            one.becomes("waiting")

    @rule(by=st.sampled_from([5, 30, 61, 400, 601, 20_000]))
    def time_passes(self, by: int) -> None:
        self.now.forward(seconds=by)

    # what must be true

    @invariant()
    def the_ledger_is_as_the_model(self) -> None:
        """Promises 1, 2, 6 and 7: all there is, in the states that follow from what happened, and no more."""
        rows, texts, lane_states, tried = self.act(everything)
        ids = {a.id: a for a in self.model.articles}
        assert len(rows) == len(self.model.deliveries), "deliveries that no route asks for, or too few"
        for row in rows:
            d = ids[row.article].deliveries[row.version, row.lane, row.language]
            d.key, d.number = d.key or row.key, row.id
            assert d.key == row.key, "a key changed"
            where = f"{row.lane} {row.language}, version {row.version} of {d.article.guid}"
            assert (where, row.state) == (where, d.state)
            assert row.failures == d.failures, where
            assert d.attempts <= row.attempts <= d.attempts + d.lost, where  # a lost flight may count
            if d.state in OPEN:
                assert (where, row.urgency, row.due) == (where, d.urgency, d.due)
                assert (where, row.urgency) == (where, d.article.urgency)
            flight = d.flight
            assert (row.lease, row.leased_until) == (
                (flight.worker, flight.until) if flight else (None, None)
            )
        assert len({row.key for row in rows}) == len(rows)
        seen = {(row.article, row.version, row.language): state_of(row) for row in texts}
        assert seen == {(a.id, *k): t.state for a in self.model.articles for k, t in a.texts.items()}
        assert lane_states == {name: one.health for name, one in self.model.lanes.items()}
        assert tried == self.tried

    def teardown(self) -> None:
        if sys.exc_info()[0] is None:  # else the step before failed, and that is to be told
            self.drain()

    def drain(self) -> None:
        """Editors, receivers and translators do their part; then everything has arrived, or says why not."""
        for index in range(len(self.model.articles)):
            self.release(index)
        for _ in CONCURRENCY:
            self.mend_lane(0)
        self.now.forward(days=30)
        self.restart()
        self.the_ledger_is_as_the_model()
        while any(one.free(self.now()) for one in self.texts()):
            self.take_tasks(0, 100)
            while self.tasks:
                self.translate(0, "ready")
        for article, language, _ in self.held("doubt"):
            self.act(renditions.approve, article.id, language, "anna", self.now())
            article.texts[article.head, language].becomes("ready")
        while any(self.model.claimable(one, self.now()) for one in self.model.lanes.values()):
            self.claim(0, 100)
            while self.in_hand(self.couriers[0]):
                self.land(0, 0, ["delivered"] * 100)
            self.now.forward(seconds=max(INTERVAL.values()))
            self.the_ledger_is_as_the_model()
        for article in self.model.articles:
            for d in article.deliveries.values():
                unmade = article.texts[d.version, d.text].state == "unmade"
                ends = {"delivered", "dead"} | ({"superseded"} if d.version < article.head else set())
                assert d.state in ends or d.doubled or (unmade and d.state == "waiting"), d
                if d.settled == "delivered" or d.unknown:
                    assert (article.head, d.lane.name, d.language) in article.deliveries
        stale = [
            k for a in self.model.articles for k, t in a.texts.items() if k[0] < a.head and t.state == "doubt"
        ]
        assert not stale, "an old version waits for an editor for ever"

    # finding things

    def in_hand(self, worker: str) -> list[Flight]:
        return [f for f in self.model.flights if f.worker == worker and not f.crashed]

    def busy(self, who: int) -> str:
        """This courier, or the other one where only that has something in hand."""
        worker = self.couriers[who]
        return worker if self.in_hand(worker) else self.couriers[1 - who]

    def article(self, id_: int) -> Article:
        return next(a for a in self.model.articles if a.id == id_)

    def found(self, claim: Claim) -> Delivery:
        return self.article(claim.article).deliveries[claim.version, claim.lane, claim.language]

    def text_of(self, task: Task) -> Text:
        return self.article(task.article).texts[task.version, task.language]

    def texts(self) -> list[Text]:
        return [one for a in self.model.articles for one in a.texts.values()]

    def held(self, *states: str) -> list[tuple[Article, str, Text]]:
        return [
            (a, language, one)
            for a in self.model.articles
            for (version, language), one in a.texts.items()
            if version == a.head and one.state in states
        ]

    def outcome(self, flight: Flight, answer: str) -> Outcome:
        state, lane_state = ANSWERS[answer]
        tries = ("unavailable", "unknown", "refused", "too many")
        failures = flight.claim.failures + (answer in tries)
        due = self.now() + timedelta(seconds={"unavailable": 300, "unknown": 40_000}.get(answer, 0))
        told: Any = {"state": state, "answer": answer, "said": answer, "lane": lane_state}
        if answer == "too many":
            told |= {"answer": "unavailable", "wish": timedelta(seconds=20), "slow": True}
        if state == "pending" and flight.claim.lane in ORDERED and flight.claim.urgency > URGENT:
            told |= {"blocks": due}
            due = flight.claim.due
        return Outcome(
            claim=flight.claim, started=self.now(), took_ms=1.0, due=due, failures=failures, **told
        )


def pick(among: list[T], which: int) -> T | None:
    return among[which % len(among)] if among else None


def entry_of(guid: str, number: int, language: str, topic: str, **more: Any) -> Entry:
    told = content(f"Version {number}", language=language, categories=(topic,) if topic else ())
    return Entry("weekly", guid, {}, told, told.fingerprint(), **more)


def save(db: Connection, task: Task, worker: str, outcome: str, now: Any) -> None:
    if outcome == "unmade":
        renditions.hold(db, task, worker, "no model")
        return
    made = task.original.having(language=task.language, headline=f"[{task.language}]")
    renditions.save(
        db, task, worker, Made(made, "test", 1.0, DOUBTS if outcome == "doubt" else (), outcome), now
    )


def everything(db: Connection) -> tuple[Any, Any, dict[str, Health], int]:
    states = {
        row.id: Health._make(getattr(row, name) for name in Health._fields)
        for row in db.execute(select(lane))
    }
    tried = db.execute(select(func.count()).select_from(attempt)).scalar_one()
    return db.execute(select(delivery)).all(), db.execute(select(rendition)).all(), states, tried


def state_of(row: Any) -> str:
    if row.state == "held":
        return "unmade" if row.content is None else "doubt"
    return str(row.state)


def wipe(db: Connection) -> None:
    tables = [table for table in metadata.sorted_tables if table.name != "audit"]  # it does not let go
    if db.dialect.name == "postgresql":
        db.execute(text(f"TRUNCATE {', '.join(t.name for t in tables)} RESTART IDENTITY CASCADE"))
        return
    for table in reversed(tables):
        db.execute(table.delete())


@pytest.fixture(params=["sqlite", "postgresql"])
def machine(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[tuple[type[Machine], int]]:
    """A machine on a database of its own, and how many examples that has time for."""
    with asyncio.Runner() as run:
        storage, examples = f"sqlite+aiosqlite:///{tmp_path / 'ledger.db'}", 30
        if request.param == "postgresql":
            storage = run.run(postgresql.empty(request.getfixturevalue("postgresql_server")))
            examples = 10
        ledger = Ledger(storage)
        run.run(ledger.__aenter__())
        yield type("OnDatabase", (Machine,), {"run": run, "ledger": ledger}), int(EXAMPLES or examples)
        run.run(ledger.__aexit__(None, None, None))


@pytest.mark.timeout(3600 if EXAMPLES else 120)
def test_the_ledger_keeps_its_promises_whatever_happens_when(machine: tuple[type[Machine], int]) -> None:
    kind, examples = machine
    run_state_machine_as_test(  # type: ignore[no-untyped-call]
        kind,
        settings=settings(
            max_examples=examples,
            stateful_step_count=STEPS,
            deadline=None,
            derandomize=not EXAMPLES,
            phases=[Phase.generate, Phase.shrink] if EXAMPLES else [Phase.generate],
            database=None,
            suppress_health_check=list(HealthCheck),
        ),
    )
