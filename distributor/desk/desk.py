"""What pages and operations work with."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime

from channels.channel import Channel
from distributor.ledger.fanout import Routes
from distributor.ledger.ledger import Ledger
from distributor.ledger.stories import Naming
from distributor.routing import Router
from distributor.settings import Config
from distributor.translation.glossary.folder import Glossaries


@dataclass(frozen=True, slots=True)
class Desk:
    """`channels`: by lane, for checks, test items and previews; open for as long as the desk is."""

    config: Config
    ledger: Ledger
    router: Router
    naming: Naming
    channels: Mapping[str, Channel]
    glossaries: Glossaries
    clock: Callable[[], datetime] | None = None

    @property
    def routes(self) -> Routes:
        """Where an article goes."""
        return self.router.routes

    def now(self) -> datetime:
        """The ledger's time."""
        return (self.clock or self.ledger.now)()
