from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tiny_packages import pack, write_package

from distributor.errors import PairMissing
from distributor.translation.engines import packages
from distributor.translation.engines.codes import to_argos, to_bcp47
from distributor.translation.engines.packages import Packages


def way(installed: Packages, source: str, target: str) -> list[str]:
    return [f"{p.from_code}_{p.to_code}-{p.version}" for p in installed.route(source, target)]


def test_a_direct_package_is_the_way(tmp_path: Path) -> None:
    write_package(tmp_path, "en", "ru")
    assert way(Packages([tmp_path]), "en", "ru") == ["en_ru-1.0"]
    assert Packages([tmp_path]).can("en-GB", "ru-RU")


def test_without_a_direct_package_the_way_leads_over_english(tmp_path: Path) -> None:
    for pair in ("it_en", "en_ru", "it_de", "de_ru"):
        write_package(tmp_path, *pair.split("_"))
    assert way(Packages([tmp_path]), "it", "ru") == ["it_en-1.0", "en_ru-1.0"]


def test_another_language_is_the_pivot_where_english_leads_nowhere(tmp_path: Path) -> None:
    for pair in ("it_en", "it_de", "de_ru"):
        write_package(tmp_path, *pair.split("_"))
    assert way(Packages([tmp_path]), "it", "ru") == ["it_de-1.0", "de_ru-1.0"]


def test_what_no_package_leads_to_is_missing_and_the_error_names_the_command(tmp_path: Path) -> None:
    write_package(tmp_path, "en", "ru")
    installed = Packages([tmp_path])
    assert not installed.can("ru", "en")
    with pytest.raises(PairMissing, match="distributor models install ru en"):
        installed.route("ru", "en")


def test_the_newest_version_is_taken_and_a_real_model_before_a_sample(tmp_path: Path) -> None:
    write_package(tmp_path / "a", "en", "ru", version="1.9")
    write_package(tmp_path / "a", "en", "ru", version="1.10")
    write_package(tmp_path / "b", "en", "ru", version="2.0", sample=True)
    write_package(tmp_path / "b", "en", "it", sample=True)
    installed = Packages([tmp_path / "a", tmp_path / "b"])
    assert way(installed, "en", "ru") == ["en_ru-1.10"]
    assert way(installed, "en", "it") == ["en_it-1.0"]
    assert [(p.target, p.version, p.sample) for p in installed.pairs()] == [
        ("it", "1.0", True), ("ru", "1.10", False), ("ru", "1.9", False), ("ru", "2.0", True),
    ]  # fmt: skip


def test_the_two_chinese_scripts_are_two_languages(tmp_path: Path) -> None:
    write_package(tmp_path, "en", "zh")
    installed = Packages([tmp_path])
    assert installed.pairs()[0].target == "zh-Hans"
    assert [installed.can("en", tag) for tag in ("zh", "zh-Hans", "zh-CN", "zh-Hant", "zh-TW")] == [
        True
    ] * 3 + [False] * 2


def test_brazilian_portuguese_is_taken_where_it_is_else_the_other(tmp_path: Path) -> None:
    write_package(tmp_path, "en", "pt")
    installed = Packages([tmp_path])
    assert way(installed, "en", "pt-BR") == ["en_pt-1.0"]
    write_package(tmp_path, "en", "pb")
    installed.refresh()
    assert way(installed, "en", "pt-BR") == ["en_pb-1.0"]
    assert way(installed, "en", "pt") == ["en_pt-1.0"]


def test_the_record_names_the_models(tmp_path: Path) -> None:
    write_package(tmp_path, "it", "en", version="1.4")
    write_package(tmp_path, "en", "ru", sample=True)
    assert Packages([tmp_path]).named("it", "ru") == "argos it_en 1.4 + argos sample en_ru 1.0"


@pytest.mark.parametrize(
    ("spoil", "said"),
    [
        (lambda p: (p / "metadata.json").unlink(), "metadata.json"),
        (lambda p: (p / "metadata.json").write_text("{"), "metadata.json"),
        (lambda p: (p / "metadata.json").write_text("[]"), "metadata.json"),
        (lambda p: (p / "metadata.json").write_text(json.dumps({"from_code": "en"})), "to_code"),
        (lambda p: (p / "model" / "model.bin").unlink(), "model"),
        (lambda p: (p / "sentencepiece.model").unlink(), "tokenizer"),
    ],
)
def test_a_broken_package_is_told_about_and_the_others_work(tmp_path: Path, spoil: object, said: str) -> None:
    write_package(tmp_path, "en", "ru")
    spoil(write_package(tmp_path, "en", "it"))  # type: ignore[operator]
    installed = Packages([tmp_path])
    assert [p.target for p in installed.pairs()] == ["ru"]
    assert len(installed.faults) == 1
    assert "translate-en_it" in installed.faults[0]
    assert said in installed.faults[0]


def test_a_package_that_comes_or_goes_is_seen_after_a_refresh(tmp_path: Path) -> None:
    installed = Packages([tmp_path])
    assert not installed.can("en", "ru")
    write_package(tmp_path, "en", "ru").rename(tmp_path / "other-name")
    installed.refresh()
    assert installed.can("en", "ru")


def test_folders_that_are_not_there_hold_nothing(tmp_path: Path) -> None:
    assert Packages([tmp_path / "none"]).pairs() == []


def test_samples_are_unpacked_once_and_again_when_their_archive_changes(tmp_path: Path) -> None:
    archives, folder = tmp_path / "archives", tmp_path / "var"
    pack(write_package(tmp_path / "1", "en", "ru", sample=True), archives / "translate-en_ru.argosmodel")
    packages.samples(folder, archives)
    (first,) = Packages([folder]).pairs()
    assert (first.target, first.sample) == ("ru", True)
    before = first.path.stat().st_ino
    packages.samples(folder, archives)
    assert first.path.stat().st_ino == before

    new = write_package(tmp_path / "2", "en", "ru", version="2.0", sample=True)
    pack(new, archives / "translate-en_ru.argosmodel")
    packages.samples(folder, archives)
    assert [p.version for p in Packages([folder]).pairs()] == ["2.0"]


def test_the_import_of_argostranslate_leaves_neither_folders_nor_environment_behind(tmp_path: Path) -> None:
    """In a process of its own: an import happens once."""
    code = """
import os, sys
before = dict(os.environ)
from distributor.translation.engines.packages import argos
assert argos().Package
assert dict(os.environ) == before, set(os.environ.items()) ^ set(before.items())
assert not {"argostranslate.translate", "argostranslate.sbd", "minisbd", "torch"} & set(sys.modules)
"""
    environment = {**os.environ, "HOME": str(tmp_path)}
    done = subprocess.run(
        [sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("tag", "codes"),
    [
        ("en", ("en",)), ("en-US", ("en",)), ("zh", ("zh", "zh_hans")), ("zh-HK", ("zt", "zh_hant")),
        ("pt-BR", ("pb", "pt")), ("pt-PT", ("pt", "pb")), ("nb", ("nb", "no")), ("no", ("no", "nb")),
        ("?", ()),
    ],
)  # fmt: skip
def test_codes_at_the_engines_door(tag: str, codes: tuple[str, ...]) -> None:
    assert to_argos(tag) == codes


@given(st.sampled_from(["zh-Hans", "zh-Hant", "pt-BR", "pt", "en", "ru", "ja", "it", "nb", "he"]))
def test_a_language_comes_back_from_the_engines_door(tag: str) -> None:
    assert to_bcp47(to_argos(tag)[0]) == tag
