"""What subscribers are asked and sent, with time moved by hand; real subscribers on loopback."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from random import Random
from typing import Any
from urllib.parse import urlencode

import aiohttp
import pytest
from aiohttp import web
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import select
from subscribers import SECRET, Subscriber, signature, subscriber

import postgresql
from channels.channel import ChannelError
from distributor.config import parse
from distributor.events import Events, Trouble
from distributor.ledger import subscriptions
from distributor.ledger.ledger import Ledger
from distributor.ledger.subscriptions import Shelf, Wish
from distributor.ledger.tables import subscription
from distributor.naming import Names
from distributor.routing import Route
from distributor.web import callbacks as callbacks_module
from distributor.web import hub
from distributor.web.addresses import Addresses
from distributor.web.callbacks import Callbacks
from distributor.web.distribution import AGAIN, LEASE, PACE, Distribution
from ledger_wire import Clock, Wire

TOKEN = "t" * 24
TOPIC = f"https://wire.example/members/{TOKEN}/en.json"
DAY = 86400


def config(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.setenv("A_TOKEN", TOKEN)
    member = {"id": "a", "name": "A", "languages": ["en"], "token": {"env": "A_TOKEN"}}
    web_ = {"listen": "127.0.0.1:0", "url": "https://wire.example/"}
    return parse({"web": web_, "members": [member | {"channels": [{"type": "feed"}]}]})


@dataclass
class Bench:
    """A feed with what was delivered to it, and a worker that distributes it."""

    ledger: Ledger
    wire: Wire
    now: Clock
    make: Callable[[Ledger, str], Distribution]
    distribution: Distribution
    troubles: list[Trouble] = field(default_factory=list)

    async def publish(self, *guids: str) -> None:
        for guid in guids:
            await self.wire.add(guid, f"About {guid}")
        await self.wire.settle(await self.wire.claim())

    async def ask(
        self, one: Subscriber, mode: Any = "subscribe", secret: str = "", seconds: int = DAY
    ) -> None:
        wish = Wish(mode, TOPIC, one.url, secret, seconds)
        await self.ledger.write(subscriptions.ask, wish, Shelf("a/feed", "en", "json"), self.now())

    async def subscribed(self, one: Subscriber, secret: str = "", seconds: int = DAY) -> None:
        """And has the feed as it is now."""
        await self.ask(one, secret=secret, seconds=seconds)
        await self.later(PACE)

    async def later(self, by: timedelta) -> None:
        """All that is due then, and no more at that instant."""
        await self.distribution.once()
        self.now.time += by
        await self.distribution.once()

    async def rows(self) -> list[Any]:
        rows = select(subscription).order_by(subscription.c.id)
        return list(await self.ledger.read(lambda db: db.execute(rows).all()))


@asynccontextmanager
async def bench_of(ledger: Ledger, now: Clock, settings: Any) -> AsyncIterator[Bench]:
    wire = Wire(ledger, now)
    wire.plan = [Route("a/feed", "a", "en")]
    troubles: list[Trouble] = []
    events = Events(lambda event: troubles.append(event) if isinstance(event, Trouble) else None)
    async with Callbacks(allow_private=True, clock=now) as callbacks:

        def make(ledger: Ledger, worker: str) -> Distribution:
            addresses, names = Addresses(settings), Names(settings)
            more: dict[str, Any] = {"now": now, "random": Random(1), "grace": timedelta(milliseconds=50)}
            return Distribution(ledger, addresses, names, callbacks, events, worker, **more)

        yield Bench(ledger, wire, now, make, make(ledger, "w1"), troubles)


@pytest.fixture
async def bench(
    ledger: Ledger, now: Clock, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[Bench]:
    async with bench_of(ledger, now, config(tmp_path, monkeypatch)) as made:
        yield made


@pytest.fixture
async def reader() -> AsyncIterator[Subscriber]:
    async with subscriber() as one:
        yield one


def titles(body: bytes) -> list[str]:
    return sorted(item["title"] for item in json.loads(body).get("items", []))


async def test_what_changes_is_sent_once(bench: Bench, reader: Subscriber) -> None:
    await bench.subscribed(reader, SECRET)
    assert [titles(body) for _, body in reader.got] == [[]]
    await bench.publish("g1")
    await bench.later(PACE)
    await bench.later(timedelta(hours=1))
    assert [titles(body) for _, body in reader.got] == [[], ["About g1"]]
    headers, body = reader.got[-1]
    assert headers["X-Hub-Signature"] == signature(body)
    assert int(headers["Content-Length"]) == len(body)
    assert bench.troubles == []


async def test_without_a_secret_nothing_is_signed(bench: Bench, reader: Subscriber) -> None:
    await bench.subscribed(reader)
    ((headers, _),) = reader.got
    assert "X-Hub-Signature" not in headers


async def test_what_comes_at_one_time_goes_together(bench: Bench, reader: Subscriber) -> None:
    await bench.subscribed(reader)
    for n in range(5):
        await bench.publish(f"g{n}")
        await bench.distribution.once()
    assert len(reader.got) == 2
    await bench.later(PACE)
    assert (len(reader.got), len(titles(reader.got[-1][1]))) == (3, 5)


async def test_the_query_of_a_callback_is_kept(bench: Bench, reader: Subscriber) -> None:
    """§5.1.1: what is asked comes after it; to the content nothing is added."""
    reader.url += "?for=a%2Fb&hub.mode=mine"
    await bench.subscribed(reader)
    asked, told = reader.paths
    assert asked.startswith("/callback?for=a%2Fb&hub.mode=mine&hub.mode=subscribe&hub.topic=https%3A%2F%2F")
    assert told == "/callback?for=a%2Fb&hub.mode=mine"


@pytest.mark.parametrize(
    "how",
    [{"status": 404}, {"status": 500}, {"status": 302}, {"says": "yes"}, {"says": ""}, {"says": "é" * 9000}],
)
async def test_who_does_not_agree_gets_nothing(bench: Bench, reader: Subscriber, how: dict[str, Any]) -> None:
    vars(reader).update(how)
    await bench.publish("g1")
    await bench.subscribed(reader)
    assert (len(reader.asked), reader.got, await bench.rows()) == (1, [], [])
    assert [trouble.where for trouble in bench.troubles] == ["subscriber 127.0.0.1 of a/feed"]


async def test_who_does_not_answer_gets_nothing_and_keeps_nobody_waiting(
    bench: Bench, reader: Subscriber, monkeypatch: pytest.MonkeyPatch
) -> None:
    reader.hangs = True
    async with subscriber() as other:
        await bench.ask(reader)
        await bench.ask(other)
        await bench.publish("g1")
        task = asyncio.create_task(bench.distribution.run(stop := asyncio.Event()))
        await other.until(1)
        stop.set()
        bench.ledger.ring()
        await task
    assert (len(reader.paths), reader.got) == (1, [])
    (waits, _) = await bench.rows()
    assert (waits.asked, waits.lease) == ("subscribe", None)  # the next process asks


async def test_the_answer_is_not_waited_for_without_end(
    bench: Bench, reader: Subscriber, monkeypatch: pytest.MonkeyPatch
) -> None:
    reader.hangs = True
    monkeypatch.setattr(callbacks_module, "TIMEOUT", aiohttp.ClientTimeout(total=0.1))
    async with Callbacks(allow_private=True) as hasty:
        bench.distribution.callbacks = hasty
        await bench.subscribed(reader)
    assert await bench.rows() == []
    assert "no answer from 127.0.0.1 in time" in bench.troubles[0].reason


async def test_nobody_can_be_subscribed_or_unsubscribed_by_another(bench: Bench, reader: Subscriber) -> None:
    await bench.subscribed(reader, SECRET)
    reader.says = "I did not ask"
    await bench.ask(reader, "unsubscribe")
    await bench.later(PACE)
    await bench.ask(reader, secret="another's", seconds=60)
    await bench.later(timedelta(hours=2))
    await bench.publish("g1")
    await bench.later(PACE)
    headers, body = reader.got[-1]
    assert (titles(body), headers["X-Hub-Signature"]) == (["About g1"], signature(body))


async def test_a_renewal_takes_the_place_of_what_held(bench: Bench, reader: Subscriber) -> None:
    await bench.subscribed(reader, SECRET, seconds=3600)
    await bench.later(timedelta(minutes=50))
    await bench.ask(reader, secret="new", seconds=7200)
    await bench.later(timedelta(minutes=110))
    assert len(reader.got) == 1  # it has that already
    await bench.publish("g1")
    await bench.later(PACE)
    headers, body = reader.got[-1]
    assert headers["X-Hub-Signature"] == signature(body, "new")
    assert [asked["hub.lease_seconds"] for asked in reader.asked] == ["3600", "7200"]
    assert len({asked["hub.challenge"] for asked in reader.asked}) == 2


async def test_a_subscription_ends_with_its_lease(bench: Bench, reader: Subscriber) -> None:
    await bench.subscribed(reader, seconds=3600)
    await bench.later(timedelta(hours=1) - PACE)
    assert await bench.rows() == []
    await bench.publish("g1")
    await bench.later(PACE)
    assert len(reader.got) == 1


async def test_who_is_gone_is_sent_no_more(bench: Bench, reader: Subscriber) -> None:
    await bench.subscribed(reader)
    reader.answers = [web.Response(status=410)]
    await bench.publish("g1")
    await bench.later(PACE)
    assert (len(reader.got), await bench.rows()) == (2, [])


@pytest.mark.parametrize("status", [500, 503, 404, 400, 401, 302])
async def test_after_an_outage_the_feed_comes_as_it_is_then(
    bench: Bench, reader: Subscriber, status: int
) -> None:
    """Whatever the failure, the subscription holds until its lease ends (§7)."""
    await bench.subscribed(reader, seconds=30 * DAY)
    reader.answers = [web.Response(status=status, headers={"Location": "/x"}) for _ in range(10)]
    await bench.publish("g1")
    waits = []
    for n in range(10):
        await bench.distribution.once()
        assert len(reader.got) == n + 2
        (row,) = await bench.rows()
        waits.append(row.next - bench.now())
        bench.now.time = row.next - timedelta(seconds=1)
        await bench.publish(f"more {n}")
        await bench.distribution.once()
        assert len(reader.got) == n + 2  # not before its time, however much is new
        bench.now.time = row.next
    await bench.distribution.once()
    assert len(titles(reader.got[-1][1])) == 11
    assert waits[:8] == sorted(waits[:8])
    assert AGAIN.waits[-1] <= waits[-1] <= AGAIN.waits[-1] * 1.1
    assert len(bench.troubles) == 10


async def test_what_it_wishes_is_heeded(bench: Bench, reader: Subscriber) -> None:
    await bench.subscribed(reader)
    reader.answers = [web.Response(status=503, headers={"Retry-After": "3000"})]
    await bench.publish("g1")
    await bench.distribution.once()
    (row,) = await bench.rows()
    assert row.next - bench.now() == timedelta(seconds=3000)


async def test_a_renewal_says_that_it_is_up_again(bench: Bench, reader: Subscriber) -> None:
    await bench.subscribed(reader)
    reader.answers = [web.Response(status=503) for _ in range(5)]
    await bench.publish("g1")
    for _ in range(4):
        await bench.later(timedelta(hours=1))
    assert reader.answers == []
    failed = len(reader.got)
    await bench.ask(reader)
    await bench.distribution.once()
    assert (len(reader.got) - failed, titles(reader.got[-1][1])) == (1, ["About g1"])


async def test_what_a_dead_worker_had_in_hand_another_sends(bench: Bench, reader: Subscriber) -> None:
    await bench.subscribed(reader)
    await bench.publish("g1")
    (row,) = await bench.rows()
    taken = ("tell", [row.id], "dead", bench.now(), LEASE)
    assert len(await bench.ledger.write(subscriptions.take, *taken)) == 1
    await bench.later(LEASE - timedelta(seconds=1))
    assert len(reader.got) == 1
    await bench.later(timedelta(seconds=1))
    assert [titles(body) for _, body in reader.got] == [[], ["About g1"]]


async def test_what_was_asked_for_is_asked_about_after_a_crash(bench: Bench, reader: Subscriber) -> None:
    await bench.ask(reader)
    (row,) = await bench.rows()
    await bench.ledger.write(subscriptions.take, "ask", [row.id], "dead", bench.now(), LEASE)
    await bench.later(LEASE)
    assert (len(reader.asked), len(reader.got)) == (1, 1)


async def test_a_feed_that_is_no_longer_there_is_sent_to_nobody(bench: Bench, reader: Subscriber) -> None:
    """A token that became known was changed; who subscribed with it hears no more."""
    await bench.subscribed(reader)
    bench.distribution.addresses = Addresses(parse({}))
    await bench.publish("g1")
    await bench.later(PACE)
    assert len(reader.got) == 1
    await bench.later(timedelta(days=1))
    assert await bench.rows() == []


async def test_what_cannot_be_read_harms_no_other(
    bench: Bench, reader: Subscriber, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def away(url: str) -> Any:
        raise OSError("the disk is gone")

    await bench.subscribed(reader)
    await bench.publish("g1")
    with monkeypatch.context() as patch:
        patch.setattr(bench.distribution, "_content", away)
        await bench.later(LEASE - timedelta(seconds=1))
    assert [t.where for t in bench.troubles] == ["hub"]
    await bench.later(timedelta(seconds=1))
    assert len(reader.got) == 2


async def test_two_workers_send_nothing_twice(
    postgresql_server: str, now: Clock, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, reader: Subscriber
) -> None:
    storage = await postgresql.empty(postgresql_server)
    settings = config(tmp_path, monkeypatch)
    async with (
        Ledger(storage) as first,
        Ledger(storage) as second,
        bench_of(first, now, settings) as bench,
        subscriber() as other,
    ):
        workers = [bench.distribution, bench.make(second, "w2"), bench.make(first, "w3")]
        await bench.ask(reader, secret=SECRET)
        await bench.ask(other)
        await asyncio.gather(*(worker.once() for worker in workers))
        assert (len(reader.asked), len(other.asked)) == (1, 1)
        for n in range(10):
            now.time += PACE
            await bench.publish(f"g{n}")
            await asyncio.gather(*(worker.once() for worker in workers))
        for one in (reader, other):
            assert [len(titles(body)) for _, body in one.got] == list(range(11))
        (headers, body) = reader.got[-1]
        assert headers["X-Hub-Signature"] == signature(body)
        assert bench.troubles == []


async def test_a_worker_hears_what_was_delivered_by_another_process(
    postgresql_server: str, now: Clock, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, reader: Subscriber
) -> None:
    storage = await postgresql.empty(postgresql_server)
    async with (
        Ledger(storage) as here,
        Ledger(storage) as elsewhere,
        bench_of(here, now, config(tmp_path, monkeypatch)) as bench,
        here.watch(),
    ):
        await bench.subscribed(reader)
        task = asyncio.create_task(bench.distribution.run(stop := asyncio.Event()))
        bench.wire.ledger = elsewhere
        await bench.publish("g1")
        await reader.until(2)
        stop.set()
        here.ring()
        await task


@given(st.text(st.characters(min_codepoint=0x21, max_codepoint=0x7E), max_size=80))
@settings(max_examples=60, deadline=None)
def test_any_callback_that_is_let_in_does_no_harm(rest: str) -> None:
    """What its path and query are made of: it is refused, or requested."""
    callback = "http://127.0.0.1:9/" + rest

    async def ask() -> None:
        async with Callbacks(allow_private=False) as callbacks:
            with pytest.raises(ChannelError, match=r"private address|cannot be requested"):
                await callbacks.confirm(callback, "subscribe", TOPIC, DAY)

    try:
        hub.read(urlencode({"hub.mode": "subscribe", "hub.topic": "t", "hub.callback": callback}).encode())
    except ValueError:
        return
    asyncio.run(ask())
