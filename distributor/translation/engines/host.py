"""The models that are loaded: as many as memory is given for, the least recently used go first."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Collection, Sequence

from distributor.translation.documents.align import Translation
from distributor.translation.engines.model import Model
from distributor.translation.engines.packages import Installed
from distributor.translation.engines.tuning import Tuning

_OVERHEAD = 1.2
"""What a loaded model takes beside the size of its file."""


class Host:
    """Loads a model when it is first needed; used by one thread at a time."""

    def __init__(self, tuning: Tuning) -> None:
        self._tuning = tuning
        self._models: OrderedDict[Installed, Model] = OrderedDict()

    @property
    def loaded(self) -> tuple[Installed, ...]:
        """The one that was used last comes last."""
        return tuple(self._models)

    def translate(
        self, step: Installed, sentences: Sequence[str], tied: Collection[str], careful: bool
    ) -> list[Translation]:
        """Raises: TranslationError."""
        return self._model(step).translate(sentences, tied, careful=careful)

    def close(self) -> None:
        """Let all of them go."""
        self._models.clear()

    def _model(self, step: Installed) -> Model:
        if step not in self._models:
            self._make_room(_size(step))
            self._models[step] = Model(step, self._tuning)
        self._models.move_to_end(step)
        return self._models[step]

    def _make_room(self, needed: int) -> None:
        while self._models and sum(map(_size, self._models)) + needed > self._tuning.max_memory:
            self._models.popitem(last=False)


def _size(step: Installed) -> int:
    """Bytes, about; 0 for what is not there any more."""
    try:
        return int((step.weights / "model.bin").stat().st_size * _OVERHEAD)
    except OSError:
        return 0
