"""The numbers of a text, in digits, in words and in ideographs, each with all that it may mean."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from functools import cache
from typing import NamedTuple

from distributor.translation.checks.measures import unit_at, unit_before
from distributor.translation.checks.numerals import MULTIPLES, POINT, SCALES
from distributor.translation.checks.unit_names import Unit

_SMALL = r"\d{1,2}(?!\d)"
_DIGITS = re.compile(
    rf"""
    (?P<clock>(?<![\d.,:]){_SMALL}[:：]\d\d(?!\d)(?::\d\d(?!\d))?)
    | (?P<date>(?<![\d./]){_SMALL}(?P<sep>[./]){_SMALL}(?P=sep)\d{{2,4}}(?![\d./])|\d{{4}}-\d\d-\d\d(?!\d))
    | (?P<plain>\d{{1,3}}(?:[ ']\d{{3}})+(?!\d)(?:[.,]\d+)?|\d+(?:[.,]\d+)*)
    """,
    re.VERBOSE,
)
_CJK_SCALE = re.compile(
    r"[多余餘数數几]?((?:[万萬亿億억만]|兆(?![瓦赫字帕焦伏])|조|[百千](?![克米瓦卡帕伏赫焦字万萬亿億分])"
    r"|[百千](?=[万萬亿億]))+)"
)
_HOUR = re.compile(r" ?(?:[ap]\.? ?m\b|時(?!間)|时(?!间)|点|uhr|час|heures?\b|h\b)", re.IGNORECASE)
_HALF_DAY = re.compile("(?:午前|午後|上午|下午|晚上|凌晨|早上|中午|夜)$")
_TIME_BEFORE = re.compile(r"(?:\b(?:alle|ore|um|at|à|a las|в) )$", re.IGNORECASE)
_ZONE = re.compile(r" ?(?:GMT|UTC|CET|CEST|E[SD]?T|P[SD]?T|hours|hrs)\b")
_DECADE = re.compile(r"'?s\b|-?(?:е|х|ых|ые)\b|年代|er\b")
_ANNI = re.compile(r"(?:'|(?:anni|années|años) )$", re.IGNORECASE)
_ERAS = {"令和": 2018, "平成": 1988, "昭和": 1925}
_RANGE = re.compile(
    r"\s?(?:-|–|—|~|〜|から|至|到|и|до|или|to|and|or|a|al|e|o|y|à|et|ou|bis|und|oder|إلى|و)\s?(?:[$€£])?"
)
_POWER = re.compile(r"\^-?")


class Number(NamedTuple):
    """`values` is all that it may mean; `parts` what its words mean one by one."""

    text: str
    values: frozenset[float]
    start: int
    end: int
    unit: Unit | None = None
    scale: float = 1
    firm: bool = True
    """A translation must have it."""
    parts: frozenset[float] = frozenset()
    digits: bool = True


def exact(value: float) -> float:
    """Without the dust of binary fractions: 0.07 · 100 is 7."""
    return float(f"{value:.15g}")


def digits_in(text: str, language: str) -> list[Number]:
    """The numbers written in digits, ranges (20–30 million) completed; `text` as `bare` makes it."""
    found: list[Number] = []
    for match in _DIGITS.finditer(text):
        if match["plain"] and found and found[-1].end > match.start():
            continue
        found += _numbers(match, text, language)
    return _ranges(_joined(found, text), text)


def _numbers(match: re.Match[str], text: str, language: str) -> Iterator[Number]:
    start = match.start()
    if match["plain"] and not _time_of_day(match, text):
        for low, high, values in _values(match[0], start, POINT.get(language, "")):
            yield _measured(text, low, high, values, language)
        return
    first, *others = re.finditer(r"\d+" if match["date"] else r"\d\d?", match[0])
    hour = float(first[0])
    hours = {hour} if match["date"] else {hour, hour + 12, hour - 12}
    yield Number(match[0], frozenset(hours), start, start + first.end())
    for part in others:
        value = float(part[0])
        values = {value, value + 2000, value + 1900} if match["date"] and len(part[0]) == 2 else {value}
        if value or match["date"]:
            yield Number(part[0], frozenset(values), start + part.start(), start + part.end())


def _time_of_day(match: re.Match[str], text: str) -> bool:
    """`alle 15.30`, `15.30 Uhr`, `1530 GMT`"""
    after = text[match.end() : match.end() + 6]
    if re.fullmatch(r"(?:[01]\d|2[0-3])[0-5]\d", match[0]):
        return bool(_ZONE.match(after))
    if not re.fullmatch(r"[0-2]?\d\.[0-5]\d", match[0]):
        return False
    return bool(
        _TIME_BEFORE.search(text[max(match.start() - 5, 0) : match.start()])
        or re.match(r" ?(?:uhr|h\b)", after, re.I)
    )


def _values(text: str, at: int, point: str) -> Iterator[tuple[int, int, set[float]]]:
    """From, to and possible values; several for `1,2,5`. `point` is the decimal mark, or empty."""
    groups = re.split(r"[ '.,]", text)
    marks = re.findall(r"[ '.,]", text)
    if not marks:
        yield at, at + len(text), {float(text)}
    elif len(set(marks)) == 2 and marks[-1] not in marks[:-1] and set(map(len, groups[1:-1])) == {3}:
        yield at, at + len(text), {float("".join(groups[:-1]) + "." + groups[-1])}
    elif len(marks) == 1 and marks[0] in ".,":
        yield at, at + len(text), _one_mark(groups, marks[0], point)
    elif len(set(marks)) == 1 and set(map(len, groups[1:])) == {3}:
        yield at, at + len(text), {float("".join(groups))}
    else:
        for part in re.finditer(r"\d+", text):
            yield at + part.start(), at + part.end(), {float(part[0])}


def _one_mark(groups: Sequence[str], mark: str, point: str) -> set[float]:
    """`1,500`: a thousand and a half, or one and a half, as the language has it."""
    whole, part = groups
    fraction, thousands = float(f"{whole}.{part}"), float(whole + part)
    if len(part) != 3 or len(whole) > 3 or whole.startswith("0"):
        return {fraction}
    if not point:
        return {fraction, thousands}
    return {fraction} if mark == point else {thousands}


def _measured(text: str, start: int, end: int, values: set[float], language: str) -> Number:
    """With what stands around it: million, percent, the 12 hours of a clock, a decade, an era."""
    scale, stop = _scale(text, start, end, language)
    unit, _ = unit_at(text, stop, language) or (unit_before(text, start), stop)
    if unit and unit.dimension == "time" and (stop - start == 4 and 1000 < max(values) < 2200):
        unit = None  # 2021年 is a date
    values = {exact(v * scale) for v in values} | _otherwise(text, start, end, values)
    return Number(text[start:stop], frozenset(values), start, stop, unit, scale)


def _scale(text: str, start: int, end: int, language: str) -> tuple[float, int]:
    """What multiplies the digits, and where it ends."""
    scale = 1.0
    if found := _CJK_SCALE.match(text, end):
        for sign in found[1]:
            scale *= MULTIPLES[sign]
        return scale, found.end()
    pattern, factors = _scales(language)
    for _ in range(2):
        if not (found := pattern.match(text, end)) or not found.lastindex:
            break
        scale, end = scale * factors[found.lastindex - 1], found.end()
    if (
        scale == 1
        and text[max(start - 1, 0) : start] in ("$", "€", "£")
        and re.match(r" ?[mM]\b", text[end:])
    ):
        return 1e6, end + 1
    return scale, end


@cache
def _scales(language: str) -> tuple[re.Pattern[str], list[float]]:
    known = SCALES.get(language, ())
    groups = "|".join(f"({pattern})" for pattern, _ in known) or "(?!)"
    return re.compile(rf"[ -]?(?:{groups})", re.IGNORECASE), [factor for _, factor in known]


def _otherwise(text: str, start: int, end: int, values: set[float]) -> set[float]:
    """What else a number may stand for, by its surroundings."""
    value = min(values)
    if value != int(min(value, 1e6)) or value > 2200:
        return set()
    before, after = text[max(start - 7, 0) : start], text[end : end + 8]
    found: set[float] = set()
    if value <= 24 and (_HOUR.match(after) or _HALF_DAY.search(before)):
        found |= {value + 12, value - 12}
    if value % 10 == 0 and value and (_DECADE.match(after) or _ANNI.search(before)):
        found |= {value % 100, value % 100 + 1900, value % 100 + 2000, value // 100 + 1}
    if after.startswith("倍"):
        found.add(value + 1)  # 增加了11倍: twelvefold
    return found | {value + year for era, year in _ERAS.items() if before.endswith(era)}


def _joined(found: Sequence[Number], text: str) -> list[Number]:
    """`2亿3000万`, `1万5000` and `3 тыс. 400` are one number."""
    joined: list[Number] = []
    for number in found:
        last = joined[-1] if joined else None
        gap = text[last.end : number.start] if last else None
        if last and last.scale > 1 and last.scale > max(number.values) and gap in ("", "零"):
            values = frozenset(exact(a + b) for a in last.values for b in number.values)
            text_of = text[last.start : number.end]
            joined[-1] = number._replace(text=text_of, values=values, start=last.start, scale=last.scale)
        else:
            joined.append(number)
    return joined


def _ranges(found: list[Number], text: str) -> list[Number]:
    """The first of `20–30 million km` is in million km, too; the second of `2019–20` a year."""
    for i in range(len(found) - 2, -1, -1):
        first, second = found[i], found[i + 1]
        gap = text[first.end : second.start]
        if len(gap) > 8 or not _RANGE.fullmatch(gap):
            continue
        if second.scale != 1 and first.scale == 1:
            more = frozenset(exact(v * second.scale) for v in first.values)
            found[i] = first = first._replace(values=first.values | more, scale=second.scale)
        if second.unit and not first.unit:
            found[i] = first._replace(unit=second.unit)
        if min(first.values) % 10 == 0 and min(first.values) < 100 and 1990 >= max(second.values) - 10 > 1900:
            first = found[i]
            found[i] = first._replace(values=first.values | {min(first.values) + 1900})  # 80–90-е годы
        if 1000 <= min(first.values) < 2200 and second.end - second.start == 2:
            century = min(first.values) // 100 * 100
            found[i + 1] = second._replace(values=second.values | {century + v for v in second.values})
    return found
