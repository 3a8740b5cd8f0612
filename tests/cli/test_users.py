"""`distributor users`: who may in at the desk, by the operator's hand."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from distributor.cli import main
from distributor.desk import passwords
from distributor.ledger import dossier, people
from distributor.ledger.ledger import Ledger

Run = Callable[..., Result]
PASSWORD = "ten research fronts"


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("DISTRIBUTOR_PASSWORD", raising=False)
    monkeypatch.setattr("distributor.cli.users.who", lambda: "root")
    Path("config.toml").write_text("", encoding="utf-8")

    def invoke(*words: str, status: int = 0, typed: str = "") -> Result:
        result = CliRunner().invoke(main, ["users", *words], input=typed)
        assert result.exit_code == status, result.output + result.stderr
        return result

    return invoke


def ask(act: Callable[..., Any], *args: Any) -> Any:
    """Of the ledger that the commands wrote."""

    async def look() -> Any:
        async with Ledger("sqlite+aiosqlite:///var/distributor.db") as ledger:
            return await ledger.read(act, *args)

    return asyncio.run(look())


def listed(run: Run) -> list[tuple[str, str]]:
    rows = [json.loads(line) for line in run("list", "--json").stdout.splitlines()]
    return [(row["name"], row["role"]) for row in rows]


def is_right(name: str, password: str) -> bool:
    row = ask(people.find, name)
    return asyncio.run(passwords.right(password, row.secret if row else None))


def deeds() -> list[tuple[str, str, str]]:
    return [(d["who"], d["action"], d["subject"]) for d in ask(dossier.trail)]


def test_somebody_is_let_in_changed_and_removed(run: Run) -> None:
    assert "users: none" in run("list").stdout
    assert run("add", "ada", "--role", "admin", "--password", PASSWORD).stdout == "ada may in, as admin\n"
    run("add", "vic", "--password", PASSWORD)
    assert listed(run) == [("ada", "admin"), ("vic", "viewer")]
    assert run("role", "vic", "--role", "editor").stdout == "vic may in, as editor now\n"
    assert listed(run) == [("ada", "admin"), ("vic", "editor")]
    assert run("remove", "ada").stdout == "ada may in no more\n"
    assert listed(run) == [("vic", "editor")]
    assert deeds() == [
        ("root", "remove user", "user ada"),
        ("root", "change user", "user vic"),
        ("root", "add user", "user vic"),
        ("root", "add user", "user ada"),
    ]


def test_the_password_is_asked_for_twice_and_never_shown(run: Run) -> None:
    result = run("add", "ada", typed=f"{PASSWORD}\n{PASSWORD}\n")
    assert PASSWORD not in result.output
    assert is_right("ada", PASSWORD)
    assert "do not match" in run("add", "bob", typed=f"{PASSWORD}\nanother one\n", status=1).output
    assert listed(run) == [("ada", "viewer")]


def test_the_password_may_come_from_the_environment(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DISTRIBUTOR_PASSWORD", PASSWORD)
    run("add", "ada")
    assert is_right("ada", PASSWORD)
    assert not is_right("ada", PASSWORD + "x")
    assert not is_right("bob", PASSWORD)


def test_another_password(run: Run) -> None:
    run("add", "ada", "--password", PASSWORD)
    assert run("password", "ada", "--password", "a much better one").stdout == "ada has another password\n"
    assert is_right("ada", "a much better one")
    assert not is_right("ada", PASSWORD)


def test_the_ledger_has_no_password(run: Run) -> None:
    run("add", "ada", "--password", PASSWORD)
    assert ask(people.find, "ada").secret.startswith("$argon2id$")
    assert all(PASSWORD.encode() not in path.read_bytes() for path in Path("var").glob("*"))


@pytest.mark.parametrize(
    ("password", "said"),
    [("short", "at least 10"), ("x" * 201, "at most 200"), ("aaaaaaaaaaaa", "over and over")],
)
def test_a_password_that_will_not_do(run: Run, password: str, said: str) -> None:
    assert said in run("add", "ada", "--password", password, status=2).stderr
    assert listed(run) == []


@pytest.mark.parametrize(
    "name", ["a b", "a/b", "a?b", "a#b", "a%b", "a\x00b", "a\nb", "x" * 101, "", ".", ".."]
)
def test_a_name_that_will_not_do(run: Run, name: str) -> None:
    assert "a name is one word" in run("add", name, "--password", PASSWORD, status=2).stderr
    assert listed(run) == []


def test_what_cannot_be_is_a_line_not_a_traceback(run: Run) -> None:
    run("add", "ada", "--password", PASSWORD)
    assert "there is a 'ada' already" in run("add", "ada", "--password", PASSWORD, status=1).stderr
    for words in (("remove", "bob"), ("role", "bob"), ("password", "bob", "--password", PASSWORD)):
        assert (
            run(*words, status=1).stderr == "distributor: no user called 'bob'; see: distributor users list\n"
        )
    assert (
        "'root' is not one of" in run("add", "bob", "--role", "root", "--password", PASSWORD, status=2).stderr
    )


def test_a_changed_role_ends_the_sessions(run: Run) -> None:
    run("add", "ada", "--password", PASSWORD)

    async def enter() -> str:
        async with Ledger("sqlite+aiosqlite:///var/distributor.db") as ledger:
            return await ledger.write(people.open_session, "ada", ledger.now())

    async def is_in(secret: str) -> bool:
        async with Ledger("sqlite+aiosqlite:///var/distributor.db") as ledger:
            return await ledger.read(people.by_session, secret, ledger.now()) is not None

    secret = asyncio.run(enter())
    assert asyncio.run(is_in(secret))
    run("role", "ada", "--role", "editor")
    assert not asyncio.run(is_in(secret))
