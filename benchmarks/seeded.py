"""Good translations without end, and faults seeded into them: templates of the sample models' phrasebook,
filled at random. Nobody wrote them for the checks.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from random import Random

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT))  # the tools are no package that is installed

from tools.sample_models import corpus, phrasebook  # noqa: E402

BOOK = ROOT / "tools" / "sample_models" / "phrasebook"

Fault = Callable[[str, str, Random], str]
"""Source and good translation into a faulty one; the translation itself where the fault has no place."""


def pairs(code: str, number: int) -> list[tuple[str, str]]:
    """English and the translation."""
    book = phrasebook.load(BOOK, "en", code)
    return [(pair.source, pair.target) for pair in corpus.expansions(book, number, Random(1))]


def faulty(code: str, number: int) -> Iterator[tuple[str, str, str]]:
    """What is wrong, English, and the faulty translation: each fault in as many sentences as have a place."""
    good = pairs(code, number)
    for name, fault in FAULTS.items():
        random = Random(name)
        for source, target in good:
            wrong = fault(source, target, random)
            if wrong != target:
                yield name, source, wrong


def _digit(_: str, target: str, random: Random) -> str:
    """Another digit in a number."""
    places = [m.start() for m in re.finditer(r"\d", target)]
    if not places:
        return target
    at = random.choice(places)
    return target[:at] + str((int(target[at]) + 1 + random.randrange(8)) % 10) + target[at + 1 :]


def _dropped(_: str, target: str, random: Random) -> str:
    return re.sub(r"\d+(?:[.,]\d+)*\s?", "", target, count=1)


def _shifted(_: str, target: str, random: Random) -> str:
    return re.sub(r"(?<![\d.,])(\d+)(?![.,\d])(?!.*\d)", r"\g<1>0", target)


def _half(source: str, target: str, random: Random) -> str:
    return target[: len(target) * 2 // 5] + "." if len(source) >= 60 else target


def _loop(_: str, target: str, random: Random) -> str:
    end = target.rstrip(".。")
    tail = end[-6:] if " " not in end else end.split()[-1]
    return end + f" {tail}" * 12 if " " in end else end + tail * 12


def _untranslated(source: str, target: str, random: Random) -> str:
    return source if len(source) >= 25 else target


def _remainder(source: str, target: str, random: Random) -> str:
    words = source.split()
    return (
        f"{target[: len(target) // 2]} {' '.join(words[len(words) // 2 :])}" if len(words) >= 10 else target
    )


def _bracket(_: str, target: str, random: Random) -> str:
    return f"({target}" if "(" not in target else target


def _empty(_: str, target: str, random: Random) -> str:
    return ""


FAULTS: dict[str, Fault] = {
    "a digit changed": _digit,
    "a number dropped": _dropped,
    "a number ten times as large": _shifted,
    "more than half lost": _half,
    "a loop": _loop,
    "left in English": _untranslated,
    "half left in English": _remainder,
    "a bracket open": _bracket,
    "empty": _empty,
}
