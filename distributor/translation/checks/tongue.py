"""Whether a translation is in its language at all."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from functools import lru_cache

from distributor import bcp47, language
from distributor.scripts import CJK, SHARED, SOLE, ideographic, script_counts
from distributor.translation.checks.bare import kept_words
from distributor.translation.checks.doubt import Doubt, language_of, shortened
from distributor.translation.checks.letters import LATIN, WORD, scripts_of
from distributor.translation.checks.small_words import COMMON

LONG = 60
"""Letters from which the language of a text can be asked for."""
_WEIGHT = 3
"""Of an ideograph, in letters."""
_NAMES = 4
"""So many capitalised Latin words in Russian or Chinese may be names that the source spells otherwise."""
_TELLING = (CJK | SHARED.keys() | SOLE.keys()) - {"GREEK"}
"""Not ª, µ and the letters of mathematics, which every language has."""


def of_language(source: str, target: str, source_language: str, target_language: str) -> Iterator[Doubt]:
    """The wrong script first, then the wrong language."""
    text = _own(source, target, source_language)
    wanted = scripts_of(target_language)
    weights = Counter({s: n * (_WEIGHT if s in CJK else 1) for s, n in script_counts(text).items()})
    wrong = Counter({s: n for s, n in weights.items() if wanted and s in _TELLING and s not in wanted})
    if wrong.total() >= 6 and wrong.total() * 2 > weights.total():
        yield Doubt("language", f"it is written in {_name(wrong)}")
        return
    if strays := _strays(wrong, source):
        yield Doubt("language", f"it has {_name(strays)} letters: {shortened(_stray_text(text, strays))}")
    if other := _other_language(source, text, target_language, weights):
        yield Doubt("language", f"it seems to be in {other}")


def _own(source: str, target: str, source_language: str) -> str:
    """The target without addresses, and without the Latin words that the source has, too: they may be names,
    and if not, they are left over."""
    for word in kept_words(target):
        target = target.replace(word, " ")
    if "LATIN" not in scripts_of(source_language) and len(names := LATIN.findall(target)) <= _NAMES:
        return LATIN.sub(" ", target) if all(name[0].isupper() for name in names) else target
    theirs = set(LATIN.findall(source))
    return LATIN.sub(lambda m: " " if m[0] in theirs and not m[0].islower() else m[0], target)


def _strays(wrong: Counter[str], source: str) -> Counter[str]:
    """Letters of scripts that neither the language nor the source is written in; Latin ones are names."""
    known = script_counts(source)
    return Counter({s: n for s, n in wrong.items() if s != "LATIN" and s not in known and n >= 2})


def _stray_text(text: str, strays: Counter[str]) -> str:
    return "".join(c for c in text if script_counts(c).keys() & strays.keys())


def _name(scripts: Counter[str]) -> str:
    names = {"HAN": "Chinese", "KANA": "Japanese", "HANGUL": "Korean"}
    script = scripts.most_common(1)[0][0]
    return names.get(script, script.title())


def _other_language(source: str, text: str, target_language: str, weights: Counter[str]) -> str:
    """Another language of the same script; empty if nothing speaks for one."""
    code = language_of(target_language)
    if code in ("zh", "ja"):
        return _other_ideographic(text, target_language)
    if code == "ru" and len(re.findall("[іїєґўІЇЄҐЎ]", text)) >= 2:
        return "uk"
    words = Counter(WORD.findall(text.lower()))
    for word in WORD.findall(source.lower()):
        del words[word]  # in the name of a journal, say
    if code in COMMON:
        own, other, others = _votes(words, code)
        if own >= 2 and own >= others:
            return ""
        if others > max(1, own * 3):
            return other
    if weights.total() < LONG:
        return ""
    found = language.detect(text, declared=target_language)
    return "" if language_of(found) == code else found


@lru_cache(maxsize=64)
def _rivals(code: str) -> list[tuple[str, frozenset[str], frozenset[str]]]:
    """Each other language, the small words that only `code` has of the two, those that only the other has."""
    mine = COMMON[code]
    return [(tag, mine - its, its - mine) for tag, its in COMMON.items() if tag != code]


def _votes(words: Counter[str], code: str) -> tuple[int, str, int]:
    """The strongest rival of a language: how many small words there are that only the language itself has,
    the rival, and how many only that has."""
    pairs = []
    for rival, mine, its in _rivals(code):
        own = sum(words[w] for w in words.keys() & mine)
        pairs.append((sum(words[w] for w in words.keys() & its) - own, own, rival))
    lead, own, rival = max(pairs)
    return own, rival, lead + own


def _other_ideographic(text: str, target_language: str) -> str:
    counts = script_counts(text)
    if counts["HAN"] + counts["KANA"] < 4:
        return ""
    found, sure = ideographic(text, counts)
    code, wanted = language_of(target_language), bcp47.written(target_language)[1]
    if code == "ja":
        plain_chinese = sure or (counts["KANA"] == 0 and counts["HAN"] >= 30)
        return found if found.startswith("zh") and plain_chinese else ""
    if found == "ja":
        return "ja" if sure and counts["KANA"] * 6 >= counts["HAN"] else ""
    return found if sure and found.startswith("zh") and found != f"zh-{wanted}" else ""
