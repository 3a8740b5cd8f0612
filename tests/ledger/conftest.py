"""Every test of this room runs on both databases, unless it asks for `sqlite`."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

import postgresql
from distributor.ledger.ledger import Ledger


@pytest.fixture(params=["sqlite", "postgresql"])
async def ledger(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Ledger]:
    storage = f"sqlite+aiosqlite:///{tmp_path / 'ledger.db'}"
    if request.param == "postgresql":
        storage = await postgresql.empty(request.getfixturevalue("postgresql_server"))
    async with Ledger(storage) as opened:
        yield opened


@pytest.fixture
async def sqlite(tmp_path: Path) -> AsyncIterator[Ledger]:
    async with Ledger(f"sqlite+aiosqlite:///{tmp_path / 'ledger.db'}") as opened:
        yield opened
