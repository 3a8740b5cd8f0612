"""A PostgreSQL server of the tests' own, from Debian's packages, where they are installed."""

from __future__ import annotations

import os
import pwd
import shutil
import socket
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import asyncpg
import pytest


def binaries() -> Path | None:
    """The newest server's programs."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda p: int(p.parts[-3]))
    on_path = shutil.which("initdb")
    return found[-1].parent if found else Path(on_path).parent if on_path else None


class Server:
    """One that can be stopped and started."""

    def __init__(self, programs: Path, folder: Path, port: int, user: str | None) -> None:
        self.address = f"postgresql://wire@127.0.0.1:{port}/postgres"
        self.user, self.control = user, (programs / "pg_ctl", "-D", str(folder / "data"))
        options = f"-p {port} -k {folder} -c listen_addresses=127.0.0.1 -c fsync=off"
        self.starting = ("-w", "-o", options, "-l", str(folder / "log"), "start")

    def start(self) -> None:
        _run(self.user, *self.control, *self.starting)

    def stop(self) -> None:
        _run(self.user, *self.control, "-m", "immediate", "stop")


@contextmanager
def server(folder: Path) -> Iterator[str]:
    """Started in `folder`; the address of a database. Skips where none is installed, but not in CI."""
    with restartable(folder) as started:
        yield started.address


@contextmanager
def restartable(folder: Path) -> Iterator[Server]:
    """As `server`, in hand."""
    programs = binaries()
    if programs is None:
        if os.environ.get("CI"):
            pytest.fail("PostgreSQL is not installed: .ci/run should have")
        pytest.skip("PostgreSQL is not installed (Debian: apt-get install postgresql)")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    user = _not_root(folder)
    _run(user, programs / "initdb", "-D", str(folder / "data"), "-A", "trust", "-U", "wire", "--no-sync")
    started = Server(programs, folder, port, user)
    started.start()
    try:
        yield started
    finally:
        started.stop()


async def empty(address: str) -> str:
    """All tables gone; the address as the configuration has it."""
    db = await asyncpg.connect(address)
    await db.execute("DROP SCHEMA public CASCADE; CREATE SCHEMA public")
    await db.close()
    return address.replace("postgresql://", "postgresql+asyncpg://")


def _not_root(folder: Path) -> str | None:
    """Who runs it: PostgreSQL refuses to be root."""
    if os.getuid() != 0:
        return None
    shutil.chown(folder, "postgres")
    for parent in folder.parents:
        if parent.owner() == "root" and parent != Path("/"):
            parent.chmod(parent.stat().st_mode | 0o111)
    return pwd.getpwnam("postgres").pw_name


def _run(user: str | None, *command: str | Path) -> None:
    subprocess.run([*map(str, command)], check=True, user=user, stdout=subprocess.DEVNULL, cwd="/")
