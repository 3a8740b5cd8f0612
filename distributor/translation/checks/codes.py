"""Formulas and names of substances: CO2 may become «углекислый газ», but not CO."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator

from distributor.translation.checks.doubt import Doubt

_CODE = re.compile(r"(?<![A-Za-z\d])([A-Z][A-Za-z]{1,5})(\d{1,3}(?:\.\d{1,2})?)(?![A-Za-z\d])")


def of_codes(source: str, target: str) -> Iterator[Doubt]:
    """Codes of letters and a number that lost the number, which may stand below the line."""
    ours, theirs = (unicodedata.normalize("NFKC", text) for text in (source, target))
    for letters, number in dict.fromkeys(_CODE.findall(ours)):
        alone = rf"(?<![A-Za-z\d]){letters}(?![A-Za-z\d]| ?\d)"
        if re.search(alone, theirs) and not re.search(alone, ours):
            yield Doubt("numbers", f"{letters}{number} became {letters}")
