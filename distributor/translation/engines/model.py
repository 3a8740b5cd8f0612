"""One model, loaded: sentences in, sentences out, with what came from where."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any

from distributor.errors import TranslationError
from distributor.translation.documents.align import Translation, attended
from distributor.translation.engines.packages import Installed
from distributor.translation.engines.pieces import ranges
from distributor.translation.engines.tokens import tokens_of
from distributor.translation.engines.tuning import Tuning

_LENGTH_PENALTY = 0.2
"""As in argostranslate, so that the words are the same."""
_CAREFUL = {"repetition_penalty": 1.1, "no_repeat_ngram_size": 4}
"""Against loops; with another beam, for sentences whose first translation is in doubt."""

Row = list[float]
"""The attention of one piece of the target to each piece of the source."""


class Model:
    """Raises: TranslationError, if it cannot be loaded."""

    def __init__(self, step: Installed, tuning: Tuning) -> None:
        import ctranslate2  # takes its time, and most commands translate nothing

        self.step, self._tuning = step, tuning
        try:
            self._tokens = tokens_of(step)
            on_gpu = tuning.device != "cpu" and ctranslate2.get_cuda_device_count() > 0
            self._translator: Any = ctranslate2.Translator(
                str(step.weights),
                device=tuning.device,
                compute_type=tuning.compute_type,
                inter_threads=1 if on_gpu else tuning.workers,
                intra_threads=1,
            )
        except (RuntimeError, OSError, ValueError, AttributeError) as e:
            raise TranslationError(f"the model in {step.path} cannot be loaded: {e}; install it again") from e

    def translate(
        self, sentences: Sequence[str], tied: Collection[str], *, careful: bool = False
    ) -> list[Translation]:
        """Those in `tied` come with ties. `careful`: another beam, and no loops. Raises: TranslationError."""
        sources = [self._tokens.encode(sentence) for sentence in sentences]
        looks = any(sentence in tied for sentence in sentences)
        beam = self._tuning.beam + 2 if careful else self._tuning.beam
        try:
            results = self._run(
                sources,
                beam_size=beam,
                max_decoding_length=2 * max(map(len, sources)) + 32,
                target_prefix=[list(self._tokens.prefix)] * len(sources) if self._tokens.prefix else None,
                return_attention=looks,
                **(_CAREFUL if careful else {}),
            )
            firsts = self._firsts(sources, [sentence in tied for sentence in sentences], beam)
        except RuntimeError as e:
            raise TranslationError(f"the model in {self.step.path} failed: {e}") from e
        each = zip(sentences, sources, results, firsts, strict=True)
        return [
            self._read(sentence, pieces, result, first, sentence in tied)
            for sentence, pieces, result, first in each
        ]

    def _run(self, sources: list[list[str]], **options: Any) -> list[Any]:
        results: list[Any] = self._translator.translate_batch(
            sources,
            max_batch_size=self._tuning.batch,
            batch_type="tokens",
            length_penalty=_LENGTH_PENALTY,
            replace_unknowns=True,
            **options,
        )
        return results

    def _firsts(self, sources: list[list[str]], tied: Sequence[bool], beam: int) -> list[Row | None]:
        """What the first piece of each tied translation looks at; None where the batch itself tells.

        With a beam, CTranslate2 (4.8) takes it from the wrong sentence of the batch, number i // beam in
        place of i; so one step without a beam is made for it, at a tenth of the whole's cost. With a prefix
        it is the prefix that this happens to.
        """
        found: list[Row | None] = [None] * len(sources)
        wanted = [] if self._tokens.prefix or beam == 1 else [i for i, its in enumerate(tied) if its]
        if wanted:
            some = [sources[i] for i in wanted]
            steps = self._run(some, beam_size=1, max_decoding_length=1, return_attention=True)
            for i, step in zip(wanted, steps, strict=True):
                found[i] = next(iter(step.attention[0]), None)
        return found

    def _read(
        self, sentence: str, pieces: list[str], result: Any, first: Row | None, tied: bool
    ) -> Translation:
        out, skipped = result.hypotheses[0], 0
        if self._tokens.prefix and tuple(out[: len(self._tokens.prefix)]) == self._tokens.prefix:
            skipped = len(self._tokens.prefix)
        text = self._tokens.decode(out[skipped:])
        if not tied:
            return Translation(text)
        attention = result.attention[0][skipped:]
        if first and attention:
            attention = [first, *attention[1:]]
        return Translation(
            text, tuple(attended(ranges(pieces, sentence), ranges(out[skipped:], text), attention))
        )
