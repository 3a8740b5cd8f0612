"""A text as the checks compare it: one width of letters and digits, and nothing that is no language."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache
from unicodedata import normalize

from distributor.translation.documents.sentences import addresses

_FOLDED = {
    **{ord(c): f"^{i}" for i, c in enumerate("⁰¹²³⁴⁵⁶⁷⁸⁹")},
    **{ord(c): str(i) for i, c in enumerate("٠١٢٣٤٥٦٧٨٩")},
    **{ord(c): str(i) for i, c in enumerate("۰۱۲۳۴۵۶۷۸۹")},
    **dict.fromkeys(map(ord, "‐‑−－"), "-"),
    **dict.fromkeys(map(ord, "，、"), ", "),
    **dict.fromkeys(map(ord, "\u00ad\u200b\u200e\u200f\u2060\ufeff"), ""),
    ord("⁻"): "^-", ord("٫"): ",", ord("٬"): "'", ord("٪"): "%", ord("’"): "'", ord("º"): "", ord("ª"): "",
}  # fmt: skip
_CODE = re.compile(
    r"(?<![A-Za-z0-9])(?!(?:USD?|EUR|GBP|CNY|RMB|JPY|RUB)-?\d|[A-Za-z]+-(?:1[5-9]|20)\d\d(?!\d))"
    r"(?=[a-z]*[A-Z])[A-Za-z]+[-_]?\d{4,}\w*",
    re.ASCII,
)
_UNDERSCORED = re.compile(r"(?<![A-Za-z0-9])\w*[A-Za-z]\w*_\w+", re.ASCII)
_HANDLE = re.compile(r"(?<![\w.])@[A-Za-z_]\w+", re.ASCII)
_BEYOND = re.compile("[\u2e80-\ud7ff\uf900-\ufaff\uff00-\uffef，。；：、）」』》].*", re.DOTALL)
_FORMULA = re.compile(
    r"(?<![A-Za-z0-9])(?:CO2|N2O|NO2|SO2|SiO2|TiO2|CH4|NH3|H2O2|H2O|H2|N2|O2|O3|SF6|C60|Fe2O3|Al2O3|CaCO3"
    r"|COVID-?19)(?![A-Za-z0-9])",
    re.I,
)
_POWER = re.compile(
    r"(?<![A-Za-zА-Яа-я])([kcdm]?m|[ксд]?м) ?\^?([23])(?![A-Za-z0-9])|(?<=[A-Za-zА-Яа-я])\^-?\d+"
)
"""Of a unit it stays, as the one character ² or ³."""


@lru_cache(maxsize=64)
def bare(text: str) -> str:
    """Folded, without addresses, identifiers and formulas: those have digits that a translation may write out
    (CO₂) or that are compared as a whole."""
    for word in sorted(kept_words(text), key=len, reverse=True):
        text = text.replace(word, " ")
    folded = normalize("NFKC", text.translate(_FOLDED))
    return _POWER.sub(_power, _FORMULA.sub(" ", folded))


def _power(found: re.Match[str]) -> str:
    return found[1] + ("²" if found[2] == "2" else "³") if found[1] else ""


@lru_cache(maxsize=64)
def kept_words(text: str) -> frozenset[str]:
    """Addresses, DOIs, @handles and identifiers: the same in every language."""
    return frozenset(_kept(text))


def _kept(text: str) -> Iterator[str]:
    if "." in text or "@" in text or "/" in text or ":" in text:
        for start, end in addresses(text):
            if word := _BEYOND.sub("", text[start:end]).rstrip(".,;:!?"):
                yield word
    if "@" in text:
        yield from _HANDLE.findall(text)
    if "_" in text:
        yield from _UNDERSCORED.findall(text)
    yield from _CODE.findall(text)
