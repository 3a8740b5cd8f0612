"""Articles and their versions: taken in, told apart, held and released."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from unicodedata import normalize

from sqlalchemy import Connection, Select, insert, select, update

from distributor.article import Content
from distributor.corrections import graded
from distributor.errors import NotFound
from distributor.ledger import search
from distributor.ledger.audit import note
from distributor.ledger.fanout import Routes, fan_out, open_gate, supersede
from distributor.ledger.tables import PENDING, AnyRow, article, delivery, identity, version

CHUNK = 500  # below SQLite's and PostgreSQL's bounds on bound values


@dataclass(frozen=True, slots=True)
class Entry:
    """An item of a feed on its way in."""

    source: str
    guid: str
    identities: Mapping[str, str]
    """By what else it can be known again: `link`, `text`; its guid is always one."""
    content: Content
    fingerprint: str
    urgency: int = 5
    hold: str = ""
    """Why it is withheld; empty if it is not."""
    backlog: bool = False
    """Older than the source's backfill: recorded, sent to nobody."""
    embargo: datetime | None = None
    """Nothing leaves before; aware, UTC."""
    echo: bool = False
    """Told before by another source: recorded, sent to nobody, `hold` says of which article."""
    named: Mapping[str, str] = field(init=False)

    def __post_init__(self) -> None:
        named = {"guid": self.guid, **{kind: value for kind, value in self.identities.items() if value}}
        object.__setattr__(self, "named", named)


_head = (version.c.article == article.c.id) & (version.c.number == article.c.head)
_revised = select(version.c.created).where(_head).correlate(article).scalar_subquery().label("revised")


def recall(db: Connection, source: str, kind: str, values: Sequence[str]) -> Iterator[tuple[str, AnyRow]]:
    """(value, article) for each article of `source` that is known by one of `values`."""
    for start in range(0, len(values), CHUNK):
        known = (identity.c.source == source) & (identity.c.kind == kind)
        found = (
            select(identity.c.value, *article.c["id", "guid", "fingerprint", "announced", "head"], _revised)
            .join(article, article.c.id == identity.c.article)
            .where(known, identity.c.value.in_(values[start : start + CHUNK]))
        )
        yield from ((row.value, row) for row in db.execute(found))


def add(db: Connection, entry: Entry, routes: Routes, now: datetime) -> int:
    """A new article with its first version, renditions and deliveries; its id."""
    routed = not entry.hold and not entry.backlog and not entry.echo
    values = {
        "source": entry.source,
        "guid": entry.guid,
        "slug": slug(entry),
        "head": 1,
        "urgency": entry.urgency,
        "pub_status": "withheld" if entry.hold and not entry.echo else "usable",
        "reason": entry.hold,
        "embargoed_until": entry.embargo,
        "announced": entry.embargo,
        "routed": routed,
        "fingerprint": entry.fingerprint,
        "published": entry.content.published or now,
        "created": now,
    }
    made: int = db.execute(insert(article).values(values).returning(article.c.id)).scalar_one()
    add_version(db, made, 1, entry.content, now)
    know_as(db, made, entry)
    if routed:
        fan_out(db, made, routes, now)
    search.index(db, made)
    return made


def revise(db: Connection, article_id: int, entry: Entry, routes: Routes, now: datetime) -> int:
    """The next version of a known article, which supersedes what is older and not delivered; its number."""
    bump = update(article).where(article.c.id == article_id)
    bump = bump.values(head=article.c.head + 1, fingerprint=entry.fingerprint)
    head, routed = db.execute(bump.returning(article.c.head, article.c.routed)).one()
    add_version(
        db, article_id, head, entry.content, now, graded(_said(db, article_id, head - 1), entry.content)
    )
    know_as(db, article_id, entry)
    supersede(db, article_id, head)
    if routed:
        fan_out(db, article_id, routes, now)
    search.index(db, article_id)
    return int(head)


def rename(db: Connection, article_id: int, entry: Entry) -> None:
    """The same article under another guid, or with other links: no version of its own."""
    db.execute(update(article).where(article.c.id == article_id).values(fingerprint=entry.fingerprint))
    know_as(db, article_id, entry)


def know_as(db: Connection, article_id: int, entry: Entry) -> None:
    """Remember all by which this article can be known again."""
    mine = select(identity.c.kind, identity.c.value).where(
        identity.c.article == article_id, identity.c.source == entry.source
    )
    there = {(kind, value) for kind, value in db.execute(mine)}
    told = {"source": entry.source, "article": article_id}
    fresh = [{"kind": kind, "value": value, **told} for kind, value in entry.named.items() - there]
    if fresh:
        db.execute(insert(identity), fresh)


def hold(db: Connection, article_id: int, reason: str, who: str, now: datetime) -> int:
    """usable → withheld: nothing more of it leaves; how many deliveries wait for that."""
    mine = (article.c.id == article_id) & (article.c.pub_status == "usable")
    if not db.execute(update(article).where(mine).values(pub_status="withheld", reason=reason)).rowcount:
        by_id(db, article_id)
        return 0
    ready = (delivery.c.article == article_id) & (delivery.c.state == PENDING)
    stopped = db.execute(update(delivery).where(ready).values(state="waiting")).rowcount
    note(db, now, who, "hold", f"article {article_id}", reason)
    return stopped


def release(db: Connection, article_id: int, routes: Routes, who: str, now: datetime) -> int:
    """withheld or never routed → usable; how many deliveries may now go."""
    its = by_id(db, article_id)
    if its.pub_status == "canceled":
        raise NotFound(f"article {article_id} was withdrawn; it cannot be released")
    released = update(article).where(article.c.id == article_id)
    db.execute(released.values(pub_status="usable", reason="", routed=True))
    note(db, now, who, "release", f"article {article_id}", its.reason)
    freed = open_gate(db, article_id)
    return freed + (0 if its.routed else fan_out(db, article_id, routes, now))


def by_id(db: Connection, article_id: int) -> AnyRow:
    """Raises: NotFound."""
    row = db.execute(select(article).where(article.c.id == article_id)).one_or_none()
    if row is None:
        raise NotFound(f"no article {article_id}; see: distributor articles")
    return row


def find(db: Connection, ref: str) -> AnyRow:
    """By id, guid or slug. Raises: NotFound."""
    by = (article.c.guid == ref) | (article.c.slug == ref)
    if ref.isdecimal():
        by = by | (article.c.id == int(ref))
    rows = db.execute(listing().where(by).limit(2)).all()
    if len(rows) != 1:
        raise NotFound(
            f"{'no article' if not rows else 'several articles'} called {ref!r}; see: distributor articles"
        )
    return rows[0]


def listing() -> Select[Any]:
    """Articles with their head version, newest first."""
    head = (version.c.article == article.c.id) & (version.c.number == article.c.head)
    columns = (*article.c, version.c.headline, version.c.language, version.c.content)
    return select(*columns).join(version, head).order_by(article.c.published.desc(), article.c.id.desc())


def slug(entry: Entry) -> str:
    """Some words of the first headline in ASCII, and enough of a hash to be alone."""
    ascii_ = normalize("NFKD", entry.content.headline).encode("ascii", "ignore").decode().lower()
    words = "-".join(re.findall(r"[a-z0-9]+", ascii_))[:48].rstrip("-")
    tail = hashlib.sha256(f"{entry.source}\x1f{entry.guid}".encode()).hexdigest()[:8]
    return f"{words or 'article'}-{tail}"


def _said(db: Connection, article_id: int, number: int) -> Content:
    its = (version.c.article == article_id) & (version.c.number == number)
    return Content.from_json(db.execute(select(version.c.content).where(its)).scalar_one())


def add_version(
    db: Connection,
    article_id: int,
    number: int,
    content: Content,
    now: datetime,
    change: tuple[str, Sequence[str]] = ("", ()),
) -> None:
    """The text of an article's version `number`; `change`: how much it matters, and where it is."""
    grade, places = change
    db.execute(
        insert(version).values(
            article=article_id,
            number=number,
            language=content.language,
            headline=content.headline,
            content=content.to_json(),
            grade=grade,
            changed=list(places),
            created=now,
        )
    )
