"""Who is to be asked or told something now, and when there is more to do."""

from __future__ import annotations

from datetime import timedelta
from types import SimpleNamespace
from typing import Any

import pytest

from distributor.web.turn import plan
from ledger_wire import NOON

HOUR = timedelta(hours=1)


def row(**told: Any) -> Any:
    usual = {
        "until": NOON + 9 * HOUR,
        "sent": "old",
        "next": NOON - HOUR,
        "asked": None,
        "leased_until": None,
    }
    return SimpleNamespace(id=7, topic="t", **usual | told)


@pytest.mark.parametrize(
    ("told", "ask", "tell", "then"),
    [
        ({}, [], [7], 9),
        ({"sent": "new"}, [], [], 9),
        ({"next": NOON}, [], [7], 9),
        ({"next": NOON + HOUR}, [], [], 1),
        ({"until": NOON}, [], [], None),
        ({"until": None}, [], [], None),
        ({"leased_until": NOON + 2 * HOUR}, [], [], 2),
        ({"leased_until": NOON}, [], [7], 9),
        ({"asked": "subscribe"}, [7], [], 9),
        ({"asked": "subscribe", "until": None}, [7], [], None),
        ({"asked": "unsubscribe", "next": NOON + HOUR}, [7], [], 1),
        ({"asked": "subscribe", "leased_until": NOON + 3 * HOUR}, [], [], 3),
    ],
)
def test_who_is_in_hand_or_has_to_wait_is_left_alone(
    told: dict[str, Any], ask: list[int], tell: list[int], then: int | None
) -> None:
    turn = plan([row(**told)], {"t": "new"}, NOON)
    assert (turn.ask, turn.tell, turn.then) == (ask, tell, then and NOON + then * HOUR)
