"""A ledger in a test's hands: articles in, deliveries claimed and settled, time moved."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import select, update

from distributor.article import Content
from distributor.ledger import articles, claims, deliveries, lanes, renditions
from distributor.ledger.articles import Entry
from distributor.ledger.circuit import Terms
from distributor.ledger.ledger import Ledger
from distributor.ledger.outcome import Claim, Outcome
from distributor.ledger.renditions import Made
from distributor.ledger.tables import delivery, rendition
from distributor.routing import Facts, Route

NOON = datetime(2021, 12, 21, 12, 0, tzinfo=UTC)
LEASE = timedelta(minutes=1)


class Clock:
    """Time that a test moves."""

    def __init__(self) -> None:
        self.time = NOON

    def __call__(self) -> datetime:
        return self.time

    def forward(self, **by: float) -> None:
        """As `timedelta`."""
        self.time += timedelta(**by)


def content(headline: str = "Union opens its first conference", **more: Any) -> Content:
    return Content(
        **{"headline": headline, "body": "<p>It met.</p>", "language": "en", "published": NOON, **more}
    )


def entry(guid: str = "g1", headline: str = "Union opens its first conference", **more: Any) -> Entry:
    told = content(headline)
    return Entry("weekly", guid, {}, told, told.fingerprint(), **more)


class Wire:
    """Two lanes unless said: one reads English, one reads Russian."""

    def __init__(self, ledger: Ledger, now: Clock) -> None:
        self.ledger, self.now = ledger, now
        self.plan: list[Route] = [Route("a/webhook", "a", "en"), Route("b/webhook", "b", "ru")]
        self.concurrency = 100
        self.terms: dict[str, Any] = {}
        self.opened = False

    def routes(self, facts: Facts) -> Sequence[Route]:
        return self.plan

    async def open(self, *, concurrency: int | None = None) -> None:
        most = concurrency or self.concurrency
        table = {r.lane: Terms(r.member, "webhook", most, **self.terms) for r in self.plan}
        await self.ledger.write(lanes.sync, table, self.now())
        self.opened = True

    async def add(self, guid: str = "g1", headline: str = "Union opens", **more: Any) -> int:
        if not self.opened:
            await self.open()
        return await self.ledger.write(articles.add, entry(guid, headline, **more), self.routes, self.now())

    async def revise(self, article: int, headline: str, guid: str = "g1") -> int:
        changed = entry(guid, headline)
        return await self.ledger.write(articles.revise, article, changed, self.routes, self.now())

    async def claim(self, worker: str = "w1", limit: int = 100) -> list[Claim]:
        return await self.ledger.write(claims.claim, worker, self.now(), limit, LEASE)

    async def settle(self, claims: Sequence[Claim], state: str = "delivered", **more: Any) -> list[Outcome]:
        """As `worker` w1 unless said; those that were no longer its own."""
        worker = more.pop("worker", "w1")
        answer = {"delivered": "delivered", "pending": "unavailable", "dead": "refused"}[state]
        told: dict[str, Any] = {"answer": answer, "said": "", "due": self.now(), "failures": 0, **more}
        outcomes = [Outcome(claim=c, state=state, started=self.now(), took_ms=1.0, **told) for c in claims]  # type: ignore[arg-type]
        return await self.ledger.write(deliveries.record, worker, outcomes, self.now())

    async def translate(self, worker: str = "t1") -> int:
        tasks = await self.ledger.write(renditions.claim, worker, self.now(), 100, LEASE)
        for task in tasks:
            done = task.original.having(
                language=task.language, headline=f"[{task.language}] {task.original.headline}"
            )
            await self.ledger.write(renditions.save, task, worker, Made(done, "test", 1.0), self.now())
        return len(tasks)

    async def states(self) -> dict[tuple[int, int, str, str], str]:
        """(article, version, lane, language) → state."""
        columns = (
            delivery.c.article,
            delivery.c.version,
            delivery.c.lane,
            delivery.c.language,
            delivery.c.state,
        )
        rows = await self.ledger.read(lambda db: db.execute(select(*columns)).all())
        return {(row.article, row.version, row.lane, row.language): row.state for row in rows}

    async def state_of(self, lane: str, version: int = 1, article: int = 1) -> str:
        found = [
            s
            for (a, v, name, _), s in (await self.states()).items()
            if (a, v, name) == (article, version, lane)
        ]
        return ",".join(found)

    async def renditions(self) -> dict[tuple[int, str], tuple[str, str]]:
        """(version, language) → (origin, state)."""
        rows = await self.ledger.read(lambda db: db.execute(select(rendition)).all())
        return {(row.version, row.language): (row.origin, row.state) for row in rows}

    async def delay(self, lane: str, **by: float) -> None:
        """Make what is pending on a lane due later."""
        later = update(delivery).where(delivery.c.lane == lane).values(due=self.now() + timedelta(**by))
        await self.ledger.write(lambda db: db.execute(later))
