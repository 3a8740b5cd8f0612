"""Where a tokenizer's pieces stand in the text, whichever tokenizer it is."""

from __future__ import annotations

import html
import re
import unicodedata
from collections.abc import Sequence

from distributor.translation.documents.words import Range

_BYTE = re.compile(r"<0x([0-9A-F]{2})>")
_BLANK = "▁_ \t\n\r"
"""Argos writes a space for both the space mark of SentencePiece and the underscore."""


def ranges(pieces: Sequence[str], text: str) -> list[Range | None]:
    """For each piece its place in `text`, None for one without a visible character.

    SentencePiece and BPE models give pieces and no places, and normalise on the way (NFKC: `…` becomes
    `...`), but keep the order: so visible characters are counted on both sides. Should the counts differ
    nevertheless, the places are stretched to fit: a little off, never outside.
    """
    counts = _visible(pieces)
    places = _places(text)
    total = sum(counts)
    scale = len(places) / total if total else 0.0
    found: list[Range | None] = []
    done = 0
    for count in counts:
        start, end = int(done * scale), int((done + count) * scale)
        found.append((places[start], places[end - 1] + 1) if end > start else None)
        done += count
    return found


def _visible(pieces: Sequence[str]) -> list[int]:
    """How many characters each piece shows; bytes of one character count once, at its first byte."""
    return [_shown(piece) for piece in pieces]


def _shown(piece: str) -> int:
    if piece == "<unk>":
        return 2  # shown as ⁇, in NFKC two question marks
    if byte := _BYTE.fullmatch(piece):
        value = int(byte[1], 16)
        return int(not 0x80 <= value < 0xC0 and chr(value) not in _BLANK)  # RFC 3629: not one that continues
    plain = html.unescape(piece.removesuffix("@@"))
    return sum(c not in _BLANK for c in plain)


def _places(text: str) -> list[int]:
    """The place in `text` of each visible character of its normalised form."""
    if unicodedata.is_normalized("NFKC", text):
        return [i for i, c in enumerate(text) if c not in _BLANK]
    return [i for i, c in enumerate(text) for n in unicodedata.normalize("NFKC", c) if n not in _BLANK]
