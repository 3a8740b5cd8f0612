"""Who may do what at the desk: persons, their sessions, and tokens for machines.

What lets somebody in is kept as a digest only; whoever reads the ledger can log in as nobody.
"""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Literal, get_args

from sqlalchemy import Connection, delete, func, insert, select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.exc import IntegrityError

from distributor.errors import Conflict, NotFound
from distributor.ledger.audit import note
from distributor.ledger.tables import AnyRow, person, session, throttle, token

Role = Literal["viewer", "editor", "admin"]
ROLES: tuple[Role, ...] = get_args(Role)

IDLE = timedelta(hours=12)
"""A session that nobody used for so long is over."""
LONGEST = timedelta(days=30)
SEEN_EVERY = timedelta(minutes=5)
"""How exactly it is known when a session was last used."""
FREE = 5
"""Wrong passwords before one has to wait."""
LONGEST_WAIT = timedelta(minutes=15)


@dataclass(frozen=True, slots=True)
class Person:
    """Who acts: a person, or a machine with a token."""

    name: str
    role: Role

    def may(self, role: Role) -> bool:
        """Whether this is at least a `role`."""
        return ROLES.index(self.role) >= ROLES.index(role)


def digest(secret: str) -> str:
    """Of a random secret, which needs no slow hash."""
    return hashlib.sha256(secret.encode("utf-8", "replace")).hexdigest()


def add(db: Connection, name: str, role: Role, secret: str, who: str, now: datetime) -> None:
    """A new person; `secret` is a hash of the password. Raises: Conflict."""
    try:
        db.execute(insert(person).values(name=name, role=role, secret=secret, made=now))
    except IntegrityError as e:
        raise Conflict(f"there is a {name!r} already") from e
    note(db, now, who, "add user", f"user {name}", role)


def change(
    db: Connection, name: str, who: str, now: datetime, *, role: Role | None = None, secret: str | None = None
) -> None:
    """Another role or password; with either, the person has to log in again. Raises: NotFound."""
    told = {key: value for key, value in (("role", role), ("secret", secret)) if value is not None}
    if not db.execute(update(person).where(person.c.name == name).values(**told)).rowcount:
        raise NotFound(f"no user called {name!r}; see: distributor users list")
    db.execute(delete(session).where(session.c.person == name))
    what = [*([role] if role else []), *(["password"] if secret else [])]
    note(db, now, who, "change user", f"user {name}", ", ".join(what))


def remove(db: Connection, name: str, who: str, now: datetime) -> None:
    """With all sessions; the audit trail keeps the name. Raises: NotFound."""
    db.execute(delete(session).where(session.c.person == name))
    if not db.execute(delete(person).where(person.c.name == name)).rowcount:
        raise NotFound(f"no user called {name!r}; see: distributor users list")
    note(db, now, who, "remove user", f"user {name}")


def listing(db: Connection) -> list[dict[str, object]]:
    """name, role, made, seen: when a session of theirs was last used."""
    seen = select(func.max(session.c.seen)).where(session.c.person == person.c.name).scalar_subquery()
    rows = select(*person.c["name", "role", "made"], seen.label("seen")).order_by(person.c.name)
    return [dict(row._mapping) for row in db.execute(rows)]


def find(db: Connection, name: str) -> AnyRow | None:
    """name, role, secret."""
    return db.execute(select(person).where(person.c.name == name)).one_or_none()


def open_session(db: Connection, name: str, now: datetime) -> str:
    """Its secret, which only the browser knows from now on. What has run out is cleared away."""
    db.execute(delete(session).where((session.c.seen < now - IDLE) | (session.c.made < now - LONGEST)))
    secret = secrets.token_urlsafe(32)
    db.execute(insert(session).values(digest=digest(secret), person=name, made=now, seen=now))
    note(db, now, name, "log in", f"user {name}")
    return secret


def close_session(db: Connection, secret: str) -> None:
    """Log out."""
    db.execute(delete(session).where(session.c.digest == digest(secret)))


def by_session(db: Connection, secret: str, now: datetime) -> tuple[Person, bool] | None:
    """Who it is, and whether it should be noted that the session is in use."""
    its = select(*person.c["name", "role"], *session.c["made", "seen"]).join(person)
    row = db.execute(its.where(session.c.digest == digest(secret))).one_or_none()
    if row is None or row.seen < now - IDLE or row.made < now - LONGEST:
        return None
    return Person(row.name, row.role), row.seen < now - SEEN_EVERY


def seen(db: Connection, secret: str, now: datetime) -> None:
    """The session is in use."""
    db.execute(update(session).where(session.c.digest == digest(secret)).values(seen=now))


def add_token(db: Connection, name: str, role: Role, who: str, now: datetime) -> str:
    """For a machine; its secret, which is shown once. Raises: Conflict."""
    secret = "wire_" + secrets.token_urlsafe(32)
    told = {"digest": digest(secret), "name": name, "role": role, "made_by": who, "made": now}
    try:
        db.execute(insert(token).values(**told))
    except IntegrityError as e:
        raise Conflict(f"there is a token {name!r} already") from e
    note(db, now, who, "add token", f"token {name}", role)
    return secret


def remove_token(db: Connection, name: str, who: str, now: datetime) -> None:
    """It lets nobody in any more. Raises: NotFound."""
    if not db.execute(delete(token).where(token.c.name == name)).rowcount:
        raise NotFound(f"no token called {name!r}")
    note(db, now, who, "remove token", f"token {name}")


def tokens(db: Connection) -> list[dict[str, object]]:
    """name, role, made_by, made, used."""
    columns = token.c["name", "role", "made_by", "made", "used"]
    return [dict(row._mapping) for row in db.execute(select(*columns).order_by(token.c.name))]


def by_token(db: Connection, secret: str, now: datetime) -> tuple[Person, bool] | None:
    """Which machine it is, and whether its use should be noted."""
    row = db.execute(select(token).where(token.c.digest == digest(secret))).one_or_none()
    if row is None:
        return None
    return Person(f"token {row.name}", row.role), row.used is None or row.used < now - SEEN_EVERY


def used(db: Connection, secret: str, now: datetime) -> None:
    """The token is in use."""
    db.execute(update(token).where(token.c.digest == digest(secret)).values(used=now))


def tries(db: Connection, subjects: Sequence[str], now: datetime) -> timedelta | None:
    """A password is about to be looked at, unless one of `subjects` must wait, and then how long.

    `subjects`: a name, and an address. It is wrong until it is found to be right: else many that are sent at
    once would all be looked at. After some that are wrong, each makes the next wait twice as long.
    """
    over = select(throttle.c.subject).where(throttle.c.until < now - LONGEST_WAIT * 4)
    db.execute(delete(throttle).where(throttle.c.subject.in_(over.with_for_update(skip_locked=True))))
    for subject in subjects:
        db.execute(_own(db, subject, now))
    if wait := waits(db, subjects, now):
        return wait
    for subject in subjects:
        mine = throttle.c.subject == subject
        failures = 1 + db.execute(select(throttle.c.failures).where(mine)).scalar_one()
        pause = min(timedelta(seconds=2 ** max(0, failures - FREE)), LONGEST_WAIT)
        until = now + pause if failures >= FREE else now
        db.execute(update(throttle).where(mine).values(failures=failures, until=until))
    return None


def _own(db: Connection, subject: str, now: datetime) -> Any:
    """Its row, which nobody else changes until this transaction ends."""
    into: Any = {"sqlite": sqlite.insert, "postgresql": postgresql.insert}[db.dialect.name](throttle)
    row = into.values(subject=subject, failures=0, until=now)
    return row.on_conflict_do_update(index_elements=["subject"], set_={"subject": subject})


def waits(db: Connection, subjects: Sequence[str], now: datetime) -> timedelta | None:
    """How long one of `subjects` must wait before it may try a password again."""
    until = select(func.max(throttle.c.until)).where(throttle.c.subject.in_(subjects))
    last: datetime | None = db.execute(until).scalar_one()
    return last - now if last and last > now else None


def succeeded(db: Connection, subjects: Sequence[str]) -> None:
    """The right password: what went wrong before is forgotten."""
    db.execute(delete(throttle).where(throttle.c.subject.in_(subjects)))
