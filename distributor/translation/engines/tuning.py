"""How the models are run; the defaults are measured (benchmarks/translation.py)."""

from __future__ import annotations

import os
from dataclasses import dataclass

_BATCHES = 2
"""Of each thread, in one slice: enough that none is idle while another ends its own."""


@dataclass(frozen=True, slots=True)
class Tuning:
    """`threads`: 0 for one on each core. `device`: auto, cpu or cuda. `compute_type`: CTranslate2's names.

    `batch`: pieces that go through a model together, padding included, on each thread by itself: many small
    batches side by side are a third faster than one large batch on all cores. `slice`: pieces after which
    whoever is more urgent has its turn; 0: two batches a thread. `max_memory`: bytes of all loaded models
    together; the one that was not used for longest goes first.
    """

    beam: int = 4
    threads: int = 0
    device: str = "auto"
    compute_type: str = "default"
    batch: int = 512
    slice: int = 0
    max_memory: int = 2 * 10**9

    @property
    def workers(self) -> int:
        """Threads on the CPU."""
        return self.threads or _cores()

    @property
    def at_once(self) -> int:
        """Pieces in a slice."""
        return self.slice or _BATCHES * self.workers * self.batch


def _cores() -> int:
    """Those that this process may use."""
    affinity = getattr(os, "sched_getaffinity", None)  # not on macOS
    return len(affinity(0)) if affinity else os.cpu_count() or 1
