"""The databases to measure on: SQLite, and a PostgreSQL server of our own where one is installed.

The server is the tests' own (tests/postgresql.py), on loopback, but restarted with `fsync=on`: there as on
SQLite (`synchronous=FULL`) every commit is on the disk, as in service.
"""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path

import asyncpg
from figures import skipped


@dataclass(frozen=True)
class Database:
    """Makes empty databases, as many as are asked for."""

    name: str
    place: str
    """A folder, or the address of the server."""
    numbers: Iterator[int] = field(default_factory=count)

    @property
    def is_server(self) -> bool:
        return self.place.startswith("postgresql://")

    def fresh(self) -> str:
        """A new one; its address as the configuration has it."""
        if not self.is_server:
            return f"sqlite+aiosqlite:///{self.place}/ledger{next(self.numbers)}.db"
        return self.address().replace("postgresql://", "postgresql+asyncpg://")

    def address(self) -> str:
        """A new one on the server; its address as others have it."""
        name = f"fresh{next(self.numbers)}"
        asyncio.run(_execute(self.place, f"CREATE DATABASE {name}"))
        return f"{self.place.rpartition('/')[0]}/{name}"


async def _execute(address: str, statement: str) -> None:
    db = await asyncpg.connect(address)
    try:
        await db.execute(statement)
    finally:
        await db.close()


@contextmanager
def databases() -> Iterator[list[Database]]:
    """SQLite first; PostgreSQL too, or a line that says why not."""
    with ExitStack() as stack:
        made = tempfile.TemporaryDirectory(prefix="benchmark-", ignore_cleanup_errors=True)
        folder = Path(stack.enter_context(made))
        found = [Database("SQLite", str(folder))]
        try:
            found.append(Database("PostgreSQL", stack.enter_context(_server(folder / "server"))))
        except (_NoServerError, OSError, LookupError, subprocess.CalledProcessError) as e:
            skipped("PostgreSQL", str(e))
        yield found


class _NoServerError(Exception):
    """There is none here."""


@contextmanager
def _server(folder: Path) -> Iterator[str]:
    sys.path.append(str(Path(__file__).parents[1] / "tests"))
    try:
        import postgresql
    except ImportError as e:  # its module is made for pytest
        raise _NoServerError(f"{e}; pip install -e '.[bench]'") from e
    if postgresql.binaries() is None:
        raise _NoServerError("not installed (Debian: apt-get install postgresql)")
    folder.mkdir()
    with postgresql.server(folder) as address:
        _restart(postgresql.binaries(), folder, address)
        yield address


def _restart(programs: Path, folder: Path, address: str) -> None:
    """With what is not only fit for tests."""
    port, data = address.rpartition(":")[2].partition("/")[0], folder / "data"
    options = f"-p {port} -k {folder} -c listen_addresses=127.0.0.1"
    command = [programs / "pg_ctl", "-D", data, "-w", "-m", "fast", "-o", options, "restart"]
    log = ["-l", str(folder / "log")]
    user = data.owner() if os.getuid() == 0 else None
    subprocess.run([*map(str, command), *log], check=True, user=user, stdout=subprocess.DEVNULL, cwd="/")
