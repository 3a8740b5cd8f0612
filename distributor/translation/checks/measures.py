"""The unit that a number has, and when two of them mean the same."""

from __future__ import annotations

import re
from functools import cache

from distributor.translation.checks.unit_names import UNITS, Unit

NEVER_LOST = {"share", "length", "area", "volume", "mass", "celsius", "fahrenheit", "energy", "power"}
"""Dimensions of which no translation leaves out the unit of a number."""
_BEFORE = {
    "$": Unit("dollar", 1), "€": Unit("euro", 1), "£": Unit("pound", 1), "₽": Unit("rouble", 1),
    "百分之": Unit("share", 1), "摄氏": Unit("celsius", 1), "攝氏": Unit("celsius", 1),
    "摂氏": Unit("celsius", 1), "セ氏": Unit("celsius", 1), "华氏": Unit("fahrenheit", 1),
    "華氏": Unit("fahrenheit", 1), "カ氏": Unit("fahrenheit", 1),
}  # fmt: skip
_before = re.compile("(" + "|".join(map(re.escape, _BEFORE)) + r")(?:零下|マイナス)?[ -]?$")
_TEMPERATURES = {"degree", "celsius", "fahrenheit"}
_AMBIGUOUS = (
    {Unit("mass", 0.4536), Unit("pound", 1)},
    {Unit("kilo", 1), Unit("mass", 1)},
    {Unit("kilo", 1), Unit("length", 1000)},
)
"""One word for two units: a pound weighs and buys, キロ is a weight or a way."""
_UNSPACED = {"zh", "ja"}


def unit_before(text: str, at: int) -> Unit | None:
    """`$` of `$5`, `摄氏` of `摄氏5度`."""
    found = _before.search(text[max(at - 8, 0) : at])
    return _BEFORE[found[1]] if found else None


def unit_at(text: str, at: int, language: str) -> tuple[Unit, int] | None:
    """The unit of the number that ends at `at`, and where it ends itself."""
    pattern, units = _reader(language)
    found = pattern.match(text, at)
    return (units[found.lastindex - 1], found.end()) if found and found.lastindex else None


def mentions(text: str, dimension: str, language: str) -> bool:
    """Whether any unit of that dimension is named anywhere."""
    return bool(_anywhere(language, dimension).search(text))


def alike(a: Unit, b: Unit) -> bool:
    """Whether a number may have either: the same unit, degrees without a scale, pounds of whatever."""
    return a == b or {a, b} in _AMBIGUOUS or ("degree" in {a.dimension, b.dimension} <= _TEMPERATURES)


def _patterns(language: str) -> list[tuple[Unit, str]]:
    """Names and symbols, in the order in which they are tried."""
    edge = "" if language in _UNSPACED else r"(?!\w)"
    names, symbols = UNITS.get(language, {}), UNITS[""]
    both = [(unit, f"(?i:{names[unit]}){edge}") for unit in names]
    both += [(unit, f"(?:{symbols[unit]})(?![A-Za-z²³])") for unit in symbols]
    order = list(dict.fromkeys(unit.dimension for unit in UNITS["en"]))
    return sorted(both, key=lambda pair: order.index(pair[0].dimension) if pair[0].dimension in order else 0)


@cache
def _reader(language: str) -> tuple[re.Pattern[str], list[Unit]]:
    found = _patterns(language)
    groups = "|".join(f"({pattern})" for _, pattern in found)
    return re.compile(rf"[ -]?(?:de |di |d')?(?:{groups})"), [unit for unit, _ in found]


@cache
def _anywhere(language: str, dimension: str) -> re.Pattern[str]:
    wanted = {dimension, "degree"} if dimension in _TEMPERATURES else {dimension}
    wanted |= {"kilo"} if dimension in ("length", "mass") else set()
    found = [pattern for unit, pattern in _patterns(language) if unit.dimension in wanted]
    found += [re.escape(sign) for sign, unit in _BEFORE.items() if unit.dimension in wanted]
    return re.compile("|".join(found) or "(?!)")
