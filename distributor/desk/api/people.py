"""Who may in: oneself, persons and tokens."""

from __future__ import annotations

import asyncio
from datetime import datetime
from typing import Annotated

from pydantic import Field, JsonValue, SecretStr
from sqlalchemy import Connection

from distributor.desk import passwords
from distributor.desk.operations import Call, Name, Nothing, Operation, Shape
from distributor.errors import Conflict, DistributorError
from distributor.ledger import people
from distributor.ledger.people import Role

_BOUNDS: dict[str, JsonValue] = {"minLength": passwords.SHORTEST, "maxLength": passwords.LONGEST}
Password = Annotated[SecretStr, Field(json_schema_extra=_BOUNDS)]
"""A new one; `passwords.fault` says in words what is wrong with it."""


class Me(Shape):
    """Who is asking."""

    name: str
    role: Role


class User(Shape):
    """`seen`: when a session of theirs was last used."""

    name: str
    role: Role
    made: datetime
    seen: datetime | None


class Users(Shape):
    """By name."""

    users: list[User]


class NewUser(Shape):
    """Somebody who may in."""

    name: Name
    role: Role
    password: Password


class Change(Shape):
    """What is said is changed; the person has to log in again."""

    role: Role | None = None
    password: Password | None = None


class NewPassword(Shape):
    """One's own."""

    old: SecretStr
    new: Password


class Token(Shape):
    """For a machine. `used`: about when it was last."""

    name: str
    role: Role
    made_by: str
    made: datetime
    used: datetime | None


class Tokens(Shape):
    """By name."""

    tokens: list[Token]


class NewToken(Shape):
    """For a machine."""

    name: Name
    role: Role = "viewer"


class Secret(Shape):
    """Shown this once: `Authorization: Bearer SECRET`."""

    secret: str = Field(description="kept by us as a digest only")


async def me(call: Call[Nothing, Nothing]) -> Me:
    return Me(name=call.person.name, role=call.person.role)


async def users(call: Call[Nothing, Nothing]) -> Users:
    return Users.model_validate({"users": await call.desk.ledger.read(people.listing)})


async def add(call: Call[Nothing, NewUser]) -> Nothing:
    secret = await _hashed(call.body.password)
    told = call.body.name, call.body.role, secret, call.person.name, call.desk.now()
    await call.desk.ledger.write(people.add, *told)
    return Nothing()


async def change(call: Call[Nothing, Change]) -> Nothing:
    if call.body.role is None and call.body.password is None:
        raise DistributorError("say what changes: role or password")
    if call.body.role and call.path["user"] == call.person.name:
        raise Conflict("nobody changes their own role: ask another admin")
    secret = None if call.body.password is None else await _hashed(call.body.password)
    told = {"role": call.body.role, "secret": secret}
    who = call.person.name, call.desk.now()
    await call.desk.ledger.write(people.change, call.path["user"], *who, **told)  # type: ignore[arg-type]
    return Nothing()


async def remove(call: Call[Nothing, Nothing]) -> Nothing:
    if call.path["user"] == call.person.name:
        raise Conflict("nobody removes themselves: ask another admin")
    await call.desk.ledger.write(people.remove, call.path["user"], call.person.name, call.desk.now())
    return Nothing()


async def password(call: Call[Nothing, NewPassword]) -> Nothing:
    row = await call.desk.ledger.read(people.find, call.person.name)
    if row is None or not await passwords.right(call.body.old.get_secret_value(), row.secret):
        raise DistributorError("that is not the old password")
    secret = await _hashed(call.body.new)

    def act(db: Connection) -> None:
        people.change(db, call.person.name, call.person.name, call.desk.now(), secret=secret)

    await call.desk.ledger.write(act)
    return Nothing()


async def tokens(call: Call[Nothing, Nothing]) -> Tokens:
    return Tokens.model_validate({"tokens": await call.desk.ledger.read(people.tokens)})


async def add_token(call: Call[Nothing, NewToken]) -> Secret:
    told = call.body.name, call.body.role, call.person.name, call.desk.now()
    return Secret(secret=await call.desk.ledger.write(people.add_token, *told))


async def remove_token(call: Call[Nothing, Nothing]) -> Nothing:
    told = call.path["token"], call.person.name, call.desk.now()
    await call.desk.ledger.write(people.remove_token, *told)
    return Nothing()


async def _hashed(told: SecretStr) -> str:
    if fault := passwords.fault(told.get_secret_value()):
        raise DistributorError(fault)
    return await asyncio.to_thread(passwords.hashed, told.get_secret_value())


OPERATIONS = (
    Operation("GET", "/me", "viewer", "Who is asking", me, Me),
    Operation("POST", "/me/password", "viewer", "Change one's own password", password, body=NewPassword),
    Operation("GET", "/users", "admin", "Who may in", users, Users),
    Operation("POST", "/users", "admin", "Let somebody in", add, body=NewUser),
    Operation("PATCH", "/users/{user}", "admin", "Change a role or a password", change, body=Change),
    Operation("DELETE", "/users/{user}", "admin", "Let somebody in no more", remove),
    Operation("GET", "/tokens", "admin", "Which machines may in", tokens, Tokens),
    Operation("POST", "/tokens", "admin", "Let a machine in", add_token, Secret, body=NewToken),
    Operation("DELETE", "/tokens/{token}", "admin", "Let a machine in no more", remove_token),
)
