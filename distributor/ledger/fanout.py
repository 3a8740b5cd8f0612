"""A version into its renditions and deliveries, within the transaction that commits the version."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Collection, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, bindparam, case, delete, exists, insert, null, or_, select, update

from channels.story import IdempotencyKey
from distributor import bcp47
from distributor.article import Content
from distributor.ledger.bell import ring
from distributor.ledger.tables import (
    PENDING,
    WAITING,
    AnyRow,
    article,
    attempt,
    audience,
    delivery,
    rendition,
    version,
)
from distributor.routing import Facts, Route

in_doubt = (rendition.c.state == "held") & rendition.c.content.is_not(null())
"""Made, and held for what speaks against it; what could not be made at all is held without content."""

_DOUBTFUL = select(rendition.c.id).where(rendition.c.id.in_(bindparam("b_ids", expanding=True)), in_doubt)

Routes = Callable[[Facts], Sequence[Route]]


def idempotency_key(
    lane: str, source: str, guid: str, number: int, language: str, action: str
) -> IdempotencyKey:
    """Derived, not drawn: the same for ever, in any ledger. `lane` names the member, too."""
    told = "\x1f".join((lane, source, guid, str(number), language, action))
    return IdempotencyKey("dlv_" + hashlib.sha256(told.encode()).hexdigest()[:40])


def another_key(key: str) -> IdempotencyKey:
    """For a delivery that a person sends anew, as something that the receiver never saw."""
    return IdempotencyKey("dlv_" + hashlib.sha256(f"{key}\x1fagain".encode()).hexdigest()[:40])


def fan_out(
    db: Connection,
    article_id: int,
    routes: Routes,
    now: datetime,
    served: Collection[tuple[str, str]] = (),
) -> int:
    """Make what is missing of the head version's renditions and deliveries; the number of new deliveries.

    `served`: lanes and languages for which this version says nothing new.
    """
    row = db.execute(select(article).where(article.c.id == article_id)).one()
    if _is_pruned(db, row):
        return 0
    facts = facts_of(db, row)
    wanted = _wanted(db, row, facts, routes)
    there = {(d.lane, d.language) for d in _deliveries(db, row)}
    missing = {place: whose for place, whose in wanted.items() if place not in there and place not in served}
    if missing:
        made = _renditions(db, row, facts.language, {language for _, language in missing}, now)
        due = max(now, row.embargoed_until or now)
        new = [{**_delivery(row, place, whose, made, now), "due": due} for place, whose in missing.items()]
        db.execute(insert(delivery), new)
        for doubtful in db.execute(_DOUBTFUL, {"b_ids": list(made.values())}).scalars().all():
            send_original(db, doubtful)
        open_gate(db, article_id)
        ring(db)
    return len(missing)


def _is_pruned(db: Connection, row: AnyRow) -> bool:
    """Whether the head's text is gone: it was long ago, and nobody new gets it."""
    its = (version.c.article == row.id) & (version.c.number == row.head)
    return db.execute(select(version.c.pruned).where(its)).scalar_one() is not None


def retract(db: Connection, article_id: int, routes: Routes) -> int:
    """Take back what was never claimed of the head version and nobody wants any more; how many."""
    row = db.execute(select(article).where(article.c.id == article_id)).one()
    wanted = _wanted(db, row, facts_of(db, row), routes)
    new = (delivery.c.article == article_id) & (delivery.c.version == row.head) & (delivery.c.attempts == 0)
    new = new & delivery.c.state.in_(("waiting", "pending")) & delivery.c.number.is_(None)
    rows = db.execute(select(*delivery.c["id", "lane", "language"]).where(new)).all()
    gone = [d.id for d in rows if (d.lane, d.language) not in wanted]
    db.execute(delete(delivery).where(delivery.c.id.in_(gone)))
    return len(gone)


def _wanted(
    db: Connection, row: AnyRow, facts: Facts, routes: Routes
) -> dict[tuple[str, str], tuple[str, str]]:
    """Member and what on doubt, by lane and language."""
    had = {place: whose for place, whose in _had_before(db, row).items() if whose[0] not in facts.fewer}
    return had | {(r.lane, r.language): (r.member, r.on_doubt) for r in routes(facts)}


def facts_of(db: Connection, row: AnyRow) -> Facts:
    """What routing looks at, of the article `row`."""
    content = head_content(db, row)
    chosen = db.execute(select(*audience.c["member", "wanted"]).where(audience.c.article == row.id)).all()
    more, fewer = (frozenset(c.member for c in chosen if c.wanted is is_) for is_ in (True, False))
    return Facts(row.source, content.language, content.categories, row.urgency, more, fewer)


def head_content(db: Connection, row: AnyRow) -> Content:
    """What the head version of the article `row` says."""
    head = select(version.c.content).where(version.c.article == row.id, version.c.number == row.head)
    return Content.from_json(db.execute(head).scalar_one())


def open_gate(db: Connection, article_id: int) -> int:
    """waiting → pending, for what has its rendition, where the article may go; how many."""
    may_go = select(article.c.id).where(article.c.id == article_id, article.c.pub_status == "usable")
    its = select(rendition.c.id).where(rendition.c.article == article_id)
    ready = delivery.c.rendition.in_(its.where(rendition.c.state == "ready"))
    doubtful = delivery.c.rendition.in_(its.where(in_doubt)) & (delivery.c.on_doubt == "send")
    ours = delivery.c.article.in_(may_go) & (delivery.c.state == WAITING) & or_(ready, doubtful)
    opened = db.execute(update(delivery).where(ours).values(state="pending")).rowcount
    if opened:
        ring(db)
    return opened


def send_original(db: Connection, rendition_id: int) -> None:
    """Give those who want the original rather than a rendition in doubt the original; once to each lane."""
    row = db.execute(select(rendition).where(rendition.c.id == rendition_id)).one()
    its = (version.c.article == row.article) & (version.c.number == row.version)
    language = db.execute(select(version.c.language).where(its)).scalar_one()
    theirs = (delivery.c.rendition == rendition_id) & (delivery.c.state == WAITING)
    theirs = theirs & (delivery.c.on_doubt == "original")
    waiting = db.execute(select(delivery.c.id, delivery.c.lane, delivery.c.created).where(theirs)).all()
    if not waiting:
        return
    whose = db.execute(select(article).where(article.c.id == row.article)).one()
    original = _renditions(db, whose, language, {language}, waiting[0].created)[language]
    going = select(delivery.c.lane).where(delivery.c.article == row.article, delivery.c.rendition == original)
    served = {lane for (lane,) in db.execute(going)}
    for one in waiting:
        twice = one.lane in served
        new = (
            {"state": "superseded", "answer": "in doubt; the original goes"}
            if twice
            else {"rendition": original}
        )
        served.add(one.lane)
        db.execute(update(delivery).where(delivery.c.id == one.id).values(**new))


def regate(db: Connection, ids: Sequence[int]) -> None:
    """pending → superseded, canceled or waiting, where what they bring went on while these were in flight."""
    its = article.c.id == delivery.c.article
    head, status = (select(c).where(its).scalar_subquery() for c in (article.c.head, article.c.pub_status))
    goes = (rendition.c.state == "ready") | (in_doubt & (delivery.c.on_doubt == "send"))
    made = exists().where(rendition.c.id == delivery.c.rendition, goes).correlate(delivery)
    state = case(
        (delivery.c.action == "cancel", "pending"),
        (status == "canceled", "canceled"),
        (head > delivery.c.version, "superseded"),
        (status == "withheld", "waiting"),
        (~made, "waiting"),
        else_="pending",
    )
    mine = delivery.c.id.in_(ids) & (delivery.c.state == PENDING)
    db.execute(update(delivery).where(mine).values(state=state))


def supersede(db: Connection, article_id: int, head: int) -> None:
    """waiting, pending → superseded: what is older than `head`; what is in flight follows when it lands."""
    older = (delivery.c.article == article_id) & (delivery.c.version < head)
    db.execute(
        update(delivery).where(older, delivery.c.state.in_(("waiting", "pending"))).values(state="superseded")
    )
    stale = (rendition.c.article == article_id) & (rendition.c.version < head)
    unmade = rendition.c.state.in_(("waiting", "working", "held"))
    db.execute(update(rendition).where(stale, unmade).values(state="superseded"))


may_have_arrived = exists().where(attempt.c.delivery == delivery.c.id, attempt.c.outcome == "unknown")
"""Of a delivery: nobody knows of one attempt how it ended."""


def _had_before(db: Connection, row: AnyRow) -> dict[tuple[str, str], tuple[str, str]]:
    """Who has an older version, or is getting it, gets this one too, whatever its topics are now.

    Member and what on doubt, by lane and language.
    """
    names = (delivery.c.lane, delivery.c.language, delivery.c.member, delivery.c.on_doubt)
    had = select(*names).where(
        delivery.c.article == row.id,
        delivery.c.version < row.head,
        or_(delivery.c.state.in_(("delivered", "sending")), may_have_arrived),
    )
    return {(lane, language): (member, on_doubt) for lane, language, member, on_doubt in db.execute(had)}


def _deliveries(db: Connection, row: AnyRow) -> Sequence[AnyRow]:
    here = (
        (delivery.c.article == row.id) & (delivery.c.version == row.head) & (delivery.c.action == "publish")
    )
    return db.execute(select(delivery.c.lane, delivery.c.language).where(here)).all()


def _renditions(
    db: Connection, row: AnyRow, original: str, languages: set[str], now: datetime
) -> dict[str, int]:
    """Rendition ids by language; those that are missing are made: the original ready, the others waiting."""
    here = (rendition.c.article == row.id) & (rendition.c.version == row.head)
    ids = select(rendition.c.language, rendition.c.id).where(here)
    there = {language for language, _ in db.execute(ids)}
    if missing := sorted(languages - there):
        db.execute(insert(rendition), [_rendition(row, original, language, now) for language in missing])
    return {row.language: row.id for row in db.execute(ids)}


def _rendition(row: AnyRow, original: str, language: str, now: datetime) -> dict[str, Any]:
    is_original = bcp47.same(original, language)
    return {
        "article": row.id,
        "version": row.head,
        "language": language,
        "origin": "original" if is_original else "machine",
        "state": "ready" if is_original else "waiting",
        "urgency": row.urgency,
        "created": now,
        "ready": now if is_original else None,
    }


def _delivery(
    row: AnyRow, place: tuple[str, str], whose: tuple[str, str], renditions: dict[str, int], now: datetime
) -> dict[str, Any]:
    (lane, language), (member, on_doubt) = place, whose
    return {
        "key": idempotency_key(lane, row.source, row.guid, row.head, language, "publish"),
        "article": row.id,
        "version": row.head,
        "action": "publish",
        "lane": lane,
        "member": member,
        "language": language,
        "rendition": renditions[language],
        "on_doubt": on_doubt,
        "state": "waiting",
        "urgency": row.urgency,
        "created": now,
    }
