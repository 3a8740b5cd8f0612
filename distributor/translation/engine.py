"""The engine: Argos packages, run by CTranslate2 on all sentences at once, in a thread of its own."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from distributor.errors import TranslationError
from distributor.translation.align import Translation, anchored, attended, composed
from distributor.translation.packages import Installed, Packages, argos
from distributor.translation.pieces import ranges

_BATCH = 2048
"""Pieces that go through the model together, padding included."""
_SLICE = 4096
"""Pieces that are handed over together: whoever comes next waits for one such slice at most."""
_LENGTH_PENALTY = 0.2
"""As in argostranslate, so that the words are the same."""

Row = list[float]
"""The attention of one piece of the target to each piece of the source."""


class Engine:
    """Translates sentences with what `packages` has; models are loaded when they are first needed.

    `beam`: as in beam search. `threads`: 0 for one on each core.
    """

    def __init__(self, packages: Packages, *, beam: int = 4, threads: int = 0) -> None:
        self.packages = packages
        self._beam, self._threads = beam, threads
        self._models: dict[Installed, _Model] = {}
        self._worker = ThreadPoolExecutor(1, thread_name_prefix="engine")

    async def translate(self, sentences: Sequence[str], source: str, target: str) -> list[Translation]:
        """Each sentence in `target`, with what came from where; the same sentence is translated once.

        The event loop stays free. Raises: PairMissing, TranslationError.
        """
        told = {sentence: sentence for sentence in sentences}
        done: dict[str, Translation] = {}
        for package in self.packages.route(source, target):
            step = await self._step(package, list(dict.fromkeys(told.values())))
            done = {s: _chained(done.get(s), step[via]) for s, via in told.items()}
            told = {s: done[s].text for s in told}
        return [anchored(s, done[s]) for s in sentences]

    def close(self) -> None:
        """Let the models go; what is being translated is finished first."""
        self._worker.shutdown(cancel_futures=True)
        self._models.clear()

    async def _step(self, package: Installed, sentences: Sequence[str]) -> dict[str, Translation]:
        """One model over all sentences, slice by slice: in between, others have their turn."""
        run = asyncio.get_running_loop().run_in_executor
        model = await run(self._worker, self._model, package)
        slices = await run(self._worker, model.slices, sentences)
        done: dict[str, Translation] = {}
        for some in slices:
            done |= await run(self._worker, model.translate, some)
        return done

    def _model(self, package: Installed) -> _Model:
        if package not in self._models:
            self._models[package] = _Model(package, self._beam, self._threads)
        return self._models[package]


class _Model:
    """A package, loaded. Raises: TranslationError, if it cannot be."""

    def __init__(self, package: Installed, beam: int, threads: int) -> None:
        import ctranslate2  # takes its time, and most commands translate nothing

        self.package, self._beam = package, beam
        try:
            its = argos().Package(package.path)
            self._tokenizer, self._prefix = its.tokenizer, its.target_prefix
            self._translator: Any = ctranslate2.Translator(str(package.path / "model"), intra_threads=threads)
            self._tokenizer.encode("")
        except (RuntimeError, OSError, ValueError, AttributeError) as e:
            raise TranslationError(
                f"the model in {package.path} cannot be loaded: {e}; install it again"
            ) from e

    def slices(self, sentences: Sequence[str]) -> list[list[tuple[str, list[str]]]]:
        """The sentences with their pieces, the longest first, in slices of some thousand pieces."""
        cut = [(sentence, self._tokenizer.encode(sentence)) for sentence in sentences]
        slices, room = list[list[tuple[str, list[str]]]](), 0
        for sentence, pieces in sorted(cut, key=lambda c: -len(c[1])):
            if len(pieces) > room or not slices:
                slices.append([])
                room = _SLICE
            slices[-1].append((sentence, pieces))
            room -= len(pieces)
        return slices

    def translate(self, some: Sequence[tuple[str, list[str]]]) -> dict[str, Translation]:
        """One slice through the model."""
        sources = [pieces for _, pieces in some]
        prefixes = [[self._prefix]] * len(sources) if self._prefix else None
        limit = 2 * len(sources[0]) + 32
        try:
            results = self._run(
                sources, target_prefix=prefixes, beam_size=self._beam, max_decoding_length=limit
            )
            firsts = self._firsts(sources)
        except RuntimeError as e:
            raise TranslationError(f"the model in {self.package.path} failed: {e}") from e
        each = zip(some, results, firsts, strict=True)
        return {
            sentence: self._read(sentence, pieces, result, first)
            for (sentence, pieces), result, first in each
        }

    def _run(self, sources: list[list[str]], **options: Any) -> list[Any]:
        results: list[Any] = self._translator.translate_batch(
            sources,
            max_batch_size=_BATCH,
            batch_type="tokens",
            length_penalty=_LENGTH_PENALTY,
            replace_unknowns=True,
            return_attention=True,
            **options,
        )
        return results

    def _firsts(self, sources: list[list[str]]) -> list[Row | None]:
        """What the first piece of each translation looks at; None where the batch itself tells.

        With a beam, CTranslate2 (4.8) takes it from the wrong sentence of the batch, number i // beam in
        place of i; so one step without a beam is made for it, at a tenth of the whole's cost. With a prefix
        it is the prefix that this happens to.
        """
        if self._prefix or self._beam == 1:
            return [None] * len(sources)
        steps = self._run(sources, beam_size=1, max_decoding_length=1)
        return [next(iter(step.attention[0]), None) for step in steps]

    def _read(self, sentence: str, pieces: list[str], result: Any, first: Row | None) -> Translation:
        out, attention = result.hypotheses[0], result.attention[0]
        if self._prefix and out[:1] == [self._prefix]:
            out, attention = out[1:], attention[1:]
        if first and attention:
            attention = [first, *attention[1:]]
        text = self._tokenizer.decode(out).removeprefix(" ")
        return Translation(text, tuple(attended(ranges(pieces, sentence), ranges(out, text), attention)))


def _chained(first: Translation | None, second: Translation) -> Translation:
    return composed(first, second) if first else second
