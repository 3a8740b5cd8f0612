"""Kind → class, by entry point, imported on first use: an unused kind costs nothing."""

from __future__ import annotations

from difflib import get_close_matches
from functools import cache
from importlib.metadata import EntryPoint, entry_points

from channels.channel import Channel

GROUP = "distributor.channels"


class UnknownKind(LookupError):
    """No installed package registers a channel of this kind."""

    def __init__(self, kind: str) -> None:
        near = get_close_matches(kind, kinds(), n=1)
        mend = f"did you mean {near[0]!r}?" if near else f"there are: {', '.join(kinds())}"
        super().__init__(f"no channel of type {kind!r}; {mend}")


class BrokenKind(LookupError):
    """The package that registers this kind cannot be imported."""

    def __init__(self, kind: str, cause: Exception) -> None:
        super().__init__(f"channel type {kind!r} cannot be loaded: {cause!r}")


@cache
def _entries() -> dict[str, EntryPoint]:
    return {entry.name: entry for entry in entry_points(group=GROUP)}


def kinds() -> list[str]:
    """The registered kinds, sorted."""
    return sorted(_entries())


@cache
def load(kind: str) -> type[Channel]:
    """The class that registered as `kind`. Raises: UnknownKind, BrokenKind."""
    if kind not in _entries():
        raise UnknownKind(kind)
    try:
        loaded: type[Channel] = _entries()[kind].load()
    except Exception as e:
        raise BrokenKind(kind, e) from e
    return loaded
