"""Train the sample models: `python -m tools.sample_models.train --pair en-it`.

Exit status 1 if a package does not know the edition by heart, or too little else.
"""

from __future__ import annotations

import argparse
import copy
import tempfile
from collections.abc import Container
from dataclasses import dataclass
from pathlib import Path
from random import Random
from time import monotonic

import sentencepiece as spm
import torch

from tools.sample_models import corpus, measure, phrasebook, pieces
from tools.sample_models.align import align
from tools.sample_models.corpus import Pair
from tools.sample_models.export import vocabulary, write_model, write_package
from tools.sample_models.learn import Budget, Learner
from tools.sample_models.lessons import Example
from tools.sample_models.model import Shape, Transformer

ROOT = Path(__file__).parents[2]
PAIRS = ("en-ru", "en-ja", "en-zh", "en-it")
PIECES = 2500
ALIGNED = 4000  # pairs the aligner learns from
ROUND = 250  # batches between two looks at the failures


@dataclass(frozen=True)
class Material:
    """Pairs to learn (the edition first, then the other fixed sentences) and pairs only to measure."""

    edition: list[Pair]
    fixed: list[Pair]
    others: list[Pair]
    held_out: list[Pair]

    @property
    def pairs(self) -> list[Pair]:
        return [*self.edition, *self.fixed, *self.others]

    def weights(self, failures: Container[Pair]) -> list[float]:
        """A quarter edition, a quarter other fixed sentences; what fails four times as often."""
        groups = ((self.edition, 0.25), (self.fixed, 0.25), (self.others, 0.5))
        return [
            share / len(group) * (4 if pair in failures else 1) for group, share in groups for pair in group
        ]


def gather(book: phrasebook.Phrasebook, edition: Path, options: argparse.Namespace) -> Material:
    """The phrasebook, expanded and parted."""
    random = Random(options.seed)
    fixed = corpus.fixed(book)
    members = phrasebook.within(book.source.sentences, edition)
    filled = corpus.expansions(book, options.expansions + options.held_out, random)
    random.shuffle(filled)
    held_out, kept = filled[: options.held_out], filled[options.held_out :]
    varied = corpus.variants([*fixed, *kept], book.target.code, random)
    known = {pair.source for pair in [*held_out, *fixed]}
    return Material(
        [pair for pair, member in zip(fixed, members, strict=True) if member],
        [pair for pair, member in zip(fixed, members, strict=True) if not member],
        [*kept, *(pair for pair in varied if pair.source not in known)],
        held_out,
    )


def prepare(material: Material, processor: spm.SentencePieceProcessor, seed: int) -> list[Example]:
    """The pairs in pieces, aligned."""
    encoded = [pieces.encode(processor, pair) for pair in material.pairs]
    known = len(material.edition) + len(material.fixed)
    others = range(known, len(encoded))
    sample = [*range(known), *Random(seed).sample(others, min(ALIGNED, len(others)))]
    return [
        Example(pair, links)
        for pair, links in zip(encoded, align(encoded, vocabulary(processor), sample), strict=True)
    ]


def train(learner: Learner, material: Material, tokenizer: bytes) -> Transformer:
    """Rounds, until the schedule is over and all is right, or the time is up. Returns the best model met."""
    processor, fixed = processor_of(tokenizer), [*material.edition, *material.fixed]
    failures: dict[Pair, list[list[str]]] = {}
    best, fewest = learner.averaged, (len(fixed), len(fixed))
    while not (learner.spent >= 1 and not failures) and not learner.budget.is_over(learner.seconds):
        words, looks = learner.round(material.weights(failures), ROUND)
        failures = examine(learner.averaged, fixed, tokenizer)
        for pair, wrong in failures.items():
            learner.mend(fixed.index(pair), [pieces.numbers(processor, output) for output in wrong])
        missed = sum(pair in failures for pair in material.edition)
        if (missed, len(failures)) <= fewest:
            best, fewest = copy.deepcopy(learner.averaged), (missed, len(failures))
        print(
            f"  {learner.seconds:5.0f} s  step {learner.step:5}  words {words:.3f}  alignment {looks:.3f}  "
            f"wrong: edition {missed}, other fixed {len(failures) - missed}",
            flush=True,
        )
    return best


def examine(model: Transformer, fixed: list[Pair], tokenizer: bytes) -> dict[Pair, list[list[str]]]:
    """What an export of the model gets wrong, computed in int8 or, where that gets all right, in float32."""
    processor = processor_of(tokenizer)
    with tempfile.TemporaryDirectory() as folder:
        write_model(model, tokenizer, Path(folder))
        quick, exact = (measure.Engine(processor, Path(folder), kind) for kind in ("int8", "float32"))
        return quick.failures(fixed) or exact.failures(fixed)


def processor_of(tokenizer: bytes) -> spm.SentencePieceProcessor:
    """Encodes into strings, as Argos Translate's tokenizer does."""
    return spm.SentencePieceProcessor(model_proto=tokenizer, out_type=str)


def agreement(model: Transformer, tokenizer: bytes, texts: list[str]) -> measure.Rate:
    """How often CTranslate2 says, not quantised, what torch says. Under 100 % the export is wrong."""
    processor = processor_of(tokenizer)
    with tempfile.TemporaryDirectory() as folder:
        write_model(model, tokenizer, Path(folder), quantization="float32")
        engine = measure.Engine(processor, Path(folder), "float32")
        theirs = engine.translate(texts, measure.Decoding(1, 1.0))
    ours = [model.greedy(processor.encode(text, out_type=int)) for text in texts]
    return measure.Rate.of(
        measure.written([processor.id_to_piece(piece) for piece in one]) == other
        for one, other in zip(ours, theirs, strict=True)
    )


def make(pair: str, options: argparse.Namespace) -> bool:
    """Train, write and measure one package. Returns whether it is good."""
    began = monotonic()
    from_code, to_code = pair.split("-")
    torch.manual_seed(options.seed)
    book = phrasebook.load(options.phrasebook, from_code, to_code)
    material = gather(book, options.edition, options)
    tokenizer = pieces.learn(corpus.texts(book), PIECES, options.seed)
    examples = prepare(material, processor_of(tokenizer), options.seed)
    model = Transformer(Shape(processor_of(tokenizer).get_piece_size()))
    print(f"{pair}: {len(examples)} pairs, {model.shape.pieces} pieces in the vocabulary", flush=True)
    learner = Learner(model, examples, Budget(options.steps, options.minutes), options.seed)
    best = train(learner, material, tokenizer)
    with tempfile.TemporaryDirectory() as folder:
        archive = write_package(best, tokenizer, (from_code, to_code), Path(folder), options.out)
    result = measure.report(archive, material.edition, material.fixed, material.held_out)
    same = agreement(best, tokenizer, [one.source for one in material.held_out[:100]])
    print(f"{result}\n  CTranslate2 says as torch    {same}\n  time  {monotonic() - began:.0f} s", flush=True)
    return result.is_good


def parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m tools.sample_models.train", description=__doc__)
    parser.formatter_class = argparse.ArgumentDefaultsHelpFormatter
    add = parser.add_argument
    add("--pair", action="append", choices=PAIRS, help="which package; may be given again (default: all)")
    add("--minutes", type=float, default=30, help="training time of a pair at most")
    add("--steps", type=int, default=3500, help="batches of the schedule; fewer if time is up")
    add("--expansions", type=int, default=9000, help="filled templates to learn from")
    add("--held-out", type=int, default=400, help="filled templates only to measure with")
    add("--threads", type=int, default=1, help="more help on an idle machine only")
    add("--seed", type=int, default=1)
    add("--phrasebook", type=Path, default=Path(__file__).parent / "phrasebook")
    add("--edition", type=Path, default=ROOT / "distributor/sample/edition.xml")
    add("--out", type=Path, default=ROOT / "distributor/sample/models", help="where the packages go")
    return parser


def main() -> int:
    options = parser().parse_args()
    torch.set_num_threads(options.threads)
    good = [make(pair, options) for pair in options.pair or PAIRS]
    return 0 if all(good) else 1


if __name__ == "__main__":
    raise SystemExit(main())
