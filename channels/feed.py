"""A member that fetches: a private feed, served by the wire itself from what its ledger has."""

from __future__ import annotations

from typing import Any, ClassVar, Literal, Self

from pydantic import Field

from channels.settings import ChannelSettings
from channels.story import IdempotencyKey, Receipt, Story


class FeedSettings(ChannelSettings):
    """`type = "feed"`. The address is private by the member's `token`; `[web]` says where it is served."""

    type: Literal["feed"]
    title: str = Field("", description="Of the feed; unless said, it names the member.")
    size: int = Field(50, ge=1, le=500, description="Items on a page; older ones are on the next (RFC 5005).")


class Feed:
    """Implements `Channel`: what is sent stands in the feed from the moment that its receipt is recorded."""

    Settings: ClassVar[type[ChannelSettings]] = FeedSettings

    def __init__(self, settings: Any) -> None:
        self.settings: FeedSettings = settings

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *exc: object) -> None:
        return None

    async def send(self, story: Story, key: IdempotencyKey, number: int = 0) -> Receipt:
        """Nothing is to be brought anywhere: its reader sees it next."""
        return Receipt("in the feed")

    async def check(self) -> str:
        """It is as reachable as the wire's own pages."""
        return "served by the wire itself, at the member's private address"
