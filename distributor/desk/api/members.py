"""Members and their lanes: how each fares, paused, resumed, asked, and sent a test item."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from pydantic import Field
from sqlalchemy import Connection

from channels.channel import ChannelError
from distributor.desk.api.shapes import Said
from distributor.desk.operations import Call, Line, Nothing, Operation, Shape
from distributor.desk.testing import test_story
from distributor.errors import NotFound
from distributor.ledger import lanes, roster
from distributor.ledger.audit import note


class Lane(Shape):
    """A channel of a member. `rate`: attempts a minute that it gets now, where there is a bound."""

    channel: str
    member: str
    kind: str
    state: str = Field(description="open, resting, parked, paused, off or removed")
    reason: str
    since: datetime
    probe: datetime | None
    failures: int
    failing_since: datetime | None
    rate: float | None
    waiting: int
    pending: int
    sending: int
    dead: int
    tried: int = Field(description="how many items were ever brought there, or tried")
    oldest: datetime | None = Field(description="since when the oldest of what is due has been due")
    last: str = Field(description="the receiver's last answer")
    last_at: datetime | None


class Member(Shape):
    """Who receives."""

    id: str
    name: str
    languages: list[str]
    topics: list[str]
    channels: list[Lane]


class Members(Shape):
    """In the order of the configuration."""

    members: list[Member]


class Why(Shape):
    """For everybody who looks."""

    reason: Line = ""


async def listing(call: Call[Nothing, Nothing]) -> Members:
    return Members.model_validate({"members": await members(call.desk)})


async def members(desk: Any) -> list[dict[str, Any]]:
    """As `Member`; who is not in the configuration any more, but in the ledger, comes last."""
    found: dict[str, list[dict[str, Any]]] = {m.id: [] for m in desk.config.members}
    for lane in await desk.ledger.read(roster.lanes, desk.now()):
        found.setdefault(lane["member"], []).append(lane)
    known = {m.id: m for m in desk.config.members}
    return [
        {
            "id": id_,
            "name": known[id_].name if id_ in known else id_,
            "languages": list(known[id_].languages) if id_ in known else [],
            "topics": list(known[id_].topics) if id_ in known else [],
            "channels": its,
        }
        for id_, its in found.items()
        if its or id_ in known
    ]


def lane_of(call: Call[Any, Any]) -> str:
    """The lane's name in the ledger."""
    return f"{call.path['member']}/{call.path['channel']}"


async def pause(call: Call[Nothing, Why]) -> Nothing:
    told = call.body.reason or "paused by an editor", call.person.name, call.desk.now()
    await call.desk.ledger.write(lanes.pause, lane_of(call), *told)
    return Nothing()


async def resume(call: Call[Nothing, Nothing]) -> Nothing:
    await call.desk.ledger.write(lanes.resume, lane_of(call), call.person.name, call.desk.now())
    return Nothing()


async def check(call: Call[Nothing, Nothing]) -> Said:
    try:
        return Said(fine=True, said=await _channel(call).check())
    except ChannelError as e:
        return Said(fine=False, said=str(e))


async def test(call: Call[Nothing, Nothing]) -> Said:
    channel, now = _channel(call), call.desk.now()
    story, key = test_story(call.desk, call.path["member"], now)

    def noted(db: Connection) -> None:
        note(db, now, call.person.name, "test item", f"channel {lane_of(call)}", key)

    await call.desk.ledger.write(noted)
    try:
        receipt = await channel.send(story, key)
    except (ChannelError, TimeoutError) as e:
        return Said(fine=False, said=str(e) or "no answer in time")
    return Said(fine=True, said=receipt.answer)


def _channel(call: Call[Any, Any]) -> Any:
    if (channel := call.desk.channels.get(lane_of(call))) is None:
        raise NotFound(f"no channel {lane_of(call)} is configured")
    return channel


_AT = "/members/{member}/channels/{channel}"
OPERATIONS = (
    Operation("GET", "/members", "viewer", "Who receives, and how each channel fares", listing, Members),
    Operation("POST", _AT + "/pause", "editor", "Send nothing more over it", pause, body=Why),
    Operation("POST", _AT + "/resume", "editor", "Open it, as if it had never failed", resume),
    Operation("POST", _AT + "/check", "editor", "Ask whether it answers, sending nothing", check, Said),
    Operation("POST", _AT + "/test", "editor", "Send a test item that says that it is one", test, Said),
)
