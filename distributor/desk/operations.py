"""An operation of the API: declared once, and from that parsed, guarded, answered and documented."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Annotated, Any, Generic, TypeVar

from aiohttp import web
from pydantic import BaseModel, ConfigDict, Field, StringConstraints, TypeAdapter, ValidationError

from distributor.desk.desk import Desk
from distributor.desk.problems import problem
from distributor.ledger.people import Person, Role

BASE = "/api/v1"

Line = Annotated[str, StringConstraints(max_length=500, pattern=r"^[^\x00-\x1f\x7f]*$")]
"""Some words without control characters; PostgreSQL takes no NUL."""
Prose = Annotated[str, StringConstraints(max_length=20_000, pattern=r"^[^\x00]*$")]
Number = Annotated[int, Field(ge=1, le=2**53)]
"""As JavaScript can count."""
Tag = Annotated[str, StringConstraints(max_length=35, pattern=r"^[A-Za-z]{2,8}(-[A-Za-z0-9]{1,8})*$")]
"""BCP 47."""
Name = Annotated[
    str, StringConstraints(max_length=100, pattern=r"^[^\x00-\x20/?#%\x7f.][^\x00-\x20/?#%\x7f]*$")
]
"""What stands in a path as it is: `..` would lead elsewhere."""
LaneName = Annotated[str, StringConstraints(min_length=1, max_length=100, pattern=r"^[^\x00-\x1f/\x7f]+$")]
"""As free as the configuration is with a channel's name."""

PARTS: Mapping[str, Any] = {
    "article": Number,
    "delivery": Number,
    "notice": Number,
    "version": Number,
    "language": Tag,
    "member": Name,
    "channel": LaneName,
    "user": Name,
    "token": Name,
}
"""What stands in a path."""
_ADAPTERS = {name: TypeAdapter[Any](kind) for name, kind in PARTS.items()}


class Shape(BaseModel):
    """Of what is asked and answered: nothing else."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Nothing(Shape):
    """No fields."""


Q = TypeVar("Q", bound=Shape)
B = TypeVar("B", bound=Shape)


@dataclass(frozen=True, slots=True)
class Call(Generic[Q, B]):
    """One request, understood."""

    desk: Desk
    person: Person
    path: Mapping[str, Any]
    query: Q
    body: B


@dataclass(frozen=True, slots=True)
class Operation:
    """`role`: who may, at least. `answer`: what comes with 200."""

    method: str
    path: str
    role: Role
    summary: str
    handler: Callable[[Call[Any, Any]], Awaitable[Shape]]
    answer: type[Shape] = Nothing
    query: type[Shape] = Nothing
    body: type[Shape] = Nothing

    @property
    def parts(self) -> list[str]:
        """The names in the path."""
        return re.findall(r"{(\w+)}", self.path)

    async def understood(self, desk: Desk, person: Person, request: web.Request) -> Call[Any, Any]:
        """What is asked. Raises: ValidationError."""
        path = {name: _ADAPTERS[name].validate_python(request.match_info[name]) for name in self.parts}
        query = self.query.model_validate(dict(request.query))
        body: Shape = Nothing()
        if self.body is not Nothing:
            body = self.body.model_validate_json(await request.read() or b"{}", strict=True)
        return Call(desk, person, path, query, body)


async def answered(operation: Operation, desk: Desk, person: Person, request: web.Request) -> web.Response:
    """The operation's answer, or a problem (RFC 9457) where what was asked does not fit its shape. An answer
    that does not fit is a fault of ours. Raises: DistributorError."""
    try:
        call = await operation.understood(desk, person, request)
    except ValidationError as e:
        faults = "; ".join(f"{'.'.join(map(str, f['loc'])) or 'the request'}: {f['msg']}" for f in e.errors())
        return problem(422, "that does not fit", faults)
    answer = await operation.handler(call)
    return web.Response(text=answer.model_dump_json(), content_type="application/json")
