"""The channel that docs/channels.md shows, installed as a third party's package, at work beside ours."""

from __future__ import annotations

import asyncio
import importlib.metadata
import importlib.util
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from receivers import HttpReceiver

import documents

DOCUMENT = "channels.md"
MODULE = "ntfy_channel.py"
MOST = 40
"""Lines."""

CONFIG = """
storage = "sqlite+aiosqlite:///ledger.db"
[[sources]]
name = "weekly"
url = "feed.xml"
backfill = "all"
"""
ITEM = "<item><title>{0}</title><guid isPermaLink='false'>{0}</guid><description>It met.</description></item>"
TITLES = ["Report lists ten fronts", "Union opens"]
FEED = (
    "<rss version='2.0'><channel><title>W</title><language>en</language>"
    + "".join(map(ITEM.format, TITLES))
    + "</channel></rss>"
)


def newest_setuptools() -> bool:
    """Whether setuptools makes wheels itself, as from 70.1 on, or with the package `wheel`."""
    version = importlib.metadata.version("setuptools").split(".")
    return (int(version[0]), int(version[1])) >= (70, 1) or bool(importlib.util.find_spec("wheel"))


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the package in it, and nothing else."""
    if not importlib.util.find_spec("setuptools"):
        missing = "setuptools is not installed"
        pytest.fail(missing) if os.environ.get("CI") else pytest.skip(missing)
    package = documents.write(DOCUMENT, tmp_path_factory.mktemp("package"))
    folder = tmp_path_factory.mktemp("installed")
    python = [sys.executable, "-W", "ignore"]
    if newest_setuptools():
        pip = ["-m", "pip", "install", "--no-index", "--no-deps", "--no-build-isolation"]
        command = [*python, *pip, "--disable-pip-version-check", "--target", str(folder), "."]
    else:  # the one that comes with Python 3.11 cannot; it has a way of installing without
        way = ["install", "--single-version-externally-managed", "--root", "/", "--install-lib", str(folder)]
        command = [*python, "-c", "import setuptools; setuptools.setup()", *way]
    done = subprocess.run(command, cwd=package, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    return folder


async def distributor(folder: Path, installed: Path, *words: str) -> tuple[int, str]:
    """The command in a process of its own that finds the package: exit status, and all that it said."""
    env = os.environ | {"PYTHONPATH": str(installed), "NTFY_TOPIC": "science-wire-7f3a"}
    command = (sys.executable, "-m", "distributor", *words)
    pipe, both = asyncio.subprocess.PIPE, asyncio.subprocess.STDOUT
    process = await asyncio.create_subprocess_exec(*command, cwd=folder, env=env, stdout=pipe, stderr=both)
    said, _ = await process.communicate()
    assert process.returncode is not None
    return process.returncode, said.decode()


def configure(folder: Path, receiver: HttpReceiver, **changes: str) -> None:
    """The document's own configuration, with its server here."""
    told = documents.shown_in(DOCUMENT)["config.toml"]
    here = f'"{receiver.url.removesuffix("hook")}"\nallow_private = true'
    for old, new in ({'"https://ntfy.example"': here} | changes).items():
        assert old in told
        told = told.replace(old, new)
    (folder / "config.toml").write_text(CONFIG + told, "utf-8")
    (folder / "feed.xml").write_text(FEED, "utf-8")


def test_it_is_short() -> None:
    assert len(documents.shown_in(DOCUMENT)[MODULE].splitlines()) <= MOST


@pytest.mark.parametrize(
    "command",
    [
        pytest.param(("ruff", "check", "--no-cache"), id="ruff check"),
        pytest.param(("ruff", "format", "--check", "--no-cache"), id="ruff format"),
        pytest.param(("mypy", "--strict", "--follow-imports", "silent"), id="mypy"),
    ],
)
def test_it_is_held_to_what_our_own_code_is(tmp_path: Path, command: tuple[str, ...]) -> None:
    tool, *words = command
    if not importlib.util.find_spec(tool):
        pytest.skip(f"{tool} is not installed (pip install -e '.[dev]')")
    documents.write(DOCUMENT, tmp_path)
    option = {"ruff": "--config", "mypy": "--config-file"}[tool]
    told = [*words, option, str(documents.ROOT / "pyproject.toml"), MODULE]
    env = os.environ | {"MYPYPATH": str(documents.ROOT), "MYPY_CACHE_DIR": str(tmp_path / "cache")}
    done = subprocess.run(
        [sys.executable, "-m", tool, *told], cwd=tmp_path, env=env, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stdout + done.stderr


async def test_its_items_arrive(tmp_path: Path, installed: Path, receiver: HttpReceiver) -> None:
    configure(tmp_path, receiver)
    status, said = await distributor(tmp_path, installed, "run", "--once")
    assert (status, said.splitlines()[-1]) == (0, "2 delivered"), said
    assert {(got.method, got.path) for got in receiver.got} == {("POST", "/")}
    items = [json.loads(got.body) for got in receiver.got]
    assert sorted(item["title"] for item in items) == TITLES
    assert {item["topic"] for item in items} == {"science-wire-7f3a"}
    assert len({item["sequence_id"] for item in items}) == 2


async def test_a_check_asks_it_and_sends_nothing(
    tmp_path: Path, installed: Path, receiver: HttpReceiver
) -> None:
    configure(tmp_path, receiver)
    status, said = await distributor(tmp_path, installed, "check")
    assert "ok    channel desk/ntfy: HTTP 204" in said
    assert [(got.method, got.path) for got in receiver.got] == [("GET", "/v1/health")]
    assert status == 0, said


async def test_a_private_address_is_denied_unless_it_is_permitted(
    tmp_path: Path, installed: Path, receiver: HttpReceiver
) -> None:
    configure(tmp_path, receiver, **{"allow_private = true": "allow_private = false"})
    status, said = await distributor(tmp_path, installed, "check")
    assert status == 1
    assert "FAIL  channel desk/ntfy: 127.0.0.1 is a private address" in said
    assert not receiver.connections


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"topic =": "topik ="}, "members[0].channels[0].topik: unknown key, did you mean 'topic'?"),
        ({'{ env = "NTFY_TOPIC" }': '"open"'}, "members[0].channels[0].topic: a secret is not written here"),
        ({"concurrency = 2": "concurrency = 0"}, "members[0].channels[0].concurrency: "),
        (
            {'type = "ntfy"': 'type = "ntfi"'},
            "members[0].channels[0].type: no channel of type 'ntfi'; did you",
        ),
    ],
)
async def test_a_wrong_setting_is_told_by_its_key(
    tmp_path: Path, installed: Path, receiver: HttpReceiver, changes: dict[str, str], says: str
) -> None:
    configure(tmp_path, receiver, **changes)
    status, said = await distributor(tmp_path, installed, "check")
    assert (status, says in said) == (2, True), said
