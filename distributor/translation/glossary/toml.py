"""Terms as TOML, added to a file without touching what a person wrote there."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Sequence
from pathlib import Path

from distributor.bcp47 import same
from distributor.errors import ConfigError
from distributor.translation.glossary.terms import Term, TermFile, load, parse


def add(path: Path, terms: Sequence[Term], source: str) -> int:
    """Those that `path` does not have yet are written behind what it has; how many that were.

    It is made, with its folder, if it is not there. Raises: ConfigError; then nothing is written.
    """
    before = load(path) if path.exists() else TermFile(source=source)
    if not same(before.source, source):
        raise ConfigError([f"{path.name}: source: is {before.source!r}, the terms are of {source!r}"])
    added = missing(before.terms, terms)
    if added:
        head = path.read_text(encoding="utf-8").rstrip() if path.exists() else f"source = {_quoted(source)}"
        text = "\n\n".join((head, *map(written, added))) + "\n"
        _check(path, text)
        _replace(path, text)
    return len(added)


def missing(old: Sequence[Term], new: Sequence[Term]) -> list[Term]:
    """Those of `new` whose term is not spelled in `old`, without the spellings that another one has."""
    taken = {spelling.casefold() for term in old for spelling in term.spellings()}
    names = {term.term.casefold() for term in new}
    added = list[Term]()
    for term in new:
        if term.term.casefold() in taken:
            continue
        kept = {
            key: tuple(s for s in getattr(term, key) if s.casefold() not in taken | names)
            for key in ("also", "irregular")
        }
        added.append(term.model_copy(update=kept))
        taken |= {spelling.casefold() for spelling in added[-1].spellings()}
    return added


def written(term: Term) -> str:
    """A `[[terms]]` table with what is not as it would be anyway."""
    return "\n".join(("[[terms]]", *_lines(term)))


def _lines(term: Term) -> Iterator[str]:
    for key, value in term.model_dump(exclude_defaults=True).items():
        match value:
            case bool():
                yield f"{key} = {str(value).lower()}"
            case str():
                yield f"{key} = {_quoted(value)}"
            case _:
                yield f"{key} = [{', '.join(map(_quoted, value))}]"


def _quoted(text: str) -> str:
    """A basic string of TOML: as in JSON, but for DEL, which TOML wants escaped, too."""
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007F")


def _check(path: Path, text: str) -> None:
    """Raises: ConfigError."""
    try:
        parse(text)
    except ConfigError as e:
        mend = "write its terms as [[terms]] tables, so that others can be added behind them"
        raise ConfigError([f"{path.name}: nothing can be added to it: {mend} ({e.faults[0]})"]) from e


def _replace(path: Path, text: str) -> None:
    """At once: a service that reads it meanwhile sees the old file or the new one."""
    path.parent.mkdir(parents=True, exist_ok=True)
    fresh = path.with_name(f".{path.name}.new")
    fresh.write_text(text, encoding="utf-8")
    os.replace(fresh, path)
