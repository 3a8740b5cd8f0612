"""Argos models: what is installed, and installing more."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import click
from rich.progress import BarColumn, DownloadColumn, Progress, TaskID, TextColumn, TransferSpeedColumn

from distributor import clock
from distributor.cli.context import as_json, show, who
from distributor.config import load
from distributor.errors import ConfigError
from distributor.ledger.audit import note
from distributor.ledger.ledger import Ledger
from distributor.settings import Config
from distributor.translation.engines import models as argos_models
from distributor.translation.engines.packages import Installed
from distributor.translation.engines.setup import packages_of


@click.group()
def models() -> None:
    """List and install translation models (Argos packages)."""


@models.command(name="list")
@as_json
@click.pass_obj
def list_(config: Path, as_json: bool) -> None:
    """List the installed models."""
    packages = packages_of(load(config))
    rows = [
        {
            "source": p.source,
            "target": p.target,
            "version": p.version,
            "sample": p.sample,
            "path": str(p.path),
        }
        for p in packages.pairs()
    ]
    show(rows, as_json, ("source", "target", "version", "sample", "path"), "models")
    for fault in packages.faults:
        click.echo(f"not usable: {fault}", err=True)


@models.command()
@click.argument("what", nargs=-1, required=True, metavar="FROM TO... | FILE...")
@click.option(
    "--folder", type=click.Path(path_type=Path, file_okay=False), help="Instead of the configured one."
)
@click.option(
    "--index", default=None, help="Another index than that of Argos: the address of its index.json."
)
@click.pass_obj
def install(config: Path, what: tuple[str, ...], folder: Path | None, index: str | None) -> None:
    """Install models from the Argos index or from .argosmodel files.

    `install en ru ja` installs en → ru and en → ja, each directly or over English. What was held for want
    of a model is translated as soon as a running service notices, at once.
    """
    settings = None if folder else load(config)
    into = folder or _folder(settings)
    for package in asyncio.run(_install(what, into, index)):
        click.echo(f"{package.source} → {package.target} {package.version} in {package.path}")
    if settings:
        asyncio.run(_tell(settings, " ".join(what)))


def _folder(settings: Config | None) -> Path:
    if settings is None or settings.translation.packages == "sample":
        mend = 'name a folder for real models there, such as packages = "var/models", or say --folder'
        raise ConfigError([f'translation.packages: is "sample"; {mend}'])
    return Path(settings.translation.packages)


async def _install(what: tuple[str, ...], folder: Path, index: str | None) -> list[Installed]:
    installed: list[Installed] = []
    with _bars() as progress:
        for wish in argos_models.wishes(what):
            installed += await argos_models.install(wish, folder, progress, index)
    return installed


async def _tell(settings: Config, what: str) -> None:
    """A row in the audit trail; its commit wakes a running service."""
    async with Ledger(settings.storage) as ledger:
        await ledger.write(note, clock.now(), who(), "models install", what)


@contextmanager
def _bars() -> Iterator[argos_models.Progress]:
    columns = (TextColumn("{task.description}"), BarColumn(), DownloadColumn(), TransferSpeedColumn())
    tasks: dict[str, TaskID] = {}
    with Progress(*columns) as bars:

        def report(name: str, done: int, total: int | None) -> None:
            task = tasks.setdefault(name, bars.add_task(name)) if name not in tasks else tasks[name]
            bars.update(task, completed=done, total=total)

        yield report
