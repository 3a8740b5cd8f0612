"""The first thing that a newcomer runs."""

from __future__ import annotations

import asyncio
from pathlib import Path

import click

from distributor.cli.context import console
from distributor.cli.running import stopping


@click.command()
@click.option("--once", is_flag=True, help="End when all is delivered; exit status 0 if it was.")
@click.option(
    "--into", type=click.Path(path_type=Path, file_okay=False), default=None,
    help="The folder for files, log and ledger; a new temporary one unless said.",
)  # fmt: skip
def demo(once: bool, into: Path | None) -> None:
    """Play the sample edition to five members on this machine, and show what arrived.

    Starts an HTTP receiver that verifies signatures, an SMTP server, an SFTP server, a private feed and
    folders, all on loopback; needs no configuration and sends nothing anywhere else. Stays up, with its
    pages, until Ctrl-C.
    """
    raise SystemExit(asyncio.run(_demo(once, into)))


async def _demo(once: bool, into: Path | None) -> int:
    try:  # here, for its libraries are an extra, and all other commands do without
        from distributor.demo.play import play
    except ImportError as e:
        raise click.ClickException(str(e)) from e
    stop = asyncio.Event()
    shown = console()
    with stopping(stop, lambda: None):
        return await play(stop, shown, once=once, folder=into)
