"""Channels as an operator sees and steers them, and what a person should know of."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click

from distributor.cli.context import as_json, show, who, with_ledger
from distributor.config import load
from distributor.errors import NotFound
from distributor.ledger import lanes, notices, views
from distributor.ledger.ledger import Ledger
from distributor.settings import Config
from distributor.web.addresses import Addresses

COLUMNS = (
    "channel",
    "state",
    "pending",
    "sending",
    "delivered",
    "dead",
    "failures",
    "rate",
    "next",
    "reason",
)


@click.command()
@as_json
@click.pass_obj
def channels(config: Path, as_json: bool) -> None:
    """List the channels of all members, and how each fares.

    open: it works. resting: it failed several times in a row and is probed now and then. parked: it refuses
    us and wants a person, with a probe now and then. off: it is gone, or failed for days. paused: by a
    person. removed: not in the configuration. What waits for any of these is kept.
    """

    async def act(_: Config, ledger: Ledger) -> list[views.Record]:
        return await ledger.read(views.lanes)

    show(with_ledger(config, act), as_json, COLUMNS, "channels")


@click.command()
@click.argument("member", required=False)
@as_json
@click.pass_obj
def addresses(config: Path, member: str | None, as_json: bool) -> None:
    """Show the private addresses of all members, or of MEMBER; each is as secret as a password.

    There a member finds its feeds, and asks what it missed. Those that have a `token` have one.
    """
    settings = load(config)
    if not settings.web.listen:
        raise NotFound("nothing is served; say [web] listen in the configuration")
    known = Addresses(settings)
    rows = [
        {"member": m.id, "address": known.of(m), "feeds": [t.url for t in known.topics(m)], "hub": known.hub}
        for m in settings.members
        if m.token and member in (None, m.id)
    ]
    if member and not rows:
        raise NotFound(f"there is no member {member} with a token")
    told = rows if as_json else [line for row in rows for line in _lines(row)]
    show(told, as_json, ("member", "what", "address"), "addresses")


def _lines(row: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """An address a line: they are long, and people copy them."""
    yield {"member": row["member"], "what": "all", "address": row["address"]}
    for url in row["feeds"]:
        yield {"what": url.rpartition("/")[2], "address": url}
    yield {"what": "hub", "address": row["hub"]}


@click.command()
@click.argument("channel")
@click.option("--reason", default="paused by hand", show_default=True, help="Shown to everybody who looks.")
@click.pass_obj
def pause(config: Path, channel: str, reason: str) -> None:
    """Send nothing more over CHANNEL (member/name); what waits for it is kept."""

    async def act(_: Config, ledger: Ledger) -> None:
        await ledger.write(lanes.pause, channel, reason, who(), ledger.now())

    with_ledger(config, act)
    click.echo(f"{channel} is paused")


@click.command()
@click.argument("channel")
@click.pass_obj
def resume(config: Path, channel: str) -> None:
    """Open CHANNEL (member/name) again, whatever closed it: you have mended it, or they have."""

    async def act(_: Config, ledger: Ledger) -> str:
        return await ledger.write(lanes.resume, channel, who(), ledger.now())

    click.echo(f"{channel} was {with_ledger(config, act)}, and is open")


@click.command("notices")
@click.option("--all", "all_", is_flag=True, help="Those that are over, too.")
@click.option("--close", type=int, default=None, metavar="ID", help="You have seen to this one.")
@click.option("--limit", type=click.IntRange(1), default=100, show_default=True)
@as_json
@click.pass_obj
def notices_(config: Path, all_: bool, close: int | None, limit: int, as_json: bool) -> None:
    """List what a person should know of: channels that are parked, off or slowed down, dead deliveries."""

    async def act(_: Config, ledger: Ledger) -> list[views.Record]:
        if close is not None and not await ledger.write(notices.close, close, ledger.now()):
            raise NotFound(f"no open notice {close}; see: distributor notices")
        return await ledger.read(notices.listing, all_=all_, limit=limit)

    rows = with_ledger(config, act)
    show(rows, as_json, ("id", "raised", "kind", "subject", "text", "over"), "notices")
