"""How well the checks tell a good translation from a faulty one, and how long they take.

The good and the faulty segments are those of the tests; the phrasebook of the sample models, which nobody
wrote for the checks, stands beside them: its sentences, and sentences made of its templates with faults
seeded into them (seeded.py). A fault counts as found if a doubt of an expected kind is raised, a seeded one
with any.

    python benchmarks/checks.py [--json]
"""

from __future__ import annotations

import argparse
import csv
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from figures import figure, show
from seeded import FAULTS, faulty, pairs

from distributor.translation.checks import doubts

ROOT = Path(__file__).parents[1]
LISTS = ROOT / "tests" / "translation" / "checks"
PHRASEBOOK = ROOT / "tools" / "sample_models" / "phrasebook"
PAIRS = {"ru": "ru", "ja": "ja", "zh": "zh-Hans", "it": "it"}

Row = dict[str, str]
SEEDED = 500
"""Sentences for each language, and each fault in all of them that have a place for it."""


def rows(name: str) -> list[Row]:
    """`good` or `faulty`."""
    with (LISTS / f"{name}.tsv").open(encoding="utf-8", newline="") as lines:
        return list(csv.DictReader(lines, delimiter="\t", quoting=csv.QUOTE_NONE))


def phrases(code: str) -> Iterator[Row]:
    """English and the translation, line by line."""
    ours, theirs = (
        (PHRASEBOOK / f"sentences.{name}.txt").read_text("utf-8").splitlines() for name in ("en", code)
    )
    for source, target in zip(ours, theirs, strict=True):
        yield {
            "source_language": "en", "target_language": PAIRS[code], "source": source, "target": target,
        }  # fmt: skip


def kinds(row: Row) -> set[str]:
    """Of the doubts about a row."""
    found = doubts(row["source"], row["target"], row["source_language"], row["target_language"])
    return {doubt.kind for doubt in found}


def flagged(segments: list[Row]) -> float:
    """The share that is doubted, in percent."""
    return round(100 * sum(bool(kinds(row)) for row in segments) / len(segments), 2)


def measure() -> list[dict[str, Any]]:
    """Recall, precision, false alarms, and time."""
    good, bad = rows("good"), rows("faulty")
    found = sum(bool(kinds(row) & set(row["kinds"].split(","))) for row in bad)
    alarms = sum(bool(kinds(row)) for row in good)
    books = {code: list(phrases(code)) for code in PAIRS}
    return [
        figure("good segments", len(good), "segments"),
        figure("faulty segments", len(bad), "segments"),
        figure("recall", round(100 * found / len(bad), 2), "%", 95),
        figure("precision", round(100 * found / max(found + alarms, 1), 2), "%", 95),
        figure("false alarms, good segments", flagged(good), "%", 1, at_most=True),
        *(
            figure(f"false alarms, phrasebook en→{code}", flagged(book), "%", 1, at_most=True)
            for code, book in books.items()
        ),
        *seeded(),
        figure(
            "time", microseconds([*good, *bad, *(r for b in books.values() for r in b)]),
            "µs/sentence", 1000, at_most=True,
        ),
    ]  # fmt: skip


def seeded() -> Iterator[dict[str, Any]]:
    """False alarms over sentences of templates, and which share of each seeded fault is found."""
    good = [(code, source, target) for code in PAIRS for source, target in pairs(code, SEEDED * 10)]
    alarms = sum(bool(doubts(source, target, "en", PAIRS[code])) for code, source, target in good)
    yield figure(
        f"false alarms, {len(good)} of templates", round(100 * alarms / len(good), 2), "%", 1, at_most=True
    )
    found: dict[str, list[bool]] = {name: [] for name in FAULTS}
    for code in PAIRS:
        for name, source, wrong in faulty(code, SEEDED):
            found[name].append(bool(doubts(source, wrong, "en", PAIRS[code])))
    for name, each in found.items():
        yield figure(f"found, {name} ({len(each)})", round(100 * sum(each) / len(each), 1), "%")
    total = [hit for each in found.values() for hit in each]
    yield figure(f"found, all seeded ({len(total)})", round(100 * sum(total) / len(total), 2), "%", 95)


def microseconds(segments: list[Row], rounds: int = 3) -> int:
    """The mean of a sentence, in the best round; the detectors of languages are loaded by then."""
    best = float("inf")
    for _ in range(rounds):
        started = time.perf_counter()
        for row in segments:
            doubts(row["source"], row["target"], row["source_language"], row["target_language"])
        best = min(best, time.perf_counter() - started)
    return round(best / len(segments) * 1e6)


def main() -> None:
    """Measure and print."""
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    arguments.add_argument("--json", action="store_true")
    show(measure(), arguments.parse_args().json)


if __name__ == "__main__":
    main()
