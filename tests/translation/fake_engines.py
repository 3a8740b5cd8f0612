"""Engines for tests: they know no language, but exactly what they did to which word."""

from __future__ import annotations

import re
from collections.abc import Callable
from random import Random

from distributor.translation.documents.align import Tie, Translation

Fake = Callable[[str], Translation]


def turned(sentence: str) -> Translation:
    """The words in reverse order, in capitals, each tied to where it was."""
    text, ties = "", list[Tie]()
    for found in reversed(list(re.finditer(r"\S+", sentence))):
        text += " " if text else ""
        ties.append(Tie(*found.span(), len(text), len(text) + len(found.group()), 1.0))
        text += found.group().upper()
    return Translation(text, tuple(ties))


def silent(sentence: str) -> Translation:
    """Other words, and no word about which came from where."""
    return Translation("совсем другие слова, числом семь штук.")


def mumbling(sentence: str) -> Translation:
    """Hardly anything."""
    return Translation("好", (Tie(0, len(sentence), 0, 1, 1.0),))


def mute(sentence: str) -> Translation:
    """Nothing."""
    return Translation("")


def unreliable(seed: int) -> Fake:
    """Some words, tied at random, out of range too."""

    def fake(sentence: str) -> Translation:
        random = Random(f"{seed} {sentence}")
        text = " ".join("слово" for _ in range(random.randint(1, 12))) + "。"
        starts = [(random.randrange(len(sentence)), random.randrange(len(text))) for _ in range(10)]
        return Translation(text, tuple(Tie(a, a + 2, b, b + 3, random.random()) for a, b in starts))

    return fake
