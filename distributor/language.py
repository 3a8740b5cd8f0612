"""Which language a text is in: its script first, then two opinions.

langdetect alone takes short Chinese and Japanese lines for Korean and raises on a text without letters;
py3langid is better and thirty times faster on a line, langdetect surer on a page. So a script that only one
language uses decides by itself, and the two are asked about what is left.
"""

from __future__ import annotations

import re
from collections import Counter
from functools import cache
from threading import Lock
from typing import Any, NamedTuple

from distributor.article import Content
from distributor.bcp47 import canonical
from distributor.markup import fold, plain
from distributor.scripts import CJK, SHARED, SOLE, ideographic, script_counts

MOST = 2000
"""Characters that are looked at; more tell nothing more."""
FEWEST = 8
"""Letters of an alphabet that say anything about a language; of an ideographic script, two do."""
TELLING = 60
"""Letters from which a text can speak against what its feed declares."""
SURE = 0.9
WEIGHT = 3
"""Of an ideograph or a syllable, in letters."""

SPOKEN_ALIKE = (
    {"no", "nb", "nn", "da"}, {"hr", "sr", "bs"}, {"id", "ms"}, {"cs", "sk"}, {"pt", "gl"}, {"ca", "oc"},
    {"fa", "ps"}, {"hi", "mr", "ne", "sa"}, {"zh", "yue", "wuu"}, {"ru", "be", "uk"}, {"bg", "mk"},
)  # fmt: skip
"""Taken for each other by every detector: none of them speaks against a declared other."""
IN_TWO_SCRIPTS = {"sr", "bs", "az", "uz", "kk", "tt", "ku"}
ALIASES = {"jp": "ja", "cn": "zh", "iw": "he", "in": "id", "nb": "no"}
_addresses = re.compile(
    r"(?:\b[a-z][a-z0-9+.-]{1,15}://|www\.)\S+|\S+@\S+\.\S+|\b(?:[\w-]+\.)+[a-z]{2,}\b(?:/\S*)?", re.I
)


class Opinion(NamedTuple):
    """What a text alone says."""

    language: str
    sure: bool = False
    torn: bool = False
    """It is short, and the two opinions differ."""
    script: str = ""
    """That it is clearly in; empty if it is in several."""


def of(content: Content, *, default: str = "und") -> str:
    """The language of headline and text together; see `detect`."""
    text = f"{content.headline}\n{plain(content.body) or content.summary}"
    return detect(text, declared=content.language, default=default)


def detect(text: str, *, declared: str = "", default: str = "und") -> str:
    """BCP 47. What is `declared` holds, with its region, unless the text clearly disagrees; where a text is
    too short to tell, `declared` or else `default`. Never raises."""
    said, assumed = _canonical(declared), _canonical(default)
    found = _opinion(_letters(text))
    if found is None:
        return said or default
    if said and _may_be_in(said, found.script):
        return _reconciled(said, found)
    if found.torn and assumed not in ("", "und") and _may_be_in(assumed, found.script):
        return assumed
    return found.language


def _reconciled(said: str, found: Opinion) -> str:
    ours, theirs = said.partition("-")[0], found.language.partition("-")[0]
    if ours == theirs == "zh":
        return found.language if found.sure or said == "zh" else said
    if ours == theirs or not found.sure or any({ours, theirs} <= alike for alike in SPOKEN_ALIKE):
        return said
    return found.language


def _canonical(tag: str) -> str:
    """As `bcp47.canonical`, mistakes mended, Chinese by its script; empty if it is no tag."""
    try:
        language, _, rest = canonical(tag.strip()).partition("-")
    except ValueError:
        return ""
    language = ALIASES.get(language, language)
    if language == "zh" and rest:
        return "zh-Hant" if rest in ("TW", "HK", "MO") or rest.startswith("Hant") else "zh-Hans"
    return f"{language}-{rest}" if rest else language


def _letters(text: str) -> str:
    """What can be told a language by: no addresses, no numbers, no shouting."""
    words = fold(_addresses.sub(" ", text[: MOST * 4]))[:MOST]
    words = re.sub(r"\S*\d\S*", " ", words) if any(c.isascii() and c.isalpha() for c in words) else words
    return words.lower() if words.isupper() else words


def _opinion(text: str) -> Opinion | None:
    """None: too little to tell."""
    counts = script_counts(text)
    weights = Counter({script: n * WEIGHT if script in CJK else n for script, n in counts.items()})
    if weights.total() < (2 * WEIGHT if weights.keys() & CJK else FEWEST):
        return None
    script, weight = weights.most_common(1)[0]
    if sum(weights[s] for s in CJK) * 2 >= weights.total():
        return Opinion(*ideographic(text, counts))
    clear = script if weight * 10 >= weights.total() * 6 else ""
    if script in SOLE:
        return Opinion(SOLE[script], bool(clear), script=clear)
    found = _by_words(text, SHARED.get(script, frozenset()))
    return found and found._replace(script=clear)


def _may_be_in(tag: str, script: str) -> bool:
    """Whether a text of this language may be in this script: what we know nothing of, may."""
    language, _, rest = tag.partition("-")
    if rest in ("Latn", "Cyrl", "Arab", "Deva"):
        return not script or script.startswith(rest[:3].upper())
    if not script or language in IN_TWO_SCRIPTS:
        return True
    scripts = {s for s, languages in SHARED.items() if language in languages}
    scripts |= {s for s, only in SOLE.items() if only == language}
    scripts |= CJK if language in ("zh", "ja", "ko") else set()
    return not scripts or script in scripts


def _by_words(text: str, possible: frozenset[str]) -> Opinion | None:
    """Both opinions, among the languages of one script."""
    quick, quick_share = _quick(text, possible)
    if len(text) < TELLING and quick_share >= SURE:
        return Opinion(quick, False)
    slow, slow_share = _slow(text, possible)
    if quick == slow:
        return Opinion(quick, len(text) >= TELLING and slow_share >= SURE) if quick else None
    surer = slow_share * len(text) / TELLING > quick_share
    best = (slow if surer else quick) or slow
    return Opinion(best, False, torn=len(text) < TELLING) if best else None


_loading = Lock()


def _quick(text: str, possible: frozenset[str]) -> tuple[str, float]:
    """py3langid's best among `possible` (all, if that is empty), and its share."""
    ranked = _langid().rank(text)
    of_script = [
        (_canonical(tag), share) for tag, share in ranked if not possible or _canonical(tag) in possible
    ]
    total = sum(share for _, share in of_script)
    return (of_script[0][0], of_script[0][1] / total) if total else ("", 0.0)


def _slow(text: str, possible: frozenset[str]) -> tuple[str, float]:
    """langdetect's, likewise."""
    from langdetect.lang_detect_exception import LangDetectException

    detector = _langdetect().create()
    try:
        detector.append(text)
        found = [(_canonical(p.lang), p.prob) for p in detector.get_probabilities()]
    except LangDetectException:
        return "", 0.0
    return next(((tag, share) for tag, share in found if not possible or tag in possible), ("", 0.0))


@cache
def _loaded_langid() -> Any:
    from py3langid.langid import MODEL_FILE, LanguageIdentifier

    return LanguageIdentifier.from_model_file(MODEL_FILE, norm_probs=True)


@cache
def _loaded_langdetect() -> Any:
    from langdetect.detector_factory import PROFILES_DIRECTORY, DetectorFactory

    factory = DetectorFactory()  # our own: the shared one is unseeded, and half loaded in a second thread
    factory.load_profile(PROFILES_DIRECTORY)
    factory.set_seed(0)
    return factory


def _langid() -> Any:
    with _loading:
        return _loaded_langid()


def _langdetect() -> Any:
    with _loading:
        return _loaded_langdetect()
