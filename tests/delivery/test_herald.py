"""People of ours are told once what wants them, and once that it is over."""

from __future__ import annotations

import asyncio

import pytest
from test_courier import Scripted, until

from channels.channel import Unavailable
from distributor.delivery.herald import LEASE, Herald
from distributor.events import Event, Events, Trouble
from distributor.ledger import notices
from distributor.ledger.ledger import Ledger
from ledger_wire import Clock


class Office:
    """Some channels to us, and what the herald said."""

    def __init__(self, ledger: Ledger, **channels: Scripted) -> None:
        self.events: list[Event] = []
        self.herald = Herald(ledger, channels, "wire.example", Events(self.events.append), "w1")  # type: ignore[arg-type]


@pytest.fixture(autouse=True)
def _clock(ledger: Ledger, now: Clock, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ledger, "now", now)


async def test_each_notice_is_told_once_and_its_end_once(ledger: Ledger, now: Clock) -> None:
    mail = Scripted()
    herald = Office(ledger, mail=mail).herald
    await ledger.write(notices.raise_, "parked", "jst/email", "550 <no such user>", now())
    assert [await herald.once(), await herald.once()] == [1, 0]
    await ledger.write(notices.raise_, "parked", "jst/email", "550 still", now())
    assert await herald.once() == 0
    await ledger.write(notices.settle, "jst/email", now(), ("parked",))
    assert [await herald.once(), await herald.once()] == [1, 0]
    assert [(headline, key) for headline, _, key in mail.got] == [
        ("jst/email refuses us; what waits for it is kept, and it is tried every ten minutes", "ntc_1"),
        ("jst/email is well again", "ntc_1_over"),
    ]


async def test_what_nobody_could_be_told_is_told_later(ledger: Ledger, now: Clock) -> None:
    mail = Scripted(Unavailable("greylisted"))
    office = Office(ledger, mail=mail)
    await ledger.write(notices.raise_, "off", "a/x", "HTTP 410", now())
    assert await office.herald.once() == 0
    assert office.events == [Trouble("notices over mail", "greylisted")]
    now.time += 2 * LEASE
    assert await office.herald.once() == 1
    assert len(mail.got) == 1


async def test_one_of_several_channels_is_enough(ledger: Ledger, now: Clock) -> None:
    herald = Office(ledger, mail=Scripted(Unavailable("away")), hook=(hook := Scripted())).herald
    await ledger.write(notices.raise_, "dead", "a/x", "delivery 1: HTTP 422", now())
    assert await herald.once() == 1
    assert len(hook.got) == 1


async def test_what_ends_while_it_is_told_is_told_again(ledger: Ledger, now: Clock) -> None:
    await ledger.write(notices.raise_, "slowed", "a/x", "asks for less", now())
    row = await ledger.write(notices.take, "w1", now(), LEASE)
    await ledger.write(notices.settle, "a/x", now(), ("slowed",))
    assert row
    await ledger.write(notices.tell, row.id, row.over, now())
    again = await ledger.write(notices.take, "w1", now(), LEASE)
    assert again
    assert again.over == now()


async def test_two_workers_do_not_tell_the_same(ledger: Ledger, now: Clock) -> None:
    await ledger.write(notices.raise_, "off", "a/x", "HTTP 410", now())
    assert await ledger.write(notices.take, "w1", now(), LEASE)
    assert await ledger.write(notices.take, "w2", now(), LEASE) is None


async def test_a_notice_is_told_as_soon_as_it_is_raised(ledger: Ledger, now: Clock) -> None:
    mail, stop = Scripted(), asyncio.Event()
    task = asyncio.create_task(Office(ledger, mail=mail).herald.run(stop))
    await asyncio.sleep(0.05)
    await ledger.write(notices.raise_, "off", "a/x", "HTTP 410", now())
    await until(lambda: len(mail.got) == 1)
    stop.set()
    ledger.ring()
    await task
    assert [key for _, _, key in mail.got] == ["ntc_1"]
