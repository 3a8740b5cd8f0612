"""What is new in a feed: decided by identity, never by dates, order or place. Pure.

Feeds come out of order, re-dated, with dates in the future, and now and then with all their guids changed (a
new CMS, http to https). None of that may send an article twice.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from distributor.article import Item
from distributor.sources.identity import link_key, text_key


@dataclass(frozen=True, slots=True)
class Known:
    """What the ledger knows of an article."""

    article: int
    guid: str
    fingerprint: str
    embargo: datetime | None = None
    """As its source announced it last."""
    revised: datetime | None = None
    """When its last change came; None if there was none."""


@dataclass(frozen=True, slots=True)
class Memory:
    """What one source's articles can be known by. `by_link` and `by_text` (keys of `identity`) have only what
    belongs to one article alone. An article may have several of each."""

    by_guid: Mapping[str, Known] = field(default_factory=dict)
    by_link: Mapping[str, Known] = field(default_factory=dict)
    by_text: Mapping[str, Known] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class New:
    """An article that was never seen."""

    item: Item
    hold: str = ""
    """Why it waits for an editor; empty if it does not."""
    backlog: bool = False
    """Older than the source's backfill: recorded, sent to nobody."""


@dataclass(frozen=True, slots=True)
class Changed:
    """The next version of an article. Its guid may be another than before: remember that too."""

    item: Item
    article: int


@dataclass(frozen=True, slots=True)
class Renamed:
    """No new version: the same under another guid, or with other links. Remember guid, link, text and
    *fingerprint*, or the next poll finds it changed."""

    item: Item
    article: int


@dataclass(frozen=True, slots=True)
class Embargoed:
    """No new version: it may go at another time than was said before."""

    item: Item
    article: int


Change = New | Changed | Renamed | Embargoed


@dataclass(frozen=True, slots=True)
class Decision:
    """`changes` in order of publication, oldest first; `same`: how many items were as known."""

    changes: tuple[Change, ...] = ()
    same: int = 0
    warnings: tuple[str, ...] = ()
    waiting: bool = False
    """Something has changed again so soon that it waits for a later poll, even if the feed stays as it is."""


def decide(
    items: Sequence[Item],
    memory: Memory,
    *,
    first_poll: bool,
    backfill: timedelta | None,
    flood: int,
    now: datetime,
    settle: timedelta = timedelta(),
) -> Decision:
    """What is to be done about the items of one poll.

    An item that changed and changes again within `settle` waits: one that flaps makes one version in that
    time, not one a poll.

    On the first poll, what is older than `backfill` is backlog; None sends all, however many. More than
    `flood` new items in one poll are all held.
    """
    warnings: list[str] = []
    found = _matched(list(_once(items, warnings)), memory, warnings)
    oldest = now - backfill if first_poll and backfill is not None else None
    changes = [
        change
        for item, known in _in_order(found, now)
        if (change := _change(item, known, memory, oldest, now))
    ]
    flapping = [c for c in changes if isinstance(c, Changed) and _is_recent(c, memory, now, settle)]
    changes = [c for c in changes if c not in flapping]
    if not (first_poll and backfill is None):
        changes = _held(changes, flood, warnings)
    return Decision(tuple(changes), len(found) - len(changes), tuple(warnings), bool(flapping))


def _is_recent(change: Changed, memory: Memory, now: datetime, settle: timedelta) -> bool:
    known = memory.by_guid.get(change.item.guid)
    return known is not None and known.revised is not None and now - known.revised < settle


def _once(items: Sequence[Item], warnings: list[str]) -> Iterator[Item]:
    seen: set[str] = set()
    for item in items:
        if item.guid in seen:
            warnings.append(f"item {item.guid}: stands there twice; the first one counts")
        else:
            seen.add(item.guid)
            yield item


Match = tuple[Item, Known | None]


def _matched(items: list[Item], memory: Memory, warnings: list[str]) -> list[Match]:
    """Each item with its article. Guids first: an article that is there under one is no other item's."""
    matches: dict[str, Known | None] = {}
    taken: set[int] = set()
    for item in items:
        known = memory.by_guid.get(item.guid)
        if known and known.article in taken:
            warnings.append(f"item {item.guid}: the same article as another item; the first one counts")
        elif known:
            matches[item.guid] = known
            taken.add(known.article)
    links = Counter(link_key(item.content.url) for item in items)
    for item in items:
        if item.guid not in memory.by_guid:
            shared = links[link_key(item.content.url)] > 1
            known = _by_content(item, memory, taken, by_link=not shared)
            matches[item.guid] = known
            taken |= {known.article} if known else set()
    return [(item, matches[item.guid]) for item in items if item.guid in matches]


def _by_content(item: Item, memory: Memory, taken: set[int], *, by_link: bool) -> Known | None:
    """An article that is there under none of its guids, known again by its text or its link."""
    text, link = text_key(item.content), link_key(item.content.url)
    names_a_page = "/" in link or "?" in link  # a site's front page is no article's own
    candidates = (
        memory.by_text.get(text) if text else None,
        memory.by_link.get(link) if by_link and names_a_page else None,
    )
    return next((known for known in candidates if known and known.article not in taken), None)


def _in_order(found: list[Match], now: datetime) -> list[Match]:
    """Oldest first. Feeds go from the newest down, so the undated are taken from the end up, as recent."""
    upwards = found[::-1]
    return sorted(upwards, key=lambda match: _date(match[0]) or now)


def _change(
    item: Item, known: Known | None, memory: Memory, oldest: datetime | None, now: datetime
) -> Change | None:
    if known is None:
        date = _date(item)
        return New(item, backlog=bool(oldest and date and date < oldest))
    renamed = item.guid not in memory.by_guid
    if item.content.fingerprint() == known.fingerprint:
        if renamed:
            return Renamed(item, known.article)
        return Embargoed(item, known.article) if _is_moved(item, known, now) else None
    same_text = memory.by_text.get(text_key(item.content))
    if renamed and same_text and same_text.article == known.article:
        return Renamed(item, known.article)  # a new CMS has new links and pictures' addresses
    return Changed(item, known.article)


def _is_moved(item: Item, known: Known, now: datetime) -> bool:
    """Whether its embargo is another, and one of both is still ahead: what is past is history."""
    ahead = [at for at in (item.embargo, known.embargo) if at and at > now]
    return item.embargo != known.embargo and bool(ahead) and not item.embargo_fault


def _date(item: Item) -> datetime | None:
    date = item.content.published or item.content.updated
    return date and date.astimezone(UTC)


def _held(changes: list[Change], flood: int, warnings: list[str]) -> list[Change]:
    new = sum(isinstance(change, New) and not change.backlog for change in changes)
    if new <= flood:
        return changes
    hold = f"more than {flood} new items in one poll"
    warnings.append(f"{new} new items in one poll, more than {flood}: held for an editor")
    return [
        New(change.item, hold=hold) if isinstance(change, New) and not change.backlog else change
        for change in changes
    ]
