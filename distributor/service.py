"""Starts the loops and stops them, nothing else."""

from __future__ import annotations

import asyncio
import os
import secrets
import socket
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import Connection, make_url

from channels import registry
from channels.channel import Channel
from channels.settings import ChannelSettings
from distributor import clock
from distributor.config import SQLITE, Config
from distributor.delivery.courier import Courier, Line
from distributor.events import Events
from distributor.ledger import deliveries, lanes, renditions, sources
from distributor.ledger.ledger import Ledger
from distributor.naming import Names
from distributor.routing import Router
from distributor.sources.intake import Intake
from distributor.translation.engine import Engine
from distributor.translation.packages import Packages, folders
from distributor.translation.translator import Translator

SLACK = 5.0  # seconds beyond a channel's own timeout before its attempt is given up from outside


@dataclass(frozen=True, slots=True)
class Service:
    """The three loops over one ledger."""

    config: Config
    ledger: Ledger
    intakes: tuple[Intake, ...]
    translator: Translator
    courier: Courier

    async def run(self, stop: asyncio.Event) -> None:
        """Until `stop`: then what is in flight lands or is handed back."""
        async with self.ledger.watch(), asyncio.TaskGroup() as loops:
            for intake in self.intakes:
                loops.create_task(intake.follow(stop), name=f"source {intake.source.name}")
            loops.create_task(self.translator.run(stop), name="translation")
            loops.create_task(self.courier.run(stop), name="delivery")
            await stop.wait()
            self.ledger.ring()

    async def once(self, stop: asyncio.Event) -> None:
        """One pass: read every source, translate all that waits, deliver all that is due."""
        async with asyncio.TaskGroup() as polls:
            for intake in self.intakes:
                polls.create_task(intake.once())
        async with asyncio.TaskGroup() as loops:
            loops.create_task(self.translator.run(stop, until_idle=True))
            loops.create_task(self.courier.run(stop, until_idle=True))
        await self.courier.run(stop, until_idle=True)


@asynccontextmanager
async def opened(config: Config, events: Events) -> AsyncIterator[Service]:
    """A service with its ledger and channels open. Raises: LedgerError, ConfigError."""
    worker = f"{socket.gethostname()}-{os.getpid()}-{secrets.token_hex(3)}"
    async with AsyncExitStack() as stack:
        ledger = await stack.enter_async_context(Ledger(config.storage))
        await stack.enter_async_context(ledger.alone())
        await ledger.write(_take_up, config, ledger.sqlite)
        lines = {lane: await _line(stack, channel) for lane, (_, channel) in config.lanes().items()}
        packages = open_packages(config)
        engine = Engine(packages, beam=config.translation.beam, threads=config.translation.threads)
        stack.push_async_callback(asyncio.to_thread, engine.close)
        routes = Router(config, packages.can).routes
        yield Service(
            config,
            ledger,
            tuple(Intake(ledger, source, routes, events) for source in config.sources),
            Translator(ledger, engine, events, worker),
            Courier(ledger, lines, Names(config), events, worker),
        )


def open_packages(config: Config) -> Packages:
    """The Argos packages that the configuration names; the sample models are unpacked beside the ledger."""
    file = make_url(config.storage).database if config.storage.startswith(SQLITE) else None
    beside = Path(file).parent if file else Path("var")
    return Packages(folders(config.translation.packages, beside / "sample-models"))


async def _line(stack: AsyncExitStack, settings: ChannelSettings) -> Line:
    channel = await stack.enter_async_context(make(settings))
    return Line(channel, settings.timeout.total_seconds() + SLACK)


def make(settings: ChannelSettings) -> Channel:
    """The channel of these settings."""
    return registry.load(settings.type)(settings)


def _take_up(db: Connection, config: Config, alone: bool) -> None:
    """Bring the ledger in line with the configuration, and take up what a dead predecessor had in hand."""
    now = clock.now()
    table = {lane: (m.id, c.type, c.concurrency) for lane, (m, c) in config.lanes().items()}
    lanes.sync(db, table, now)
    sources.sync(db, {s.name: s.url for s in config.sources}, now)
    if alone:
        deliveries.hand_back(db)
        renditions.hand_back(db)
    else:
        deliveries.expire(db, now)
