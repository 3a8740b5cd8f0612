"""Who may in: persons, their sessions, tokens, and who has to wait before the next guess."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import Connection, func, select

from distributor.errors import Conflict, NotFound
from distributor.ledger import people
from distributor.ledger.ledger import Ledger
from distributor.ledger.people import ROLES, Person, Role
from distributor.ledger.tables import audit, session, throttle, token
from ledger_wire import Clock

ME = ["name eve", "address 192.0.2.1"]


async def add(ledger: Ledger, now: Clock, name: str = "eve", role: Role = "editor") -> None:
    await ledger.write(people.add, name, role, "hash", "root", now())


async def enter(ledger: Ledger, now: Clock, name: str = "eve") -> str:
    return await ledger.write(people.open_session, name, now())


async def deeds(ledger: Ledger) -> list[tuple[str, str, str, str]]:
    def look(db: Connection) -> list[tuple[str, str, str, str]]:
        rows = db.execute(select(*audit.c["who", "action", "subject", "detail"]).order_by(audit.c.id))
        return [tuple(row) for row in rows]  # type: ignore[misc]

    return await ledger.read(look)


async def number(ledger: Ledger, table: object) -> int:
    def look(db: Connection) -> int:
        return db.execute(select(func.count()).select_from(table)).scalar_one()  # type: ignore[arg-type]

    return await ledger.read(look)


@pytest.mark.parametrize(("mine", "asked"), [(a, b) for a in ROLES for b in ROLES])
def test_each_role_has_what_those_below_it_have(mine: Role, asked: Role) -> None:
    assert Person("x", mine).may(asked) == (ROLES.index(mine) >= ROLES.index(asked))


async def test_somebody_is_let_in_once(ledger: Ledger, now: Clock) -> None:
    await add(ledger, now)
    with pytest.raises(Conflict, match="there is a 'eve' already"):
        await add(ledger, now, role="admin")
    row = await ledger.read(people.find, "eve")
    assert row
    assert (row.role, row.secret) == ("editor", "hash")
    assert await ledger.read(people.find, "EVE") is None
    assert await deeds(ledger) == [("root", "add user", "user eve", "editor")]


@pytest.mark.parametrize(
    ("told", "noted"),
    [
        ({"role": "viewer"}, "viewer"),
        ({"secret": "new"}, "password"),
        ({"role": "viewer", "secret": "new"}, "viewer, password"),
    ],
)
async def test_what_is_said_is_changed_and_noted(
    ledger: Ledger, now: Clock, told: dict[str, str], noted: str
) -> None:
    await add(ledger, now)
    await add(ledger, now, "vic", "viewer")
    secrets = [await enter(ledger, now), await enter(ledger, now, "vic")]
    await ledger.write(people.change, "eve", "ada", now(), **told)  # type: ignore[arg-type]
    row = await ledger.read(people.find, "eve")
    assert row
    assert (row.role, row.secret) == (told.get("role", "editor"), told.get("secret", "hash"))
    assert (await deeds(ledger))[-1] == ("ada", "change user", "user eve", noted)
    found = [await ledger.read(people.by_session, secret, now()) for secret in secrets]
    assert [bool(f) for f in found] == [False, True]


async def test_what_is_not_there_is_neither_changed_nor_removed(ledger: Ledger, now: Clock) -> None:
    with pytest.raises(NotFound, match="distributor users list"):
        await ledger.write(people.change, "nobody", "ada", now(), role="viewer")
    with pytest.raises(NotFound, match="distributor users list"):
        await ledger.write(people.remove, "nobody", "ada", now())
    with pytest.raises(NotFound, match="no token called"):
        await ledger.write(people.remove_token, "nothing", "ada", now())
    assert await deeds(ledger) == []


async def test_who_is_removed_leaves_no_session(ledger: Ledger, now: Clock) -> None:
    await add(ledger, now)
    await enter(ledger, now)
    await ledger.write(people.remove, "eve", "ada", now())
    assert await number(ledger, session) == 0
    assert await ledger.read(people.listing) == []
    assert [deed[:3] for deed in await deeds(ledger)] == [
        ("root", "add user", "user eve"), ("eve", "log in", "user eve"), ("ada", "remove user", "user eve"),
    ]  # fmt: skip


async def test_when_somebody_was_last_seen(ledger: Ledger, now: Clock) -> None:
    await add(ledger, now)
    await add(ledger, now, "ada", "admin")
    first = await enter(ledger, now)
    now.forward(minutes=4)
    assert await ledger.read(people.by_session, first, now()) == (Person("eve", "editor"), False)
    now.forward(minutes=2)
    assert await ledger.read(people.by_session, first, now()) == (Person("eve", "editor"), True)
    await ledger.write(people.seen, first, now())
    assert await ledger.read(people.by_session, first, now()) == (Person("eve", "editor"), False)
    told = await ledger.read(people.listing)
    assert [(one["name"], one["role"], one["seen"]) for one in told] == [
        ("ada", "admin", None), ("eve", "editor", now()),
    ]  # fmt: skip


async def test_the_ledger_keeps_digests_only(ledger: Ledger, now: Clock) -> None:
    await add(ledger, now)
    secret = await enter(ledger, now)
    key = await ledger.write(people.add_token, "carrier", "viewer", "ada", now())

    def look(db: Connection) -> str:
        return str([*db.execute(select(session)), *db.execute(select(token)), *db.execute(select(audit))])

    kept = await ledger.read(look)
    assert secret not in kept
    assert key not in kept
    assert key.startswith("wire_")
    assert people.digest(secret) in kept


@pytest.mark.parametrize("secret", ["", "x", "\x00", "\udc80", "x" * 10_000])
async def test_what_nobody_has_is_nobodys(ledger: Ledger, now: Clock, secret: str) -> None:
    await add(ledger, now)
    await enter(ledger, now)
    assert await ledger.read(people.by_session, secret, now()) is None
    assert await ledger.read(people.by_token, secret, now()) is None


async def test_a_token_is_a_machine(ledger: Ledger, now: Clock) -> None:
    key = await ledger.write(people.add_token, "carrier", "editor", "ada", now())
    with pytest.raises(Conflict, match="there is a token 'carrier' already"):
        await ledger.write(people.add_token, "carrier", "viewer", "ada", now())
    assert await ledger.read(people.by_token, key, now()) == (Person("token carrier", "editor"), True)
    await ledger.write(people.used, key, now())
    assert await ledger.read(people.by_token, key, now()) == (Person("token carrier", "editor"), False)
    told = await ledger.read(people.tokens)
    assert told == [
        {"name": "carrier", "role": "editor", "made_by": "ada", "made": now(), "used": now()}
    ]  # fmt: skip
    await ledger.write(people.remove_token, "carrier", "ada", now())
    assert await ledger.read(people.by_token, key, now()) is None


async def guess(ledger: Ledger, now: Clock, subjects: list[str] = ME) -> timedelta | None:
    """A wrong one, as soon as it is looked at; how long the next has to wait."""
    while wait := await ledger.write(people.tries, subjects, now()):
        now.time += wait
    return await ledger.read(people.waits, subjects, now())


async def test_each_wrong_guess_doubles_the_wait(ledger: Ledger, now: Clock) -> None:
    waits = [await guess(ledger, now) for _ in range(people.FREE + 14)]
    free, after = waits[: people.FREE - 1], waits[people.FREE - 1 :]
    assert set(free) == {None}
    assert [w.total_seconds() for w in after if w] == [min(2.0**n, 900.0) for n in range(15)]
    assert await ledger.read(people.waits, ["name ada", "address 192.0.2.2"], now()) is None
    assert await ledger.read(people.waits, ["name ada", "address 192.0.2.1"], now()) == people.LONGEST_WAIT
    now.forward(minutes=15)
    assert await ledger.read(people.waits, ME, now()) is None


async def test_the_right_password_makes_up_for_the_wrong_ones(ledger: Ledger, now: Clock) -> None:
    for _ in range(people.FREE):
        await guess(ledger, now)
    await ledger.write(people.succeeded, ME)
    assert await ledger.read(people.waits, ME, now()) is None
    assert await number(ledger, throttle) == 0


async def test_wrong_guesses_are_forgotten_after_an_hour(ledger: Ledger, now: Clock) -> None:
    for name in ("a", "b", "c"):
        await guess(ledger, now, [name])
    now.forward(minutes=61)
    await guess(ledger, now, ["d"])
    assert await number(ledger, throttle) == 1


async def test_only_so_many_try_at_once(ledger: Ledger, now: Clock) -> None:
    waits = await asyncio.gather(*(ledger.write(people.tries, ME, now()) for _ in range(12)))
    assert sum(wait is None for wait in waits) == people.FREE


async def test_who_has_to_wait_is_not_counted_again(ledger: Ledger, now: Clock) -> None:
    for _ in range(people.FREE + 10):
        await ledger.write(people.tries, ME, now())
    assert await ledger.read(people.waits, ME, now()) == timedelta(seconds=1)


@given(st.text(), st.text())
def test_a_digest_is_of_its_secret_alone(one: str, other: str) -> None:
    assert len(people.digest(one)) == 64
    plain = [told.encode("utf-8", "replace") for told in (one, other)]
    assert (people.digest(one) == people.digest(other)) == (plain[0] == plain[1])
