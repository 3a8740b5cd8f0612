"""Commands that only look."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import click

from distributor.cli.context import as_json, show, with_ledger
from distributor.ledger import articles as ledger_articles
from distributor.ledger import dossier, notices, views
from distributor.ledger.ledger import Ledger
from distributor.ledger.tables import delivery, rendition
from distributor.routing import Router
from distributor.settings import Config
from distributor.translation.engines.setup import engines_of

STATES = ("waiting", "pending", "sending", "delivered", "dead", "superseded", "canceled")

DELIVERY_COLUMNS = (
    "id", "article", "version", "channel", "language", "state", "attempts", "took_ms", "due", "answer",
)  # fmt: skip


@click.command()
@click.option("--source", default="", help="Only of this source.")
@click.option(
    "--status", type=click.Choice(("usable", "withheld", "canceled")), default=None, help="Only these."
)
@click.option("--limit", type=click.IntRange(0), default=0, help="At most so many, newest first; 0: all.")
@as_json
@click.pass_obj
def articles(config: Path, source: str, status: str | None, limit: int, as_json: bool) -> None:
    """List the articles, newest first."""

    async def act(_: Config, ledger: Ledger) -> list[views.Record]:
        return await ledger.read(views.articles, source=source, pub_status=status or "", limit=limit)

    columns = ("id", "published", "version", "urgency", "pub_status", "language", "headline", "reason")
    show(with_ledger(config, act), as_json, columns, "articles")


@click.command()
@click.option("--article", default="", help="Only of this article: id, guid or slug.")
@click.option("--member", default="", help="Only to this member.")
@click.option("--channel", default="", help="Only over this channel: member/name.")
@click.option("--state", type=click.Choice(STATES), default=None, help="Only in this state.")
@click.option("--attempts", type=int, default=None, help="The attempts at the delivery of this id instead.")
@click.option("--limit", type=click.IntRange(0), default=0, help="At most so many, newest first; 0: all.")
@as_json
@click.pass_obj
def deliveries(
    config: Path,
    article: str,
    member: str,
    channel: str,
    state: str | None,
    attempts: int | None,
    limit: int,
    as_json: bool,
) -> None:
    """List the deliveries, newest first."""

    async def act(_: Config, ledger: Ledger) -> list[views.Record]:
        if attempts is not None:
            return await ledger.read(views.attempts, attempts)
        wanted = {delivery.c.member: member, delivery.c.lane: channel, delivery.c.state: state}
        where: list[Any] = [column == value for column, value in wanted.items() if value]
        if article:
            where.append(delivery.c.article == (await ledger.read(ledger_articles.find, article)).id)
        return await ledger.read(views.deliveries, where, limit=limit)

    rows = with_ledger(config, act)
    if attempts is None:
        show(rows, as_json, DELIVERY_COLUMNS, "deliveries")
    else:
        show(rows, as_json, ("number", "started", "took_ms", "outcome", "answer", "worker"), "attempts")


@click.command()
@as_json
@click.pass_obj
def status(config: Path, as_json: bool) -> None:
    """Say how the wire fares: deliveries, channels, sources, what waits for a person.

    Exit status 1 if something does: a dead delivery, a channel or source that is not open, a held
    rendition or article, an open notice.
    """

    async def act(_: Config, ledger: Ledger) -> dict[str, Any]:
        return {
            "deliveries": [await ledger.read(views.by_state)],
            "channels": await ledger.read(views.lanes),
            "sources": await ledger.read(views.sources),
            "held renditions": await ledger.read(views.held),
            "held articles": await ledger.read(views.articles, pub_status="withheld"),
            "notices": await ledger.read(notices.listing),
        }

    told = with_ledger(config, act)
    if as_json:
        for kind, rows in told.items():
            for row in rows:
                click.echo(json.dumps({"kind": kind, **row}, ensure_ascii=False, default=views.iso))
    else:
        _print_status(told)
    raise SystemExit(_needs_a_person(told))


def _print_status(told: dict[str, Any]) -> None:
    show(told["deliveries"], False, STATES, "deliveries")
    show(told["channels"], False, ("channel", "state", "pending", "delivered", "dead", "reason"), "channels")
    show(told["sources"], False, ("source", "state", "last_polled", "due", "failures", "reason"), "sources")
    show(told["held renditions"], False, ("count", "language", "reason"), "held renditions")
    show(told["held articles"], False, ("id", "headline", "reason"), "held articles")
    show(told["notices"], False, ("id", "raised", "kind", "subject", "text"), "notices")


def _needs_a_person(told: dict[str, Any]) -> bool:
    lanes_closed = any(row["state"] in ("parked", "off") for row in told["channels"])
    sources_off = any(row["state"] == "off" for row in told["sources"])
    dead = told["deliveries"][0].get("dead", 0)
    held = told["held renditions"] or told["held articles"]
    return bool(dead or lanes_closed or sources_off or held or told["notices"])


@click.command()
@click.argument("article", default="")
@click.option("--held", is_flag=True, help="Only those that wait for a person.")
@click.option("--limit", type=click.IntRange(1), default=100, show_default=True)
@as_json
@click.pass_obj
def renditions(config: Path, article: str, held: bool, limit: int, as_json: bool) -> None:
    """List renditions, of one ARTICLE (id, guid or slug) or of all, with what speaks against them.

    --json has each doubt with its sentence and translation. `distributor approve` lets a held one go,
    `distributor memory correct` words a sentence, `distributor retranslate` translates it again.
    """

    async def act(_: Config, ledger: Ledger) -> list[views.Record]:
        where: list[Any] = [rendition.c.state == "held"] if held else []
        if article:
            where.append(rendition.c.article == (await ledger.read(ledger_articles.find, article)).id)
        return await ledger.read(views.renditions, where, limit=limit)

    columns = ("article", "version", "language", "origin", "state", "model", "headline", "reason")
    show(with_ledger(config, act), as_json, columns, "renditions")


@click.command()
@click.argument("article")
@click.argument("member", default="")
@as_json
@click.pass_obj
def why(config: Path, article: str, member: str, as_json: bool) -> None:
    """Say which members get ARTICLE (id, guid or slug), in what and over what, and why others do not."""

    async def act(settings: Config, ledger: Ledger) -> list[views.Record]:
        row = await ledger.read(ledger_articles.find, article)
        facts = await ledger.read(dossier.facts, row.id)
        router = Router(settings, engines_of(settings).can)
        verdicts = [v for v in router.explain(facts) if not member or v.member == member]
        if not verdicts:
            raise click.BadParameter(f"no member {member!r}; see config.toml", param_hint="MEMBER")
        return [
            {
                "member": v.member,
                "gets": [f"{r.language} over {r.lane}" for r in v.routes],
                "why": v.why + _withheld(row),
            }
            for v in verdicts
        ]

    rows = with_ledger(config, act)
    if not as_json:
        rows = [{**row, "gets": ", ".join(row["gets"]) or "nothing"} for row in rows]
    show(rows, as_json, ("member", "gets", "why"), "routing")


def _withheld(row: Any) -> str:
    if row.pub_status == "withheld":
        return f"; but the article is held: {row.reason}"
    return (
        "" if row.routed else "; but the article is older than its source's backfill: release it to send it"
    )
