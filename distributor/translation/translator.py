"""The loop that translates: the sentences of all that waits for one pair of languages in one call."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from datetime import datetime, timedelta
from itertools import groupby

from sqlalchemy import Connection
from sqlalchemy.exc import SQLAlchemyError

from distributor import clock
from distributor.errors import EngineAway, LeaseLost, PairMissing, TranslationError
from distributor.events import Events, RenditionHeld, Translated, Trouble
from distributor.ledger import renditions
from distributor.ledger.ledger import Ledger
from distributor.ledger.renditions import Made, Task
from distributor.translation.documents.content import Job
from distributor.translation.interpreter import Interpreter
from distributor.translation.verdict import Verdict, verdict

BATCH = 16  # renditions in one turn
LEASE = timedelta(seconds=45)
BEATS = 3  # renewals of a lease before it runs out
LONGEST_REST = timedelta(seconds=60)
REST_AFTER_TROUBLE = 2.0  # seconds
ANY = 10  # beyond IPTC's least urgent


class Translator:
    """Claims renditions that wait, translates them, and lets their deliveries go.

    While it has some in hand it claims what is more urgent than all of these, and nothing else; the engine
    serves that first.
    """

    def __init__(
        self,
        ledger: Ledger,
        interpreter: Interpreter,
        events: Events,
        worker: str,
        *,
        lease: timedelta = LEASE,
        now: Callable[[], datetime] | None = None,
    ) -> None:
        self.ledger, self.interpreter, self.events, self.worker = ledger, interpreter, events, worker
        self.lease = lease
        self.now = now or ledger.now
        self._bell = asyncio.Event()
        self._turns: dict[asyncio.Task[None], list[Task]] = {}
        self._dropped: set[int] = set()

    async def run(self, stop: asyncio.Event, *, until_idle: bool = False) -> None:
        """Until `stop` is set (and the ledger's bell rung), or with `until_idle` until nothing waits."""
        self.ledger.bells.add(self._bell)
        beats = asyncio.create_task(self._beat())
        try:
            while not stop.is_set():
                self._bell.clear()
                if await self._take():
                    continue
                if until_idle and not self._turns:
                    break
                await clock.wait(self._bell, LONGEST_REST)
        finally:
            beats.cancel()
            await self._drop()
            self.ledger.bells.discard(self._bell)

    async def _beat(self) -> None:
        """Stay the owner of what is in hand; who does not, is taken for dead."""
        while self.ledger.shared:
            await asyncio.sleep(self.lease.total_seconds() / BEATS)
            try:
                await self.ledger.write(renditions.renew, self.worker, self.now() + self.lease)
            except Exception as e:  # whatever it is, a heart that stops loses all that is in hand
                self.events.emit(Trouble("ledger", f"leases are not renewed: {e}"))

    async def _take(self) -> int:
        """Claim what is more urgent than all in hand, and begin with it; how many."""
        try:
            tasks = await self.ledger.write(self._claim)
        except (SQLAlchemyError, OSError) as e:
            await self._trouble(e)
            return 0
        if tasks:
            turn = asyncio.create_task(self._turn(tasks))
            self._turns[turn] = tasks
            turn.add_done_callback(self._end)
        return len(tasks)

    def _end(self, turn: asyncio.Task[None]) -> None:
        """Whatever of it is not settled goes back with the next claim."""
        self._dropped.update(task.id for task in self._turns.pop(turn))
        self._bell.set()

    def _claim(self, db: Connection) -> list[Task]:
        """What was held only for want of a model comes back as soon as the model is there."""
        if self._dropped:
            renditions.hand_back(db, self.worker, self._dropped)
            self._dropped.clear()
        engine = self.interpreter.engine
        engine.refresh()
        lacked = [
            row.id
            for row in renditions.held(db)
            if row.reason == str(PairMissing(row.original, row.language))
            and engine.can(row.original, row.language)
        ]
        if lacked:
            renditions.reopen(db, lacked)
        above = min((t.urgency for tasks in self._turns.values() for t in tasks), default=ANY)
        return renditions.claim(db, self.worker, self.now(), BATCH, self.lease, above=above)

    async def _drop(self) -> None:
        """At a stop, what is in hand goes back: it may take minutes."""
        for turn in self._turns:
            turn.cancel()
        await asyncio.gather(*self._turns, return_exceptions=True)
        await asyncio.sleep(0)  # so that each turn's end is noted
        if self._dropped:
            with suppress(SQLAlchemyError, OSError):  # else their leases run out
                await self.ledger.write(renditions.hand_back, self.worker, self._dropped)
            self._dropped.clear()

    async def _turn(self, tasks: Sequence[Task]) -> None:
        """Translate some, pair by pair."""
        try:
            for (_, pair), group in groupby(sorted(tasks, key=_order), key=lambda t: _order(t)[:2]):
                await self._translate(list(group), *pair)
        except (SQLAlchemyError, OSError) as e:
            await self._trouble(e)

    async def _trouble(self, e: Exception, where: str = "ledger") -> None:
        self.events.emit(Trouble(where, str(getattr(e, "orig", e))))
        await asyncio.sleep(REST_AFTER_TROUBLE)

    async def _translate(self, tasks: Sequence[Task], source: str, target: str) -> None:
        started = time.perf_counter()
        try:
            found = await self._verdicts(tasks, source, target)
            model = self.interpreter.engine.named(source, target)
        except (SQLAlchemyError, OSError):
            raise
        except EngineAway as e:
            await self._trouble(e, "translation")
            return
        except Exception as e:
            await self._failed(tasks, e)
            return
        each = (time.perf_counter() - started) * 1000 / len(tasks)
        for task, one in zip(tasks, found, strict=True):
            made = Made(one.content, model, each, one.as_data(), one.reason(), one.origin, one.sentences)
            await self._save(task, made)

    async def _verdicts(self, tasks: Sequence[Task], source: str, target: str) -> list[Verdict]:
        """Raises: TranslationError."""
        jobs = await asyncio.to_thread(lambda: [Job(task.original, target) for task in tasks])
        sentences = [sentence for job in jobs for sentence in job.sentences]
        marked = frozenset[str]().union(*(job.marked for job in jobs))
        judge = self.interpreter.judge_text
        said = await self.interpreter.interpret(sentences, marked, source, target, tasks[0].urgency)
        return await asyncio.to_thread(lambda: [verdict(job, said, judge) for job in jobs])

    async def _failed(self, tasks: Sequence[Task], e: Exception) -> None:
        """One document that cannot be done must not take the others of its batch with it."""
        if len(tasks) == 1 or isinstance(e, TranslationError):
            for task in tasks:
                await self._hold(task, str(e) if isinstance(e, TranslationError) else f"unforeseen: {e!r}")
            return
        for task in tasks:
            await self._translate([task], *_pair(task))

    async def _save(self, task: Task, made: Made) -> None:
        try:
            await self.ledger.write(renditions.save, task, self.worker, made, self.now())
        except LeaseLost:
            return
        if made.doubts:
            self.events.emit(RenditionHeld(task.article, task.version, task.language, made.reason))
        else:
            self.events.emit(Translated(task.article, task.version, task.language, made.took_ms))

    async def _hold(self, task: Task, reason: str) -> None:
        try:
            await self.ledger.write(renditions.hold, task, self.worker, reason)
        except LeaseLost:
            return
        self.events.emit(RenditionHeld(task.article, task.version, task.language, reason))


def _pair(task: Task) -> tuple[str, str]:
    return task.original.language, task.language


def _order(task: Task) -> tuple[int, tuple[str, str], int]:
    return task.urgency, _pair(task), task.id
