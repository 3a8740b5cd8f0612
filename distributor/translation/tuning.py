"""How the models are run; the defaults are measured (benchmarks/translation.py)."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Tuning:
    """`threads`: 0 for one on each core. `device`: auto, cpu or cuda. `compute_type`: CTranslate2's names.

    `batch`: pieces that go through a model together, padding included. `slice`: pieces after which whoever is
    more urgent has its turn. `max_memory`: bytes of all loaded models together; the one that was not used for
    longest goes first.
    """

    beam: int = 4
    threads: int = 0
    device: str = "auto"
    compute_type: str = "default"
    batch: int = 2048
    slice: int = 2048
    max_memory: int = 2 * 10**9
