from __future__ import annotations

import asyncio
import sqlite3
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import Connection, select
from sqlalchemy.exc import DBAPIError

from distributor import clock
from distributor.errors import LedgerError
from distributor.ledger import ledger as ledger_module
from distributor.ledger.audit import note
from distributor.ledger.ledger import AlreadyRunning, Ledger
from distributor.ledger.tables import PENDING, audit, delivery, metadata
from ledger_wire import Clock, Wire


async def test_the_migrations_make_the_tables(ledger: Ledger) -> None:
    def differences(db: Connection) -> list[object]:
        ours = {"include_name": lambda name, kind, _: kind != "table" or not name.startswith("search")}
        return list(compare_metadata(MigrationContext.configure(db, opts=ours), metadata))

    assert await ledger.read(differences) == []


async def test_a_commit_is_on_the_disk_before_the_next_step(sqlite: Ledger) -> None:
    def pragmas(db: Connection) -> tuple[object, object]:
        return (
            db.exec_driver_sql("PRAGMA journal_mode").scalar(),
            db.exec_driver_sql("PRAGMA synchronous").scalar(),
        )

    assert await sqlite.read(pragmas) == ("wal", 2)
    assert await sqlite.write(pragmas) == ("wal", 2)


async def test_a_second_service_on_the_same_file_is_refused(sqlite: Ledger) -> None:
    async with sqlite.alone(), Ledger(f"sqlite+aiosqlite:///{sqlite.file}") as other:
        with pytest.raises(AlreadyRunning, match="stop it first"):
            async with other.alone():
                raise AssertionError("two services")
    async with sqlite.alone():
        pass


async def test_a_folder_that_cannot_be_made_is_a_clear_error(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(LedgerError, match="cannot be opened"):
        async with Ledger(f"sqlite+aiosqlite:///{tmp_path}/file/ledger.db"):
            raise AssertionError("opened")


async def test_a_file_that_is_no_database_is_a_clear_error(tmp_path: Path) -> None:
    (tmp_path / "ledger.db").write_bytes(b"this is not a database" * 100)
    with pytest.raises(LedgerError, match="not a database"):
        async with Ledger(f"sqlite+aiosqlite:///{tmp_path}/ledger.db"):
            raise AssertionError("opened")


async def test_the_bell_rings_for_another_process_commit_and_not_for_ones_own(
    sqlite: Ledger, now: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ledger_module, "LOOK", 0.01)
    bell = asyncio.Event()
    sqlite.bells.add(bell)
    async with sqlite.watch():
        await asyncio.sleep(0.1)
        await sqlite.write(note, now(), "me", "test", "own commit")
        await asyncio.sleep(0.1)
        assert not bell.is_set()
        other = sqlite3.connect(sqlite.file or "")
        with other:
            other.execute(
                "INSERT INTO audit (at, who, action, subject, detail) VALUES ('2021', '', '', '', '')"
            )
        async with asyncio.timeout(5):
            await bell.wait()
        other.close()


async def test_a_claim_finds_its_rows_by_index(sqlite: Ledger, now: Clock) -> None:
    await Wire(sqlite, now).add()

    def plan(db: Connection) -> str:
        pending = select(delivery.c.id).where(delivery.c.lane == "a/webhook", delivery.c.state == PENDING)
        first = pending.order_by(delivery.c.urgency, delivery.c.due, delivery.c.id).limit(5)
        sql = str(first.compile(db, compile_kwargs={"literal_binds": True}))
        return " ".join(str(row) for row in db.exec_driver_sql(f"EXPLAIN QUERY PLAN {sql}"))

    told = await sqlite.read(plan)
    assert "ix_delivery_pending" in told
    assert "TEMP B-TREE" not in told


@pytest.mark.parametrize("change", ["UPDATE audit SET who = 'nobody'", "DELETE FROM audit"])
async def test_the_audit_trail_is_only_ever_added_to(ledger: Ledger, change: str) -> None:
    await ledger.write(lambda db: note(db, clock.now(), "ada", "urgent", "article 1"))
    with pytest.raises(DBAPIError, match="only ever added to"):
        await ledger.write(lambda db: db.exec_driver_sql(change))
    assert await ledger.read(lambda db: db.execute(select(audit.c.who)).scalars().all()) == ["ada"]
