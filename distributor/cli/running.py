"""The service itself, and whether it could run."""

from __future__ import annotations

import asyncio
import gc
import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import click

from distributor import log, probe
from distributor.config import load
from distributor.events import Events, Started
from distributor.ledger import views
from distributor.service import DUTIES, Duty, opened
from distributor.settings import Config


@click.command()
@click.option("--once", is_flag=True, help="One pass: read, translate, deliver what is due, exit.")
@click.option(
    "--only",
    type=click.Choice(DUTIES),
    multiple=True,
    help="Only this duty, or these; others are done elsewhere, on the same PostgreSQL.",
)
@click.option("--verbose", "-v", is_flag=True, help="Log quiet polls, too.")
@click.pass_obj
def run(config: Path, once: bool, only: tuple[Duty, ...], verbose: bool) -> None:
    """Run the wire until Ctrl-C: read the sources, translate, deliver, try again.

    One line a happening on standard error, JSON unless it is a terminal. A first Ctrl-C lets what is in
    flight land, for some seconds. With --once the exit status is 0 if all that was due was delivered,
    1 if something is dead or was not delivered, 2 for a bad configuration; what waits for its member's hours
    or digest is not due.

    On PostgreSQL any number of these may run, on as many machines: all do what is next, none does it twice,
    and what one had in hand that died is taken over within a minute.
    """
    settings = load(config)
    log.configure(sys.stderr, pretty=sys.stderr.isatty(), verbose=verbose)
    raise SystemExit(asyncio.run(_run(settings, once, only or DUTIES)))


async def _run(config: Config, once: bool, duties: tuple[Duty, ...]) -> int:
    stop, events = asyncio.Event(), Events(log.Log())
    async with opened(config, events) as service:
        keep_for_good()
        with stopping(stop, service.ledger.ring):
            events.emit(Started(service.courier.worker, duties))
            if not once:
                await service.run(stop, duties)
                return 0
            await service.once(stop, duties)
        counts = await service.ledger.read(views.by_state)
        later = await service.ledger.read(views.waiting_for_hours, service.courier.rhythms.quiet)
    click.echo(_summary(counts, later))
    return int(counts.get("dead", 0) + counts.get("pending", 0) + counts.get("sending", 0) > later)


def keep_for_good() -> None:
    """What the start made stays until the end: the garbage collector need not look at it ever again.

    Deliveries leave hardly any cycles behind, so it need not look at what is new every 700 objects, either.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 20, 100)


def _summary(counts: dict[str, int], later: int) -> str:
    told = ", ".join(f"{number} {state}" for state, number in sorted(counts.items()))
    told += f" ({later} of them for their member's hours)" if later else ""
    amiss = sum(n for state, n in counts.items() if state not in ("delivered", "superseded", "canceled"))
    return (told or "nothing to deliver") + ("; distributor status says what is amiss" * (amiss > later))


@contextmanager
def stopping(stop: asyncio.Event, ring: Callable[[], None]) -> Iterator[None]:
    """SIGINT and SIGTERM set `stop` and ring; a second one ends at once."""
    loop = asyncio.get_running_loop()

    def end(number: int) -> None:
        if stop.is_set():
            loop.remove_signal_handler(number)
            signal.raise_signal(number)
        stop.set()
        ring()

    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, end, number)
    try:
        yield
    finally:
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.remove_signal_handler(number)


@click.command()
@click.option("--json", "as_json", is_flag=True, help="One JSON object a line.")
@click.pass_obj
def check(config: Path, as_json: bool) -> None:
    """Say whether the configuration holds, the models are there, and each source and channel answers.

    Nothing is sent to anybody. Exit status 1 if something is amiss, 2 for a bad configuration.
    """
    settings = load(config)
    findings = asyncio.run(probe.findings(settings))
    for finding in findings:
        click.echo(finding.as_json() if as_json else finding)
    raise SystemExit(any(not f.fine for f in findings))
