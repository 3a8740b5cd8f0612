"""Which Argos packages are installed, and how to get from one language to another with them."""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from importlib import import_module
from pathlib import Path
from typing import Any, Literal

from distributor.errors import PairMissing
from distributor.translation.engines import archive
from distributor.translation.engines.codes import to_argos, to_bcp47

SAMPLES = Path(__file__).parents[2] / "sample" / "models"
"""Small models that know the sample edition and little else."""


@dataclass(frozen=True, slots=True)
class Installed:
    """A package in a folder; `source` and `target` are BCP 47, the codes are Argos's own."""

    source: str
    target: str
    name: str
    version: str
    sample: bool
    path: Path
    from_code: str
    to_code: str
    kind: Literal["argos", "ctranslate2"] = "argos"
    """`ctranslate2`: no package, but a folder with a converted model, as the configuration names it."""
    source_token: str = ""
    target_token: str = ""

    @property
    def weights(self) -> Path:
        """The folder of `model.bin`."""
        return self.path / "model" if self.kind == "argos" else self.path

    @property
    def model(self) -> str:
        """For the record: `argos en_ru 1.9`, `ctranslate2 opus-mt-en-ru`."""
        if self.kind == "ctranslate2":
            return f"ctranslate2 {self.path.name}"
        return f"argos{' sample' if self.sample else ''} {self.from_code}_{self.to_code} {self.version}"


def converted(
    path: Path, source: str, target: str, *, source_token: str = "", target_token: str = ""
) -> Installed:
    """A model folder that was converted for CTranslate2, between two languages (BCP 47)."""
    codes = to_argos(source)[0], to_argos(target)[0]
    return Installed(
        source, target, path.name, "", False, path, *codes, "ctranslate2", source_token, target_token
    )


class Packages:
    """The packages in some folders; a broken one is left out and told about in `faults`.

    `chosen` go before them: converted models that the configuration names for a pair.
    """

    def __init__(self, folders: Sequence[Path], chosen: Sequence[Installed] = ()) -> None:
        self.folders = tuple(folders)
        self.chosen = tuple(chosen)
        self.faults: tuple[str, ...] = ()
        self._seen: tuple[int, ...] | None = None
        self._installed: list[Installed] = []
        self._known: dict[tuple[str, str], tuple[Installed, ...] | None] = {}
        self.refresh()

    def refresh(self) -> None:
        """Look again, if something came or went since."""
        seen = tuple(_changed(folder) for folder in self.folders)
        if seen != self._seen:
            self._seen = seen
            self._scan()

    def pairs(self) -> list[Installed]:
        """All of them, the newest version first within a pair."""
        return list(self._installed)

    def can(self, source: str, target: str) -> bool:
        """Whether `route` would find one."""
        return self._best(source, target) is not None

    def route(self, source: str, target: str) -> tuple[Installed, ...]:
        """One package, or two over a language between. Both tags are BCP 47.

        A real model goes before a sample, a direct way before one over another language, a chosen model
        before a package, English before other languages between, the newest version before older ones.
        Raises: PairMissing.
        """
        best = self._best(source, target)
        if best is None:
            raise PairMissing(source, target)
        return best

    def named(self, source: str, target: str) -> str:
        """The models of `route`, for the record: `argos en_ru 1.9`. Raises: PairMissing."""
        return " + ".join(package.model for package in self.route(source, target))

    def _best(self, source: str, target: str) -> tuple[Installed, ...] | None:
        if (source, target) not in self._known:
            starts, ends = to_argos(source), to_argos(target)
            ways = list(self._ways(starts, ends))
            self._known[source, target] = min(ways, key=lambda way: _rank(way, starts, ends), default=None)
        return self._known[source, target]

    def _ways(self, starts: Sequence[str], ends: Sequence[str]) -> Iterator[tuple[Installed, ...]]:
        for first in self._installed:
            if first.from_code in starts:
                if first.to_code in ends:
                    yield (first,)
                    continue
                for second in self._installed:
                    if second.from_code == first.to_code and second.to_code in ends:
                        yield first, second

    def _scan(self) -> None:
        found, faults = [], []
        for path in (p for folder in self.folders for p in _subfolders(folder)):
            try:
                metadata = archive.inspect(path)
            except archive.BadPackage as e:
                faults.append(f"{path.parent}: {e}")
                continue
            if metadata.get("type", "translate") == "translate":
                found.append(_installed(path, metadata))
        gone = [p for p in self.chosen if not (p.weights / "model.bin").is_file()]
        faults += [f"{p.path}: holds no model.bin; convert a model for CTranslate2 into it" for p in gone]
        self.faults = tuple(faults)
        self._known.clear()
        rest = sorted(found, key=lambda p: (p.source, p.target, p.sample, newest(p.version)))
        self._installed = [*(p for p in self.chosen if p not in gone), *rest]


def samples(folder: Path, archives: Path = SAMPLES) -> Path:
    """The sample models, unpacked in `folder` once and again whenever an archive has changed.

    The folder is theirs alone: whatever else is in it goes. Raises: BadPackage.
    """
    folder.mkdir(parents=True, exist_ok=True)
    wanted = {_name(path): path for path in sorted(archives.glob("*.argosmodel"))}
    for name, path in wanted.items():
        if not (folder / name).exists():
            _unpack_as(path, folder / name)
    for old in _subfolders(folder):
        if old.name not in wanted:
            shutil.rmtree(old, ignore_errors=True)
    return folder


def folders(setting: str, sample_folder: Path) -> tuple[Path, ...]:
    """What `packages` in the configuration means: "sample", or a folder of installed packages."""
    return (samples(sample_folder),) if setting == "sample" else (Path(setting),)


@cache
def argos() -> Any:
    """`argostranslate.package`, imported without a trace.

    The import reads the environment and makes folders in the home directory for its settings, index and
    downloads; none of them is used here, so they are made elsewhere and removed.
    """
    with tempfile.TemporaryDirectory(prefix="argos-") as scratch, _environment(scratch):
        return import_module("argostranslate.package")


@contextmanager
def _environment(scratch: str) -> Iterator[None]:
    names = ("XDG_DATA_HOME", "XDG_CONFIG_HOME", "XDG_CACHE_HOME", "ARGOS_PACKAGES_DIR")
    before = {name: os.environ.get(name) for name in (*names, "KMP_DUPLICATE_LIB_OK")}
    os.environ.update(dict.fromkeys(names, scratch))
    try:
        yield
    finally:
        for name, value in before.items():
            os.environ.pop(name, None)
            if value is not None:
                os.environ[name] = value


def _installed(path: Path, metadata: dict[str, Any]) -> Installed:
    codes = metadata["from_code"], metadata["to_code"]
    source, target = to_bcp47(codes[0]), to_bcp47(codes[1])
    name = f"{metadata.get('from_name') or source} → {metadata.get('to_name') or target}"
    version, sample = str(metadata.get("package_version") or "0"), metadata.get("sample") is True
    return Installed(source, target, name, version, sample, path, *codes)


def _rank(way: Sequence[Installed], starts: Sequence[str], ends: Sequence[str]) -> tuple[Any, ...]:
    closeness = starts.index(way[0].from_code) + ends.index(way[-1].to_code)
    between = any(p.to_code != "en" for p in way[:-1])
    packaged = any(p.kind == "argos" for p in way)
    return (
        any(p.sample for p in way),
        len(way),
        packaged,
        closeness,
        between,
        [newest(p.version) for p in way],
    )


def newest(version: str) -> list[int]:
    """Sorts 1.10 before 1.9."""
    return [-int(number) for number in re.findall(r"\d+", version)]


def _subfolders(folder: Path) -> list[Path]:
    try:
        return sorted(p for p in folder.iterdir() if p.is_dir() and not p.name.startswith("."))
    except OSError:
        return []


def _changed(folder: Path) -> int:
    try:
        return folder.stat().st_mtime_ns
    except OSError:
        return 0


def _name(path: Path) -> str:
    """Another one for every content."""
    return f"{path.stem}-{hashlib.sha256(path.read_bytes()).hexdigest()[:12]}"


def _unpack_as(path: Path, home: Path) -> None:
    """`path` under the name `home`; another process that does the same at the same time is no harm."""
    with tempfile.TemporaryDirectory(prefix=".samples-", dir=home.parent) as work:
        package = archive.unpack(path, Path(work))
        try:
            package.rename(home)
        except OSError:
            if not home.exists():
                raise
