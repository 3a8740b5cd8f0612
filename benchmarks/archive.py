"""A ledger as a month of a busy wire, or a hundred articles, would leave it: texts in three languages, their
deliveries with attempts, the search, the figures of each hour and the audit trail.

What is open (held, dead, on the way) is as much in a small ledger as in a large one, and so is what is rare:
one article of its own source, topic, member and language, with words that no other has. All else grows with
the ledger, but there is at least a page of each, and some figures for each hour of the month, so that every
page shows as many rows on both.

Rows go straight into the tables; the figures are counted by the service's own `tally.count`.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from random import Random
from typing import Any

from sqlalchemy import (
    JSON,
    Column,
    Connection,
    Integer,
    MetaData,
    String,
    Table,
    Text,
    case,
    cast,
    func,
    insert,
    literal,
    null,
    select,
    text,
    true,
)

from distributor.article import Content
from distributor.ledger import people, search, tally
from distributor.ledger.ledger import Ledger
from distributor.ledger.tables import (
    Instant,
    article,
    attempt,
    audit,
    delivery,
    lane,
    notice,
    rendition,
    source,
    version,
)
from distributor.markup import plain

LANES = {**{f"m{n}/webhook": ("en", "zh-Hans", "ru")[n % 3] for n in range(10)}, "late/webhook": "it"}
"""The last gets one article."""
MEMBERS = [name.partition("/")[0] for name in LANES]
DOUBTFUL, DEAD, MOVING, WITHHELD = 50, 40, 50, 30
"""Articles, whatever the size: with a rendition in doubt, dead on some lanes, pending on all; held back."""
DYING = 5
"""Lanes."""
PAGE = 60
"""At least so many of what grows."""
DEEDS = 100
"""More than articles."""
SPAN = timedelta(days=30)
TEXTS = 400
RARE = 3
"""The article with what no other has: an old one."""


@dataclass(frozen=True)
class Asked:
    """A common and a rare value of each filter, and words to search for."""

    source: tuple[str, str] = ("weekly", "guest")
    topic: tuple[str, str] = ("Research", "Volcanology")
    member: tuple[str, str] = ("m1", "late")
    language: tuple[str, str] = ("zh-Hans", "it")
    word: tuple[str, str] = ("carbon", "zirconium")
    beside: str = "neutrality"
    """In all that have the common one."""
    some: str = "tundra"
    """In one article of fifty."""
    chinese: tuple[str, str] = ("气候", "火山")
    """Of the rare one, both characters are in every second article, but not one after the other."""
    who: tuple[str, str] = ("ada", "zoe")
    did: tuple[str, str] = ("telephone", "wittgenstein")


ASKED = Asked()
MARKS = {
    "en": [[], *[[ASKED.word[0], ASKED.beside]] * 3],
    "ru": [[]] * 4,
    "zh-Hans": [["火", "海", "山"], ["火", "海", "山"], [*ASKED.chinese[0]], []],
}
"""What texts have beside made-up words, in turns."""
_SCRATCH = MetaData()
SAMPLE = Table(
    "benchmark_sample",
    _SCRATCH,
    Column("nth", Integer, primary_key=True),
    Column("language", String, primary_key=True),
    Column("content", JSON),
)
LANE = Table(
    "benchmark_lane",
    _SCRATCH,
    Column("nth", Integer, primary_key=True),
    Column("lane", String),
    Column("language", String),
)
FACTS = Table(
    "benchmark_facts",
    _SCRATCH,
    Column("n", Integer, primary_key=True),
    Column("nth", Integer),
    Column("head", Integer),
    Column("at", Instant),
    Column("arrived", Instant),
    *(Column(kind, Integer) for kind in ("doubtful", "dead", "moving")),
)


def spread(number: int, among: int, first: int = 1) -> set[int]:
    """So many of 1 … `among`, evenly."""
    return {(first + i * among // number) % among + 1 for i in range(number)}


def steps(size: int, step: int) -> Iterator[range]:
    """1 … `size`, in ranges."""
    return (range(first, min(first + step, size + 1)) for first in range(1, size + 1, step))


def vocabulary(random: Random, letters: str, number: int, longest: int) -> list[str]:
    """Made-up words."""
    return ["".join(random.choices(letters, k=random.randint(2, longest))) for _ in range(number)]


class Texts:
    """Texts with words as often as in a language (Zipf), which repeat after `TEXTS` articles."""

    def __init__(self) -> None:
        random = Random(1)
        self._words = {
            "en": vocabulary(random, "etaoinshrdlu", 8000, 11),
            "ru": vocabulary(random, "оеаинтсрвлкм", 8000, 11),
            "zh-Hans": [chr(0x4E00 + n) for n in random.sample(range(6000), 3000)],
        }
        self._said = [[self._text(random, tag, nth) for tag in self._words] for nth in range(TEXTS)]

    def _text(self, random: Random, tag: str, nth: int) -> Content:
        words, space = self._words[tag], "" if tag == "zh-Hans" else " "
        weights = [1 / (rank + 3) for rank in range(len(words))]
        told = random.choices(words, weights, k=500 if not space else 280)
        told[40:40] = MARKS[tag][nth % 4]
        paragraphs = [space.join(told[at : at + 60]) for at in range(20, len(told), 60)]
        body = "".join(f"<p>{paragraph}.</p>" for paragraph in paragraphs)
        headline, summary = space.join(told[:8]), space.join(told[8:20])
        return Content(headline=headline, summary=summary, body=body, language=tag, url="https://example/")

    def rows(self) -> Iterator[dict[str, Any]]:
        """For `SAMPLE`."""
        for nth, told in enumerate(self._said):
            yield from ({"nth": nth, "language": c.language, "content": c.to_json()} for c in told)

    def content(self, nth: int) -> Content:
        """In English."""
        return self._said[nth][0]

    def words(self, nth: int) -> list[list[str]]:
        """As the search has them, in each language."""
        return [search.words(f"{c.headline}\n{c.summary}\n{plain(c.body)}") for c in self._said[nth]]


class Plan:
    """Which article is what."""

    def __init__(self, size: int, now: datetime) -> None:
        self.size, self.now, self._random = size, now, Random(2)
        self.doubtful, self.dead = spread(DOUBTFUL, size), spread(DEAD, size)
        self.moving, self.withheld = spread(MOVING, size, 2), spread(WITHHELD, size, 4)
        self.urgent = spread(max(PAGE, size // 100), size, 5)
        others = [n for n in range(1, size + 1) if n not in self.withheld]
        self.withdrawn = {others[n - 1] for n in spread(max(PAGE, size // 100), len(others))}
        self.some, self.research = spread(max(PAGE, size // 50), size), spread(max(PAGE, size // 2), size)

    def at(self, n: int) -> datetime:
        """When it came."""
        return self.now - SPAN * (1 - n / (self.size + 1))

    def facts(self, n: int) -> dict[str, Any]:
        """For `FACTS`."""
        took = timedelta(seconds=self._random.lognormvariate(2.5, 1))
        kinds = {name: int(n in getattr(self, name)) for name in ("doubtful", "dead", "moving")}
        at = self.at(n)
        return {"n": n, "nth": n % TEXTS, "head": self.head(n), "at": at, "arrived": at + took, **kinds}

    @staticmethod
    def head(n: int) -> int:
        """One in twenty was changed."""
        return 1 + (n % 20 == 10)

    def article(self, n: int) -> dict[str, Any]:
        """Its row."""
        status = "canceled" if n in self.withdrawn else "withheld" if n in self.withheld else "usable"
        return {
            "source": ASKED.source[n == RARE], "guid": f"guid-{n}", "slug": f"slug-{n}", "head": self.head(n),
            "urgency": 1 if n in self.urgent else 5, "pub_status": status, "routed": True,
            "reason": "" if status == "usable" else "embargo", "fingerprint": f"{n}", "published": self.at(n),
            "created": self.at(n),
        }  # fmt: skip

    def topics(self, n: int) -> list[str]:
        """Of the article."""
        told = ([ASKED.topic[0]] if n in self.research else []) + [f"Topic {n % 7}"]
        return [ASKED.topic[1], *told] if n == RARE else told

    def versions(self, n: int, texts: Texts) -> Iterator[dict[str, Any]]:
        """All of it."""
        content = texts.content(n % TEXTS).having(categories=tuple(self.topics(n)), published=self.at(n))
        told = {"article": n, "language": "en", "headline": content.headline, "content": content.to_json()}
        for number in range(1, self.head(n) + 1):
            yield {**told, "number": number, "created": self.at(n)}

    def found_by(self, n: int, words: list[list[str]]) -> list[str]:
        """What the search has of it."""
        rare = n == RARE
        facets = {
            "source": [ASKED.source[rare]],
            "topic": self.topics(n),
            "member": MEMBERS[: 10 + rare],
            "language": ["en", "zh-Hans", "ru"] + ["it"] * rare,
        }
        folded = [search.facet(kind, value) for kind, named in facets.items() for value in named]
        own = [ASKED.some] * (n in self.some) + [ASKED.word[1], *ASKED.chinese[1]] * rare
        return search.entry(folded, [own, *words])

    def deed(self, nth: int) -> dict[str, Any]:
        """A line of the audit trail; there are `DEEDS` more than articles."""
        rare, n = nth <= 5, max(1, nth - DEEDS)
        action = ("urgent", "hold", "approve", "edit", "release")[nth % 5]
        detail = f"a word of {ASKED.did[1]}" if rare else f"ru: {nth % 9} sentences, as told on the telephone"
        who = ASKED.who[1] if rare else (*[ASKED.who[0]] * 9, "ben")[nth % 10]
        return {"at": self.at(n), "who": who, "action": action, "subject": f"article {n}", "detail": detail}


async def fill(ledger: Ledger, size: int, now: datetime, secret: str) -> None:
    """`size` articles and ten times as many deliveries into a new one; `secret`: ada's, hashed."""
    plan, texts = Plan(size, now), Texts()
    await ledger.write(_prepare, plan, texts)
    for numbers in steps(size, 5000):
        await ledger.write(_articles, plan, texts, numbers)
    for step in (_renditions, _deliveries, _attempts, partial(_searched, plan=plan, texts=texts)):
        await ledger.write(step)
    while await ledger.write(tally.count, now + timedelta(hours=1)):
        pass
    await ledger.write(_figured, plan)
    await ledger.write(_the_rest, plan, secret)
    await ledger.write(_finish)


def _prepare(db: Connection, plan: Plan, texts: Texts) -> None:
    _SCRATCH.create_all(db)
    db.execute(insert(SAMPLE), list(texts.rows()))
    rows = [{"nth": nth, "lane": name, "language": tag} for nth, (name, tag) in enumerate(LANES.items())]
    db.execute(insert(LANE), rows)
    told = {"kind": "webhook", "concurrency": 8, "since": plan.at(0), "state": "open"}
    db.execute(insert(lane), [{"id": name, "member": name.partition("/")[0], **told} for name in LANES])
    rows = [{"name": name, "url": f"https://{name}.example/", "due": plan.now} for name in ASKED.source]
    db.execute(insert(source), rows)


def _articles(db: Connection, plan: Plan, texts: Texts, numbers: range) -> None:
    db.execute(insert(FACTS), [plan.facts(n) for n in numbers])
    db.execute(insert(article), [plan.article(n) for n in numbers])
    db.execute(insert(version), [row for n in numbers for row in plan.versions(n, texts)])


def _insert(db: Connection, table: Table, from_: Any, order: list[Any], where: Any, **columns: Any) -> None:
    rows = select(*columns.values()).select_from(from_).where(where).order_by(*order)
    db.execute(insert(table).from_select([*columns], rows, include_defaults=False))


def _renditions(db: Connection) -> None:
    f, its = FACTS.c, SAMPLE.c
    held = (f.doubtful == 1) & (its.language == "zh-Hans")
    told = {
        "article": f.n, "version": f.head, "language": its.language, "urgency": literal(5), "created": f.at,
        "origin": case((its.language == "en", "original"), else_="machine"), "model": literal("sample"),
        "content": case((its.language == "en", null()), else_=its.content), "edits": literal(0),
        "state": case((held, "held"), else_="ready"), "reason": case((held, "a number"), else_=""),
        "took_ms": literal(120.0), "ready": f.at,
    }  # fmt: skip
    _insert(db, rendition, FACTS.join(SAMPLE, its.nth == f.nth), [f.n, its.language], true(), **told)
    italian = {**told, "language": literal("it"), "state": literal("ready"), "origin": literal("machine")}
    one = (f.n == RARE) & (its.language == "ru")
    _insert(db, rendition, FACTS.join(SAMPLE, its.nth == f.nth), [f.n], one, **italian)


def _deliveries(db: Connection) -> None:
    """To each lane in its language; dead in the first five lanes."""
    d = _promised()
    settled = d.state.in_(("delivered", "dead"))
    nth = func.row_number().over(partition_by=[d.lane, settled], order_by=d.n)
    _insert(
        db, delivery, d.n.table, [d.n, d.nth], true(),
        key=literal("dlv_") + cast(d.n, Text) + literal("-") + d.lane, article=d.n, version=d.head,
        action=literal("publish"), lane=d.lane, member=func.replace(d.lane, "/webhook", ""),
        language=d.language, rendition=d.rendition, on_doubt=literal("hold"), state=d.state,
        urgency=literal(5), due=d.at, attempts=case((d.state == "dead", 3), (settled, 1), else_=0),
        failures=literal(0), answer=case((d.state == "dead", "422 no"), else_="204"), remote_id=literal(""),
        remote_url=literal("https://example/"), created=d.at, number=case((settled, nth), else_=null()),
        settled=case((settled, d.arrived), else_=null()),
    )  # fmt: skip


def _promised() -> Any:
    """The columns of all deliveries that there are to be."""
    f, r, to = FACTS.c, rendition.c, LANE.c
    state = case(
        ((f.dead == 1) & (to.nth < DYING), "dead"),
        (r.state == "held", "waiting"),
        (f.moving == 1, "pending"),
        else_="delivered",
    )
    mine = (r.article == f.n) & (r.version == f.head)
    its = FACTS.join(rendition, mine).join(LANE, to.language == r.language)
    columns = (*f["n", "head", "at", "arrived"], r.id.label("rendition"), r.language, to.lane, to.nth)
    return select(*columns, state.label("state")).select_from(its).subquery().c


def _attempts(db: Connection) -> None:
    """One of each that is settled; of the dead, and of one delivery in thirty, others before it."""
    f, d = FACTS.c, delivery.c
    its = FACTS.join(delivery, d.article == f.n)
    told = {"delivery": d.id, "took_ms": 5.0 + d.id % 90, "worker": literal("benchmark")}
    before = {"answer": literal("503"), "outcome": literal("unavailable"), "started": f.at, **told}
    failed = (d.state == "dead") | (d.settled.is_not(None) & (d.id % 30 == 0))
    _insert(db, attempt, its, [d.id], failed, number=literal(1), **before)
    outcome = case((d.state == "dead", "refused"), else_="delivered")
    last = {"answer": d.answer, "outcome": outcome, "started": f.arrived, **told}
    _insert(db, attempt, its, [d.id], d.settled.is_not(None), number=d.attempts, **last)


def _searched(db: Connection, plan: Plan, texts: Texts) -> None:
    sqlite = db.dialect.name == "sqlite"
    words = [texts.words(nth) for nth in range(TEXTS)]
    if not sqlite:
        db.execute(text("DROP INDEX ix_search_words"))
        db.execute(text("SET LOCAL maintenance_work_mem = '1GB'"))
    for numbers in steps(plan.size, 1000):
        rows = [{"n": n, "told": plan.found_by(n, words[n % TEXTS])} for n in numbers]
        if sqlite:
            rows = [{**row, "told": " ".join(row["told"])} for row in rows]
            db.execute(text("INSERT INTO search (rowid, words) VALUES (:n, :told)"), rows)
        else:
            rows = [{**row, "told": _placed(row["told"])} for row in rows]
            db.execute(text("INSERT INTO search VALUES (:n, CAST(CAST(:told AS text) AS tsvector))"), rows)
    if not sqlite:
        db.execute(text("CREATE INDEX ix_search_words ON search USING gin (words)"))


def _placed(told: list[str]) -> str:
    return " ".join(f"'{word}':{nth}" for nth, word in enumerate(told, 1))


def _figured(db: Connection, plan: Plan) -> None:
    """Something in each hour: else the charts of a small ledger would have but a few points."""
    last = tally.hour_of(plan.now)
    keys = [
        tally.Key(last - timedelta(hours=n), "m1", LANES["m1/webhook"], outcome, 0)
        for n in range(SPAN // timedelta(hours=1) + 1)
        for outcome in ("delivered", "unavailable")
    ]
    tally.add(db, Counter(keys))


def _the_rest(db: Connection, plan: Plan, secret: str) -> None:
    for numbers in steps(plan.size + DEEDS, 5000):
        db.execute(insert(audit), [plan.deed(n) for n in numbers])
    told = {"kind": "dead", "text": "422", "raised": plan.now}
    db.execute(insert(notice), [{"subject": name, **told} for name in [*LANES][:5]])
    people.add(db, ASKED.who[0], "admin", secret, "benchmark", plan.now)
    for n in range(20):
        people.add(db, f"person{n}", "viewer", secret, "benchmark", plan.now)


def _finish(db: Connection) -> None:
    """As PostgreSQL's autovacuum would have seen to it."""
    _SCRATCH.drop_all(db)
    if db.dialect.name == "postgresql":
        db.execute(text("ANALYZE"))
