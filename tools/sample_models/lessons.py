"""Examples as batches, a little different each time: strange words, wrong words, gaps."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor, nn

from tools.sample_models.model import END, START
from tools.sample_models.pieces import Encoded, Ids
from tools.sample_models.words import Links

BATCH = 32
STRANGE, WRONG, GAPS, MENDED = 0.08, 0.03, 0.15, 0.5  # how often: examples, pieces, examples, examples
BYTES = range(3, 259)  # SentencePiece's byte pieces
CERTAIN = 3.0  # the weight of an anchor's links
NOWHERE = -100  # what torch's losses leave out

Shares = np.ndarray[tuple[int, int], np.dtype[np.float32]]


@dataclass(frozen=True)
class Example:
    """`stumps`: what an earlier state of the model gave for it, wrongly."""

    pair: Encoded
    links: Links
    stumps: tuple[Ids, ...] = ()


@dataclass(frozen=True)
class Lesson:
    """What one example asks this time; `expected[t]` comes after `target[: t + 1]`."""

    source: Ids
    target: Ids
    expected: Ids
    looks: Shares


@dataclass(frozen=True)
class Batch:
    """`is_open`: where the sentence is not over."""

    source: Tensor
    seen: Tensor
    target: Tensor
    expected: Tensor
    is_open: Tensor
    looks: Tensor


def draw(
    examples: list[Example], weights: list[float], batches: int, random: np.random.Generator
) -> Iterator[Batch]:
    """Batches of examples of about the same length, in random order."""
    chance = np.array(weights) / sum(weights)
    drawn = [examples[i] for i in random.choice(len(examples), size=batches * BATCH, p=chance)]
    drawn.sort(key=lambda example: len(example.pair.target) + len(example.pair.source))
    for number in random.permutation(batches):
        yield collate([lesson(one, random) for one in drawn[number * BATCH : (number + 1) * BATCH]])


def lesson(example: Example, random: np.random.Generator) -> Lesson:
    """The example with a little noise or, now and then, only what is not its translation."""
    pair, dice = example.pair, random.random()
    whole = Lesson(
        strange(pair.source, pair.source_marks, random),
        np.insert(wrong(pair.target, pair.target_marks, random), 0, START),
        np.append(pair.target, END),
        wanted(example),
    )
    if example.stumps and dice < MENDED:
        return unfinished(whole, example.stumps[random.integers(len(example.stumps))])
    return unfinished(whole, gap(pair.target, random)) if dice < GAPS else whole


def strange(source: Ids, marks: Ids, random: np.random.Generator) -> Ids:
    """Sometimes put a byte in place of a piece: an unknown word must not lead the model astray."""
    plain = np.flatnonzero(marks == 0)
    changed = source.copy()
    if len(plain) and random.random() < STRANGE:
        changed[random.choice(plain)] = random.choice(BYTES)
    return changed


def wrong(target: Ids, marks: Ids, random: np.random.Generator) -> Ids:
    """Put other pieces of the sentence in place of some, so that the model finds back after a wrong one."""
    changed = target.copy()
    plain = np.flatnonzero(marks == 0)
    changed[plain] = np.where(
        random.random(len(plain)) < WRONG, random.permutation(target[plain]), target[plain]
    )
    return changed


def gap(target: Ids, random: np.random.Generator) -> Ids:
    """Leave out one to three pieces."""
    start, width = int(random.integers(len(target))), int(random.integers(1, 4))
    return np.delete(target, slice(start, start + width))


def unfinished(whole: Lesson, stump: Ids) -> Lesson:
    """All that is asked after the first wrong piece is not to think the sentence over."""
    right = whole.expected[: len(stump) + 1]
    good = 1 + int((right[: len(stump)] == stump[: len(right)]).cumprod().sum())
    expected = np.full(len(stump) + 1, NOWHERE)
    looks = np.zeros((len(stump) + 1, len(whole.source)), dtype=np.float32)
    expected[:good], looks[:good] = right[:good], whole.looks[:good]
    return Lesson(whole.source, np.insert(stump, 0, START), expected, looks)


def wanted(example: Example) -> Shares:
    """For every target piece its shares of the source pieces, for the end mark none. Anchors weigh more."""
    weight = np.where(example.pair.target_marks > 0, CERTAIN, 1) / example.links.sum(axis=0).clip(min=1)
    shares = (example.links * weight).T.astype(np.float32)
    return np.pad(shares, ((0, 1), (0, 0)))


def collate(lessons: list[Lesson]) -> Batch:
    source = padded([one.source for one in lessons], START)
    target = padded([one.target for one in lessons], END)
    lengths = torch.tensor([len(one.source) for one in lessons])
    looks = np.zeros((len(lessons), target.shape[1], source.shape[1]), dtype=np.float32)
    for row, one in zip(looks, lessons, strict=True):
        row[: one.looks.shape[0], : one.looks.shape[1]] = one.looks
    return Batch(
        source,
        (torch.arange(source.shape[1]) < lengths[:, None])[:, None, None, :],
        target,
        padded([one.expected for one in lessons], NOWHERE),
        padded([one.expected != END for one in lessons], 0),
        torch.from_numpy(looks),
    )


def padded(rows: list[np.ndarray[tuple[int], np.dtype[np.generic]]], filler: int) -> Tensor:
    return nn.utils.rnn.pad_sequence([torch.from_numpy(row) for row in rows], True, filler)
