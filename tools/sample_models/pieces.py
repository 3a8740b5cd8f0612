"""One SentencePiece model for both sides, and a pair as numbers."""

from __future__ import annotations

import io
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import sentencepiece as spm

from tools.sample_models.corpus import CUT, Pair, Span

Ids = np.ndarray[tuple[int], np.dtype[np.int64]]


@dataclass(frozen=True)
class Encoded:
    """A pair in pieces; `marks` say to which anchor a piece belongs (0: none, -1: it straddles one)."""

    source: Ids
    target: Ids
    source_marks: Ids
    target_marks: Ids


def learn(texts: Iterable[str], size: int, seed: int) -> bytes:
    """A unigram model that changes no character: full-width punctuation must come out as it went in.

    No piece goes across a `CUT` in the texts. Numbers are pieces of two digits, then one (20 01): a digit
    that comes twice running is easily lost.
    """
    spm.set_random_generator_seed(seed)
    model = io.BytesIO()
    spm.SentencePieceTrainer.train(
        sentence_iterator=iter(texts),
        model_writer=model,
        vocab_size=size,
        hard_vocab_limit=False,
        model_type="unigram",
        normalization_rule_name="identity",
        character_coverage=1.0,
        byte_fallback=True,
        split_digits=True,
        user_defined_symbols=[f"{number:02}" for number in range(100)],
        pretokenization_delimiter=CUT,
        max_sentencepiece_length=12,
        num_threads=1,
        minloglevel=2,
    )
    return model.getvalue()


def encode(processor: spm.SentencePieceProcessor, pair: Pair) -> Encoded:
    """Both sides in pieces, each piece with its anchor."""
    ours, theirs = processor.encode(pair.source, out_type=str), processor.encode(pair.target, out_type=str)
    return Encoded(
        numbers(processor, ours),
        numbers(processor, theirs),
        marks(ours, [source for source, _ in pair.anchors]),
        marks(theirs, [target for _, target in pair.anchors]),
    )


def numbers(processor: spm.SentencePieceProcessor, words: list[str]) -> Ids:
    return np.array([processor.piece_to_id(word) for word in words], dtype=np.int64)


def marks(words: list[str], spans: list[Span]) -> Ids:
    return np.array([mark(place, spans) for place in places(words)], dtype=np.int64)


def places(words: list[str]) -> list[Span]:
    """Where the pieces stand in the text, without their leading space. The first one's is not in the text."""
    ends = np.cumsum([len(word) for word in words]) - 1
    return [(int(end) - len(word.lstrip("▁")), int(end)) for word, end in zip(words, ends, strict=True)]


def mark(place: Span, spans: list[Span]) -> int:
    """The number of the span around a place: 0 for none, -1 if one ends inside the place."""
    for number, (start, end) in enumerate(spans, 1):
        if start <= place[0] < place[1] <= end:
            return number
        if place[0] < end and place[1] > start:
            return -1
    return 0
