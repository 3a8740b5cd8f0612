"""What a check has to say."""

from __future__ import annotations

from typing import NamedTuple

from distributor import bcp47


class Doubt(NamedTuple):
    """Something that speaks against a translation."""

    kind: str
    """empty, numbers, units, links, brackets, quotes, length, repetition, language or untranslated."""
    what: str
    """One line for an editor."""


def language_of(tag: str) -> str:
    """`zh` of `zh-Hans`; empty for what is no language tag."""
    try:
        return bcp47.parts(tag)[0]
    except ValueError:
        return ""


def shortened(text: str, most: int = 60) -> str:
    """For a message: one line, not too long."""
    line = " ".join(text.split())
    return line if len(line) <= most else line[: most - 1] + "…"
