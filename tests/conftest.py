"""What tests of all rooms share."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from distributor.ledger.ledger import Ledger
from ledger_wire import Clock, Wire


@pytest.fixture
def now() -> Clock:
    return Clock()


@pytest.fixture
async def ledger(tmp_path: Path) -> AsyncIterator[Ledger]:
    async with Ledger(f"sqlite+aiosqlite:///{tmp_path / 'ledger.db'}") as opened:
        yield opened


@pytest.fixture
def wire(ledger: Ledger, now: Clock) -> Wire:
    return Wire(ledger, now)
