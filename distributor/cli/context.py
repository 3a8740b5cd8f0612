"""What commands share: the ledger for one act, and how rows are printed."""

from __future__ import annotations

import asyncio
import getpass
import json
import os
import sys
from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any, TypeVar

import click
from rich.console import Console
from rich.table import Table

from distributor.config import load
from distributor.ledger.ledger import Ledger
from distributor.ledger.views import iso
from distributor.settings import Config

T = TypeVar("T")
PIPED_WIDTH = 200

as_json = click.option("--json", "as_json", is_flag=True, help="One JSON object a line.")


def with_ledger(path: Path, act: Callable[[Config, Ledger], Awaitable[T]]) -> T:
    """Run `act` on the ledger that the configuration at `path` names."""

    async def run() -> T:
        config = load(path)
        async with Ledger(config.storage) as ledger:
            return await act(config, ledger)

    return asyncio.run(run())


def who() -> str:
    """Whose hand it was, for the audit trail."""
    try:
        return getpass.getuser()
    except (OSError, KeyError):
        return f"uid {os.getuid()}"


def show(rows: Sequence[dict[str, Any]], as_json: bool, columns: Sequence[str], title: str = "") -> None:
    """As JSON lines, or `columns` of the rows as a table."""
    if as_json:
        for row in rows:
            click.echo(json.dumps(row, ensure_ascii=False, default=iso))
        return
    table = Table(*columns, title=title or None, title_justify="left", box=None, pad_edge=False)
    for row in rows:
        table.add_row(*(_cell(row.get(column)) for column in columns))
    console().print(table if rows else f"{title or 'rows'}: none")


def console() -> Console:
    """Standard output; where it is no terminal, wide enough that a table is not cut."""
    return Console() if sys.stdout.isatty() else Console(width=PIPED_WIDTH)


def _cell(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, datetime):
        return f"{value:%Y-%m-%d %H:%M:%S}"
    return f"{value:.0f}" if isinstance(value, float) else str(value)
