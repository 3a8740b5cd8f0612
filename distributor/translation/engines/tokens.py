"""A model's own pieces: a text cut into them, and put together of them."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Protocol

from distributor.errors import TranslationError
from distributor.translation.engines.packages import Installed, argos

_PAIRS = (("source.spm", "target.spm"),)
_SHARED = ("sentencepiece.bpe.model", "sentencepiece.model", "spiece.model", "tokenizer.model")
_END = "</s>"


class Tokens(Protocol):
    """`prefix`: the pieces with which a translation must begin; they are not part of its text."""

    prefix: tuple[str, ...]

    def encode(self, text: str) -> list[str]:
        """The pieces of a text, as the model takes them."""
        ...

    def decode(self, pieces: Sequence[str]) -> str:
        """The text of pieces that the model wrote."""
        ...


def tokens_of(step: Installed) -> Tokens:
    """Raises: TranslationError, OSError, RuntimeError, ValueError."""
    return ArgosTokens(step) if step.kind == "argos" else SentencePieces(step)


class ArgosTokens:
    """An Argos package's own tokenizer."""

    def __init__(self, step: Installed) -> None:
        package = argos().Package(step.path)
        self._tokenizer: Any = package.tokenizer
        self.prefix: tuple[str, ...] = (package.target_prefix,) if package.target_prefix else ()
        self._tokenizer.encode("")  # loads it

    def encode(self, text: str) -> list[str]:
        """The pieces of a text."""
        pieces: list[str] = self._tokenizer.encode(text)
        return pieces

    def decode(self, pieces: Sequence[str]) -> str:
        """Argos leaves the space before the first word there."""
        text: str = self._tokenizer.decode(list(pieces))
        return text.removeprefix(" ")


class SentencePieces:
    """The SentencePiece files beside a model that was converted for CTranslate2.

    `source.spm` and `target.spm` (Marian, OPUS-MT), or one for both (NLLB, M2M-100). Multilingual models are
    told the languages by tokens: `source_token` before the text, `target_token` before the translation, or,
    where it looks like `>>rus<<`, before the text (OPUS-MT).
    """

    def __init__(self, step: Installed) -> None:
        import sentencepiece

        own, other = _files(step.path)
        self._source: Any = sentencepiece.SentencePieceProcessor(model_file=str(own))
        self._target: Any = sentencepiece.SentencePieceProcessor(model_file=str(other))
        inside = step.target_token if step.target_token.startswith(">>") else ""
        self._before = [token for token in (step.source_token, inside) if token]
        self._after = [] if _adds_end(step.path) else [_END]
        self.prefix: tuple[str, ...] = (step.target_token,) if step.target_token and not inside else ()

    def encode(self, text: str) -> list[str]:
        """With the tokens that the model wants around a text."""
        return [*self._before, *self._source.encode(text, out_type=str), *self._after]

    def decode(self, pieces: Sequence[str]) -> str:
        """Without the mark of the end."""
        text: str = self._target.decode([piece for piece in pieces if piece != _END])
        return text


def _files(folder: Path) -> tuple[Path, Path]:
    for own, other in (*_PAIRS, *((name, name) for name in _SHARED)):
        if (folder / own).is_file() and (folder / other).is_file():
            return folder / own, folder / other
    wanted = ", ".join(("source.spm with target.spm", *_SHARED))
    raise TranslationError(f"{folder} holds no SentencePiece model; copy it there: one of {wanted}")


def _adds_end(folder: Path) -> bool:
    """Whether CTranslate2 itself ends each text, as its converters note beside the model."""
    try:
        config = json.loads((folder / "config.json").read_text("utf-8"))
    except (OSError, ValueError):
        return False
    return bool(config.get("add_source_eos"))
