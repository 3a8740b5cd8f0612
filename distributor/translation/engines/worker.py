"""Where the models run: in a process of its own, which may die without taking the service along."""

from __future__ import annotations

import asyncio
import multiprocessing
import os
import signal
import threading
from collections.abc import Collection, Sequence
from concurrent.futures import BrokenExecutor, ProcessPoolExecutor, ThreadPoolExecutor
from multiprocessing.connection import wait
from typing import Protocol

from distributor.errors import TranslationError
from distributor.translation.documents.align import Translation
from distributor.translation.engines.host import Host
from distributor.translation.engines.packages import Installed
from distributor.translation.engines.tuning import Tuning


class Worker(Protocol):
    """Runs one call at a time, never on the event loop."""

    async def translate(
        self, step: Installed, sentences: Sequence[str], tied: Collection[str], careful: bool
    ) -> list[Translation]:
        """As `Host.translate`. Raises: TranslationError."""
        ...

    def close(self) -> None:
        """What runs is finished first."""
        ...


class InThread:
    """In a thread of this process: no start-up, and no protection."""

    def __init__(self, tuning: Tuning) -> None:
        self.host = Host(tuning)
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="engine")

    async def translate(
        self, step: Installed, sentences: Sequence[str], tied: Collection[str], careful: bool
    ) -> list[Translation]:
        """Raises: TranslationError."""
        run = asyncio.get_running_loop().run_in_executor
        return await run(self._thread, self.host.translate, step, sentences, tied, careful)

    def close(self) -> None:
        """Let the models go."""
        self._thread.shutdown(cancel_futures=True)
        self.host.close()


class InProcess:
    """In a process that is started when it is first needed, and again when it has died."""

    def __init__(self, tuning: Tuning) -> None:
        self._tuning = tuning
        self._pool: ProcessPoolExecutor | None = None

    async def translate(
        self, step: Installed, sentences: Sequence[str], tied: Collection[str], careful: bool
    ) -> list[Translation]:
        """A second try after a death, which may have had another cause. Raises: TranslationError."""
        try:
            return await self._run(step, sentences, tied, careful)
        except BrokenExecutor:
            self._pool = None
        try:
            return await self._run(step, sentences, tied, careful)
        except BrokenExecutor as e:
            self._pool = None
            raise TranslationError(
                f"the engine died twice over the model in {step.path}: out of memory (see "
                "translation.max_memory), or the model is broken (install it again)"
            ) from e

    async def _run(
        self, step: Installed, sentences: Sequence[str], tied: Collection[str], careful: bool
    ) -> list[Translation]:
        if self._pool is None:
            self._pool = ProcessPoolExecutor(
                1, multiprocessing.get_context("spawn"), initializer=_begin, initargs=(self._tuning,)
            )
        run = asyncio.get_running_loop().run_in_executor
        return await run(self._pool, _translate, step, sentences, tied, careful)

    def close(self) -> None:
        """End the process."""
        if self._pool:
            self._pool.shutdown(cancel_futures=True)
            self._pool = None


_hosts: list[Host] = []  # in the process of `InProcess`: its one host


def _begin(tuning: Tuning) -> None:
    """A Ctrl-C is the parent's business; and where the parent is gone, this process goes, too."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_end_with_parent, daemon=True).start()
    _hosts.append(Host(tuning))


def _end_with_parent() -> None:
    if parent := multiprocessing.parent_process():
        wait([parent.sentinel])
        os._exit(1)


def _translate(
    step: Installed, sentences: Sequence[str], tied: Collection[str], careful: bool
) -> list[Translation]:
    return _hosts[0].translate(step, sentences, tied, careful)
