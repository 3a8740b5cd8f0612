"""What a channel is, and the ways in which it fails.

* ChannelError
  x Unavailable    try again later
  x Refused        this story, never
  x Denied         this channel, until a person mends it
    + Gone         this address, never
"""

from __future__ import annotations

from datetime import timedelta
from typing import Any, ClassVar, Protocol, Self

from channels.settings import ChannelSettings
from channels.story import IdempotencyKey, Receipt, Story


class ChannelError(Exception):
    """A receiver did not take a story. Each subclass is a decision for whoever catches it."""


class Unavailable(ChannelError):
    """Try again later.

    `retry_after`: the receiver's own wish, if it named one.
    `unknown`: the story was sent and no answer came, so that the receiver may have it.
    `blip`: nothing of the story can have arrived (a reset or a timeout while connecting): trying again
    within the same attempt is safe and worth it.
    `slow_down`: it works, and gets more than it wants (RFC 6585 §4).
    """

    def __init__(
        self,
        reason: str,
        *,
        retry_after: timedelta | None = None,
        unknown: bool = False,
        blip: bool = False,
        slow_down: bool = False,
    ) -> None:
        super().__init__(reason)
        self.retry_after = retry_after
        self.unknown = unknown
        self.blip = blip
        self.slow_down = slow_down


class Refused(ChannelError):
    """The receiver will never take this story; the next one may be fine."""


class Denied(ChannelError):
    """The receiver takes nothing from us until a person mends something."""


class Gone(Denied):
    """RFC 9110 §15.5.11: the address is no more; switch the channel off."""


class Channel(Protocol):
    """One way to reach one member. Made with its settings; opened and closed as a context.

    A kind whose readers are people says so with `carries_digests = True`: then its settings may ask for
    several stories in one, which comes as a story, too.
    """

    Settings: ClassVar[type[ChannelSettings]]

    def __init__(self, settings: Any) -> None:
        """`settings`: of this class's own `Settings`."""

    async def __aenter__(self) -> Self: ...

    async def __aexit__(self, *exc: object) -> None: ...

    async def send(self, story: Story, key: IdempotencyKey, number: int = 0) -> Receipt:
        """Bring `story` there. A repeat with the same key must not make a second item.

        `number` counts what goes over this channel, without gaps, so that a receiver sees what it missed; it
        travels with the item where the protocol has a place for it. A digest has that of its last item.
        0: not counted (a notice).
        Raises: Unavailable, Refused, Denied, Gone.
        """
        ...

    async def check(self) -> str:
        """Say who answers, without leaving an item there. Raises: as `send`."""
        ...
