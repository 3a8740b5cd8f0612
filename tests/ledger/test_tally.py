"""Figures: each attempt is counted once, and how long it took is known to a tenth."""

from __future__ import annotations

import asyncio
from collections import Counter
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import Connection, func, select, update

from distributor.ledger import retention, tally
from distributor.ledger.ledger import Ledger
from distributor.ledger.tables import article, attempt
from distributor.ledger.tally import FIRST, Key
from distributor.ledger.withdrawal import withdraw
from ledger_wire import NOON, Clock, Wire

LONG_AGO = NOON - timedelta(days=365)
OFF = 2 ** (1 / (2 * tally.PER_OCTAVE)) + 0.001
"""How far, as a factor, a bucket's middle is from its ends."""


async def count(ledger: Ledger, wire: Wire, *, later: float = 120) -> int:
    """When all that was tried is settled."""
    return await ledger.write(tally.count, wire.now() + timedelta(seconds=later))


async def hours(ledger: Ledger, **of: str) -> dict[str, int]:
    rows = await ledger.read(tally.by_hour, LONG_AGO, **of)
    return {what: sum(r["number"] for r in rows if r["what"] == what) for what in {r["what"] for r in rows}}


async def times(ledger: Ledger, by: str = "member", what: str = "delivered", **of: str) -> dict[Any, Any]:
    rows = await ledger.read(tally.times, what, by, LONG_AGO, **of)
    return {row[by]: row for row in rows}


@given(st.floats(FIRST, 1e7))
def test_a_bucket_tells_how_long_it_took(seconds: float) -> None:
    told = tally.seconds_of(tally.bucket(seconds))
    assert 1 / OFF <= told / seconds <= OFF


@given(st.floats(-1e9, FIRST))
def test_what_is_quicker_is_in_the_first(seconds: float) -> None:
    assert tally.bucket(seconds) == 0
    assert tally.seconds_of(0) == FIRST


@given(st.floats(0, 1e7), st.floats(0, 1e7))
def test_what_takes_longer_is_in_no_earlier_bucket(one: float, other: float) -> None:
    assert (tally.bucket(one) <= tally.bucket(other)) or one > other


@given(st.lists(st.floats(FIRST, 1e6), min_size=1, max_size=200))
def test_percentiles_are_those_of_what_was_measured(measured: list[float]) -> None:
    buckets = sorted(Counter(map(tally.bucket, measured)).items())
    told, ordered = tally.percentiles(buckets), sorted(measured)
    assert told["number"] == len(measured)
    for name, share in (("median", 0.5), ("p95", 0.95), ("p99", 0.99)):
        exact = ordered[max(0, -int(-len(ordered) * share // 1) - 1)]
        assert abs(told[name] - exact) <= exact * (OFF - 1) + 0.001
    assert told["median"] <= told["p95"] <= told["p99"]


async def test_what_was_tried_is_counted_once_step_by_step(
    wire: Wire, ledger: Ledger, monkeypatch: pytest.MonkeyPatch
) -> None:
    for n in range(7):
        await wire.add(f"g{n}")
    await wire.settle(await wire.claim(limit=3), "pending", failures=1)
    await wire.settle(await wire.claim())
    monkeypatch.setattr(tally, "STEP", 4)
    assert [await count(ledger, wire) for _ in range(4)] == [4, 4, 2, 0]
    assert await hours(ledger) == {"delivered": 7, "unavailable": 3}
    await wire.translate()
    await wire.settle(await wire.claim(), "dead")
    assert [await count(ledger, wire) for _ in range(3)] == [4, 3, 0]
    assert await hours(ledger) == {"delivered": 7, "unavailable": 3, "refused": 7}
    assert await hours(ledger, member="b") == {"refused": 7}
    assert await hours(ledger, language="en", member="a") == {"delivered": 7, "unavailable": 3}
    assert await hours(ledger, language="ru", member="a") == {}


async def test_several_who_count_at_once_count_once(
    wire: Wire, ledger: Ledger, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tally, "STEP", 3)
    for n in range(20):
        await wire.add(f"g{n}")
    await wire.settle(await wire.claim())
    async with Ledger(ledger.url.render_as_string(hide_password=False)) as other:
        counted = await asyncio.gather(*(count(who, wire) for who in (ledger, other) * 6))
    assert sum(counted) == 20
    assert await hours(ledger) == {"delivered": 20}


async def test_nothing_is_passed_over_for_what_is_not_settled(wire: Wire, ledger: Ledger) -> None:
    """A long attempt has a higher number than a short one that began after it."""
    for n in range(3):
        await wire.add(f"g{n}")
    quick, slow, last = await wire.claim()
    await wire.settle([quick])

    def older(db: Connection) -> None:
        """Began a minute earlier, and ended just before."""
        newest = select(func.max(attempt.c.id)).scalar_subquery()
        began = {"started": wire.now() - timedelta(seconds=61), "took_ms": 500.0}
        db.execute(update(attempt).where(attempt.c.id == newest).values(**began))

    await wire.settle([slow])
    await ledger.write(older)
    await wire.settle([last])
    for later in (1, 30, 90):
        await count(ledger, wire, later=later)
    assert await hours(ledger) == {"delivered": 3}


@pytest.mark.parametrize("kept", [0, 1])
async def test_what_was_pruned_hides_nothing_that_comes_after(wire: Wire, ledger: Ledger, kept: int) -> None:
    """SQLite numbers from one after the highest that is there."""
    for n in range(4):
        await wire.add(f"g{n}")
    await wire.settle(await wire.claim(limit=kept), "dead", answer="unknown")  # stays, however old
    await wire.settle(await wire.claim())
    assert await count(ledger, wire) == 4
    wire.now.forward(days=100)
    gone, _ = await ledger.write(retention.prune_attempts, wire.now() - timedelta(days=90))
    assert gone == 3 - kept
    await wire.add("g9")
    await wire.settle(await wire.claim())
    assert await count(ledger, wire) == 1


async def test_it_takes_from_publication_to_receipt(wire: Wire, ledger: Ledger) -> None:
    wire.now.forward(seconds=10)  # after NOON, when it was published
    await wire.add()
    wire.now.forward(seconds=10)
    await wire.settle(await wire.claim())
    await count(ledger, wire)
    for by, of in (("member", "a"), ("language", "en"), ("hour", NOON)):
        found = await times(ledger, by)
        assert found.keys() == {of}
        assert found[of]["median"] == pytest.approx(20, rel=OFF - 1)
    assert await times(ledger, member="b") == await times(ledger, language="ru") == {}


async def test_what_failed_first_took_as_long_as_it_took(wire: Wire, ledger: Ledger) -> None:
    await wire.add()
    await wire.settle(await wire.claim(), "pending", failures=1)
    wire.now.forward(minutes=10)
    await wire.settle(await wire.claim())
    await count(ledger, wire)
    assert (await times(ledger))["a"]["number"] == 1
    assert (await times(ledger))["a"]["median"] == pytest.approx(600, rel=OFF - 1)


@pytest.mark.parametrize("published", [NOON - timedelta(days=3), NOON + timedelta(days=3)])
async def test_an_old_article_counts_from_when_we_had_it(wire: Wire, ledger: Ledger, published: Any) -> None:
    await wire.add()
    await ledger.write(lambda db: db.execute(update(article).values(published=published)))
    wire.now.forward(seconds=5)
    await wire.settle(await wire.claim())
    await count(ledger, wire)
    assert (await times(ledger))["a"]["median"] == pytest.approx(5, rel=OFF - 1)


async def test_a_correction_and_a_withdrawal_count_from_themselves(wire: Wire, ledger: Ledger) -> None:
    await wire.add()
    await wire.settle(await wire.claim())
    wire.now.forward(hours=5)
    await wire.revise(1, "Union closes")
    wire.now.forward(seconds=5)
    await wire.settle(await wire.claim())
    wire.now.forward(hours=5)
    await ledger.write(withdraw, 1, "wrong", "ada", wire.now())
    wire.now.forward(seconds=5)
    await wire.settle(await wire.claim())
    await count(ledger, wire)
    assert (await times(ledger))["a"]["number"] == 3
    assert (await times(ledger))["a"]["p99"] == pytest.approx(5, rel=OFF - 1)


async def test_a_translation_is_counted_when_it_is_made(wire: Wire, ledger: Ledger, now: Clock) -> None:
    await wire.add()
    await wire.translate()  # 1 ms each
    await ledger.write(tally.translated, "ru", 4000.0, now())
    found = await times(ledger, "language", "translated")
    assert (found["ru"]["number"], found["ru"]["median"]) == (2, FIRST)
    assert found["ru"]["p99"] == pytest.approx(4, rel=OFF - 1)
    assert await hours(ledger) == {}  # those are of deliveries


async def test_hours_that_are_long_past_go(ledger: Ledger, now: Clock) -> None:
    old, new = (Key(tally.hour_of(at), "a", "en", "delivered", 3) for at in (LONG_AGO, NOON))
    await ledger.write(tally.add, Counter({old: 2, new: 3}))
    await ledger.write(tally.add, Counter({new: 4}))
    assert await hours(ledger) == {"delivered": 9}
    assert await ledger.write(tally.prune, now() - timedelta(days=30)) > 0
    assert await hours(ledger) == {"delivered": 7}


async def test_only_since_then(wire: Wire, ledger: Ledger) -> None:
    await wire.add()
    await wire.settle(await wire.claim())
    await count(ledger, wire)
    assert await ledger.read(tally.by_hour, NOON) == [{"hour": NOON, "what": "delivered", "number": 1}]
    assert await ledger.read(tally.by_hour, NOON + timedelta(hours=1)) == []


@pytest.mark.parametrize("back", [1, 12, 13, 24, 36, 37, 60, 200])
async def test_sums_are_those_of_the_hours(wire: Wire, ledger: Ledger, back: int) -> None:
    """Whether they are told from hours or from days."""
    await wire.open()
    since = NOON - timedelta(hours=back - 1)
    hours = [NOON - timedelta(hours=n) for n in range(0, 100, 3)]
    keys = [Key(hour, m, lang, "delivered", n % 7) for n, hour in enumerate(hours)
            for m in "ab" for lang in ("en", "ru")]  # fmt: skip
    await ledger.write(tally.add, Counter(keys))
    for of in ({}, {"member": "a"}, {"language": "ru"}, {"member": "b", "language": "en"}):
        counted = [k for k in keys if k.hour >= since and {k.member, k.language} >= set(of.values())]
        for by in ("hour", "member", "language"):
            rows = await ledger.read(tally.times, "delivered", by, since, **of)
            each: dict[Any, list[int]] = {}
            for key in counted:
                each.setdefault(getattr(key, by), []).append(key.bucket)
            assert rows == [
                {by: whose, **tally.percentiles(sorted(Counter(each[whose]).items()))}
                for whose in sorted(each)
            ]
        told = await ledger.read(tally.by_hour, since, **of)
        assert {row["hour"]: row["number"] for row in told} == dict(Counter(key.hour for key in counted))
