"""The glossary commands as an editor types them; the ledger is filled by hand."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from distributor.cli import Front
from distributor.cli.glossary import glossary
from distributor.ledger.ledger import Ledger
from ledger_wire import Clock, Wire

CONFIG = """
storage = "sqlite+aiosqlite:///ledger.db"
[translation]
glossary = "glossary"
[[sources]]
name = "weekly"
url = "feed.xml"
[[members]]
id = "all"
name = "All of it"
languages = ["en"]
[[members.channels]]
type = "folder"
path = "outbox"
"""
RUSSIAN = """
[[terms]]
term = "Clarivate"
keep = true
[[terms]]
term = "carbon sink"
translation = "поглотитель углерода"
plural = "поглотители углерода"
"""
TBX = """<tbx xmlns="urn:iso:std:iso:30042:ed-2"><text><body>
<conceptEntry><langSec xml:lang="en"><termSec><term>carbon sink</term></termSec></langSec>
<langSec xml:lang="ru"><termSec><term>сток углерода</term></termSec></langSec></conceptEntry>
<conceptEntry><langSec xml:lang="en"><termSec><term>biosphere</term></termSec></langSec>
<langSec xml:lang="ru"><termSec><term>биосфера</term></termSec></langSec></conceptEntry>
<conceptEntry><langSec xml:lang="en"><termSec><term>ocean</term></termSec></langSec></conceptEntry>
</body></text></tbx>"""

Run = Callable[..., Result]


async def fill() -> None:
    """An article with a Russian rendition, which says the headline in English."""
    async with Ledger("sqlite+aiosqlite:///ledger.db") as ledger:
        wire = Wire(ledger, Clock())
        await wire.add("g1", "Clarivate lists carbon sinks")
        await wire.translate()


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    monkeypatch.chdir(tmp_path)
    Path("config.toml").write_text(CONFIG, "utf-8")
    Path("glossary").mkdir()
    Path("glossary/ru.toml").write_text(RUSSIAN, "utf-8")
    Path("base.tbx").write_text(TBX, "utf-8")
    front = Front(name="distributor", commands={"glossary": glossary})

    def invoke(*words: str, status: int = 0) -> Result:
        result = CliRunner().invoke(front, ["glossary", *words], obj=Path("config.toml"))
        assert result.exit_code == status, result.output + result.stderr + repr(result.exception)
        return result

    return invoke


def lines(result: Result) -> list[dict[str, Any]]:
    return [json.loads(line) for line in result.stdout.splitlines()]


def test_check_tells_which_terms_a_rendition_has(run: Run) -> None:
    asyncio.run(fill())
    rows = lines(run("check", "g1", "--json", status=1))
    assert [(row["language"], row["term"], row["wanted"], row["holds"]) for row in rows] == [
        ("ru", "Clarivate", "Clarivate", True),
        ("ru", "carbon sink", "поглотители углерода", False),
    ]
    assert rows[0]["sentence"] == "Clarivate lists carbon sinks"
    table = run("check", "1", status=1).stdout
    assert "поглотители углерода" in table
    assert "no" in table


def test_check_without_a_translation_only_lists(run: Run) -> None:
    asyncio.run(fill())
    Path("glossary/it.toml").write_text('[[terms]]\nterm = "carbon sink"\ntranslation = "pozzo"', "utf-8")
    (row,) = lines(run("check", "g1", "--language", "IT", "--json"))
    assert (row["language"], row["wanted"], row["holds"]) == ("it", "pozzo", None)


@pytest.mark.parametrize(
    ("words", "status", "says"),
    [
        (("check", "nothing"), 1, "no article called 'nothing'"),
        (("check", "g1", "--language", "fi"), 2, "no glossary from en to fi; there are: ru"),
        (("check", "g1", "--language", "Finnish"), 2, "not a language tag"),
        (("import", "config.toml", "--target", "ru"), 1, "cannot be read"),
        (("import", "base.tbx", "--target", "ru", "--source", "de", "--into", "glossary"), 2, "is 'en'"),
    ],
)
def test_what_is_wrong_is_a_line_with_the_mend(
    run: Run, words: tuple[str, ...], status: int, says: str
) -> None:
    asyncio.run(fill())
    assert says in run(*words, status=status).stderr


def test_without_a_folder_or_with_a_broken_file_the_mend_is_told(run: Run) -> None:
    asyncio.run(fill())
    Path("glossary/ru.toml").write_text('[[terms]]\ntem = "a"', "utf-8")
    assert "ru.toml: terms[0].tem: unknown key, did you mean 'term'?" in run("check", "g1", status=2).stderr
    Path("config.toml").write_text(CONFIG.replace('glossary = "glossary"', ""), "utf-8")
    assert 'such as glossary = "glossary"' in run("check", "g1", status=2).stderr


def test_import_adds_what_is_not_there(run: Run) -> None:
    told = run("import", "base.tbx", "--target", "ru").stdout
    assert "1 added, 1 skipped" in told
    assert "concepts without a usable term in both en and ru: 1" in told
    text = Path("glossary/ru.toml").read_text("utf-8")
    assert text.startswith(RUSSIAN.rstrip())
    assert "биосфера" in text
    assert "сток" not in text
    assert "0 added, 2 skipped" in run("import", "base.tbx", "--target", "ru").stdout


def test_import_makes_a_new_file_elsewhere_without_any_configuration(run: Run) -> None:
    Path("config.toml").unlink()
    assert "2 added" in run("import", "base.tbx", "--target", "RU", "--into", "new/folder").stdout
    assert Path("new/folder/ru.toml").read_text("utf-8").startswith('source = "en"\n')


@pytest.mark.parametrize("words", [(), ("check",), ("import",)])
def test_there_is_help(run: Run, words: tuple[str, ...]) -> None:
    assert len(run(*words, "--help").stdout.splitlines()) > 8
