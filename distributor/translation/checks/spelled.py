"""Numbers in words and in ideographs. They are told from other words only roughly: "second" may be a rank or
a moment, 千 of 千葉 is no thousand. So most of them only excuse what digits seem to lack."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from functools import cache
from typing import NamedTuple

from distributor.translation.checks.numerals import (
    CJK_HINTS,
    FIRM_WORDS,
    IDEOGRAPHS,
    MONTHS,
    MULTIPLES,
    STEMS,
)  # fmt: skip
from distributor.translation.checks.reading import Number, exact

_WORD = re.compile(r"[^\W\d_]+")
_LINK = re.compile(r"(?:\s?-?\s?|,? (?:and|und|e|y|et|a|of) )(?:a )?")
_ROMAN = re.compile(r"(?<![A-Za-z])[IVXLC]+(?=e\b|er\b|ème\b|º|[^A-Za-z]|$)")
_ROMAN_DIGITS = {"I": 1, "V": 5, "X": 10, "L": 50, "C": 100}
_ARABIC_PREFIX = re.compile("^(?:[وفبلك]?ال|لل|[وفبلك])(?=..)")
_IDEOGRAPHIC = re.compile(f"[{''.join(IDEOGRAPHS)}十百千万萬亿億兆]+")
_COUNTED = re.compile("[个個名位项項种種篇家次倍年天月日秒岁歳人つ国州座艘颗隻只棵]")
_NO_NUMBER = ("十二指", "万一", "一一", "三三両両", "七七八八")
_hints = re.compile("|".join(CJK_HINTS))


class Word(NamedTuple):
    """One word that is a number."""

    start: int
    end: int
    value: float
    multiplies: bool
    firm: bool


def words_in(text: str, language: str) -> list[Number]:
    """Numbers that are written in words, Roman numerals and ideographs; names of months, too."""
    found = [*_roman(text)]
    if language in STEMS:
        words = list(_words(text, language))
        found += (_composed(run, text, language) for run in _runs(words, text))
        found += _months(text, language)
    if language in ("zh", "ja") or _IDEOGRAPHIC.search(text):
        found += _ideographic(text)
    return found


def _words(text: str, language: str) -> Iterator[Word]:
    firm = FIRM_WORDS.get(language, frozenset())
    for match in _WORD.finditer(_regular(text.lower(), language)):
        said = _looked_up(match[0], language)
        if said:
            yield Word(*match.span(), *said, match[0] in firm)


def _regular(text: str, language: str) -> str:
    """Eighty in French is four times twenty: here one word, of the same length."""
    return text.replace("quatre-vingt", "octanteeeeee") if language == "fr" else text


def _looked_up(word: str, language: str) -> tuple[float, bool] | None:
    """The value of the longest stem that `word` begins with, and whether it multiplies."""
    table, lengths = _stems(language)
    forms = (word, _ARABIC_PREFIX.sub("", word)) if language == "ar" else (word,)
    for form in forms:
        if language == "de" and form.endswith("einhalb") and len(form) > 8:
            whole = _looked_up(form.removesuffix("einhalb"), language)
            return whole and (whole[0] + 0.5, False)
        if f"{form}=" in table:
            return table[f"{form}="]
        for length in lengths:
            if length <= len(form) and form[:length] in table:
                return table[form[:length]]
    return None


@cache
def _stems(language: str) -> tuple[dict[str, tuple[float, bool]], list[int]]:
    table = {stem.lstrip("*"): (value, stem.startswith("*")) for stem, value in STEMS[language].items()}
    return table, sorted({len(stem) for stem in table if not stem.endswith("=")}, reverse=True)


def _runs(words: Sequence[Word], text: str) -> Iterator[list[Word]]:
    """Words that make one number together: `twenty-one`, `two hundred and six thousand`."""
    run: list[Word] = []
    for word in words:
        if run and not (_goes_on(run, word) and _LINK.fullmatch(text[run[-1].end : word.start])):
            yield run
            run = []
        run.append(word)
    if run:
        yield run


def _goes_on(run: Sequence[Word], word: Word) -> bool:
    last = run[-1]
    return word.multiplies or (last.value >= 20 and word.value < last.value and word.value >= 1)


def _composed(run: Sequence[Word], text: str, language: str) -> Number:
    total, current = 0.0, 0.0
    for word in run:
        if not word.multiplies:
            current += word.value
        elif word.value == 100 or word.value == 10:
            current = (current or 1) * word.value
        else:
            total, current = total + (current or 1) * word.value, 0.0
    value = exact(total + current)
    values = {value, value * 100} if value == 0.5 else {value}
    if language == "it" and value in range(200, 1000, 100):
        values.add(value / 100 + 11)  # l'Ottocento, the 19th century
    scale = max((word.value for word in run if word.multiplies), default=1)
    return Number(
        text[run[0].start : run[-1].end], frozenset(values), run[0].start, run[-1].end, None, scale,
        firm=any(word.firm for word in run), parts=frozenset(word.value for word in run), digits=False,
    )  # fmt: skip


def _months(text: str, language: str) -> Iterator[Number]:
    table, low = MONTHS[language], text.lower()
    for match in _WORD.finditer(low):
        word = match[0]
        value = table.get(f"{word}=") or next(
            (table[word[:n]] for n in range(len(word), 2, -1) if word[:n] in table), None
        )
        if value:
            yield _soft(match, value)


def _soft(match: re.Match[str], *values: float) -> Number:
    """One that only excuses."""
    return Number(match[0], frozenset(values), *match.span(), firm=False, digits=False)


def _roman(text: str) -> Iterator[Number]:
    for match in _ROMAN.finditer(text):
        digits = [_ROMAN_DIGITS[c] for c in match[0]]
        value = sum(-a if a < b else a for a, b in zip(digits, [*digits[1:], 0], strict=True))
        yield _soft(match, value)


def _ideographic(text: str) -> Iterator[Number]:
    for match in _hints.finditer(text):
        yield _soft(match, *CJK_HINTS[match[0]])
    for match in _IDEOGRAPHIC.finditer(text):
        run = match[0]
        value = _evaluated(run)
        parts = {float(IDEOGRAPHS.get(c) or MULTIPLES.get(c, 0)) for c in run} | _splits(run)
        values = {value, value * 10} if text[match.end() : match.end() + 1] in ("成", "割") else {value}
        yield Number(
            run, frozenset(values), *match.span(), firm=_is_meant(text, match, value), parts=frozenset(parts),
            digits=False,
        )  # fmt: skip


def _is_meant(text: str, match: re.Match[str], value: float) -> bool:
    """Whether it is surely a number, and not part of a name or of a word."""
    run, beside = match[0], text[max(match.start() - 1, 0) : match.start()]
    if text.startswith(_NO_NUMBER, match.start()) or beside.isdigit() or beside in tuple("数數几第.分"):
        return False
    if len(run) == 1:
        return (
            3 <= value <= 9
            and bool(_COUNTED.match(text, match.end()))
            and not text[match.end() :].startswith("月")
        )
    return run[0] in IDEOGRAPHS and any(c in MULTIPLES for c in run) and value not in (100, 1000, 1e4, 1e8)


def _evaluated(run: str) -> float:
    """三百二十 is 320, 二〇二一 is 2021, 三千万 thirty million."""
    if not any(c in MULTIPLES for c in run):
        return float("".join(str(IDEOGRAPHS[c]) for c in run))
    total, section, digit = 0, 0, 0
    for c in run:
        if c in IDEOGRAPHS:
            digit = digit * 10 + IDEOGRAPHS[c]
        elif MULTIPLES[c] < 10**4:
            section, digit = section + (digit or 1) * MULTIPLES[c], 0
        else:
            total, section, digit = total + (section + digit or 1) * MULTIPLES[c], 0, 0
    return float(total + section + digit)


def _splits(run: str) -> set[float]:
    """二三 may be two or three."""
    return {float(IDEOGRAPHS[c]) for c in run if c in IDEOGRAPHS}
