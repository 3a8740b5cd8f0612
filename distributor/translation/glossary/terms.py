"""A glossary file into typed terms, with all its faults at once: each names its key and the mend."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator
from difflib import get_close_matches
from pathlib import Path
from typing import Annotated, Any
from unicodedata import normalize

from pydantic import AfterValidator, Field, ValidationError, model_validator

from channels.settings import Settings
from distributor.config import key
from distributor.errors import ConfigError
from distributor.settings import Language


def wording(text: str) -> str:
    """Composed characters (NFC) and single spaces, as articles have them. Raises: ValueError, if empty."""
    told = " ".join(normalize("NFC", text).split())
    if not any(c.isalnum() for c in told):
        raise ValueError("there is no letter or digit in it; write a word")
    return told


Wording = Annotated[str, AfterValidator(wording)]


class Term(Settings):
    """A word or a name, and what it has to be in the translation."""

    term: Wording
    translation: Wording | None = None
    plural: Wording | None = Field(None, description="Where the source has the plural.")
    also: tuple[Wording, ...] = Field((), description="Other spellings on the source side.")
    irregular: tuple[Wording, ...] = Field((), description="Plurals on the source side that no rule makes.")
    keep: bool = Field(False, description="It stays as it is in the source.")
    case: bool = Field(False, description="Only in exactly this case.")
    forms: tuple[Wording, ...] = Field((), description="Of the translation; they count as right, too.")

    @model_validator(mode="after")
    def _one_rendering(self) -> Term:
        if self.keep and (self.translation or self.plural):
            raise ValueError("'keep' and a translation are told; leave one out")
        if not self.keep and not self.translation:
            raise ValueError("translation: missing; give it, or write keep = true")
        return self

    def spellings(self) -> Iterator[str]:
        """All that it is called in the source, regular plurals aside."""
        yield from (self.term, *self.also, *self.irregular)

    def rendering(self, seen: str, plural: bool) -> str:
        """What must stand in the translation for `seen` in the source."""
        if self.translation is None:
            return seen
        return (plural and self.plural) or self.translation


class TermFile(Settings):
    """The whole of one file."""

    source: Language = "en"
    terms: tuple[Term, ...] = ()


def load(path: Path) -> TermFile:
    """Raises: ConfigError, with all faults."""
    try:
        return parse(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError) as e:
        raise ConfigError([f"{path}: cannot be read: {e}"]) from e
    except ConfigError as e:
        raise ConfigError([f"{path.name}: {fault}" for fault in e.faults]) from e


def parse(text: str) -> TermFile:
    """Raises: ConfigError, with all faults."""
    try:
        file = TermFile.model_validate(tomllib.loads(text))
    except tomllib.TOMLDecodeError as e:
        raise ConfigError([f"not TOML: {e}"]) from e
    except ValidationError as e:
        raise ConfigError([_fault(fault) for fault in e.errors()]) from e
    if faults := list(_clashes(file)):
        raise ConfigError(faults)
    return file


def identity(spelling: str, term: Term) -> tuple[str, bool]:
    """The same for two spellings that one could not tell apart in a text."""
    return (spelling, True) if term.case else (spelling.casefold(), False)


def _clashes(file: TermFile) -> Iterator[str]:
    first: dict[tuple[str, bool], int] = {}
    for i, term in enumerate(file.terms):
        for spelling in term.spellings():
            before = first.setdefault(identity(spelling, term), i)
            if before != i:
                yield f"terms[{i}]: {spelling!r} is told in terms[{before}] already; leave one of them out"


def _fault(fault: Any) -> str:
    at = tuple(fault["loc"])
    return f"{key(at) or 'the file'}: {_mend(at, fault)}"


def _mend(at: tuple[str | int, ...], fault: Any) -> str:
    if fault["type"] == "missing":
        return "missing; it must be given"
    if fault["type"] != "extra_forbidden":
        return str(fault["msg"]).removeprefix("Value error, ")
    known = sorted((TermFile if len(at) == 1 else Term).model_fields)
    near = get_close_matches(str(at[-1]), known, n=1)
    return f"unknown key{f', did you mean {near[0]!r}?' if near else '; there are: ' + ', '.join(known)}"
