from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from distributor.cli import main
from distributor.translation import tmx

CONFIG = 'storage = "sqlite+aiosqlite:///ledger.db"\n'
Run = Callable[..., Result]


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    monkeypatch.chdir(tmp_path)
    Path("config.toml").write_text(CONFIG, "utf-8")

    def invoke(*args: str) -> Result:
        return CliRunner().invoke(main, ["memory", *args])

    return invoke


def rows(result: Result) -> list[dict[str, Any]]:
    assert result.exit_code == 0, result.output
    return [json.loads(line) for line in result.stdout.splitlines()]


def test_a_correction_is_kept_listed_exported_taken_in_elsewhere_and_forgotten(run: Run) -> None:
    assert run("correct", "en", "ru", "It  rained.", "Шёл дождь.").exit_code == 0
    (row,) = rows(run("list", "--json"))
    assert (row["source_language"], row["target_language"], row["origin"]) == ("en", "ru", "edited")
    assert "1 sentences" in run("export", "memory.tmx").stdout
    with Path("memory.tmx").open("rb") as file:
        (unit,) = tmx.read(file)
    assert (unit.source, unit.target, unit.origin) == ("It rained.", "Шёл дождь.", "edited")
    assert run("forget", "en", "ru", "It rained.").exit_code == 0
    assert run("forget", "en", "ru", "It rained.").exit_code == 1
    assert rows(run("list", "--json")) == []
    assert "1 sentences from memory.tmx" in run("import", "memory.tmx").stdout
    assert len(rows(run("list", "--json"))) == 1


def test_a_later_correction_replaces_the_earlier(run: Run) -> None:
    run("correct", "en", "ru", "It rained.", "Дождило.")
    run("correct", "en", "ru", "It rained.", "Шёл дождь.")
    assert [row["sentences"] for row in rows(run("list", "--json"))] == [1]


@pytest.mark.parametrize(
    ("args", "said"),
    [
        (("correct", "english", "ru", "a", "b"), "not a language tag"),
        (("correct", "en", "ru", " ", "b"), "neither may be empty"),
        (("import", "gone.tmx"), "does not exist"),
    ],
)
def test_mistakes_are_told(run: Run, args: tuple[str, ...], said: str) -> None:
    result = run(*args)
    assert result.exit_code == 2
    assert said in result.output


def test_a_broken_file_names_itself_and_keeps_what_was_read(run: Run) -> None:
    run("correct", "en", "ru", "It rained.", "Шёл дождь.")
    run("export", "whole.tmx")
    whole = Path("whole.tmx").read_bytes()
    Path("half.tmx").write_bytes(whole[: whole.index(b"</body>")])
    result = run("import", "half.tmx")
    assert result.exit_code == 1
    assert "half.tmx" in result.output
    assert "is kept" in result.output
