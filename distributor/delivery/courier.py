"""The loop that brings: claim, send, record."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import datetime, timedelta
from random import Random

from sqlalchemy import Connection
from sqlalchemy.exc import SQLAlchemyError

from channels.story import IdempotencyKey, Receipt
from distributor import clock
from distributor.delivery.attempt import attempt
from distributor.delivery.digest import compose
from distributor.delivery.flight import Cargo, Flight, Line
from distributor.delivery.rhythm import Rhythms
from distributor.delivery.schedule import Schedule, schedule_for
from distributor.delivery.settle import Tried, settle
from distributor.events import Attempted, Events, Trouble
from distributor.ledger import deliveries
from distributor.ledger.claims import claim, next_due
from distributor.ledger.digests import bundle, claim_digests
from distributor.ledger.ledger import Ledger
from distributor.ledger.outcome import Claim, Outcome
from distributor.ledger.stories import Naming, load

BATCH = 500  # claims in one turn
LINGER = 0.01  # seconds that outcomes may pile up before they are recorded in one transaction
SHORT_REST = timedelta(seconds=1)
LONGEST_REST = timedelta(seconds=60)
GRACE = timedelta(seconds=15)  # that flights have to land after a stop
LEASE = timedelta(seconds=45)
BEATS = 3  # renewals of a lease before it runs out
LAST_TRIES = 3  # at a database that is gone, once the service is to stop
SWEEP = 1.0  # seconds between two looks for flights that are overdue


class Courier:
    """Claims what is due, sends it concurrently, and records all that has landed in one transaction."""

    def __init__(
        self,
        ledger: Ledger,
        lines: Mapping[str, Line],
        naming: Naming,
        events: Events,
        worker: str,
        *,
        schedule: Callable[[int], Schedule] = schedule_for,
        lease: timedelta = LEASE,
        grace: timedelta = GRACE,
        now: Callable[[], datetime] | None = None,
        random: Random | None = None,
    ) -> None:
        self.ledger, self.lines, self.naming, self.events, self.worker = ledger, lines, naming, events, worker
        self.schedule, self.now = schedule, now or ledger.now
        self.random, self.lease, self.grace = random or Random(), lease, grace
        self.rhythms = Rhythms({lane: line.rhythm for lane, line in lines.items()})
        self._flights: set[Flight] = set()
        self._landed: list[Outcome] = []
        self._wake, self._stop = asyncio.Event(), asyncio.Event()
        self._paced = any(line.paced for line in lines.values())
        self._timer: asyncio.TimerHandle | None = None

    async def run(self, stop: asyncio.Event, *, until_idle: bool = False) -> None:
        """Until `stop` is set (and the ledger's bell rung), or with `until_idle` until nothing is due."""
        self._stop = stop
        self.ledger.bells.add(self._wake)
        helpers = [asyncio.create_task(self._sweep()), asyncio.create_task(self._beat())]
        try:
            while not stop.is_set():
                self._wake.clear()
                claimed = await self._turn(BATCH)
                if until_idle and not (claimed or self._flights or self._landed):
                    break
                if claimed < BATCH:  # there is no more that could go until something lands or comes
                    await self._rest()
            await self._finish()
        finally:
            self.ledger.bells.discard(self._wake)
            for helper in helpers:
                helper.cancel()

    async def _turn(self, limit: int) -> int:
        """Record what has landed and claim what is due, in one transaction; how many were claimed."""
        landed, self._landed = self._landed, []
        trouble = 0
        while True:
            try:
                cargoes = await self.ledger.write_here(self._exchange, landed, limit)
                break
            except (SQLAlchemyError, OSError) as e:
                trouble += 1
                self.events.emit(Trouble("ledger", str(getattr(e, "orig", e))))
                if self._stop.is_set() and trouble >= LAST_TRIES:
                    self._landed = [*landed, *self._landed]
                    return 0  # the leases run out, and what was in flight goes again with its key
                await asyncio.sleep(min(0.25 * 2**trouble, 15))
        for cargo in cargoes:
            self._take_off(cargo)
        return len(cargoes)

    def _exchange(self, db: Connection, landed: Sequence[Outcome], limit: int) -> list[Cargo]:
        now = self.now()
        if landed:
            deliveries.record(db, self.worker, landed, now)
        if not limit:
            return []
        self.rhythms.at(now)
        digests = self._digests(db, now) if self.rhythms.digests else []
        claims = claim(db, self.worker, now, limit, self.lease, self.rhythms.quiet)
        stories = load(db, {c.rendition for c in claims}, self.naming) if claims else {}
        return [Cargo((c,), c.key, stories.get(c.rendition)) for c in claims] + digests

    def _digests(self, db: Connection, now: datetime) -> list[Cargo]:
        bundle(db, self.rhythms.last, now)
        claimed = claim_digests(db, self.worker, now, self.lease, self.rhythms.digests)
        return [self._digest(db, key, claims, now) for key, claims in claimed.items()]

    def _digest(self, db: Connection, key: IdempotencyKey, claims: list[Claim], now: datetime) -> Cargo:
        found = load(db, {c.rendition for c in claims}, self.naming)
        stories = [found[c.rendition] for c in claims if c.rendition in found]
        zone = self.rhythms.digests[claims[0].lane].zone
        uri = self.naming.digest_uri(key, now)
        return Cargo(tuple(claims), key, compose(stories, key, uri, now, zone) if stories else None)

    def _take_off(self, cargo: Cargo) -> None:
        line = self.lines.get(cargo.claims[0].lane)
        flight = Flight(cargo, asyncio.get_running_loop().time() + (line.timeout if line else SWEEP))
        flight.task = asyncio.create_task(self._carry(flight, line))
        self._flights.add(flight)

    def _land(self, flight: Flight) -> None:
        self._flights.discard(flight)
        if len(self._landed) >= len(self._flights):
            self._wake.set()
        elif self._timer is None:
            self._timer = asyncio.get_running_loop().call_later(LINGER, self._ring)

    def _ring(self) -> None:
        self._timer = None
        self._wake.set()

    async def _carry(self, flight: Flight, line: Line | None) -> None:
        started, clocked = self.now(), time.perf_counter()
        first, *others = flight.cargo.claims
        try:
            answer = await self._send(flight, line)
            took = (time.perf_counter() - clocked) * 1000
            tried = Tried(first, answer, started, took, line is not None and line.ordered)
            outcome = settle(tried, self.schedule, self.random)
            self._record(outcome)
            for other in others:  # of a digest: they stay together
                self._record(outcome._replace(claim=other))
        finally:
            self._land(flight)

    def _record(self, outcome: Outcome) -> None:
        self._landed.append(outcome)
        self._paced = self._paced or outcome.slow
        self.events.emit(Attempted(outcome.claim, outcome))

    async def _send(self, flight: Flight, line: Line | None) -> Receipt | Exception:
        (first, *_), key, story = flight.cargo
        if line is None or story is None:
            return LookupError(f"no {'channel' if line is None else 'rendition'} for this delivery")
        if first.action == "cancel":
            story = replace(story, pub_status="canceled", ed_note="")
        try:
            return await attempt(line.channel, story, key, flight.cargo.claims[-1].number or 0)
        except asyncio.CancelledError:
            if not flight.overdue:
                raise
            return TimeoutError()

    async def _sweep(self) -> None:
        """Give up on flights that are overdue: one look at all of them instead of a timer for each."""
        now = asyncio.get_running_loop().time
        while True:
            await asyncio.sleep(SWEEP)
            for flight in self._flights:
                if flight.until <= now() and not flight.overdue:
                    flight.overdue = True
                    flight.task.cancel()

    async def _beat(self) -> None:
        """Stay the owner of what is in flight, and take over from those that did not."""
        while self.ledger.shared:
            try:
                await self.ledger.set_clock()
                await self.ledger.write(self._keep)
            except Exception as e:  # whatever it is, a heart that stops loses all that is in flight
                self.events.emit(Trouble("ledger", f"leases are not renewed: {e}"))
            await asyncio.sleep(self.lease.total_seconds() / BEATS)

    def _keep(self, db: Connection) -> None:
        now = self.now()
        deliveries.renew(db, self.worker, now + self.lease)
        deliveries.expire(db, now)

    async def _rest(self) -> None:
        """Until something lands, the bell rings, or the next delivery is due."""
        if self._flights and not self._paced:  # lands soon, and a turn is cheaper than asking what is due
            await clock.wait(self._wake, SHORT_REST)
            return
        now, longest = self.now(), SHORT_REST if self._flights else LONGEST_REST
        try:
            due = await self.ledger.read(next_due, now)
        except (SQLAlchemyError, OSError):
            due = now + SHORT_REST
        soonest = min((t for t in (due, self.rhythms.until) if t), default=now + longest)
        await clock.wait(self._wake, min(soonest - now, longest))

    async def _finish(self) -> None:
        """Let what is in flight land; hand back what does not in time, with its key unchanged."""
        if self._flights:
            await asyncio.wait([flight.task for flight in self._flights], timeout=self.grace.total_seconds())
            late = list(self._flights)
            for flight in late:
                flight.task.cancel()
            await asyncio.gather(*(flight.task for flight in late), return_exceptions=True)
            if late:
                lost = [claim.id for flight in late for claim in flight.cargo.claims]
                with suppress(SQLAlchemyError, OSError):  # else their leases run out
                    await self.ledger.write(deliveries.hand_back, lost, worker=self.worker)
        await self._turn(0)
