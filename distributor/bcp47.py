"""Language tags (BCP 47, RFC 5646): their usual form, and which of them name the same written language."""

from __future__ import annotations

import re

_TAG = re.compile(r"([A-Za-z]{2,3})(?:[-_]([A-Za-z]{4}))?(?:[-_]([A-Za-z]{2}|\d{3}))?")
_TRADITIONAL = {"TW", "HK", "MO"}


def parts(tag: str) -> tuple[str, str, str]:
    """Language, script and region in their usual case (RFC 5646 §2.1.1); empty where not said.

    Raises: ValueError.
    """
    found = _TAG.fullmatch(tag)
    if not found:
        raise ValueError(f"{tag!r} is not a language tag of BCP 47; write 'en', 'ru', 'zh-Hans', 'pt-BR'")
    language, script, region = found.groups(default="")
    return language.lower(), script.title(), region.upper()


def canonical(tag: str) -> str:
    """`EN_us` → `en-US`. Raises: ValueError."""
    return "-".join(filter(None, parts(tag)))


def written(tag: str) -> tuple[str, str]:
    """The language and, for Chinese, the script: what a translation has to get right.

    A region changes spelling, not the language: `pt-BR` is read in Lisbon.
    """
    language, script, region = parts(tag)
    if language == "zh":
        script = script or ("Hant" if region in _TRADITIONAL else "Hans")
    return language, script


def same(a: str, b: str) -> bool:
    """Whether a reader of `b` needs no translation of `a`; False for what is no language tag."""
    try:
        return written(a) == written(b)
    except ValueError:
        return False
