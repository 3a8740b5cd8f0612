"""Whether a translation is in its language at all, and whether parts of it were left as they were."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from functools import lru_cache

from distributor import bcp47, language
from distributor.scripts import CJK, SHARED, SOLE, ideographic, script_counts
from distributor.translation.checks.bare import kept_words
from distributor.translation.checks.doubt import Doubt, language_of, shortened

LONG = 60
"""Letters from which the language of a text can be asked for."""
_WEIGHT = 3
"""Of an ideograph, in letters."""
_ASIDE = re.compile(r"[(（\[【「『《«“„\"][^()（）«»“”\"]{0,200}[)）\]】」』》»”“\"]")
_LATIN = re.compile(r"[A-Za-zÀ-ɏ]+(?:['’-][A-Za-zÀ-ɏ]+)*")
_WORDS = re.compile(r"[^\W\d_]+")
_LEARNED = re.compile(
    r"[A-Z][a-z]+ (?:[a-z]+(?:us|um|is|ii|ae|ens|ans|i|a|es|x|or))\b|[A-Z]\. [a-z]+"
    r"|\b(?:in (?:vitro|vivo|situ|silico|utero)|de novo|et al|ad hoc|per se|ex vivo|post mortem)\b"
)
"""Names of species, and what scholars say in Latin."""
_NAMES = 4
"""So many capitalised Latin words in Russian or Chinese may be names that the source spells otherwise."""
_COMMON = {
    "en": "the of and to in is are was were for with that this by from on it has have been which their not as"
    " at be will can an or",
    "de": "der die das und ist sind war wurde wurden für mit dass von auf nicht ein eine den dem des zu im wird"
    " sich auch als hat haben bei nach",
    "fr": "le la les des du et est sont une un dans pour que qui avec par sur au aux ce cette ont été plus ne"
    " pas il elle d l à en",
    "es": "el la los las del y es son una un en para que con por se fue han ha más no su al como este esta",
    "it": "il lo la gli le del della dei delle di e è sono una un nel nella per che con da si ha hanno più non"
    " al alla i dal come questo l dell",
    "ru": "и в на не что с по из для к от это как было были был его их а но при также о у за до или который"
    " которые",
    "uk": "і в на не що з та для до від це як було були його їх а але при також про у за або який які",
}
_TELLING = (CJK | SHARED.keys() | SOLE.keys()) - {"GREEK"}
"""Not ª, µ and the letters of mathematics, which every language has."""
COMMON = {tag: frozenset(words.split()) for tag, words in _COMMON.items()}
"""The most frequent small words; what they have in common tells nothing."""


def of_language(source: str, target: str, source_language: str, target_language: str) -> Iterator[Doubt]:
    """The wrong script first, then the wrong language."""
    text = _own(source, target, source_language)
    wanted = scripts_of(language_of(target_language))
    weights = Counter({s: n * (_WEIGHT if s in CJK else 1) for s, n in script_counts(text).items()})
    wrong = Counter({s: n for s, n in weights.items() if wanted and s in _TELLING and s not in wanted})
    if wrong.total() >= 6 and wrong.total() * 2 > weights.total():
        yield Doubt("language", f"it is written in {_name(wrong)}")
        return
    if strays := _strays(wrong, source):
        yield Doubt("language", f"it has {_name(strays)} letters: {shortened(_stray_text(text, strays))}")
    if other := _other_language(text, target_language, weights):
        yield Doubt("language", f"it seems to be in {other}")


def is_original(source: str, target: str, source_language: str, target_language: str) -> tuple[Doubt, ...]:
    """The source itself, unless it is the same in both languages."""
    if _folded(source) != _folded(target):
        return ()
    same_script = _same_script(source_language, target_language)
    speaks = _speaks(source, source_language, same_script)
    return (Doubt("untranslated", "it is the original, word for word"),) if speaks else ()


def of_leftovers(source: str, target: str, source_language: str, target_language: str) -> Iterator[Doubt]:
    """A stretch of the source."""
    same_script = _same_script(source_language, target_language)
    if _folded(source) == _folded(target):
        return
    if rest := _remainder(source, target, source_language, target_language, same_script):
        yield Doubt("untranslated", f"{shortened(rest)!r} was left as it is")


def _same_script(source_language: str, target_language: str) -> bool:
    theirs = _scripts(target_language)
    return not theirs or bool(_scripts(source_language) & theirs)


def _scripts(tag: str) -> frozenset[str]:
    return scripts_of(language_of(tag))


@lru_cache(maxsize=64)
def scripts_of(code: str) -> frozenset[str]:
    """The scripts that a language is written in, named as Unicode does; empty if we do not know."""
    found = {s for s, languages in SHARED.items() if code in languages}
    found |= {s for s, only in SOLE.items() if only == code}
    found |= {"zh": {"HAN"}, "ja": {"HAN", "KANA"}, "ko": {"HANGUL", "HAN"}, "pt": {"LATIN"}}.get(code, set())
    return frozenset(found | ({"LATIN"} if code in ("nb", "nn") else set()))


def _own(source: str, target: str, source_language: str) -> str:
    """The target without addresses, and without the Latin words that the source has, too: they may be names,
    and if not, they are left over."""
    for word in kept_words(target):
        target = target.replace(word, " ")
    if "LATIN" not in _scripts(source_language) and len(names := _LATIN.findall(target)) <= _NAMES:
        return _LATIN.sub(" ", target) if all(name[0].isupper() for name in names) else target
    theirs = set(_LATIN.findall(source))
    return _LATIN.sub(lambda m: " " if m[0] in theirs and not m[0].islower() else m[0], target)


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


def _other_language(text: str, target_language: str, weights: Counter[str]) -> str:
    """Another language of the same script; empty if nothing speaks for one."""
    code = language_of(target_language)
    if code in ("zh", "ja"):
        return _other_ideographic(text, target_language)
    if code == "ru" and len(re.findall("[іїєґўІЇЄҐЎ]", text)) >= 2:
        return "uk"
    words = Counter(word for word in _WORDS.findall(text.lower()))
    if code in COMMON:
        own, (other, others) = _votes(words, code)
        if own >= 2 and own >= others:
            return ""
        if others >= 3 and others > own * 3:
            return other
    if weights.total() < LONG:
        return ""
    found = language.detect(text, declared=target_language)
    return "" if language_of(found) == code else found


def _votes(words: Counter[str], code: str) -> tuple[int, tuple[str, int]]:
    """How many small words only this language has, and the strongest other one with its number."""
    own = sum(words[w] for w in COMMON[code])
    rivals = {
        tag: sum(words[w] for w in common - COMMON[code]) for tag, common in COMMON.items() if tag != code
    }
    best = max(rivals, key=lambda tag: rivals[tag])
    return own, (best, rivals[best])


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


def _folded(text: str) -> str:
    return " ".join(re.findall(r"\w+", text.lower()))


def _speaks(text: str, tag: str, same_script: bool) -> bool:
    """Whether it is language, and not only names, numbers and codes, which are the same in the other."""
    for word in kept_words(text):
        text = text.replace(word, " ")
    if any(script not in ("LATIN", "") for script in script_counts(text)):
        return len(_WORDS.findall(text)) > 2 or not same_script
    words = _LATIN.findall(_LEARNED.sub(" ", text))
    common = COMMON.get(language_of(tag), frozenset())
    plain = [w for w in words if w.islower() and len(w) > 3 and w not in common]
    if same_script:
        return len(plain) >= 3 or (len(plain) >= 1 and any(w.lower() in common for w in words) and len(words) > 2)
    return bool(plain)


def _remainder(source: str, target: str, ours: str, theirs: str, same_script: bool) -> str:
    """The longest stretch of words of the source in the target, if they are words and no names."""
    if not same_script and "LATIN" not in _scripts(ours):
        return _foreign(source, target, _scripts(ours) - _scripts(theirs))
    if same_script and "LATIN" not in _scripts(ours):
        return ""
    run = _common_run(_LATIN.findall(_LEARNED.sub(" ", source)), _LATIN.findall(_outside(source, target)))
    common = COMMON.get(language_of(ours), frozenset()) - COMMON.get(language_of(theirs), frozenset())
    plain = [w for w in run if w.islower() and len(w) > 2 and w not in common]
    small = sum(w in common for w in run)
    if same_script:
        left = len(plain) >= 4 or (len(run) >= 4 and small >= 1 and len(plain) >= 2)
    else:
        left = len(plain) >= 2 or (len(plain) >= 1 and small >= 1) or (small >= 2 and len(plain) + small == len(run))
    return " ".join(run) if left else ""


def _outside(source: str, target: str) -> str:
    """Without what stands in brackets or quotation marks: titles and original terms may stay."""
    for word in kept_words(target):
        target = target.replace(word, " ")
    return _ASIDE.sub(" | ", target)


def _common_run(ours: list[str], theirs: list[str]) -> list[str]:
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
    return theirs[at - best + 1 : at + 1]


def _foreign(source: str, target: str, scripts: frozenset[str]) -> str:
    """What stands in the source's own script, outside brackets: 掌声 within an English sentence."""
    text = _outside(source, target)
    left = "".join(c if script_counts(c).keys() & scripts else " " for c in text).split()
    longest = max(left, key=len, default="")
    return longest if len(longest) >= 2 else ""
