"""The database itself: opened, migrated, written by one at a time on SQLite; its bell and its clock."""

from __future__ import annotations

import asyncio
import fcntl
import os
from collections.abc import AsyncIterator, Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager, suppress
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Concatenate, ParamSpec, Self, TypeVar

from alembic import command
from alembic.config import Config as AlembicConfig
from sqlalchemy import URL, Connection, Engine, QueuePool, create_engine, event, func, make_url, select
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import create_async_engine

from distributor import clock
from distributor.errors import LedgerError
from distributor.ledger.bell import CHANNEL, rung

P = ParamSpec("P")
T = TypeVar("T")

STARTING = 0x64697374  # the number of an advisory lock of ours on PostgreSQL
RELISTEN = 1.0  # seconds after which a lost connection is tried again
LOOK = 0.25  # seconds between two looks whether another process has committed, on SQLite
SERVER_SETTINGS = {
    # A worker that hangs or is cut off amid a transaction would keep its locks on lanes: it loses them.
    "idle_in_transaction_session_timeout": "10s",
    # The same few statements all day: planned once, and not by what 100,000 rows that wait elsewhere suggest.
    "plan_cache_mode": "force_generic_plan",
    # Each touches a few rows: other processes to help with one, or a compiler, take longer than it does.
    "max_parallel_workers_per_gather": "0",
    "jit": "off",
}
"""Of PostgreSQL, for each connection of ours."""
_SNAPSHOT = "SELECT CAST(pg_current_snapshot() AS text)"
BUSY_MS = 30_000  # how long a write waits for another process's transaction on SQLite


class AlreadyRunning(LedgerError):
    """Another service works on this SQLite file; one is enough, and two would redo each other's work."""


class Ledger:
    """`write` and `read` run plain functions of a connection; all `bells` ring when there may be new work.

    On SQLite each function runs whole in a thread: one for all writes, some for reads.
    """

    def __init__(self, storage: str) -> None:
        self.url = make_url(storage)
        self.sqlite = self.url.get_backend_name() == "sqlite"
        self.bells: set[asyncio.Event] = set()
        self._ahead = timedelta()
        self._database: _Threads | _Pool = _Threads(self.url) if self.sqlite else _Pool(self.url)

    async def __aenter__(self) -> Self:
        """Open and bring the tables up to date. Raises: LedgerError."""
        try:
            if self.file:
                self.file.parent.mkdir(parents=True, exist_ok=True)
            await self._database.write(_migrate)
            await self.set_clock()
        except (SQLAlchemyError, OSError) as e:
            await self._database.close()
            raise LedgerError(f"the ledger {self.url!r} cannot be opened: {getattr(e, 'orig', e)}") from e
        return self

    async def __aexit__(self, *exc: object) -> None:
        await self._database.close()

    @property
    def shared(self) -> bool:
        """Whether other machines may work on it: then leases run out, and who is alive renews its own."""
        return not self.sqlite

    def now(self) -> datetime:
        """By the database's clock where machines share one, whatever this machine's says; aware, UTC."""
        return clock.now() + self._ahead

    async def set_clock(self) -> None:
        """Ask the database for its time; what is known of it drifts no faster than this machine's clock."""
        if self.shared:
            asked = clock.now()
            theirs: datetime = await self.read(
                lambda db: db.execute(select(func.clock_timestamp())).scalar_one()
            )
            self._ahead = theirs - (asked + (clock.now() - asked) / 2)

    @property
    def file(self) -> Path | None:
        """Where SQLite keeps it; None in memory or on PostgreSQL."""
        name = self.url.database
        return Path(name) if self.sqlite and name and name != ":memory:" else None

    async def write(
        self, act: Callable[Concatenate[Connection, P], T], *args: P.args, **kwargs: P.kwargs
    ) -> T:
        """Run `act` in one transaction; committed when this returns. Rings, if `act` did."""
        result, rung = await self._database.write(act, *args, **kwargs)
        if rung:
            self.ring()
        return result

    async def write_here(
        self, act: Callable[Concatenate[Connection, P], T], *args: P.args, **kwargs: P.kwargs
    ) -> T:
        """Like `write`, with `act` on the event loop's own thread, which it must not keep for long.

        On SQLite this saves a third of its time: the driver lets go of the interpreter's lock at each row,
        and two threads would hand it to and fro. What waits for a lock or the disk still waits elsewhere.
        """
        result, rung = await self._database.write_here(act, *args, **kwargs)
        if rung:
            self.ring()
        return result

    async def read(
        self, act: Callable[Concatenate[Connection, P], T], *args: P.args, **kwargs: P.kwargs
    ) -> T:
        """Run `act` over one consistent view."""
        return await self._database.read(act, *args, **kwargs)

    async def pulse(self) -> object:
        """Differs whenever something was committed since, by whomever."""
        return await self._database.pulse()

    def ring(self) -> None:
        """Wake every loop: there may be something for it."""
        for bell in self.bells:
            bell.set()

    @asynccontextmanager
    async def watch(self) -> AsyncIterator[None]:
        """Ring also for what other processes commit (a worker elsewhere, an editor's command)."""
        task = asyncio.create_task(self._watch())
        try:
            yield
        finally:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)

    async def _watch(self) -> None:
        """What was missed while nobody could listen is made up for by ringing once listening begins."""
        while True:
            with suppress(Exception):  # of the database, its driver or the network: it is tried again
                await self._database.listen(self.ring)
            await asyncio.sleep(RELISTEN)

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
        self._commits = 0
        self._turn = asyncio.Lock()  # nothing goes to the writer between a transaction's begin and its end

    async def write(self, act: Callable[..., T], *args: Any, **kwargs: Any) -> tuple[T, bool]:
        """What `act` returns, and whether it rang."""

        def run(db: Connection) -> tuple[T, bool]:
            rung(db)
            with db.begin():
                result = act(db, *args, **kwargs)
            self._commits += 1
            return result, rung(db)

        return await self.on_writer(run)

    async def write_here(self, act: Callable[..., T], *args: Any, **kwargs: Any) -> tuple[T, bool]:
        """Like `write`; only begin and end are the writer's, which takes what it is told one by one."""
        async with self._turn:
            try:
                db = await self._in(self._writer, self._begin)
                result = act(db, *args, **kwargs)
                await self._in(self._writer, db.commit)
                self._commits += 1
                return result, rung(db)
            except BaseException:  # also where this was canceled, and nobody knows how far the writer is
                self._writer.submit(self._undo)
                raise

    async def pulse(self) -> object:
        """Ours, and (by `PRAGMA data_version`) those of others."""
        return self._commits, await self.on_writer(_data_version)

    async def listen(self, ring: Callable[[], None]) -> None:
        """SQLite has no notifications; `PRAGMA data_version` asks its shared memory, not the disk."""
        seen = None
        while True:
            version = await self.on_writer(_data_version)
            if seen not in (None, version):
                ring()
            seen = version
            await asyncio.sleep(LOOK)

    async def read(self, act: Callable[..., T], *args: Any, **kwargs: Any) -> T:
        def run() -> T:
            with self._engine.connect() as db:
                return act(db, *args, **kwargs)

        return await self._in(self._readers, run)

    async def on_writer(self, act: Callable[[Connection], T]) -> T:
        """Outside a transaction."""
        async with self._turn:
            return await self._in(self._writer, lambda: act(self._connect()))

    @staticmethod
    async def _in(pool: ThreadPoolExecutor, run: Callable[[], T]) -> T:
        return await asyncio.get_running_loop().run_in_executor(pool, run)

    def _begin(self) -> Connection:
        db = self._connect()
        rung(db)
        db.begin()
        return db

    def _undo(self) -> None:
        if self._connection and self._connection.in_transaction():
            self._connection.rollback()

    def _connect(self) -> Connection:
        if self._connection is None or self._connection.closed or self._connection.invalidated:
            self._connection = self._engine.connect().execution_options(immediate=True)
        return self._connection

    async def close(self) -> None:
        async with self._turn:
            await self._in(self._writer, self._close)
        self._writer.shutdown()
        self._readers.shutdown()
        self._engine.dispose()

    def _close(self) -> None:
        if self._connection:
            self._connection.close()


class _Pool:
    """PostgreSQL: a connection of the pool for each transaction."""

    def __init__(self, url: URL) -> None:
        self._engine = create_async_engine(
            url, pool_pre_ping=True, connect_args={"server_settings": SERVER_SETTINGS}
        )

    async def write(self, act: Callable[..., T], *args: Any, **kwargs: Any) -> tuple[T, bool]:
        """What `act` returns, and whether it rang: then all others hear it, too."""

        def run(db: Connection) -> tuple[T, bool]:
            rung(db)
            result = act(db, *args, **kwargs)
            if rings := rung(db):
                db.exec_driver_sql(f"NOTIFY {CHANNEL}")
            return result, rings

        async with self._engine.begin() as db:
            return await db.run_sync(run)

    write_here = write  # the driver is asynchronous: `act` runs on this thread anyway

    async def read(self, act: Callable[..., T], *args: Any, **kwargs: Any) -> T:
        """One transaction."""
        async with self._engine.begin() as db:
            return await db.run_sync(act, *args, **kwargs)

    async def pulse(self) -> object:
        """Which transactions that write are over, and which were begun."""
        return await self.read(lambda db: db.exec_driver_sql(_SNAPSHOT).scalar_one())

    async def listen(self, ring: Callable[[], None]) -> None:
        """Over a connection of its own, until that is lost."""
        lost = asyncio.Event()
        async with self._engine.connect() as db:
            driver: Any = (await db.get_raw_connection()).driver_connection
            driver.add_termination_listener(lambda _: lost.set())
            await driver.add_listener(CHANNEL, lambda *_: ring())
            ring()
            await lost.wait()

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


def one_at_a_time(db: Connection) -> None:
    """Wait until no other worker is starting; they may all start together."""
    if db.dialect.name == "postgresql":
        db.execute(select(func.pg_advisory_xact_lock(STARTING)))


def _migrate(db: Connection) -> None:
    one_at_a_time(db)
    config = AlembicConfig()
    config.set_main_option("script_location", str(Path(__file__).with_name("migrations")))
    config.attributes["connection"] = db
    command.upgrade(config, "head")
