"""Errors that a caller may catch.

* DistributorError
  x ConfigError        the configuration, with all its faults
  x LedgerError
    + LeaseLost        a late worker: somebody else owns the row now
    + NotFound         no such article, delivery, channel
    + Conflict         somebody else was there first
  x SourceError        a feed that gave nothing this time
    + SourceGone       410: a feed that never will again
    + Redirected       it stands elsewhere, and following was not wanted
  x TranslationError
    + PairMissing      no installed package leads from one language to the other
    + EngineAway       an engine elsewhere that does not answer now
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta


class DistributorError(Exception):
    """Base of all below; its text is for the operator."""


class ConfigError(DistributorError):
    """`faults`: a line each, naming the key and the mend."""

    def __init__(self, faults: Sequence[str]) -> None:
        super().__init__("\n".join(faults))
        self.faults = tuple(faults)


class LedgerError(DistributorError):
    """The ledger could not do what was asked."""


class LeaseLost(LedgerError):
    """The row is no longer this worker's."""


class NotFound(LedgerError):
    """There is no such row."""


class Conflict(LedgerError):
    """It is no longer as it was when this was asked for, or it exists already."""


class SourceError(DistributorError):
    """`retry_after`: the server's own wish, if it named one; `status`: its HTTP answer, 0 if it gave none."""

    def __init__(self, reason: str, *, retry_after: timedelta | None = None, status: int = 0) -> None:
        super().__init__(reason)
        self.retry_after, self.status = retry_after, status


class SourceGone(SourceError):
    """RFC 9110 §15.5.11: never ask again."""


class Redirected(SourceError):
    """`target`: where the last redirect that was followed leads."""

    def __init__(self, reason: str, target: str) -> None:
        super().__init__(reason)
        self.target = target


class TranslationError(DistributorError):
    """A text could not be translated."""


class PairMissing(TranslationError):
    """No installed Argos package, nor a chain of two, leads from `source` to `target`."""

    def __init__(self, source: str, target: str) -> None:
        super().__init__(
            f"no model for {source} → {target}; install it with: distributor models install {source} {target}"
        )
        self.source, self.target = source, target


class EngineAway(TranslationError):
    """It may answer later; nothing is known of the text."""
