"""Whether all numbers came over, and with their units."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from math import isclose

from distributor.translation.checks.bare import bare
from distributor.translation.checks.doubt import Doubt
from distributor.translation.checks.measures import NEVER_LOST, alike, mentions
from distributor.translation.checks.numerals import KNOWN
from distributor.translation.checks.reading import Number, digits_in
from distributor.translation.checks.spelled import words_in

_ALSO = {
    0.5: r"полови|полу|пол-|half|metà|mezz|hälft|halb|moitié|demi|mitad|medi[oa]|半|نصف",
    0.25: r"quarter|четверт|un quarto|viertel|quart|cuarto|四分|4分|ربع",
    1.5: r"полтор|полутор|and a half|anderthalb|eineinhalb|et demie?|e mezz|y medi|半|ونصف",
    6: r"полугод|полгод|半年|half.a.year|half.year|semest|mezz'anno|halbjahr|halbe",
    7: r"week|недел|週|周|settiman|woche|semain|semana|أسبوع",
    10: r"decade|decenn|десятилет|jahrzehnt|décenn|década|decenio|عقد",
    12: r"noon|midday|midnight|полдень|полуд|полноч|正午|中午|午夜|mezz|mittag|midi|minuit|mediod",
    18: r"полтор|and a half|年半|e mezz|anderthalb|et demi|y medi",
    24: r"сут[ок]|круглосут|昼夜|day|giornat|tag|journée|día",
    30: r"half.an.hour|half.hour|полчаса|получас|半小时|半時間|30分|mezz'ora|halbe|demi-heure|media hora",
    100: r"centur|столет|\bвек|secol|jahrhundert|siècle|siglo|世[纪紀]|قرن",
    1000: r"millenn|тысячел|jahrtausend|millénair|milenio",
}  # fmt: skip
"""What else may stand for a number."""
_ALSO = {**_ALSO, 50: _ALSO[0.5], 25: _ALSO[0.25]}
_TEMPERATURES = {"celsius", "fahrenheit", "degree"}
_BELOW = re.compile(
    "minus|минус|meno|moins|menos|below|under|ниже|sotto|unter|sous|bajo|零下|マイナス|氷点下|负|تحت|ناقص|سالب"
)


class Reading:
    """The numbers of one text."""

    def __init__(self, text: str, language: str) -> None:
        self.text, self.language = bare(text), language
        self.digits = digits_in(self.text, language)
        self.all = [*self.digits, *words_in(self.text, language)]
        self.values = {v for n in self.all for v in (*n.values, *n.parts)}
        self.texts = {n.text for n in self.all}
        self.known = language in KNOWN
        self._amounts = [
            (n.unit.dimension, v * n.unit.factor) for n in self.digits if n.unit for v in n.values
        ]

    def has(self, number: Number) -> bool:
        """Whether it says the same, in whatever form."""
        if number.values & self.values or number.text in self.texts:
            return True
        return bool(number.parts and number.parts <= self.values) or self.says_otherwise(number)

    def says_otherwise(self, number: Number) -> bool:
        """Half for 50 %, 1500 m for 1.5 km, a week for 7 days."""
        low = self.text.lower()
        if any(v in _ALSO and re.search(_ALSO[v], low) for v in number.values):
            return True
        if self._has_half_of(number) and re.search(_ALSO[0.5], low):
            return True
        return number.unit is not None and any(
            number.unit.dimension == dimension and isclose(v * number.unit.factor, amount, rel_tol=1e-6)
            for dimension, amount in self._amounts
            for v in number.values
        )

    def _has_half_of(self, number: Number) -> bool:
        """Two of two and a half, a billion of 1.5 billion."""
        half = number.scale / 2
        return any(v % number.scale == half and v - half in self.values for v in number.values)


def of_numbers(ours: Reading, theirs: Reading) -> Iterator[Doubt]:
    """Numbers of the source (`ours`) that are missing, and what stands in the target in their place."""
    both = ours.known and theirs.known
    missing = [
        n
        for n in ours.all
        if _counts(n, ours.language) and (both or _is_large(n)) and not _in(theirs, n, both)
    ]
    strange = [
        n for n in theirs.digits if (both or _is_large(n)) and not _in(ours, n, both) and not _is_one(n)
    ]
    for number in missing:
        other = _counterpart(number, strange)
        if other is None:
            yield Doubt("numbers", f"{number.text} is missing")
        else:
            strange.remove(other)
            kind = "units" if _same_digits(number, other) else "numbers"
            yield Doubt(kind, f"{number.text} became {other.text}")
    for number in strange:
        yield Doubt("numbers", f"{number.text} is not in the original")


def of_signs(ours: Reading, theirs: Reading) -> Iterator[Doubt]:
    """Temperatures that were below zero."""
    for number in ours.digits:
        if number.unit and number.unit.dimension in _TEMPERATURES and _is_negative(ours, number):
            twins = [n for n in theirs.digits if n.values & number.values]
            if (
                twins
                and not _BELOW.search(theirs.text.lower())
                and not any(_is_negative(theirs, n) for n in twins)
            ):
                yield Doubt("numbers", f"-{number.text} became {twins[0].text}")


def _is_negative(reading: Reading, number: Number) -> bool:
    return bool(re.search(r"(?:^|[^\w-])[-–] ?$", reading.text[: number.start]))


def of_units(ours: Reading, theirs: Reading) -> Iterator[Doubt]:
    """Units that became others, or got lost; only between languages whose units we know."""
    if not (ours.known and theirs.known):
        return
    for number in ours.digits:
        twins = [n for n in theirs.digits if n.values & number.values or n.text == number.text]
        if number.unit is None or not twins or any(n.unit and alike(n.unit, number.unit) for n in twins):
            continue
        other = next((n for n in twins if n.unit), None)
        dimension = number.unit.dimension
        if other is not None and not _mentioned(theirs, number):
            yield Doubt("units", f"{_shown(number, ours)} became {_shown(other, theirs)}")
        elif dimension in NEVER_LOST and not mentions(theirs.text, dimension, theirs.language):
            yield Doubt("units", f"{number.text} has lost its unit ({_shown(number, ours)})")


def _mentioned(theirs: Reading, number: Number) -> bool:
    return any(n.unit and number.unit and alike(n.unit, number.unit) for n in theirs.digits)


def _in(reading: Reading, number: Number, both: bool) -> bool:
    if reading.has(number):
        return True
    return not both and any(_significant(n) & _significant(number) for n in reading.digits)


def _is_large(number: Number) -> bool:
    """In digits, and nobody would write it as a word."""
    return number.digits and all((v > 12 and v % 100) or v != int(min(v, 1e9)) for v in number.values)


def _counts(number: Number, language: str) -> bool:
    """Whether a translation must have it; `1年間` may become `a year`."""
    article = language in ("zh", "ja") or (number.unit is not None and number.unit.dimension == "time")
    return number.firm and not (article and _is_one(number))


def _is_one(number: Number) -> bool:
    """`an hour` may become `1時間`."""
    return number.values <= {1.0}


def _counterpart(number: Number, strange: Sequence[Number]) -> Number | None:
    """Of the target's strange numbers the one that looks most like `number`."""
    return max(strange, key=lambda n: len(set(n.text) & set(number.text)), default=None)


def _significant(number: Number) -> frozenset[str]:
    return frozenset(f"{v:.15g}".replace(".", "").strip("0") for v in number.values)


def _same_digits(a: Number, b: Number) -> bool:
    """Whether they differ by million and billion alone."""
    return a.scale != b.scale and min(a.scale, b.scale) > 1 and bool(_significant(a) & _significant(b))


def _shown(number: Number, reading: Reading) -> str:
    """With some of what stands around it."""
    return reading.text[number.start : number.end + 12].strip()
