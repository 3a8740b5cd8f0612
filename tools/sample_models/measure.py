"""What a package can do, asked through CTranslate2 as the wire asks it."""

from __future__ import annotations

import os
import tempfile
import zipfile
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import ctranslate2
import numpy as np

from tools.sample_models.corpus import Pair
from tools.sample_models.pieces import mark, places

BATCH = 64


class Tokenizer(Protocol):
    def encode(self, sentence: str) -> list[str]: ...


@dataclass(frozen=True)
class Decoding:
    beam: int
    length_penalty: float


DECODINGS = (Decoding(4, 1.0), Decoding(4, 0.2), Decoding(2, 1.0))


@dataclass(frozen=True)
class Rate:
    right: int
    total: int

    @classmethod
    def of(cls, answers: Iterable[bool]) -> Rate:
        given = list(answers)
        return cls(sum(given), len(given))

    @property
    def share(self) -> float:
        return self.right / self.total if self.total else 1.0

    def __str__(self) -> str:
        return f"{100 * self.share:.1f} % ({self.right} of {self.total})"


class Engine:
    def __init__(self, tokenizer: Tokenizer, model: Path, compute: str = "int8") -> None:
        self.tokenizer = tokenizer
        self.translator = ctranslate2.Translator(str(model), compute_type=compute, intra_threads=1)

    def translate(self, texts: list[str], decoding: Decoding) -> list[str]:
        return [written(result.hypotheses[0]) for result in self.results(texts, decoding)]

    def results(
        self, texts: list[str], decoding: Decoding, attention: bool = False
    ) -> list[ctranslate2.TranslationResult]:
        found: list[ctranslate2.TranslationResult] = self.translator.translate_batch(
            [self.tokenizer.encode(text) for text in texts],
            beam_size=decoding.beam,
            length_penalty=decoding.length_penalty,
            return_attention=attention,
            max_batch_size=BATCH,
        )
        return found

    def failures(self, pairs: list[Pair]) -> dict[Pair, list[list[str]]]:
        """Pairs that some way of decoding gets wrong, and what comes out instead, in pieces."""
        wrong: dict[Pair, list[list[str]]] = {}
        for decoding in DECODINGS:
            results = self.results([pair.source for pair in pairs], decoding)
            for pair, result in zip(pairs, results, strict=True):
                if written(result.hypotheses[0]) != pair.target:
                    wrong.setdefault(pair, []).append(result.hypotheses[0])
        return wrong

    def exact(self, pairs: list[Pair]) -> Rate:
        return Rate(len(pairs) - len(self.failures(pairs)), len(pairs))


def written(pieces: list[str]) -> str:
    """Pieces as text, the way Argos Translate does it."""
    return "".join(pieces).replace("▁", " ").removeprefix(" ")


@dataclass(frozen=True)
class Looks:
    """Do target pieces look at the right source? `numbers` by number, `words` by piece."""

    numbers: Rate
    words: Rate


def looks(engine: Engine, pairs: list[Pair]) -> Looks:
    """Ask the attention about the anchors of those pairs that come out right."""
    numbers: list[bool] = []
    words: list[bool] = []
    results = engine.results([pair.source for pair in pairs], DECODINGS[0], attention=True)
    for pair, result in zip(pairs, results, strict=True):
        if written(result.hypotheses[0]) == pair.target:
            ours, theirs = engine.tokenizer.encode(pair.source), result.hypotheses[0]
            look = np.array(result.attention[0])[: len(theirs)].argmax(axis=1)
            for number, answers in anchors(pair, ours, theirs, look):
                numbers += [all(answers)] if number else []
                words += [] if number else answers
    return Looks(Rate.of(numbers), Rate.of(words))


def anchors(
    pair: Pair, ours: list[str], theirs: list[str], look: np.ndarray[tuple[int], np.dtype[np.int64]]
) -> Iterable[tuple[bool, list[bool]]]:
    """For every anchor: is it a number, and does each of its target pieces look into it?"""
    places_here, places_there = places(ours), places(theirs)
    for (start, end), their in pair.anchors:
        answers = [
            mark(places_here[source], [(start, end)]) != 0
            for place, source in zip(places_there, look, strict=True)
            if mark(place, [their]) == 1
        ]
        yield pair.source[start:end][:1].isdigit(), answers


def open_package(archive: Path, folder: Path) -> tuple[Tokenizer, Path]:
    """Unpack a package and load it with Argos Translate itself, which looks at its settings when imported."""
    with zipfile.ZipFile(archive) as file:
        file.extractall(folder)
    for name in ("ARGOS_PACKAGES_DIR", "XDG_DATA_HOME", "XDG_CONFIG_HOME", "XDG_CACHE_HOME"):
        os.environ[name] = str(folder / "settings")
    from argostranslate.package import Package

    (content,) = (path.parent for path in folder.glob("*/metadata.json"))
    tokenizer: Tokenizer = Package(content).tokenizer
    return tokenizer, content / "model"


@dataclass(frozen=True)
class Report:
    edition: Rate
    fixed: Rate
    held_out: Rate
    edition_looks: Looks
    held_out_looks: Looks
    longest_nonsense: int
    bytes: int
    lost: tuple[str, ...]

    @property
    def is_good(self) -> bool:
        return self.edition.share == 1.0 and self.held_out.share >= 0.85

    def __str__(self) -> str:
        return "\n".join((
            f"  edition sentences exact      {self.edition}",
            f"  other fixed sentences exact  {self.fixed}",
            f"  held-out expansions exact    {self.held_out}",
            f"  edition: numbers aligned     {self.edition_looks.numbers}",
            f"  edition: words aligned       {self.edition_looks.words}",
            f"  held-out: numbers aligned    {self.held_out_looks.numbers}",
            f"  held-out: words aligned      {self.held_out_looks.words}",
            f"  longest output for nonsense  {self.longest_nonsense} pieces",
            f"  size                         {self.bytes / 1e6:.2f} MB",
            *(f"  wrong: {sentence}" for sentence in self.lost),
        ))  # fmt: skip


NONSENSE = ["", "?", "Zqxj vlorp.", "ça va, Ωmega €5 🙂", "lorem ipsum dolor " * 12, "7 " * 60, "word " * 900]


def report(archive: Path, edition: list[Pair], fixed: list[Pair], held_out: list[Pair]) -> Report:
    """Measure a package as it ships; the edition in float32 too, which some machines compute in."""
    with tempfile.TemporaryDirectory() as folder:
        tokenizer, model = open_package(archive, Path(folder))
        engine, exact_engine = Engine(tokenizer, model), Engine(tokenizer, model, "float32")
        lost = {pair.source for one in (engine, exact_engine) for pair in one.failures(edition)}
        return Report(
            Rate(len(edition) - len(lost), len(edition)),
            engine.exact(fixed),
            engine.exact(held_out),
            looks(engine, edition),
            looks(engine, held_out),
            max(len(result.hypotheses[0]) for result in engine.results(NONSENSE, DECODINGS[0])),
            archive.stat().st_size,
            tuple(sorted(lost)),
        )
