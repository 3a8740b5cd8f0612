"""`distributor check`: does everything that the service will need answer?"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Coroutine, Iterator
from dataclasses import asdict, dataclass
from typing import Any

from channels.channel import ChannelError
from channels.settings import ChannelSettings
from distributor import bcp47, clock
from distributor.errors import DistributorError, PairMissing
from distributor.ledger.ledger import Ledger
from distributor.service import make
from distributor.settings import Config, SourceSettings
from distributor.sources.fetch import Bounds, fetch, open_session
from distributor.sources.parse import parse
from distributor.translation.engines.libretranslate import LibreTranslate
from distributor.translation.engines.pairs import Engines
from distributor.translation.engines.setup import engines_of, glossaries_of


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was looked at."""

    what: str
    fine: bool
    said: str

    def __str__(self) -> str:
        return f"{'ok  ' if self.fine else 'FAIL'}  {self.what}: {self.said}"

    def as_json(self) -> str:
        """One line."""
        return json.dumps(asdict(self), ensure_ascii=False)


async def findings(config: Config) -> list[Finding]:
    """All that can be told without sending anything to anybody, in the order of the configuration."""
    asked: list[Coroutine[Any, Any, Finding]] = [_ledger(config)]
    asked += [_source(source) for source in config.sources]
    asked += [_channel(f"channel {lane}", settings) for lane, (_, settings) in config.lanes().items()]
    asked += [_channel(f"notices {name}", settings) for name, settings in config.to_us().items()]
    engines = engines_of(config)
    asked += [_engine(remote) for remote in dict.fromkeys(engines.remotes.values())]
    told = await asyncio.gather(*asked)
    models, glossaries = _models(config, engines), _glossaries(config)
    return [Finding("configuration", True, _summary(config)), *told, *models, *glossaries]


def _summary(config: Config) -> str:
    return f"{len(config.sources)} sources, {len(config.members)} members, {len(config.lanes())} channels"


async def _ledger(config: Config) -> Finding:
    try:
        async with Ledger(config.storage) as ledger:
            return Finding("ledger", True, str(ledger.file or ledger.url))
    except DistributorError as e:
        return Finding("ledger", False, str(e))


async def _source(source: SourceSettings) -> Finding:
    bounds = Bounds(body_limit=source.body_limit, timeout=source.timeout)
    try:
        async with open_session(source.allow_private) as session:
            fetched = await fetch(session, source.url, bounds, now=clock.now())
        if not fetched:
            return Finding(f"source {source.name}", True, "not modified")
        feed = await asyncio.to_thread(parse, fetched.body, url=fetched.url, headers=fetched.headers)
    except DistributorError as e:
        return Finding(f"source {source.name}", False, str(e))
    said = "; ".join((f"{len(feed.items)} items", *feed.warnings))
    return Finding(f"source {source.name}", not feed.warnings, said)


async def _channel(name: str, settings: ChannelSettings) -> Finding:
    try:
        async with asyncio.timeout(settings.timeout.total_seconds()), make(settings) as channel:
            return Finding(name, True, await channel.check())
    except TimeoutError:
        return Finding(name, False, f"no answer in {settings.timeout.total_seconds():.0f} s")
    except ChannelError as e:
        return Finding(name, False, str(e))


async def _engine(remote: LibreTranslate) -> Finding:
    try:
        async with remote:
            return Finding(f"engine {remote.host}", True, await remote.check())
    except DistributorError as e:
        return Finding(f"engine {remote.host}", False, str(e))


def _models(config: Config, engines: Engines) -> Iterator[Finding]:
    """Each pair that the sources' and the members' languages call for."""
    read = {s.language for s in config.sources}
    wanted = {tag for m, c in config.lanes().values() for tag in c.languages or m.languages}
    for source in sorted(read):
        for target in sorted(t for t in wanted if not bcp47.same(source, t)):
            fine = engines.can(source, target)
            said = engines.named(source, target) if fine else str(PairMissing(source, target))
            yield Finding(f"model {source} → {target}", fine, said)
    for fault in engines.local.packages.faults:
        yield Finding("model", False, fault)


def _glossaries(config: Config) -> Iterator[Finding]:
    glossaries = glossaries_of(config)
    for source, target in glossaries.pairs:
        yield Finding(f"glossary {source} → {target}", True, "holds")
    for fault in glossaries.faults:
        yield Finding("glossary", False, fault)
