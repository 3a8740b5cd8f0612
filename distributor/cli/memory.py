"""The memory of translated sentences: corrected by a person, taken out and in as TMX."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import Any

import click
from sqlalchemy import Connection

from distributor import clock
from distributor.bcp47 import canonical
from distributor.cli.context import as_json, show, who, with_ledger
from distributor.errors import DistributorError
from distributor.ledger import memory as ledger_memory
from distributor.ledger.audit import note
from distributor.ledger.ledger import Ledger
from distributor.ledger.memory import EDITED, Remembered
from distributor.settings import Config
from distributor.translation import tmx
from distributor.translation.tmx import Unit

AT_ONCE = 1000


def language(_: click.Context, __: click.Parameter, value: str) -> str:
    """A tag of BCP 47, in its usual form."""
    try:
        return canonical(value) if value else ""
    except ValueError as e:
        raise click.BadParameter(str(e)) from e


source_option = click.option("--source", default="", callback=language, help="Only from this language.")
target_option = click.option("--target", default="", callback=language, help="Only into this language.")


@click.group()
def memory() -> None:
    """What was translated before: each sentence is kept, and a person's wording is used for ever."""


@memory.command(name="list")
@as_json
@click.pass_obj
def list_(config: Path, as_json: bool) -> None:
    """How many sentences are kept, by pair of languages and model."""
    rows = with_ledger(config, lambda _, ledger: ledger.read(ledger_memory.counts))
    show(rows, as_json, ("source_language", "target_language", "origin", "model", "sentences"), "memory")


@memory.command()
@click.argument("source", callback=language)
@click.argument("target", callback=language)
@click.argument("sentence")
@click.argument("translation")
@click.pass_obj
def correct(config: Path, source: str, target: str, sentence: str, translation: str) -> None:
    """Say how SENTENCE of SOURCE is to read in TARGET, from now on and whatever the model says.

    It has to be the whole sentence as the article has it, without markup. Renditions that are held take it
    up with `distributor retranslate`.
    """
    if not sentence.strip() or not translation.strip():
        raise click.UsageError("neither may be empty; `distributor memory forget` removes a correction")
    row = Remembered(" ".join(sentence.split()), translation.strip(), EDITED)

    async def act(_: Config, ledger: Ledger) -> None:
        await ledger.write(_keep, source, target, [row], "memory correct")

    with_ledger(config, act)
    click.echo(f"kept for {source} → {target}")


@memory.command()
@click.argument("source", callback=language)
@click.argument("target", callback=language)
@click.argument("sentence")
@click.pass_obj
def forget(config: Path, source: str, target: str, sentence: str) -> None:
    """Forget all that is kept of SENTENCE. Exit status 1 if there was nothing."""

    def gone(db: Connection) -> int:
        count = ledger_memory.forget(db, source, target, sentence)
        if count:
            note(db, clock.now(), who(), "memory forget", f"{source} → {target}", sentence)
        return count

    count = with_ledger(config, lambda _, ledger: ledger.write(gone))
    click.echo(f"{count} forgotten")
    raise SystemExit(not count)


@memory.command(name="export")
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False, writable=True))
@source_option
@target_option
@click.option("--edited", is_flag=True, help="Only what a person worded.")
@click.pass_obj
def export(config: Path, file: Path, source: str, target: str, edited: bool) -> None:
    """Write what is kept as TMX 1.4 to FILE."""

    def out(db: Connection) -> int:
        with file.open("wb") as stream:
            return tmx.write(map(_unit, ledger_memory.kept(db, source, target, edited=edited)), stream)

    click.echo(f"{with_ledger(config, lambda _, ledger: ledger.read(out))} sentences in {file}")


@memory.command(name="import")
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False, exists=True))
@source_option
@target_option
@click.pass_obj
def import_(config: Path, file: Path, source: str, target: str) -> None:
    """Take in a TMX file, of this or another house; its sentences count as a person's wording.

    Those that this program's models made, as it says in the file, stay a machine's.
    """
    left_out: Counter[str] = Counter()

    async def act(_: Config, ledger: Ledger) -> int:
        count = 0
        with file.open("rb") as stream:
            units = tmx.read(stream, source, target, left_out=left_out)
            for some in _batches(units):
                await ledger.write(_keep_all, some, f"memory import {file.name}")
                count += len(some)
                click.echo(f"\r{count} sentences", nl=False, err=True)
        return count

    try:
        count = with_ledger(config, act)
    except tmx.BadMemory as e:
        raise DistributorError(f"{file}: {e}; what stood before that is kept") from e
    click.echo(f"\r{count} sentences from {file}")
    for reason, number in left_out.most_common():
        click.echo(f"left out {number}: {reason}", err=True)


def _batches(units: Iterator[Unit]) -> Iterator[list[Unit]]:
    spoken = (unit for unit in units if unit.source.strip() and unit.target.strip())
    while some := list(islice(spoken, AT_ONCE)):
        yield some


def _keep_all(db: Connection, units: list[Unit], what: str) -> None:
    pairs: dict[tuple[str, str], list[Remembered]] = {}
    for unit in units:
        model = "" if unit.origin == EDITED else unit.model
        kept = Remembered(unit.source, unit.target, unit.origin, model)
        pairs.setdefault((unit.source_language, unit.target_language), []).append(kept)
    for (source, target), some in pairs.items():
        _keep(db, source, target, some, what)


def _keep(db: Connection, source: str, target: str, some: list[Remembered], what: str) -> None:
    now = clock.now()
    ledger_memory.remember(db, source, target, some, now)
    told = some[0].source if len(some) == 1 else f"{len(some)} sentences"
    note(db, now, who(), what, f"{source} → {target}", told)


def _unit(row: Any) -> Unit:
    pair = row.source_language, row.target_language
    return Unit(*pair, row.source, row.target, row.origin, row.model, row.changed)
