from __future__ import annotations

import json
import zipfile
from pathlib import Path

import pytest
from tiny_packages import pack, write_package

from distributor.translation.engines.archive import BadPackage, unpack

METADATA = json.dumps({"from_code": "en", "to_code": "ru", "package_version": "1.0"})


def archive(path: Path, **entries: str) -> Path:
    with zipfile.ZipFile(path, "w") as file:
        for name, content in entries.items():
            file.writestr(name, content)
    return path


def whole(**more: str) -> dict[str, str]:
    return {"p/metadata.json": METADATA, "p/model/model.bin": "x", "p/sentencepiece.model": "y", **more}


def test_a_package_lands_under_its_name_with_all_its_files(tmp_path: Path) -> None:
    package = write_package(tmp_path / "made", "en", "ru", version="1.9")
    home = unpack(pack(package, tmp_path / "x.argosmodel"), tmp_path / "models")
    assert home == tmp_path / "models" / "translate-en_ru-1.9"
    assert {p.relative_to(home) for p in home.rglob("*")} == {
        p.relative_to(package) for p in package.rglob("*")
    }


def test_metadata_may_be_at_the_top_of_the_archive(tmp_path: Path) -> None:
    entries = {name.removeprefix("p/"): content for name, content in whole().items()}
    assert (unpack(archive(tmp_path / "x.zip", **entries), tmp_path / "m") / "model" / "model.bin").is_file()


def test_the_same_version_again_replaces_the_first(tmp_path: Path) -> None:
    unpack(archive(tmp_path / "1.zip", **whole(**{"p/old": ""})), tmp_path / "m")
    home = unpack(archive(tmp_path / "2.zip", **whole(**{"p/new": ""})), tmp_path / "m")
    assert (home / "new").exists()
    assert not (home / "old").exists()


@pytest.mark.parametrize(
    ("entries", "said"),
    [
        (whole(**{"p/../../evil": "x"}), "leads out"),
        (whole(**{"/evil": "x"}), "leads out"),
        (whole(**{"p\\..\\..\\evil": "x"}), "leads out"),
        (whole(**{"C:/evil": "x"}), "leads out"),
        (whole(**{"p/big": "x" * 200_000}), "too large"),
        ({"p/readme": ""}, "no metadata.json"),
        ({**whole(), "p/metadata.json": "{"}, "cannot be read"),
        ({**whole(), "p/metadata.json": '{"from_code": "../../x", "to_code": "ru"}'}, "from_code"),
        ({"p/metadata.json": METADATA, "p/sentencepiece.model": ""}, "no model"),
        ({"p/metadata.json": METADATA, "p/model/model.bin": ""}, "no tokenizer"),
    ],
)
def test_a_bad_archive_is_refused_and_leaves_nothing_behind(
    tmp_path: Path, entries: dict[str, str], said: str
) -> None:
    models = tmp_path / "deep" / "models"
    with pytest.raises(BadPackage, match=said):
        unpack(archive(tmp_path / "x.zip", **entries), models, limit=100_000)
    assert list(models.iterdir()) == []
    assert sorted(p.name for p in tmp_path.rglob("*")) == ["deep", "models", "x.zip"]


def test_a_symbolic_link_is_refused(tmp_path: Path) -> None:
    path = archive(tmp_path / "x.zip", **whole())
    with zipfile.ZipFile(path, "a") as file:
        link = zipfile.ZipInfo("p/link")
        link.external_attr = 0o120777 << 16
        file.writestr(link, "/etc")
    with pytest.raises(BadPackage, match="leads out"):
        unpack(path, tmp_path / "m")


@pytest.mark.parametrize("content", [b"", b"no zip at all", b"PK\x03\x04 cut off"])
def test_what_is_no_archive_is_refused(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "x.argosmodel").write_bytes(content)
    with pytest.raises(BadPackage, match=r"not a whole \.argosmodel"):
        unpack(tmp_path / "x.argosmodel", tmp_path / "m")


def test_a_truncated_archive_is_refused(tmp_path: Path) -> None:
    path = pack(write_package(tmp_path / "made", "en", "ru"), tmp_path / "x.argosmodel")
    path.write_bytes(path.read_bytes()[:-100])
    with pytest.raises(BadPackage):
        unpack(path, tmp_path / "m")


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(BadPackage, match=r"none\.argosmodel: there is no such file"):
        unpack(tmp_path / "none.argosmodel", tmp_path / "m")
