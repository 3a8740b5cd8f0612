"""The loop that brings: claim, send, record."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from random import Random

from sqlalchemy import Connection
from sqlalchemy.exc import SQLAlchemyError

from channels.channel import Channel
from channels.story import Receipt, Story
from distributor import clock
from distributor.delivery.attempt import attempt
from distributor.delivery.schedule import Schedule, schedule_for
from distributor.delivery.settle import Tried, settle
from distributor.events import Attempted, Events, Trouble
from distributor.ledger import deliveries
from distributor.ledger.claims import claim, next_due
from distributor.ledger.ledger import Ledger
from distributor.ledger.outcome import Claim, Outcome
from distributor.ledger.stories import Naming, load

BATCH = 500  # claims in one turn
LINGER = 0.01  # seconds that outcomes may pile up before they are recorded in one transaction
SHORT_REST = timedelta(seconds=1)
LONGEST_REST = timedelta(seconds=60)
GRACE = 15.0  # seconds that flights have to land after a stop
LEASE = timedelta(seconds=45)
BEATS = 3  # renewals of a lease before it runs out
LAST_TRIES = 3  # at a database that is gone, once the service is to stop
SWEEP = 1.0  # seconds between two looks for flights that are overdue


@dataclass(frozen=True, slots=True)
class Line:
    """An open channel and how long one attempt on it may take, in seconds, and up to `SWEEP` more."""

    channel: Channel
    timeout: float
    ordered: bool = False


@dataclass(slots=True, eq=False)
class Flight:
    """What is on its way, and until when (the loop's clock) it may be."""

    claim: Claim
    until: float
    overdue: bool = False
    task: asyncio.Task[None] = field(init=False)


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
        now: Callable[[], datetime] | None = None,
        random: Random | None = None,
    ) -> None:
        self.ledger, self.lines, self.naming, self.events, self.worker = ledger, lines, naming, events, worker
        self.schedule, self.now = schedule, now or ledger.now
        self.random, self.lease = random or Random(), lease
        self._flights: set[Flight] = set()
        self._landed: list[Outcome] = []
        self._wake, self._stop = asyncio.Event(), asyncio.Event()
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
                claims, stories = await self.ledger.write(self._exchange, landed, limit)
                break
            except (SQLAlchemyError, OSError) as e:
                trouble += 1
                self.events.emit(Trouble("ledger", str(getattr(e, "orig", e))))
                if self._stop.is_set() and trouble >= LAST_TRIES:
                    self._landed = [*landed, *self._landed]
                    return 0  # the leases run out, and what was in flight goes again with its key
                await asyncio.sleep(min(0.25 * 2**trouble, 15))
        for one in claims:
            self._take_off(one, stories.get(one.rendition))
        return len(claims)

    def _exchange(
        self, db: Connection, landed: Sequence[Outcome], limit: int
    ) -> tuple[list[Claim], dict[int, Story]]:
        now = self.now()
        if landed:
            deliveries.record(db, self.worker, landed, now)
        claimed = claim(db, self.worker, now, limit, self.lease) if limit else []
        return claimed, load(db, {c.rendition for c in claimed}, self.naming) if claimed else {}

    def _take_off(self, claim: Claim, story: Story | None) -> None:
        line = self.lines.get(claim.lane)
        flight = Flight(claim, asyncio.get_running_loop().time() + (line.timeout if line else SWEEP))
        flight.task = asyncio.create_task(self._carry(flight, line, story))
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

    async def _carry(self, flight: Flight, line: Line | None, story: Story | None) -> None:
        started, clocked = self.now(), time.perf_counter()
        try:
            answer = await self._send(flight, line, story)
            took = (time.perf_counter() - clocked) * 1000
            tried = Tried(flight.claim, answer, started, took, line is not None and line.ordered)
            outcome = settle(tried, self.schedule, self.random)
            self._landed.append(outcome)
            self.events.emit(Attempted(flight.claim, outcome))
        finally:
            self._land(flight)

    async def _send(self, flight: Flight, line: Line | None, story: Story | None) -> Receipt | Exception:
        if line is None or story is None:
            return LookupError(f"no {'channel' if line is None else 'rendition'} for this delivery")
        if flight.claim.action == "cancel":
            story = replace(story, pub_status="canceled")
        try:
            return await attempt(line.channel, story, flight.claim.key)
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
        if self._flights:  # lands soon, and a turn meanwhile is cheaper than asking what is due when
            await clock.wait(self._wake, SHORT_REST)
            return
        now = self.now()
        try:
            due = await self.ledger.read(next_due, now)
        except (SQLAlchemyError, OSError):
            due = now + SHORT_REST
        await clock.wait(self._wake, min((due or now + LONGEST_REST) - now, LONGEST_REST))

    async def _finish(self) -> None:
        """Let what is in flight land; hand back what does not in time, with its key unchanged."""
        if self._flights:
            await asyncio.wait([flight.task for flight in self._flights], timeout=GRACE)
            late = list(self._flights)
            for flight in late:
                flight.task.cancel()
            await asyncio.gather(*(flight.task for flight in late), return_exceptions=True)
            if late:
                lost = [flight.claim.id for flight in late]
                with suppress(SQLAlchemyError, OSError):  # else their leases run out
                    await self.ledger.write(deliveries.hand_back, lost, worker=self.worker)
        await self._turn(0)
