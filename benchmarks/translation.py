"""Translation: argostranslate's own call, a flat CTranslate2 batch (the limit), and ours, in one run.

The same 12 articles of some 290 words, the same model of the size of Argos's own with random weights (see
performance_model.py), the same beam, and translations of the same length. Argos gets each article as plain
text, a paragraph a line, cut into sentences as ours are (its own splitter fetches models at run time); the
flat batch gets all sentences at once. Ours gets the articles as they lie in the ledger, with headings, lists,
links and emphasis, and does all that the service does: parses, cuts, translates in a process of its own, puts
the markup on the right words, judges each sentence, remembers it and commits the renditions.

    python benchmarks/translation.py [--rounds 2] [--json]
"""

from __future__ import annotations

import argparse
import asyncio
import os
import resource
import tempfile
import time
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import performance_model
import sentencex
from figures import figure, show
from sqlalchemy import Connection

from distributor import clock
from distributor.article import Content
from distributor.events import Events
from distributor.ledger import articles, lanes, renditions
from distributor.ledger.articles import Entry
from distributor.ledger.circuit import Terms
from distributor.ledger.ledger import Ledger
from distributor.routing import Facts, Route
from distributor.translation.checks import Doubt, doubts
from distributor.translation.engines.engine import Engine
from distributor.translation.engines.packages import Packages
from distributor.translation.engines.tokens import tokens_of
from distributor.translation.engines.tuning import Tuning
from distributor.translation.engines.worker import InProcess
from distributor.translation.interpreter import Interpreter
from distributor.translation.translator import Translator

BEAM = 4
SENTENCES = Path(__file__).parents[1] / "tools" / "sample_models" / "phrasebook" / "sentences.en.txt"
ARTICLES = 12


class Article:
    """Its sentences, paragraph by paragraph; the first is the headline."""

    def __init__(self, sentences: list[str]) -> None:
        self.headline, rest = sentences[0], sentences[1:]
        self.paragraphs = [rest[i : i + 4] for i in range(0, len(rest), 4)]

    @property
    def text(self) -> str:
        """A paragraph a line."""
        return "\n".join([self.headline, *(" ".join(p) for p in self.paragraphs)])

    @property
    def html(self) -> str:
        """With a heading, a list, and a link and an emphasis in each paragraph."""
        (heading, *points), *others = self.paragraphs
        items = "".join(f"<li>{point}</li>" for point in points)
        return f"<h2>{heading}</h2><ul>{items}</ul>" + "".join(f"<p>{_marked(p)}</p>" for p in others)


def _marked(paragraph: list[str]) -> str:
    first, *rest = paragraph
    words = first.split()
    words[:2] = [f'<a href="https://example.org/1">{" ".join(words[:2])}</a>']
    emphasised = [f"<em>{rest[0]}</em>", *rest[1:]] if rest else []
    return " ".join([" ".join(words), *emphasised])


def edition() -> list[Article]:
    """No sentence stands in it twice; each is one to the splitter, too."""
    lines = dict.fromkeys(SENTENCES.read_text(encoding="utf-8").splitlines())
    own = [line for line in lines if len(list(sentencex.segment("en", line))) == 1 and line.endswith(".")]
    size = len(own) // ARTICLES
    return [Article(own[i * size : (i + 1) * size]) for i in range(ARTICLES)]


class Sentencizer:
    """As argostranslate wants it."""

    def split_sentences(self, text: str) -> list[str]:
        """Without spaces between them."""
        return [s.strip() for s in sentencex.segment("en", text) if s.strip()]


def argos_own(package: Path, edition: list[Article]) -> float:
    """Seconds; the model is loaded before."""
    from argostranslate import settings, translate
    from argostranslate.package import Package

    settings.beam_size = BEAM
    english, russian = translate.Language("en", "English"), translate.Language("ru", "Russian")
    its = translate.PackageTranslation.__new__(translate.PackageTranslation)
    its.from_lang, its.to_lang, its.pkg = english, russian, Package(package)
    its.translator, its.sentencizer = None, Sentencizer()
    its.translate("One.")
    started = time.perf_counter()
    for article in edition:
        its.translate(article.text)
    return time.perf_counter() - started


def flat(packages: Packages, sentences: list[str]) -> float:
    """Seconds for all in one batch, tokenizing and putting together included."""
    import ctranslate2

    (step,) = packages.route("en", "ru")
    tokens, model = tokens_of(step), ctranslate2.Translator(str(step.weights))
    ask = partial(model.translate_batch, max_batch_size=2048, batch_type="tokens", beam_size=BEAM)
    ask([tokens.encode("One.")])
    started = time.perf_counter()
    for result in ask([tokens.encode(s) for s in sentences], length_penalty=0.2, replace_unknowns=True):
        tokens.decode(result.hypotheses[0])
    return time.perf_counter() - started


def unheeded(*asked: str) -> tuple[Doubt, ...]:
    """The checks are made, but not heeded: of nonsense all is in doubt."""
    doubts(*asked)
    return ()


def fill(db: Connection, edition: list[Article]) -> None:
    now = clock.now()
    lanes.sync(db, {"m/folder": Terms("m", "folder", 8)}, now)

    def routes(_: Facts) -> list[Route]:
        return [Route("m/folder", "m", "ru")]

    for i, article in enumerate(edition):
        content = Content(headline=article.headline, body=article.html, language="en", published=now)
        articles.add(db, Entry("benchmark", f"g{i}", {}, content, content.fingerprint()), routes, now)


async def ours(packages: Packages, edition: list[Article]) -> tuple[float, list[float]]:
    """Seconds, and the event loop's pauses meanwhile in milliseconds; the model is loaded before."""
    tuning = Tuning(beam=BEAM)
    engine = Engine(packages, tuning, InProcess(tuning))
    with tempfile.TemporaryDirectory() as folder:
        async with Ledger(f"sqlite+aiosqlite:///{folder}/ledger.db") as ledger:
            await ledger.write(fill, edition)
            await engine.translate(["One."], "en", "ru")
            translator = Translator(
                ledger,
                Interpreter(ledger, engine, judge=unheeded, judge_text=unheeded),
                Events(),
                "benchmark",
            )
            pauses: list[float] = []
            watcher = asyncio.create_task(watch(pauses))
            started = time.perf_counter()
            await translator.run(asyncio.Event(), until_idle=True)
            took = time.perf_counter() - started
            watcher.cancel()
            if await ledger.read(renditions.unfinished):
                raise SystemExit("not all was translated")
    engine.close()
    return took, pauses


async def watch(pauses: list[float], every: float = 0.002) -> None:
    """How much later than asked the loop comes back."""
    while True:
        started = time.perf_counter()
        await asyncio.sleep(every)
        pauses.append((time.perf_counter() - started - every) * 1000)


def measure(rounds: int) -> Iterator[dict[str, Any]]:
    """All three in turns, the best of each: a machine that slows down slows all alike."""
    made = edition()
    sentences = [s for a in made for s in (a.headline, *(s for p in a.paragraphs for s in p))]
    best: dict[str, float] = {}
    pauses: list[float] = []
    memory: list[int] = []
    with tempfile.TemporaryDirectory() as folder:
        package = performance_model.write(Path(folder), sentences)
        packages = Packages([Path(folder)])
        for _ in range(rounds):
            took, seen = asyncio.run(ours(packages, made))
            pauses += seen
            memory = memory or [peak(resource.RUSAGE_SELF), peak(resource.RUSAGE_CHILDREN)]
            seconds = {
                "argostranslate": argos_own(package, made),
                "flat": flat(packages, sentences),
                "ours": took,
            }
            best = {name: min(best.get(name, took), took) for name, took in seconds.items()}
    pieces = len(sentences) * performance_model.LENGTH
    words = sum(len(s.split()) for s in sentences)
    yield figure("articles", ARTICLES, f"{words} words in all")
    for name, took in best.items():
        yield figure(name, round(pieces / took), "pieces/s")
    yield figure("ours / argostranslate", round(best["argostranslate"] / best["ours"], 2), "ratio", 8)
    yield figure("ours / flat", round(best["flat"] / best["ours"], 3), "ratio", 0.9)
    worst = sorted(pauses)[int(len(pauses) * 0.99)]
    yield figure("event loop's pauses, p99", round(worst, 1), "ms", 50, at_most=True)
    yield figure("event loop's longest pause", round(max(pauses), 1), "ms")
    yield figure("peak memory, service", memory[0], "MiB")
    yield figure("peak memory, engine", memory[1], "MiB")


def peak(whose: int) -> int:
    """Of the processes in question, so far, in MiB."""
    return resource.getrusage(whose).ru_maxrss // 1024


def main() -> None:
    """Measure and print."""
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    arguments.add_argument("--rounds", type=int, default=2, help="the best of so many counts, for each")
    arguments.add_argument("--json", action="store_true")
    options = arguments.parse_args()
    with tempfile.TemporaryDirectory() as scratch:  # argostranslate makes folders when it is imported
        for name in ("XDG_DATA_HOME", "XDG_CONFIG_HOME", "XDG_CACHE_HOME", "ARGOS_PACKAGES_DIR"):
            os.environ[name] = scratch
        show(list(measure(options.rounds)), options.json)


if __name__ == "__main__":
    main()
