"""What speaks against a translation, before it is sent.

Nothing here knows whether a sentence is good. Each check looks for one fault that machines make and that can
be seen without understanding, and keeps silent where the two languages may rightly differ.
"""

from __future__ import annotations

from distributor import bcp47
from distributor.translation.checks.codes import of_codes
from distributor.translation.checks.doubt import Doubt, language_of
from distributor.translation.checks.leftovers import is_original, of_leftovers
from distributor.translation.checks.marks import of_links, of_marks
from distributor.translation.checks.numbers import Reading, of_numbers, of_signs, of_units
from distributor.translation.checks.shape import is_empty, of_length, of_repetition
from distributor.translation.checks.tongue import of_language

__all__ = ["Doubt", "doubts", "doubts_of_text"]

_EMPTY = Doubt("empty", "nothing is left of it")


def doubts(source: str, target: str, source_language: str, target_language: str) -> tuple[Doubt, ...]:
    """What speaks against `target` as the translation of the sentence `source`; languages are BCP 47."""
    if is_empty(source, target):
        return (_EMPTY,)
    ours = Reading(source, language_of(source_language))
    theirs = Reading(target, language_of(target_language))
    found = [
        *of_numbers(ours, theirs),
        *of_signs(ours, theirs),
        *of_units(ours, theirs),
        *of_codes(source, target),
        *of_links(source, target),
        *of_marks(source, target),
        *of_repetition(source, target),
        *of_length(source, target),
    ]
    if not bcp47.same(source_language, target_language):
        found += is_original(source, target, source_language, target_language) or (
            *of_leftovers(source, target, source_language, target_language),
            *of_language(source, target, source_language, target_language),
        )
    return tuple(dict.fromkeys(found))


def doubts_of_text(source: str, target: str, source_language: str, target_language: str) -> tuple[Doubt, ...]:
    """The same for a whole document's plain text (headline and body joined): its language and script, and
    its length."""
    if is_empty(source, target):
        return (_EMPTY,)
    found = [*of_length(source, target, whole=True)]
    if not bcp47.same(source_language, target_language):
        found += of_language(source, target, source_language, target_language)
    return tuple(found)
