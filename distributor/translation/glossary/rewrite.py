"""A rendering put in place of other words, with all that stands around it left right."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from distributor.translation.documents.align import Tie, Translation
from distributor.translation.documents.words import Range, joined, spaced
from distributor.translation.glossary.hits import Hit
from distributor.translation.glossary.words import capital, tokens


def replaced(translation: Translation, hit: Hit, at: Range) -> Translation:
    """With the rendering of `hit` in place of the words in `at`; ties move with the words of theirs."""
    text = translation.text
    start, end = _without_spaces(text, hit.wanted, at)
    before, after = text[:start], text[end:]
    new = _cased(hit, text[at[0] : at[1]], not any(c.isalnum() for c in before))
    if new.endswith(".") and after.startswith("."):
        new = new[:-1]
    lead = " " if joined(before + new, len(before)) else ""
    trail = " " if joined(new + after, len(new)) else ""
    to = start + len(lead)
    by = len(lead + new + trail) - (end - start)
    own = Tie(hit.start, hit.end, to, to + len(new), 1.0)
    return Translation(
        before + lead + new + trail + after, (*_moved(translation.ties, (start, end), by), own)
    )


def _without_spaces(text: str, new: str, at: Range) -> Range:
    """With the spaces around a Latin word that goes where Chinese follows on Chinese: 与 STD 合作."""
    start, end = at
    if _unspaced(new[0]) and spaced(text[start]) and text[:start][-1:].isspace():
        start -= _unspaced(text[: start - 1][-1:])
    if _unspaced(new[-1]) and spaced(text[end - 1]) and text[end : end + 1].isspace():
        end += _unspaced(text[end + 1 : end + 2])
    return start, end


def _unspaced(char: str) -> bool:
    return char.isalnum() and not spaced(char)


def _cased(hit: Hit, old: str, initial: bool) -> str:
    """A capital where it begins a sentence that began with one, but not in a name that is kept."""
    word = next((w for w in tokens(hit.wanted).seen if w[0].isalnum()), "")
    letter = next((c for c in old if c.isalnum()), "")
    if hit.term.keep or not initial or letter.islower() or any(c.isupper() for c in word):
        return hit.wanted
    return capital(hit.wanted)


def _moved(ties: Sequence[Tie], gone: Range, by: int) -> Iterator[Tie]:
    """Those before `gone`, and those behind it further on; of what reaches into it the rest."""
    start, end = gone
    for tie in ties:
        if tie.to_start < start:
            yield tie._replace(to_end=min(tie.to_end, start))
        if tie.to_end > end:
            yield tie._replace(to_start=max(tie.to_start, end) + by, to_end=tie.to_end + by)
