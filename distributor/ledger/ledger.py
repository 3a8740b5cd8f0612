"""The database itself: opened, migrated, written by one at a time on SQLite, and a bell for what is new."""

from __future__ import annotations

import asyncio
import fcntl
import os
from collections.abc import AsyncIterator, Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any, Concatenate, ParamSpec, Self, TypeVar

from alembic import command
from alembic.config import Config as AlembicConfig
from sqlalchemy import URL, Connection, Engine, QueuePool, create_engine, event, make_url
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import create_async_engine

from distributor.errors import LedgerError

P = ParamSpec("P")
T = TypeVar("T")

BUSY_MS = 30_000  # how long a write waits for another process's transaction on SQLite


class AlreadyRunning(LedgerError):
    """Another service works on this SQLite file; one is enough, and two would redo each other's work."""


class Ledger:
    """`write` and `read` run plain functions of a connection; `bell` rings when there may be new work.

    On SQLite each function runs whole in a thread: one for all writes, some for reads.
    """

    def __init__(self, storage: str) -> None:
        self.url = make_url(storage)
        self.sqlite = self.url.get_backend_name() == "sqlite"
        self.bells: set[asyncio.Event] = set()
        self._database: _Threads | _Pool = _Threads(self.url) if self.sqlite else _Pool(self.url)

    async def __aenter__(self) -> Self:
        """Open and bring the tables up to date. Raises: LedgerError."""
        try:
            if self.file:
                self.file.parent.mkdir(parents=True, exist_ok=True)
            await self._database.write(_migrate)
        except (SQLAlchemyError, OSError) as e:
            await self._database.close()
            raise LedgerError(f"the ledger {self.url!r} cannot be opened: {getattr(e, 'orig', e)}") from e
        return self

    async def __aexit__(self, *exc: object) -> None:
        await self._database.close()

    @property
    def file(self) -> Path | None:
        """Where SQLite keeps it; None in memory or on PostgreSQL."""
        name = self.url.database
        return Path(name) if self.sqlite and name and name != ":memory:" else None

    async def write(
        self, act: Callable[Concatenate[Connection, P], T], *args: P.args, **kwargs: P.kwargs
    ) -> T:
        """Run `act` in one transaction; committed when this returns."""
        return await self._database.write(act, *args, **kwargs)

    async def read(
        self, act: Callable[Concatenate[Connection, P], T], *args: P.args, **kwargs: P.kwargs
    ) -> T:
        """Run `act` over one consistent view."""
        return await self._database.read(act, *args, **kwargs)

    def ring(self) -> None:
        """Wake every loop: there may be something for it."""
        for bell in self.bells:
            bell.set()

    @asynccontextmanager
    async def watch(self, every: float = 0.25) -> AsyncIterator[None]:
        """Ring also for what other processes commit (an editor's command).

        SQLite has no notifications; `PRAGMA data_version` asks its shared memory, not the disk.
        """
        database = self._database
        task = asyncio.create_task(self._watch(database, every)) if isinstance(database, _Threads) else None
        try:
            yield
        finally:
            if task:
                task.cancel()
                await asyncio.gather(task, return_exceptions=True)

    async def _watch(self, database: _Threads, every: float) -> None:
        seen = None
        while True:
            with suppress(SQLAlchemyError):
                version = await database.on_writer(_data_version)
                if seen not in (None, version):
                    self.ring()
                seen = version
            await asyncio.sleep(every)

    @asynccontextmanager
    async def alone(self) -> AsyncIterator[None]:
        """Hold the SQLite file for one service. Raises: AlreadyRunning."""
        if self.file is None:
            yield
            return
        handle = os.open(self.file.with_name(self.file.name + ".lock"), os.O_CREAT | os.O_RDWR, 0o644)
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            yield
        except BlockingIOError as e:
            raise AlreadyRunning(
                f"another distributor runs on {self.file}; stop it first, or use PostgreSQL"
            ) from e
        finally:
            os.close(handle)


class _Threads:
    """SQLite: one thread writes over one connection; others read beside it (WAL)."""

    def __init__(self, url: URL) -> None:
        self._engine = create_engine(url.set(drivername="sqlite"), poolclass=QueuePool)
        _prepare(self._engine)
        self._writer = ThreadPoolExecutor(1, "ledger-writer")
        self._readers = ThreadPoolExecutor(4, "ledger-reader")
        self._connection: Connection | None = None

    async def write(self, act: Callable[..., T], *args: Any, **kwargs: Any) -> T:
        def run() -> T:
            db = self._connect()
            with db.begin():
                return act(db, *args, **kwargs)

        return await asyncio.get_running_loop().run_in_executor(self._writer, run)

    async def read(self, act: Callable[..., T], *args: Any, **kwargs: Any) -> T:
        def run() -> T:
            with self._engine.connect() as db:
                return act(db, *args, **kwargs)

        return await asyncio.get_running_loop().run_in_executor(self._readers, run)

    async def on_writer(self, act: Callable[[Connection], T]) -> T:
        """Outside a transaction."""
        return await asyncio.get_running_loop().run_in_executor(self._writer, lambda: act(self._connect()))

    def _connect(self) -> Connection:
        if self._connection is None or self._connection.closed or self._connection.invalidated:
            self._connection = self._engine.connect().execution_options(immediate=True)
        return self._connection

    async def close(self) -> None:
        await asyncio.get_running_loop().run_in_executor(self._writer, self._close)
        self._writer.shutdown()
        self._readers.shutdown()
        self._engine.dispose()

    def _close(self) -> None:
        if self._connection:
            self._connection.close()


class _Pool:
    """PostgreSQL: a connection of the pool for each transaction."""

    def __init__(self, url: URL) -> None:
        self._engine = create_async_engine(url, pool_pre_ping=True)

    async def write(self, act: Callable[..., T], *args: Any, **kwargs: Any) -> T:
        async with self._engine.begin() as db:
            return await db.run_sync(act, *args, **kwargs)

    read = write

    async def close(self) -> None:
        await self._engine.dispose()


def _data_version(db: Connection) -> int:
    """Changes when another connection has committed, not when this one has."""
    version: int = db.connection.cursor().execute("PRAGMA data_version").fetchone()[0]
    db.rollback()
    return version


def _prepare(engine: Engine) -> None:
    """SQLite as a ledger: write-ahead log, every commit on the disk, transactions that begin as we say."""

    @event.listens_for(engine, "connect")
    def connect(connection: Any, _: Any) -> None:
        connection.isolation_level = None  # else the driver begins transactions by its own lights
        cursor = connection.cursor()
        for pragma in ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON", f"busy_timeout={BUSY_MS}"):
            cursor.execute(f"PRAGMA {pragma}")
        cursor.close()

    @event.listens_for(engine, "begin")
    def begin(db: Connection) -> None:
        immediate = db.get_execution_options().get("immediate")
        db.exec_driver_sql("BEGIN IMMEDIATE" if immediate else "BEGIN")


def _migrate(db: Connection) -> None:
    config = AlembicConfig()
    config.set_main_option("script_location", str(Path(__file__).with_name("migrations")))
    config.attributes["connection"] = db
    command.upgrade(config, "head")
