"""Digests: what is not urgent of some lanes, bundled at their times and claimed a bundle at a time."""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, or_, select, update

from channels.story import IdempotencyKey
from distributor.article import URGENT
from distributor.ledger.claims import CLAIMED, count
from distributor.ledger.outcome import Claim
from distributor.ledger.tables import PENDING, AnyRow, delivery, lane

LARGEST = 50
"""Items in one digest; what is more goes into another."""


def bundle(db: Connection, times: Mapping[str, datetime], now: datetime) -> int:
    """Put all that waits into a digest, once for each time of a lane (lane → its last); how many it is.

    What comes later, or is translated later, waits for the next time. A lane that never had a digest begins
    with the next time, too.
    """
    count = 0
    for name, done in db.execute(_DIGESTED.where(lane.c.id.in_(times))).all():
        if (done is None or done < times[name]) and _begins(db, name, done, times[name]):
            count += _bundle(db, name, times[name], now) if done else 0
    return count


_DIGESTED = select(lane.c.id, lane.c.digested)


def _begins(db: Connection, name: str, done: datetime | None, time: datetime) -> bool:
    """Whether this worker makes it; a lane that another one has in hand waits for the next turn."""
    free = _DIGESTED.where(lane.c.id == name).with_for_update(skip_locked=True)
    row = db.execute(free).one_or_none()
    if row is None or row.digested != done:
        return False
    db.execute(update(lane).where(lane.c.id == name).values(digested=time))
    return True


def _bundle(db: Connection, name: str, time: datetime, now: datetime) -> int:
    waiting = _routine(name, now).where(delivery.c.digest.is_(None))
    by_language: dict[str, list[int]] = {}
    for id_, language in db.execute(waiting.order_by(delivery.c.id)):
        by_language.setdefault(language, []).append(id_)
    for language, ids in by_language.items():
        for part, some in enumerate(_parts(ids)):
            mine = delivery.c.id.in_(some) & (delivery.c.state == PENDING)
            key = digest_key(name, time, language, part)
            db.execute(update(delivery).where(mine).values(digest=key))
    return sum(map(len, by_language.values()))


def _parts(ids: Sequence[int]) -> Iterator[Sequence[int]]:
    return (ids[start : start + LARGEST] for start in range(0, len(ids), LARGEST))


def digest_key(name: str, time: datetime, language: str, part: int) -> IdempotencyKey:
    """The same for ever, as that of a delivery; `name` of the lane names the member, too."""
    told = "\x1f".join((name, time.isoformat(), language, str(part)))
    return IdempotencyKey("dgs_" + hashlib.sha256(told.encode()).hexdigest()[:40])


def claim_digests(
    db: Connection, worker: str, now: datetime, lease: timedelta, lanes: Collection[str]
) -> dict[IdempotencyKey, list[Claim]]:
    """pending → sending, a digest of each lane that takes something now; in the order of publication."""
    probed = lane.c.state.in_(("parked", "resting")) & (lane.c.probe <= now)
    goes = or_(lane.c.state == "open", probed), or_(lane.c.next.is_(None), lane.c.next <= now)
    takes = select(lane.c.id).where(lane.c.id.in_(lanes), *goes).with_for_update(skip_locked=True)
    found: dict[IdempotencyKey, list[Claim]] = {}
    for name in db.execute(takes).scalars().all():
        first = _routine(name, now, delivery.c.digest).where(delivery.c.digest.is_not(None))
        key = db.execute(first.order_by(delivery.c.due, delivery.c.id).limit(1)).scalar_one_or_none()
        if key and not _flies(db, name) and (claims := _claim(db, worker, now, now + lease, key)):
            found[IdempotencyKey(key)] = claims
    return found


def _routine(name: str, now: datetime, *columns: Any) -> Any:
    its = (delivery.c.lane == name) & (delivery.c.state == PENDING)
    rows = select(*(columns or (delivery.c.id, delivery.c.language)))
    return rows.where(its, delivery.c.due <= now, delivery.c.urgency > URGENT)


def _flies(db: Connection, name: str) -> AnyRow | None:
    flying = (delivery.c.lane == name) & (delivery.c.state == "sending") & delivery.c.digest.is_not(None)
    return db.execute(select(delivery.c.id).where(flying).limit(1)).one_or_none()


def _claim(db: Connection, worker: str, now: datetime, until: datetime, key: str) -> list[Claim]:
    its = (delivery.c.digest == key) & (delivery.c.state == PENDING) & (delivery.c.due <= now)
    mine = update(delivery).where(its, delivery.c.urgency > URGENT)
    leased = mine.values(state="sending", lease=worker, leased_until=until).returning(*CLAIMED)
    claims = sorted((Claim._make(row) for row in db.execute(leased)), key=lambda c: c.id)
    return count(db, claims) if claims else []
