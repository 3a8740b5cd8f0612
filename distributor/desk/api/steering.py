"""When one article goes, and to whom, against what is usual."""

from __future__ import annotations

from pydantic import AwareDatetime

from distributor.desk.api.shapes import Moved
from distributor.desk.operations import Call, Nothing, Operation, Shape
from distributor.errors import NotFound
from distributor.ledger import audience, timing


class Embargo(Shape):
    """Nothing leaves before `until`; null lifts it."""

    until: AwareDatetime | None


class Choice(Shape):
    """Whether the member gets it; null: as its topics say."""

    wanted: bool | None


async def embargo(call: Call[Nothing, Embargo]) -> Moved:
    told = call.body.until, call.person.name, call.desk.now()
    return Moved(deliveries=await call.desk.ledger.write(timing.embargo, call.path["article"], *told))


async def send(call: Call[Nothing, Nothing]) -> Moved:
    told = call.person.name, call.desk.now()
    return Moved(deliveries=await call.desk.ledger.write(timing.send_now, call.path["article"], *told))


async def choose(call: Call[Nothing, Choice]) -> Moved:
    member = call.path["member"]
    if member not in {m.id for m in call.desk.config.members}:
        raise NotFound(f"no member {member!r} is configured")
    told = member, call.body.wanted, call.desk.routes, call.person.name, call.desk.now()
    return Moved(deliveries=await call.desk.ledger.write(audience.choose, call.path["article"], *told))


_AT = "/articles/{article}"
OPERATIONS = (
    Operation(
        "POST", _AT + "/embargo", "editor", "Let nothing leave before a time", embargo, Moved, body=Embargo
    ),
    Operation("POST", _AT + "/send", "editor", "Send it now, whatever the members' hours", send, Moved),
    Operation(
        "PUT", _AT + "/members/{member}", "editor", "Send it to a member, or not", choose, Moved, body=Choice
    ),
)
