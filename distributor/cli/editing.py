"""Commands of an editor: each is one act in the ledger, and in its audit trail."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import click
from sqlalchemy import Connection

from distributor.cli.context import who, with_ledger
from distributor.ledger import articles, deliveries, renditions, withdrawal
from distributor.ledger.audit import note
from distributor.ledger.fanout import Routes
from distributor.ledger.ledger import Ledger
from distributor.ledger.tables import delivery
from distributor.ledger.urgency import make_urgent
from distributor.routing import Router
from distributor.settings import Config
from distributor.translation.engines.setup import engines_of


def _routes(config: Config) -> Routes:
    return Router(config, engines_of(config).can).routes


@click.command()
@click.argument("article")
@click.option(
    "--urgency", type=click.IntRange(1, 9), default=1, show_default=True, help="1 is most, 9 least."
)
@click.pass_obj
def urgent(config: Path, article: str, urgency: int) -> None:
    """Move ARTICLE (id, guid or slug) to the front of everything that waits."""

    async def act(settings: Config, ledger: Ledger) -> int:
        row = await ledger.read(articles.find, article)
        return await ledger.write(make_urgent, row.id, urgency, _routes(settings), who(), ledger.now())

    click.echo(f"urgency {urgency}: {with_ledger(config, act)} deliveries moved")


@click.command()
@click.argument("article")
@click.option(
    "--reason", default="held by an editor", show_default=True, help="Shown to everybody who looks."
)
@click.pass_obj
def hold(config: Path, article: str, reason: str) -> None:
    """Let nothing more of ARTICLE (id, guid or slug) leave until it is released."""

    async def act(_: Config, ledger: Ledger) -> int:
        row = await ledger.read(articles.find, article)
        return await ledger.write(articles.hold, row.id, reason, who(), ledger.now())

    click.echo(f"held: {with_ledger(config, act)} deliveries stopped")


@click.command()
@click.argument("article")
@click.pass_obj
def release(config: Path, article: str) -> None:
    """Let ARTICLE (id, guid or slug) go: one that is held, or one that is older than the backfill."""

    async def act(settings: Config, ledger: Ledger) -> int:
        row = await ledger.read(articles.find, article)
        return await ledger.write(articles.release, row.id, _routes(settings), who(), ledger.now())

    click.echo(f"released: {with_ledger(config, act)} deliveries may go")


@click.command()
@click.argument("article")
@click.option("--reason", required=True, help="For us: kept, and shown to everybody who looks.")
@click.confirmation_option(prompt="Everybody that has it is told, and it cannot be taken back. Go on?")
@click.pass_obj
def withdraw(config: Path, article: str, reason: str) -> None:
    """Tell everybody that has ARTICLE (id, guid or slug) that it is withdrawn; nobody else gets it."""

    async def act(_: Config, ledger: Ledger) -> int:
        row = await ledger.read(articles.find, article)
        return await ledger.write(withdrawal.withdraw, row.id, reason, who(), ledger.now())

    click.echo(f"withdrawn: {with_ledger(config, act)} deliveries tell of it")


@click.command()
@click.argument("article")
@click.argument("language")
@click.pass_obj
def approve(config: Path, article: str, language: str) -> None:
    """Let the rendition of ARTICLE in LANGUAGE go that the checks hold: you have read it.

    `distributor renditions --held` shows what there is, and why.
    """

    async def act(_: Config, ledger: Ledger) -> int:
        row = await ledger.read(articles.find, article)
        return await ledger.write(renditions.approve, row.id, language, who(), ledger.now())

    click.echo(f"approved: {with_ledger(config, act)} deliveries may go")


@click.command()
@click.argument("article")
@click.argument("language")
@click.pass_obj
def retranslate(config: Path, article: str, language: str) -> None:
    """Translate ARTICLE, which is held, into LANGUAGE again.

    After a change of the models, the glossary or the memory.
    """

    async def act(_: Config, ledger: Ledger) -> None:
        row = await ledger.read(articles.find, article)
        await ledger.write(renditions.again, row.id, language, who(), ledger.now())

    with_ledger(config, act)
    click.echo("it waits to be translated again")


@click.command()
@click.argument("ids", nargs=-1, type=int, metavar="[DELIVERY]...")
@click.option("--channel", default="", help="All dead ones of this channel: member/name.")
@click.option("--article", default="", help="All dead ones of this article: id, guid or slug.")
@click.option("--since", type=click.DateTime(), default=None, help="Only those that died since then, UTC.")
@click.option(
    "--new-keys", is_flag=True, help="With keys that the receivers never saw: they take it as something new."
)
@click.option("--dry-run", is_flag=True, help="Count, change nothing.")
@click.pass_obj
def replay(
    config: Path,
    ids: tuple[int, ...],
    channel: str,
    article: str,
    since: datetime | None,
    new_keys: bool,
    dry_run: bool,
) -> None:
    """Put dead deliveries back in the queue, with their old idempotency keys.

    Exit status 1 if there were none.
    """
    if not (ids or channel or article or since):
        raise click.UsageError("say which: ids, --channel, --article or --since")

    async def act(_: Config, ledger: Ledger) -> int:
        where: list[Any] = [delivery.c.id.in_(ids)] if ids else []
        where += [delivery.c.lane == channel] if channel else []
        where += [delivery.c.settled >= since.replace(tzinfo=UTC)] if since else []
        if article:
            where.append(delivery.c.article == (await ledger.read(articles.find, article)).id)
        if dry_run:
            return await ledger.read(deliveries.count_dead, where)
        return await ledger.write(_replay, where, ledger.now(), new_keys)

    count = with_ledger(config, act)
    click.echo(f"{count} deliveries {'would be ' if dry_run else ''}replayed")
    raise SystemExit(not count)


def _replay(db: Connection, where: list[Any], now: datetime, new_keys: bool) -> int:
    count = deliveries.replay(db, where, now, new_keys=new_keys)
    if count:
        note(db, now, who(), "replay", f"{count} deliveries")
    return count
