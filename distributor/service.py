"""Starts the loops and stops them, nothing else."""

from __future__ import annotations

import asyncio
import os
import secrets
import socket
from collections.abc import AsyncIterator, Collection
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Literal
from zoneinfo import ZoneInfo

from sqlalchemy import Connection

from channels import registry
from channels.channel import Channel
from channels.media_cache import FetchesMedia, MediaCache
from channels.settings import ChannelSettings
from distributor import hours
from distributor.delivery.bookkeeper import Bookkeeper
from distributor.delivery.courier import Courier
from distributor.delivery.flight import Line
from distributor.delivery.herald import Herald
from distributor.delivery.keeper import Keeper
from distributor.delivery.rhythm import Rhythm
from distributor.desk.app import App
from distributor.desk.desk import Desk
from distributor.events import Events
from distributor.ledger import deliveries, lanes, renditions, sources, subscriptions
from distributor.ledger.circuit import Terms
from distributor.ledger.ledger import Ledger, one_at_a_time
from distributor.naming import Names
from distributor.routing import Router
from distributor.settings import Config, MediaSettings, MemberSettings, SourceSettings
from distributor.sources.fuller import FullTexts
from distributor.sources.intake import Intake
from distributor.translation.engines.setup import engines_of, glossaries_of
from distributor.translation.interpreter import Interpreter
from distributor.translation.translator import Translator
from distributor.web.addresses import Addresses
from distributor.web.callbacks import Callbacks
from distributor.web.distribution import Distribution
from distributor.web.hub import Hub
from distributor.web.private import Private
from distributor.web.server import Server

SLACK = 5.0  # seconds beyond a channel's own timeout before its attempt is given up from outside


Duty = Literal["sources", "translation", "delivery", "web"]
DUTIES: tuple[Duty, ...] = ("sources", "translation", "delivery", "web")


@dataclass(frozen=True, slots=True)
class Service:
    """The loops over one ledger."""

    config: Config
    ledger: Ledger
    intakes: tuple[Intake, ...]
    translator: Translator
    courier: Courier
    herald: Herald
    keeper: Keeper
    bookkeeper: Bookkeeper
    web: Server | None
    """None where nothing is served."""
    hub: Distribution | None
    """None where there is no feed to subscribe to."""

    async def run(self, stop: asyncio.Event, duties: Collection[Duty] = DUTIES) -> None:
        """Until `stop`: then what is in flight lands or is handed back."""
        async with self.ledger.watch(), asyncio.TaskGroup() as loops:
            if "sources" in duties:
                for intake in self.intakes:
                    loops.create_task(intake.follow(stop), name=f"source {intake.source.name}")
            if "translation" in duties:
                loops.create_task(self.translator.run(stop), name="translation")
            if "delivery" in duties:
                loops.create_task(self.courier.run(stop), name="delivery")
                loops.create_task(self.herald.run(stop), name="notices")
                loops.create_task(self.keeper.run(stop), name="retention")
                loops.create_task(self.bookkeeper.run(stop), name="figures")
            if "web" in duties and self.web:
                loops.create_task(self.web.run(stop), name="web")
            if "web" in duties and self.hub:
                loops.create_task(self.hub.run(stop), name="hub")
            await stop.wait()
            self.ledger.ring()

    async def once(self, stop: asyncio.Event, duties: Collection[Duty] = DUTIES) -> None:
        """One pass: read every source, translate all that waits, deliver all that is due."""
        if "sources" in duties:
            async with asyncio.TaskGroup() as polls:
                for intake in self.intakes:
                    polls.create_task(intake.once())
        async with asyncio.TaskGroup() as loops:
            if "translation" in duties:
                loops.create_task(self.translator.run(stop, until_idle=True))
            if "delivery" in duties:
                loops.create_task(self.courier.run(stop, until_idle=True))
        if "delivery" in duties:
            await self.courier.run(stop, until_idle=True)
            await self.herald.once()
            await self.keeper.once(stop)
            await self.bookkeeper.once(stop)


@asynccontextmanager
async def opened(config: Config, events: Events) -> AsyncIterator[Service]:
    """A service with its ledger and channels open. Raises: LedgerError, ConfigError."""
    worker = f"{socket.gethostname()}-{os.getpid()}-{secrets.token_hex(3)}"
    async with AsyncExitStack() as stack:
        ledger = await stack.enter_async_context(Ledger(config.storage))
        await stack.enter_async_context(ledger.alone())
        await ledger.write(_take_up, config, ledger.sqlite, ledger.now())
        media = await _media(stack, config.media)
        lines = {lane: await _line(stack, m, c, media) for lane, (m, c) in config.lanes().items()}
        addresses = Addresses(config)
        engines = await stack.enter_async_context(engines_of(config))
        router, glossaries = Router(config, engines.can), glossaries_of(config)
        interpreter = Interpreter(ledger, engines, glossaries)
        channels = {lane: line.channel for lane, line in lines.items()}
        pages = _pages(config)
        desk = Desk(config, ledger, router, Names(config), channels, glossaries)
        yield Service(
            config,
            ledger,
            tuple(_intake(ledger, source, router, events, pages) for source in config.sources),
            Translator(ledger, interpreter, events, worker, lease=config.lease),
            Courier(ledger, lines, Names(config), events, worker, lease=config.lease, grace=config.grace),
            Herald(ledger, await _to_us(stack, config), config.domain, events, worker),
            Keeper(ledger, config.retention, events),
            Bookkeeper(ledger, config.kill_deadline, events),
            _web(config, ledger, addresses, events, desk),
            await _hub(stack, config, ledger, addresses, events, worker),
        )


def _pages(config: Config) -> FullTexts | None:
    """One for all sources, so that two with pages on one host do not ask it at the same time."""
    if all(source.content == "feed" for source in config.sources):
        return None
    from distributor.sources.pages import Pages  # its libraries are optional

    return Pages()


def _intake(
    ledger: Ledger, source: SourceSettings, router: Router, events: Events, pages: FullTexts | None
) -> Intake:
    full = pages if source.content == "page" else None
    return Intake(ledger, source, router.routes, events, pages=full)


def _web(config: Config, ledger: Ledger, addresses: Addresses, events: Events, desk: Desk) -> Server | None:
    if not config.web.listen:
        return None
    private, hub = Private(ledger, addresses, Names(config)), Hub(ledger, addresses)
    app = App(desk)
    return Server(config.web, [*private.routes(), *hub.routes(), *app.routes()], events, app.prepare)


async def _hub(
    stack: AsyncExitStack,
    config: Config,
    ledger: Ledger,
    addresses: Addresses,
    events: Events,
    worker: str,
) -> Distribution | None:
    if not addresses.any_feed:
        return None
    callbacks = await stack.enter_async_context(Callbacks(allow_private=config.web.allow_private))
    return Distribution(ledger, addresses, Names(config), callbacks, events, worker, grace=config.grace)


async def _to_us(stack: AsyncExitStack, config: Config) -> dict[str, Channel]:
    """The channels for notices, open."""
    return {name: await stack.enter_async_context(make(c)) for name, c in config.to_us().items()}


async def _media(stack: AsyncExitStack, told: MediaSettings) -> MediaCache | None:
    """Where channels that carry files have them from, unless each is to fetch by itself."""
    if not told.cache:
        return None
    cache = MediaCache(
        told.cache, room=told.max_cache, timeout=told.timeout, revalidate=told.revalidate, retry=told.retry
    )
    return await stack.enter_async_context(cache)


async def _line(
    stack: AsyncExitStack, member: MemberSettings, settings: ChannelSettings, media: MediaCache | None
) -> Line:
    channel = await stack.enter_async_context(make(settings, media))
    paced = settings.rate is not None
    return Line(
        channel,
        settings.timeout.total_seconds() + SLACK,
        settings.ordered,
        paced,
        _rhythm(member, settings),
    )


def _rhythm(member: MemberSettings, settings: ChannelSettings) -> Rhythm:
    return Rhythm(
        ZoneInfo(member.zone),
        hours.window(member.window) if member.window else None,
        hours.times(settings.digest) if settings.digest else None,
    )


def make(settings: ChannelSettings, media: MediaCache | None = None) -> Channel:
    """The channel of these settings; one that carries files has them from `media`."""
    channel = registry.load(settings.type)(settings)
    if isinstance(channel, FetchesMedia):
        channel.media_cache = media
    return channel


def _terms(member: MemberSettings, channel: ChannelSettings) -> Terms:
    told = (channel.concurrency, channel.ordered, channel.rate, channel.disable_after)
    return Terms(member.id, channel.type, *told)


def _take_up(db: Connection, config: Config, alone: bool, now: datetime) -> None:
    """Bring the ledger in line with the configuration, and take up what a dead predecessor had in hand."""
    one_at_a_time(db)
    table = {lane: _terms(m, c) for lane, (m, c) in config.lanes().items()}
    lanes.sync(db, table, now)
    sources.sync(db, {s.name: s.url for s in config.sources}, now)
    if alone:
        deliveries.hand_back(db)
        renditions.hand_back(db)
        subscriptions.hand_back(db)
    else:
        deliveries.expire(db, now)
