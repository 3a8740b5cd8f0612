"""Sentences into another language: remembered or by the engine, with the glossary's words, and judged."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import NamedTuple, Protocol

from distributor.ledger import memory
from distributor.ledger.ledger import Ledger
from distributor.ledger.memory import Remembered
from distributor.translation.checks import Doubt, doubts, doubts_of_text
from distributor.translation.documents.align import Tie, Translation, joined
from distributor.translation.documents.sentences import clauses
from distributor.translation.documents.typography import typeset
from distributor.translation.glossary import Glossaries, Glossary

Judge = Callable[[str, str, str, str], tuple[Doubt, ...]]
"""Sentence, translation and their languages (BCP 47) into what speaks against it."""


class Said(NamedTuple):
    """A sentence's translation, what speaks against it, and whether it is a person's wording."""

    translation: Translation
    doubts: tuple[Doubt, ...] = ()
    edited: bool = False


class Translates(Protocol):
    """What the interpreter asks of an engine."""

    def can(self, source: str, target: str) -> bool:
        """Whether it has the pair."""
        ...

    def named(self, source: str, target: str) -> str:
        """The model, for the record. Raises: PairMissing."""
        ...

    def refresh(self) -> None:
        """Look again what there is."""
        ...

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
        """As `Engine.translate`."""
        ...


@dataclass(frozen=True, slots=True)
class _Errand:
    """One pair of languages, its glossary and model; `marks`: the glossary's mark on each sentence."""

    source: str
    target: str
    urgency: int
    model: str
    glossary: Glossary
    marks: Mapping[str, str]
    tied: Collection[str] = field(default_factory=frozenset)


class Interpreter:
    """What is in doubt is tried again with more care, then in smaller pieces; the best of these is kept."""

    def __init__(
        self,
        ledger: Ledger,
        engine: Translates,
        glossaries: Glossaries | None = None,
        *,
        judge: Judge = doubts,
        judge_text: Judge = doubts_of_text,
        now: Callable[[], datetime] | None = None,
    ) -> None:
        self.ledger, self.engine, self.now = ledger, engine, now or ledger.now
        self._glossaries = glossaries or Glossaries(None)
        self._judge, self.judge_text = judge, judge_text

    async def interpret(
        self, sentences: Iterable[str], marked: Collection[str], source: str, target: str, urgency: int
    ) -> dict[str, Said]:
        """Each sentence once. `marked`: those whose translation has to say what came from where.

        Raises: PairMissing, TranslationError.
        """
        asked = list(dict.fromkeys(sentences))
        errand = await asyncio.to_thread(self._errand, asked, marked, source, target, urgency)
        said = await self._recalled(asked, errand)
        fresh = [sentence for sentence in asked if sentence not in said]
        said |= await self._translated(fresh, errand)
        await self._remember({s: said[s] for s in fresh if not said[s].doubts}, errand)
        return said

    def _errand(
        self, asked: Sequence[str], marked: Collection[str], source: str, target: str, urgency: int
    ) -> _Errand:
        glossary = self._glossaries.of(source, target)
        marks = {sentence: glossary.fingerprint_for(sentence) for sentence in asked}
        tied = {*marked, *(sentence for sentence, mark in marks.items() if mark)}
        return _Errand(source, target, urgency, self.engine.named(source, target), glossary, marks, tied)

    async def _recalled(self, asked: Sequence[str], errand: _Errand) -> dict[str, Said]:
        """What the memory has; a marked sentence only with its ties, unless it is a person's."""
        known = await self.ledger.read(
            memory.recall, errand.source, errand.target, errand.model, {s: errand.marks[s] for s in asked}
        )
        return {
            sentence: Said(_translation(r), edited=r.origin == memory.EDITED)
            for sentence, r in known.items()
            if r.ties is not None or sentence not in errand.tied or r.origin == memory.EDITED
        }

    async def _translated(self, sentences: Sequence[str], errand: _Errand) -> dict[str, Said]:
        said = await self._tried(sentences, errand, careful=False)
        for again in (self._carefully, self._in_pieces):
            doubtful = [sentence for sentence, its in said.items() if its.doubts]
            for sentence, its in (await again(doubtful, errand)).items():
                if len(its.doubts) < len(said[sentence].doubts):
                    said[sentence] = its
        return said

    async def _carefully(self, sentences: Sequence[str], errand: _Errand) -> dict[str, Said]:
        return await self._tried(sentences, errand, careful=True)

    async def _in_pieces(self, sentences: Sequence[str], errand: _Errand) -> dict[str, Said]:
        """Clause by clause, for sentences that have several."""
        cuts = {s: cut for s in sentences if len(cut := clauses(s)) > 1}
        texts = list(dict.fromkeys(s[a:b] for s, cut in cuts.items() for a, b in cut))
        told = dict(zip(texts, await self._asked(texts, texts, errand, careful=True), strict=True))
        whole = {s: joined(((a, told[s[a:b]]) for a, b in cut), errand.target) for s, cut in cuts.items()}
        return await asyncio.to_thread(self._judged, whole, errand)

    async def _tried(self, sentences: Sequence[str], errand: _Errand, *, careful: bool) -> dict[str, Said]:
        told = await self._asked(sentences, errand.tied, errand, careful=careful)
        return await asyncio.to_thread(self._judged, dict(zip(sentences, told, strict=True)), errand)

    async def _asked(
        self, sentences: Sequence[str], tied: Collection[str], errand: _Errand, *, careful: bool
    ) -> list[Translation]:
        if not sentences:
            return []
        return await self.engine.translate(
            sentences, errand.source, errand.target, tied=tied, urgency=errand.urgency, careful=careful
        )

    def _judged(self, told: Mapping[str, Translation], errand: _Errand) -> dict[str, Said]:
        """With the glossary's words in place, and the doubts of the checks."""
        said: dict[str, Said] = {}
        for sentence, translation in told.items():
            worded = errand.glossary.enforce(sentence, typeset(translation, errand.target))
            found = self._judge(sentence, worded.text, errand.source, errand.target)
            missed = errand.glossary.missed(sentence, worded)
            found += tuple(Doubt("glossary", f"{h.term.term} is not rendered as {h.wanted}") for h in missed)
            said[sentence] = Said(worded, found)
        return said

    async def _remember(self, clean: Mapping[str, Said], errand: _Errand) -> None:
        kept = [
            Remembered(
                sentence,
                its.translation.text,
                "machine",
                errand.model,
                errand.marks[sentence],
                _rows(its.translation) if sentence in errand.tied else None,
            )
            for sentence, its in clean.items()
        ]
        if kept:
            await self.ledger.write(memory.remember, errand.source, errand.target, kept, self.now())


def _translation(r: Remembered) -> Translation:
    ties = (Tie(int(a), int(b), int(c), int(d), weight) for a, b, c, d, weight in r.ties or ())
    return Translation(r.target, tuple(ties))


def _rows(translation: Translation) -> list[list[float]]:
    return [[*tie[:4], round(tie.weight, 3)] for tie in translation.ties]
