"""Words, and the scripts that languages are written in."""

from __future__ import annotations

import re
from functools import lru_cache

from distributor.language import IN_TWO_SCRIPTS
from distributor.scripts import SHARED, SOLE
from distributor.translation.checks.doubt import language_of

WORD = re.compile(r"[^\W\d_]+")
LATIN = re.compile(r"[A-Za-zÀ-ɏ]+(?:['’-][A-Za-zÀ-ɏ]+)*")
_OF_SEVERAL = {
    "zh": {"HAN"},
    "ja": {"HAN", "KANA"},
    "ko": {"HANGUL", "HAN"},
    "nb": {"LATIN"},
    "nn": {"LATIN"},
}


@lru_cache(maxsize=64)
def scripts_of(tag: str) -> frozenset[str]:
    """The scripts of a language, named as Unicode does; empty if we do not know, or if it has its choice."""
    code = language_of(tag)
    if code in IN_TWO_SCRIPTS:
        return frozenset()
    found = {script for script, languages in SHARED.items() if code in languages}
    found |= {script for script, only in SOLE.items() if only == code}
    return frozenset(found | _OF_SEVERAL.get(code, set()))


def same_script(a: str, b: str) -> bool:
    """Whether two languages are, or may be, written in the same script."""
    ours, theirs = scripts_of(a), scripts_of(b)
    return not ours or not theirs or bool(ours & theirs)
