"""At the end of a week every member holds exactly the right versions in the right languages."""

from __future__ import annotations

from pathlib import Path

import pytest

from distributor.ledger.ledger import Ledger
from week import DOWN, Week


@pytest.mark.parametrize("seed", [1, 2, 3])
async def test_a_week_of_the_union(ledger: Ledger, tmp_path: Path, seed: int) -> None:
    week = Week(ledger, tmp_path, seed)
    await week.run(days=9)
    assert week.amiss() == []
    assert week.restarts == 2
    originals = [item for item in week.items if not item.echo]
    assert (len(originals), len(week.items) - len(originals)) == (60, 12)
    assert sum(item.withdrawn for item in originals) == 3
    assert sum(item.version > 1 for item in originals) >= 20
    assert len(week.receivers[DOWN].held) > 30
