"""The loop that translates: the sentences of all that waits for one pair of languages in one call."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from itertools import groupby
from typing import Literal

from sqlalchemy import Connection
from sqlalchemy.exc import SQLAlchemyError

from distributor import clock
from distributor.article import Content
from distributor.errors import LeaseLost, PairMissing, TranslationError
from distributor.events import Events, RenditionHeld, Translated, Trouble
from distributor.ledger import renditions
from distributor.ledger.ledger import Ledger
from distributor.ledger.renditions import Task
from distributor.translation.content import Job
from distributor.translation.engine import Engine

BATCH = 16  # renditions in one turn: after it, whatever became urgent goes first
LEASE = timedelta(minutes=30)
LONGEST_REST = timedelta(seconds=60)


class Translator:
    """Claims renditions that wait, translates them, and lets their deliveries go."""

    def __init__(
        self,
        ledger: Ledger,
        engine: Engine,
        events: Events,
        worker: str,
        *,
        now: Callable[[], datetime] = clock.now,
    ) -> None:
        self.ledger, self.engine, self.events, self.worker = ledger, engine, events, worker
        self.now = now
        self._bell = asyncio.Event()

    async def run(self, stop: asyncio.Event, *, until_idle: bool = False) -> None:
        """Until `stop` is set (and the ledger's bell rung), or with `until_idle` until nothing waits."""
        self.ledger.bells.add(self._bell)
        stopped = asyncio.create_task(stop.wait())
        try:
            while not stop.is_set():
                self._bell.clear()
                if await self._unless(stopped):
                    continue
                if until_idle or stop.is_set():
                    break
                await clock.wait(self._bell, LONGEST_REST)
        finally:
            stopped.cancel()
            self.ledger.bells.discard(self._bell)

    async def _unless(self, stopped: asyncio.Task[Literal[True]]) -> int:
        """A turn; at a stop it is broken off, and what it had in hand goes back: it may take minutes."""
        turn = asyncio.create_task(self._guarded())
        await asyncio.wait((turn, stopped), return_when=asyncio.FIRST_COMPLETED)
        if not turn.done():
            turn.cancel()
            await asyncio.gather(turn, return_exceptions=True)
            return 0
        return turn.result()

    async def _guarded(self) -> int:
        try:
            return await self.turn()
        except (SQLAlchemyError, OSError) as e:
            self.events.emit(Trouble("ledger", str(getattr(e, "orig", e))))
            await asyncio.sleep(2)
            return 0

    async def turn(self) -> int:
        """Claim some, translate them pair by pair; how many were claimed."""
        tasks = await self.ledger.write(self._claim)
        try:
            for (source, target), group in groupby(sorted(tasks, key=_order), key=_pair):
                await self._translate(list(group), source, target)
        finally:
            if tasks:
                await self.ledger.write(renditions.hand_back, self.worker)  # nothing, unless it was cut off
        return len(tasks)

    def _claim(self, db: Connection) -> list[Task]:
        """What was held only for want of a model comes back as soon as the model is there."""
        self.engine.packages.refresh()
        lacked = [
            row.id
            for row in renditions.held(db)
            if row.reason == str(PairMissing(row.original, row.language))
            and self.engine.packages.can(row.original, row.language)
        ]
        if lacked:
            renditions.reopen(db, lacked)
        return renditions.claim(db, self.worker, self.now(), BATCH, LEASE)

    async def _translate(self, tasks: Sequence[Task], source: str, target: str) -> None:
        started = time.perf_counter()
        try:
            done = await self._contents([t.original for t in tasks], source, target)
        except Exception as e:
            await self._failed(tasks, e)
            return
        each = (time.perf_counter() - started) * 1000 / len(tasks)
        for task, content in zip(tasks, done, strict=True):
            await self._save(task, content, each)

    async def _failed(self, tasks: Sequence[Task], e: Exception) -> None:
        """One document that cannot be done must not take the others of its batch with it."""
        if len(tasks) == 1 or isinstance(e, TranslationError):
            for task in tasks:
                await self._hold(task, str(e) if isinstance(e, TranslationError) else f"unforeseen: {e!r}")
            return
        for task in tasks:
            await self._translate([task], *_pair(task))

    async def _contents(self, originals: Sequence[Content], source: str, target: str) -> list[Content]:
        """Raises: TranslationError."""
        jobs = await asyncio.to_thread(lambda: [Job(content, target) for content in originals])
        sentences = [sentence for job in jobs for sentence in job.sentences]
        translated = iter(await self.engine.translate(sentences, source, target))
        parts = [[next(translated) for _ in job.sentences] for job in jobs]
        return await asyncio.to_thread(lambda: [job.finish(p) for job, p in zip(jobs, parts, strict=True)])

    async def _save(self, task: Task, content: Content, took_ms: float) -> None:
        model = self.engine.packages.named(task.original.language, task.language)
        try:
            await self.ledger.write(renditions.save, task, self.worker, content, model, took_ms, self.now())
        except LeaseLost:
            return
        self.ledger.ring()
        self.events.emit(Translated(task.article, task.version, task.language, took_ms))

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
