"""An `.argosmodel` archive into a folder: checked, bounded, all of it or nothing.

Argos's own `install_from_path` trusts the archive, leaves a half package behind when it is interrupted, and
imports the sentence splitter that this house keeps out.
"""

from __future__ import annotations

import json
import re
import shutil
import stat
import tempfile
import zipfile
from collections.abc import Iterator
from pathlib import Path, PurePosixPath
from typing import Any

from distributor.errors import TranslationError

LIMIT = 8 * 2**30
"""Bytes after decompression; the largest packages in the Argos index have some 300 MB."""
ENTRIES = 10_000
TOKENIZERS = ("sentencepiece.model", "bpe.model")
_CODE = re.compile(r"[a-z]{2,3}([_-][A-Za-z0-9]{2,8})*")


class BadPackage(TranslationError):
    """This is no usable Argos package; the text says what is wrong with it."""


def unpack(archive: Path, folder: Path, *, limit: int = LIMIT) -> Path:
    """The package of `archive` in a folder of its own under `folder`; one of the same version is replaced.

    Raises: BadPackage.
    """
    folder.mkdir(parents=True, exist_ok=True)
    work = Path(tempfile.mkdtemp(prefix=".unpacking-", dir=folder))
    try:
        _extract(archive, work / "package", limit)
        metadata = inspect(work / "package")
        home = folder / folder_name(metadata)
        _swap(work / "package", home, work / "old")
    finally:
        shutil.rmtree(work, ignore_errors=True)
    return home


def inspect(package: Path) -> dict[str, Any]:
    """The metadata of an unpacked package that has all that translating needs. Raises: BadPackage."""
    try:
        metadata = json.loads((package / "metadata.json").read_text("utf-8"))
    except FileNotFoundError as e:
        raise BadPackage(f"{package.name}: it has no metadata.json") from e
    except (OSError, ValueError) as e:
        raise BadPackage(f"{package.name}: metadata.json cannot be read: {e}") from e
    if not isinstance(metadata, dict):
        raise BadPackage(f"{package.name}: metadata.json holds no table")
    if metadata.get("type", "translate") == "translate":
        _complete(package, metadata)
    return metadata


def _complete(package: Path, metadata: dict[str, Any]) -> None:
    for key in ("from_code", "to_code"):
        if not (isinstance(metadata.get(key), str) and _CODE.fullmatch(metadata[key])):
            raise BadPackage(f"{package.name}: metadata.json names no language as {key}")
    if not (package / "model" / "model.bin").is_file():
        raise BadPackage(f"{package.name}: it has no model (model/model.bin)")
    if not any((package / name).is_file() for name in TOKENIZERS):
        raise BadPackage(f"{package.name}: it has no tokenizer ({' or '.join(TOKENIZERS)})")


def folder_name(metadata: dict[str, Any]) -> str:
    """`translate-en_ru-1.9`"""
    parts = (metadata.get("type", "translate"), f"{metadata.get('from_code')}_{metadata.get('to_code')}")
    return re.sub(r"[^\w.-]", "_", "-".join((*parts, str(metadata.get("package_version") or "0"))))


def _extract(archive: Path, into: Path, limit: int) -> None:
    try:
        with zipfile.ZipFile(archive) as file:
            entries = list(_entries(file, archive.name, limit))
            for entry, path in entries:
                target = into / path
                target.parent.mkdir(parents=True, exist_ok=True)
                with file.open(entry) as source, target.open("wb") as out:
                    shutil.copyfileobj(source, out)  # never more than the size that the entry declares
    except FileNotFoundError as e:
        raise BadPackage(f"{archive}: there is no such file") from e
    except (zipfile.BadZipFile, EOFError, NotImplementedError, RuntimeError, OSError) as e:
        raise BadPackage(f"{archive.name}: not a whole .argosmodel archive: {e}") from e


def _entries(file: zipfile.ZipFile, name: str, limit: int) -> Iterator[tuple[zipfile.ZipInfo, PurePosixPath]]:
    """The files of the package with their paths in it, if all of the archive is harmless."""
    infos = file.infolist()
    if len(infos) > ENTRIES or sum(i.file_size for i in infos) > limit:
        raise BadPackage(f"{name}: too large: more than {ENTRIES} files or {limit} bytes")
    paths = {i: PurePosixPath(i.filename.replace("\\", "/")) for i in infos}
    for info, path in paths.items():
        if (
            path.is_absolute()
            or ".." in path.parts
            or ":" in info.filename
            or stat.S_ISLNK(info.external_attr >> 16)
        ):
            raise BadPackage(f"{name}: {info.filename!r} leads out of the package")
    homes = sorted(
        (p.parent for p in paths.values() if p.name == "metadata.json"), key=lambda p: len(p.parts)
    )
    if not homes:
        raise BadPackage(f"{name}: it has no metadata.json")
    for info, path in paths.items():
        if path.is_relative_to(homes[0]) and not info.is_dir():
            yield info, path.relative_to(homes[0])


def _swap(new: Path, home: Path, aside: Path) -> None:
    """Put `new` where `home` is. A crash leaves the old one, the new one or none, never a half."""
    if home.exists():
        home.rename(aside)
    new.rename(home)
