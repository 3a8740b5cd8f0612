"""What the documents say holds: configuration is read, commands are there."""

from __future__ import annotations

import re
import shlex
import tomllib
from pathlib import Path

import click
import pytest

from distributor.cli import main
from distributor.config import parse

ROOT = Path(__file__).parents[1]
DOCUMENTS = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
BLOCK = re.compile(r"^```(\w+)\n(.*?)^```", re.MULTILINE | re.DOTALL)


def blocks(kind: str) -> list[tuple[str, str]]:
    """(document, text) of each block of code."""
    found = ((path, match) for path in DOCUMENTS for match in BLOCK.finditer(path.read_text("utf-8")))
    return [(path.name, match[2]) for path, match in found if match[1] == kind]


@pytest.mark.parametrize(("document", "block"), [b for b in blocks("toml") if "[[terms]]" not in b[1]])
def test_configuration_in_the_documents_is_read(
    document: str, block: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in re.findall(r'env = "(\w+)"', block):
        good = "mastodon://token@social.example/@us" if name.endswith("_URL") else "whsec_" + 40 * "s"
        monkeypatch.setenv(name, good)
    assert parse(tomllib.loads(block))


@pytest.mark.parametrize(
    ("document", "line"),
    [(d, line) for d, b in blocks("sh") for line in b.splitlines() if line.startswith("distributor ")],
)
def test_commands_in_the_documents_are_there_and_take_what_they_are_given(
    document: str, line: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DISTRIBUTOR_PASSWORD", "correct horse battery")  # else it is asked for
    _, *words = shlex.split(line)
    command: click.Command = main
    context = click.Context(main, info_name="distributor")
    while isinstance(command, click.Group):
        assert words[0] in command.commands, line
        command = command.commands[words.pop(0)]
        context = click.Context(command, parent=context, info_name=command.name)
    command.parse_args(context, [word for word in words if not word.endswith(".tmx")] + _files(words))


def _files(words: list[str]) -> list[str]:
    """In place of files that are only named: one that is there."""
    return [str(ROOT / "README.md") for word in words if word.endswith(".tmx")]
