"""A desk for each test, on SQLite unless it asks for `either`."""

from __future__ import annotations

import shutil
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio
from desks import Office, office

import postgresql
from distributor.ledger.ledger import Ledger

SQLITE = "sqlite+aiosqlite:///"


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def empty_ledger(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """With all tables, to be copied."""
    path = tmp_path_factory.mktemp("empty") / "ledger.db"
    async with Ledger(f"{SQLITE}{path}"):
        pass
    return path


@pytest.fixture
def storage(tmp_path: Path, empty_ledger: Path) -> str:
    return f"{SQLITE}{shutil.copy(empty_ledger, tmp_path / 'ledger.db')}"


@pytest.fixture
async def desk(tmp_path: Path, storage: str) -> AsyncIterator[Office]:
    async with Ledger(storage) as ledger, office(tmp_path, ledger) as opened:
        yield opened


@pytest.fixture(params=["sqlite", "postgresql"])
async def either(request: pytest.FixtureRequest, tmp_path: Path, storage: str) -> AsyncIterator[Office]:
    """The same desk over both databases."""
    if request.param == "postgresql":
        storage = await postgresql.empty(request.getfixturevalue("postgresql_server"))
    async with Ledger(storage) as ledger, office(tmp_path, ledger) as opened:
        yield opened
