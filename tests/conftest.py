"""What tests of all rooms share."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

import postgresql
from distributor.ledger.ledger import Ledger
from ledger_wire import Clock, Wire


@pytest.fixture
def now() -> Clock:
    return Clock()


@pytest.fixture(scope="session")
def postgresql_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with postgresql.server(tmp_path_factory.mktemp("postgresql")) as address:
        yield address


@pytest.fixture
async def ledger(tmp_path: Path) -> AsyncIterator[Ledger]:
    """On SQLite; where a room's conftest says so, on PostgreSQL, too."""
    async with Ledger(f"sqlite+aiosqlite:///{tmp_path / 'ledger.db'}") as opened:
        yield opened


@pytest.fixture
def wire(ledger: Ledger, now: Clock) -> Wire:
    return Wire(ledger, now)
