"""Who may in at the desk."""

from __future__ import annotations

from pathlib import Path

import click

from distributor.cli.context import as_json, show, who, with_ledger
from distributor.desk import passwords
from distributor.ledger import people
from distributor.ledger.ledger import Ledger
from distributor.ledger.people import ROLES, Role
from distributor.settings import Config

role_option = click.option(
    "--role",
    type=click.Choice(ROLES),
    default="viewer",
    show_default=True,
    help="A viewer reads; an editor acts on articles and channels; an admin lets people in, too.",
)
password_option = click.option(
    "--password",
    prompt=True,
    hide_input=True,
    confirmation_prompt=True,
    envvar="DISTRIBUTOR_PASSWORD",
    show_envvar=True,
    help="Asked for, if it is not given.",
)


@click.group()
def users() -> None:
    """Who may in at the desk: viewers, editors and admins."""


@users.command()
@click.argument("name")
@role_option
@password_option
@click.pass_obj
def add(config: Path, name: str, role: Role, password: str) -> None:
    """Let NAME in."""
    odd = any(c in name for c in "/?#% ") or not name.isprintable() or name.startswith(".")
    if odd or not 1 <= len(name) <= 100:
        raise click.UsageError("a name is one word, without / ? # % and no dot before it")
    secret = _hashed(password)
    with_ledger(config, lambda _, db: db.write(people.add, name, role, secret, who(), db.now()))
    click.echo(f"{name} may in, as {role}")


@users.command()
@click.argument("name")
@password_option
@click.pass_obj
def password(config: Path, name: str, password: str) -> None:
    """Give NAME another password; all their sessions end."""
    secret = _hashed(password)

    async def act(_: Config, ledger: Ledger) -> None:
        await ledger.write(people.change, name, who(), ledger.now(), secret=secret)

    with_ledger(config, act)
    click.echo(f"{name} has another password")


@users.command()
@click.argument("name")
@role_option
@click.pass_obj
def role(config: Path, name: str, role: Role) -> None:
    """Let NAME do more, or less; all their sessions end."""

    async def act(_: Config, ledger: Ledger) -> None:
        await ledger.write(people.change, name, who(), ledger.now(), role=role)

    with_ledger(config, act)
    click.echo(f"{name} may in, as {role} now")


@users.command()
@click.argument("name")
@click.pass_obj
def remove(config: Path, name: str) -> None:
    """Let NAME in no more; what they did stays in the audit trail."""
    with_ledger(config, lambda _, db: db.write(people.remove, name, who(), db.now()))
    click.echo(f"{name} may in no more")


@users.command(name="list")
@as_json
@click.pass_obj
def list_(config: Path, as_json: bool) -> None:
    """Who there is."""
    rows = with_ledger(config, lambda _, db: db.read(people.listing))
    show(rows, as_json, ("name", "role", "made", "seen"), "users")


def _hashed(told: str) -> str:
    if fault := passwords.fault(told):
        raise click.UsageError(fault)
    return passwords.hashed(told)
