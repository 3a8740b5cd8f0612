"""Whether a translation is the original, or parts of it were left as they were."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from distributor.scripts import script_counts
from distributor.translation.checks.bare import kept_words
from distributor.translation.checks.doubt import Doubt, language_of, shortened
from distributor.translation.checks.letters import LATIN, WORD, same_script, scripts_of
from distributor.translation.checks.small_words import COMMON

_ASIDE = re.compile(r"[(（\[【「『《«“„\"][^()（）«»“”\"]{0,200}[)）\]】」』》»”“\"]")
_LEARNED = re.compile(
    r"[A-Z][a-z]+ (?:[a-z]+(?:us|um|is|ii|ae|ens|ans|i|a|es|x|or))\b|[A-Z]\. [a-z]+"
    r"|\b(?:in (?:vitro|vivo|situ|silico|utero)|de novo|et al|ad hoc|per se|ex vivo|post mortem)(?![a-z])"
)
"""Names of species, and what scholars say in Latin."""

_MONTH = r"(?:January|February|March|April|May|June|July|August|September|October|November|December)"
_DATE = re.compile(rf"\d{{1,2}} {_MONTH}\b|\b{_MONTH} \d{{1,4}}")
_OTHER_MONTHS = {"it", "es", "fr", "pt"}
"""Where no month is called as in English."""
_BEGUN = re.compile(r"(?<![A-Za-z][ ,])(?<![A-Za-z\d])(?:in|on|of|for|with|by|and|from|at|to) [A-Za-z]+")


def is_original(source: str, target: str, source_language: str, target_language: str) -> tuple[Doubt, ...]:
    """The source itself, unless it is the same in both languages."""
    if _folded(source) != _folded(target):
        return ()
    speaks = _speaks(source, source_language, same_script(source_language, target_language))
    return (Doubt("untranslated", "it is the original, word for word"),) if speaks else ()


def of_leftovers(source: str, target: str, source_language: str, target_language: str) -> Iterator[Doubt]:
    """A stretch of the source within the target."""
    if _folded(source) == _folded(target):
        return
    if "LATIN" in scripts_of(source_language):
        rest = _stretch(source, target, source_language, target_language)
        if not rest and language_of(source_language) == "en":
            rest = _english(source, target, target_language)
    else:
        rest = _foreign(target, scripts_of(source_language) - scripts_of(target_language))
    if rest:
        yield Doubt("untranslated", f"{shortened(rest)!r} was left as it is")


def _folded(text: str) -> str:
    return " ".join(re.findall(r"\w+", text.lower()))


def _speaks(text: str, tag: str, same: bool) -> bool:
    """Whether it is language, and not only names, numbers and codes, which are the same in the other."""
    for word in kept_words(text):
        text = text.replace(word, " ")
    if any(script not in ("LATIN", "") for script in script_counts(text)):
        return len(WORD.findall(text)) > 2 or not same
    words = LATIN.findall(_LEARNED.sub(" ", text))
    common = COMMON.get(language_of(tag), frozenset())
    plain = [w for w in words if w.islower() and len(w) > 3 and w not in common]
    if not same:
        return bool(plain)
    return len(plain) >= 3 or (bool(plain) and len(words) > 2 and any(w.lower() in common for w in words))


def _stretch(source: str, target: str, ours: str, theirs: str) -> str:
    """The longest run of words of the source in the target, if they are words and no names."""
    run = _common_run(LATIN.findall(_LEARNED.sub(" ", source)), LATIN.findall(_outside(target)))
    common = COMMON.get(language_of(ours), frozenset()) - COMMON.get(language_of(theirs), frozenset())
    plain = sum(w.islower() and len(w) > 2 and w not in common for w in run)
    small = sum(w in common for w in run)
    if same_script(ours, theirs):
        left = plain >= 4 or (plain >= 1 and small >= 1)
    else:
        left = plain >= 2 or (plain >= 1 and small >= 1) or (small >= 2 and plain + small == len(run))
    return " ".join(run) if left else ""


def _english(source: str, target: str, tag: str) -> str:
    """A date as English writes it, or a run of Latin letters that begins as no name does: `in Cape Town`."""
    rest = _LEARNED.sub(" ", _outside(target))
    patterns = [_DATE] if language_of(tag) in _OTHER_MONTHS or not same_script("en", tag) else []
    patterns += [] if same_script("en", tag) else [_BEGUN]
    found = (match for pattern in patterns for match in pattern.finditer(rest))
    return next((match[0].strip() for match in found if match[0].strip() in source), "")


def _outside(target: str) -> str:
    """Without what stands in brackets or quotation marks: titles and original terms may stay."""
    for word in kept_words(target):
        target = target.replace(word, " ")
    return _ASIDE.sub(" | ", target)


def _common_run(ours: Sequence[str], theirs: Sequence[str]) -> list[str]:
    """The longest sequence of words that both have."""
    best, at = 0, 0
    lengths: dict[int, int] = {}
    places: dict[str, list[int]] = {}
    for j, word in enumerate(theirs):
        places.setdefault(word, []).append(j)
    for word in ours:
        following: dict[int, int] = {}
        for j in places.get(word, ()):
            following[j] = lengths.get(j - 1, 0) + 1
            if following[j] > best:
                best, at = following[j], j
        lengths = following
    return list(theirs[at - best + 1 : at + 1])


def _foreign(target: str, scripts: frozenset[str]) -> str:
    """What stands in the source's own script, outside brackets: 掌声 within an English sentence."""
    text = _outside(target)
    left = "".join(c if script_counts(c).keys() & scripts else " " for c in text).split()
    longest = max(left, key=len, default="")
    return longest if len(longest) >= 2 else ""
