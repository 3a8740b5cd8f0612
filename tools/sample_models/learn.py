"""The training loop: batches, the two losses, and more of what still comes out wrong.

Guided alignment: the first head of the last layer is also taught to look where the aligner looks (Chen et al.
2016, "Guided alignment training for topic-aware neural machine translation"). What is exported is a running
average of the weights.
"""

from __future__ import annotations

import copy
import math
from dataclasses import dataclass, replace
from itertools import takewhile
from time import monotonic

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from tools.sample_models.lessons import NOWHERE, Batch, Example, draw
from tools.sample_models.model import END, Transformer
from tools.sample_models.pieces import Ids

PEAK, FLOOR, WARMUP = 2e-3, 0.1, 200
SMOOTHING = 0.05
GUIDANCE = 0.5
AVERAGE = 0.99
KEPT = 6  # wrong translations of an example
PATIENCE, IMPOSSIBLE = 0.1, -15.0


@dataclass(frozen=True)
class Budget:
    """Train for `steps`; where the machine is slow, for `minutes` at most (the last tenth mends failures)."""

    steps: int
    minutes: float

    def spent(self, step: int, seconds: float) -> float:
        """How much of the schedule is over, 0 to 1."""
        return min(1.0, max(step / self.steps, seconds / (self.minutes * 54)))

    def is_over(self, seconds: float) -> bool:
        return seconds >= self.minutes * 60


class Learner:
    def __init__(self, model: Transformer, examples: list[Example], budget: Budget, seed: int) -> None:
        self.model = model
        self.examples = examples
        self.budget = budget
        self.averaged = copy.deepcopy(model).eval()
        self.optimizer = torch.optim.AdamW(model.parameters(), betas=(0.9, 0.98), weight_decay=0.01)
        self.random = np.random.default_rng(seed)
        self.began = monotonic()
        self.step = 0

    @property
    def seconds(self) -> float:
        return monotonic() - self.began

    @property
    def spent(self) -> float:
        return self.budget.spent(self.step, self.seconds)

    def mend(self, number: int, stumps: list[Ids]) -> None:
        """Remember wrong translations of an example."""
        example = self.examples[number]
        self.examples[number] = replace(example, stumps=(*example.stumps, *stumps)[-KEPT:])

    def round(self, weights: list[float], batches: int) -> tuple[float, float]:
        """Some batches, examples drawn by weight. Returns the mean losses: words, alignment."""
        self.model.train()
        drawn = draw(self.examples, weights, batches, self.random)
        losses = [self.learn(batch) for batch in takewhile(self.in_time, drawn)]
        return float(np.mean([words for words, _ in losses])), float(np.mean([looks for _, looks in losses]))

    def in_time(self, _: Batch) -> bool:
        return not self.budget.is_over(self.seconds)

    def learn(self, batch: Batch) -> tuple[float, float]:
        self.step += 1
        for group in self.optimizer.param_groups:
            group["lr"] = rate(self.step, self.spent)
        words, looks = losses(self.model, batch)
        self.optimizer.zero_grad()
        (words + GUIDANCE * looks).backward()  # type: ignore[no-untyped-call]
        nn.utils.clip_grad_norm_(self.model.parameters(), 1.0)
        self.optimizer.step()
        self.follow()
        return words.item(), looks.item()

    @torch.no_grad()
    def follow(self) -> None:
        """Move the average a little towards the model."""
        for kept, weight in zip(self.averaged.parameters(), self.model.parameters(), strict=True):
            kept.lerp_(weight, 1 - AVERAGE)


def rate(step: int, spent: float) -> float:
    """Up in a line, down in half a cosine."""
    return PEAK * min(1.0, step / WARMUP) * (FLOOR + (1 - FLOOR) * (1 + math.cos(math.pi * spent)) / 2)


def losses(model: Transformer, batch: Batch) -> tuple[Tensor, Tensor]:
    """Cross entropy of the words, and of where the guided head looks."""
    scores, looks = model(batch.source, batch.seen, batch.target)
    expected = batch.expected.flatten()
    scores = scores.flatten(0, 1).log_softmax(dim=-1)
    words = smoothed(scores, expected) + PATIENCE * stumps(scores[batch.is_open.flatten(), END])
    return words, -(batch.looks * looks).sum() / batch.looks.sum().clamp(min=1)


def smoothed(scores: Tensor, expected: Tensor) -> Tensor:
    """Label smoothing (Szegedy et al. 2016), no share for the end mark: no sentence is to end by chance."""
    evenly = (scores.sum(dim=-1) - scores[:, END]) / (scores.shape[1] - 1)
    right = functional.nll_loss(scores, expected, ignore_index=NOWHERE)
    return (1 - SMOOTHING) * right - SMOOTHING * evenly[expected != NOWHERE].mean()


def stumps(ends: Tensor) -> Tensor:
    """How far the end mark is from as good as impossible, where the sentence is not over.

    CTranslate2's beam search ends after as many finished sentences as the beam is wide: were the end mark the
    second best piece in two places, it would give a stump before the right sentence is complete.
    """
    return (ends - IMPOSSIBLE).relu().mean()
