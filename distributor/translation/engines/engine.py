"""The engine: the models that are installed, over all sentences at once, the urgent ones first."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence

from distributor.translation.documents.align import Translation, anchored, composed
from distributor.translation.engines.packages import Installed, Packages
from distributor.translation.engines.tuning import Tuning
from distributor.translation.engines.turns import Turns
from distributor.translation.engines.worker import InThread, Worker

_BYTES_A_PIECE = 4
"""Of UTF-8, on the safe side; only the model's tokenizer knows."""


class Engine:
    """Translates sentences with what `packages` has, in `worker` (a thread unless said)."""

    def __init__(
        self, packages: Packages, tuning: Tuning | None = None, worker: Worker | None = None
    ) -> None:
        self.packages = packages
        self._tuning = tuning or Tuning()
        self._worker = worker or InThread(self._tuning)
        self._turns = Turns()

    def can(self, source: str, target: str) -> bool:
        """Whether there is a model, or a chain of two."""
        return self.packages.can(source, target)

    def named(self, source: str, target: str) -> str:
        """The models, for the record: `argos en_ru 1.9`. Raises: PairMissing."""
        return self.packages.named(source, target)

    def refresh(self) -> None:
        """Look again what is installed."""
        self.packages.refresh()

    async def translate(
        self,
        sentences: Sequence[str],
        source: str,
        target: str,
        *,
        tied: Collection[str] | None = None,
        urgency: int = 5,
        careful: bool = False,
    ) -> list[Translation]:
        """Each sentence in `target`; the same sentence is translated once.

        Those in `tied` (None: all) come with what came from where. `careful`: slower, against loops.
        The event loop stays free. Raises: PairMissing, TranslationError.
        """
        told = {sentence: sentence for sentence in sentences}
        wanted = set(told if tied is None else tied)
        done: dict[str, Translation] = {}
        for package in self.packages.route(source, target):
            marked = {told[s] for s in wanted if s in told}
            step = await self._step(package, list(dict.fromkeys(told.values())), marked, urgency, careful)
            done = {s: _chained(done.get(s), step[via]) for s, via in told.items()}
            told = {s: done[s].text for s in told}
        return [anchored(s, done[s]) if s in wanted else done[s] for s in sentences]

    def close(self) -> None:
        """Let the models go; what is being translated is finished first."""
        self._worker.close()

    async def _step(
        self,
        package: Installed,
        sentences: Sequence[str],
        tied: Collection[str],
        urgency: int,
        careful: bool,
    ) -> dict[str, Translation]:
        """One model over all sentences, slice by slice: in between, the more urgent have their turn."""
        done: dict[str, Translation] = {}
        for some in _slices(sentences, self._tuning.at_once):
            async with self._turns.turn(urgency):
                its = {sentence for sentence in some if sentence in tied}
                said = await self._worker.translate(package, some, its, careful)
            done |= zip(some, said, strict=True)
        return done


def _slices(sentences: Sequence[str], pieces: int) -> Iterator[list[str]]:
    """The longest first, about so many pieces together: sentences of a length waste no padding."""
    some: list[str] = []
    room = 0
    for sentence in sorted(sentences, key=len, reverse=True):
        size = len(sentence.encode("utf-8", "replace")) // _BYTES_A_PIECE + 1
        if some and size > room:
            yield some
            some = []
        if not some:
            room = pieces
        some.append(sentence)
        room -= size
    if some:
        yield some


def _chained(first: Translation | None, second: Translation) -> Translation:
    return composed(first, second) if first else second
