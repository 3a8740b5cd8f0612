"""What a look at all subscriptions finds to do; pure but for `look`, which reads the ledger."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy import Connection

from distributor.ledger import items, subscriptions
from distributor.ledger.tables import AnyRow
from distributor.web.addresses import Topic
from distributor.web.feeds import tag_of


@dataclass(slots=True)
class Turn:
    """By id: whom to ask whether it agrees, and who has not got what is new."""

    ask: list[int] = field(default_factory=list)
    tell: list[int] = field(default_factory=list)
    over: bool = False
    """There is something to delete."""
    then: datetime | None = None
    """When to look again, unless the bell rings before."""


def look(db: Connection, find: Callable[[str], Topic | None], now: datetime) -> Turn:
    """Each feed's mark is looked up once, however many subscribe to it; what is no feed of ours rests."""
    rows = subscriptions.listing(db)
    topics = {url: topic for url in {row.topic for row in rows} if (topic := find(url))}
    held = {row.topic for row in rows if row.until} & topics.keys()
    shelves = {(topics[url].lane, topics[url].language) for url in held}
    marks = {shelf: items.mark(db, *shelf) for shelf in shelves}
    tags = {url: tag_of(marks[topics[url].lane, topics[url].language], topics[url], 1) for url in held}
    turn = plan([row for row in rows if row.topic in topics], tags, now)
    turn.over = any(_is_over(row, now) for row in rows)
    return turn


def plan(rows: Sequence[AnyRow], tags: Mapping[str, str], now: datetime) -> Turn:
    """`tags`: the state that the feed of each topic is in."""
    turn = Turn()
    times: list[datetime] = []
    for row in rows:
        times += (t for t in (row.until, row.next, row.leased_until) if t is not None)
        if row.leased_until is not None and row.leased_until > now:
            continue
        if row.asked:
            turn.ask.append(row.id)
        elif row.until and row.until > now and row.next <= now and row.sent != tags[row.topic]:
            turn.tell.append(row.id)
    turn.then = min((t for t in times if t > now), default=None)
    return turn


def _is_over(row: AnyRow, now: datetime) -> bool:
    """As `subscriptions.expire` has it."""
    waits = row.asked and row.asked_at > now - subscriptions.UNHEARD
    return not waits and (row.until is None or row.until <= now)
