"""A folder with a glossary for each target language, read again whenever a file has changed."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from distributor.bcp47 import canonical, same
from distributor.errors import ConfigError
from distributor.translation.glossary.glossary import Glossary
from distributor.translation.glossary.terms import load

_Mark = tuple[int, int]
"""Time of the last change in nanoseconds, size in bytes."""


class _Sheet(NamedTuple):
    mark: _Mark
    glossary: Glossary | None
    faults: tuple[str, ...] = ()


class Glossaries:
    """The glossaries in `folder`, which are named `ru.toml`, `zh-Hans.toml`; None: there are none.

    A file that becomes broken leaves in force what it last said; `faults` tells what is wrong with it.
    """

    def __init__(self, folder: Path | None) -> None:
        self._folder = folder
        self._sheets: dict[Path, _Sheet] = {}
        self._gone: tuple[str, ...] = ()
        self._refresh()

    def of(self, source: str, target: str) -> Glossary:
        """For a pair of languages (BCP 47); an empty one if there is none."""
        self._refresh()
        fitting = [(language, g) for language, g in self._known() if _serves(g, language, source, target)]
        exact = (g for language, g in fitting if language == target)
        return next(exact, fitting[0][1] if fitting else Glossary((), source))

    @property
    def pairs(self) -> tuple[tuple[str, str], ...]:
        """(source, target) of all that there are."""
        self._refresh()
        return tuple((glossary.source, language) for language, glossary in self._known())

    @property
    def faults(self) -> tuple[str, ...]:
        """A line each, naming file, key and the mend."""
        self._refresh()
        return (*self._gone, *(fault for sheet in self._sheets.values() for fault in sheet.faults))

    def _known(self) -> Iterator[tuple[str, Glossary]]:
        for path, sheet in self._sheets.items():
            if sheet.glossary:
                yield canonical(path.stem), sheet.glossary

    def _refresh(self) -> None:
        if self._folder is None:
            return
        there = self._folder.is_dir()
        gone = f"{self._folder}: there is no such folder; make it, or change translation.glossary"
        self._gone = () if there else (gone,)
        if there:
            paths = sorted(self._folder.glob("*.toml"))
            self._sheets = {path: _sheet(path, self._sheets.get(path)) for path in paths}


def _serves(glossary: Glossary, language: str, source: str, target: str) -> bool:
    return same(language, target) and same(glossary.source, source)


def _sheet(path: Path, before: _Sheet | None) -> _Sheet:
    """As before, if the file is; else read anew."""
    try:
        state = path.stat()
        mark = state.st_mtime_ns, state.st_size
        if before and before.mark == mark:
            return before
        canonical(path.stem)
        file = load(path)
    except ConfigError as e:
        return _Sheet(mark, before and before.glossary, e.faults)
    except (OSError, ValueError) as e:
        return _Sheet((0, 0), before and before.glossary, (f"{path.name}: {e}",))
    return _Sheet(mark, Glossary(file.terms, file.source))
