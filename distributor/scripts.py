"""Which scripts a text is in, and which languages are written in them."""

from __future__ import annotations

from collections import Counter
from functools import lru_cache
from unicodedata import name

CJK = {"HAN", "KANA", "HANGUL"}
_NAMES = {
    "CJK": "HAN",
    "IDEOGRAPHIC": "HAN",
    "HIRAGANA": "KANA",
    "KATAKANA": "KANA",
    "KATAKANA-HIRAGANA": "KANA",
}

SOLE = {
    "GREEK": "el", "ARMENIAN": "hy", "HEBREW": "he", "BENGALI": "bn", "GURMUKHI": "pa", "GUJARATI": "gu",
    "ORIYA": "or", "TAMIL": "ta", "TELUGU": "te", "KANNADA": "kn", "MALAYALAM": "ml", "SINHALA": "si",
    "THAI": "th", "LAO": "lo", "MYANMAR": "my", "GEORGIAN": "ka", "ETHIOPIC": "am", "KHMER": "km",
}  # fmt: skip
"""Scripts that stand for one language in science news."""

SHARED = {
    "CYRILLIC": frozenset(("ru", "uk", "be", "bg", "mk", "sr", "kk", "ky", "mn", "tg")),
    "ARABIC": frozenset(("ar", "fa", "ur", "ps", "ug")),
    "DEVANAGARI": frozenset(("hi", "mr", "ne")),
    "LATIN": frozenset((
        "af", "az", "ca", "cs", "cy", "da", "de", "en", "es", "et", "eu", "fi", "fr", "ga", "gl", "hr",
        "hu", "id", "is", "it", "lt", "lv", "ms", "mt", "nl", "no", "pl", "pt", "ro", "sk", "sl", "sq",
        "sv", "sw", "tl", "tr", "uz", "vi",
    )),
}  # fmt: skip
"""The languages that science news come in. (Let a detector choose among all, and every species' name makes
its text Latin.)"""


def script_counts(text: str) -> Counter[str]:
    """Letters by script, named as Unicode does; kana of both kinds as one."""
    counts = Counter(_script(letter) for letter in text)
    del counts[""]
    return counts


@lru_cache(maxsize=20_000)
def _script(letter: str) -> str:
    if not letter.isalpha():
        return ""
    words = [word for word in name(letter, "").split() if word not in ("FULLWIDTH", "HALFWIDTH")]
    return _NAMES.get(words[0], words[0]) if words else ""


def ideographic(text: str, counts: Counter[str]) -> tuple[str, bool]:
    """Of a text in ideographs, kana or hangul: its language, and whether that is beyond doubt."""
    if counts["HANGUL"] > counts["KANA"] and counts["HANGUL"] * 4 >= counts["HAN"]:
        return "ko", counts["HANGUL"] >= 4
    if counts["KANA"] * 12 >= counts["HAN"]:  # no Japanese sentence has less; a Chinese one may quote a name
        return "ja", counts["KANA"] >= 2
    return _by_standard(Counter(_standards(letter) for letter in text if _script(letter) == "HAN"))


@lru_cache(maxsize=20_000)
def _standards(letter: str) -> str:
    """In which national standards an ideograph is: `S`implified (GB 2312), `T`raditional (Big5), `J`apanese
    (JIS X 0208). Each was made of the forms that its country writes."""
    return "".join(s for s, codec in (("S", "gb2312"), ("T", "big5"), ("J", "euc_jp")) if _has(codec, letter))


def _has(codec: str, letter: str) -> bool:
    try:
        return (
            len(letter.encode(codec)) == 2
        )  # of EUC-JP three bytes are JIS X 0212, which has all and sundry
    except UnicodeEncodeError:
        return False


def _by_standard(counts: Counter[str]) -> tuple[str, bool]:
    simplified, traditional = counts["S"] + counts["SJ"], counts["T"] + counts["TJ"]
    chinese = counts["S"] + counts["T"]
    japanese = counts["J"] + min(counts["SJ"], counts["TJ"])  # 国 beside 電: simplified here, not there
    if japanese > chinese:
        return "ja", False
    if traditional > simplified:
        return "zh-Hant", traditional >= 3 and not simplified
    return "zh-Hans", simplified >= 3 and not traditional
