"""What an editor sees: the wire, page by page from the newest back."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Connection, Select, func, literal_column, select, union_all

from distributor.article import URGENT
from distributor.ledger import search
from distributor.ledger.tables import (
    DEAD,
    HELD,
    PENDING,
    SENDING,
    WAITING,
    AnyRow,
    article,
    delivery,
    rendition,
    source,
    version,
)
from distributor.ledger.views import Record

STATES = ("urgent", "moving", "doubt", "dead", "held", "withdrawn")


@dataclass(frozen=True, slots=True)
class Filter:
    """Of the wire; empty is all."""

    state: str = ""
    language: str = ""
    topic: str = ""
    member: str = ""
    source: str = ""
    words: str = ""

    def facets(self) -> list[str]:
        """For the search."""
        named = {"language": self.language, "topic": self.topic, "member": self.member, "source": self.source}
        return [search.facet(kind, value) for kind, value in named.items() if value]


_UNUSABLE = article.c.pub_status != literal_column("'usable'")
"""Said beside the status itself, which is bound: else its index is not used."""


def _going(*states: ColumnElement[str]) -> Select[Any]:
    """With nothing added, SQLite would walk through all deliveries, for they have an index by article."""
    whose = (delivery.c.article + literal_column("0")).label("article")
    found = [select(whose).where(delivery.c.state == state) for state in states]
    return found[0] if len(found) == 1 else select(union_all(*found).subquery().c.article)


_AMONG: dict[str, Select[Any]] = {
    "urgent": select(article.c.id).where(article.c.urgency <= literal_column(str(URGENT))),
    "moving": _going(PENDING, SENDING, WAITING),
    "doubt": select(rendition.c.article).where(rendition.c.state == HELD),
    "dead": _going(DEAD),
    "held": select(article.c.id).where(_UNUSABLE, article.c.pub_status == "withheld"),
    "withdrawn": select(article.c.id).where(_UNUSABLE, article.c.pub_status == "canceled"),
}
"""The articles in each state, each by an index of its own."""


def wire(db: Connection, wanted: Filter, *, before: int = 0, limit: int = 50) -> list[Record]:
    """Articles as they came in, newest first; those with ids below `before`."""
    asked = search.query(wanted.words, wanted.facets())
    among = _AMONG[wanted.state] if wanted.state else None
    return rows_of(db, search.newest(db, asked, among=among, before=before, limit=limit))


def rows_of(db: Connection, ids: Sequence[int]) -> list[Record]:
    """The same rows as `wire` has, of some articles, the newest first."""
    rows = _articles().where(article.c.id.in_(ids)).order_by(article.c.id.desc())
    return _dressed(db, db.execute(rows).all())


def counts(db: Connection) -> dict[str, int]:
    """How many articles want a person: `doubt`, `dead`, `held`."""
    held = select(func.count()).select_from(_AMONG["held"].subquery())
    doubt = select(func.count(rendition.c.article.distinct())).where(rendition.c.state == HELD)
    dead = select(func.count(delivery.c.article.distinct())).where(delivery.c.state == DEAD)
    return {
        name: db.execute(rows).scalar_one()
        for name, rows in (("doubt", doubt), ("dead", dead), ("held", held))
    }


def names(db: Connection) -> dict[str, list[str]]:
    """What there is to filter by that the configuration does not know: `source`s that ever were."""
    return {"source": list(db.execute(select(source.c.name).order_by(source.c.name)).scalars())}


def _articles() -> Select[Any]:
    head = (version.c.article == article.c.id) & (version.c.number == article.c.head)
    columns = ("id", "source", "guid", "slug", "head", "urgency", "pub_status", "reason", "embargoed_until")
    more = ("former_urgency", "undo_until", "routed", "published", "created")
    return select(*article.c[columns + more], *version.c["headline", "language", "content"]).join(
        version, head
    )


def _dressed(db: Connection, rows: Sequence[AnyRow]) -> list[Record]:
    """With the languages and the members of each."""
    ids = [row.id for row in rows]
    spoken, going = _renditions(db, ids), _deliveries(db, ids)
    return [_row(row, spoken[row.id], going[row.id]) for row in rows]


def _row(row: AnyRow, spoken: list[Record], going: list[AnyRow]) -> Record:
    named = ("id", "source", "guid", "head", "urgency", "pub_status", "reason", "embargoed_until")
    more = ("undo_until", "routed", "published", "created", "headline", "language")
    heads = [one for one in spoken if one["version"] == row.head]
    return {
        **{name: row._mapping[name] for name in named + more},
        "url": row.content["url"],
        "topics": row.content.get("categories", []),
        "languages": heads,
        "members": _members(going),
    }


def _members(going: list[AnyRow]) -> list[Record]:
    """Each member that is to get it: what became of the newest delivery in each lane and language."""
    last: dict[tuple[str, str, str], AnyRow] = {}
    for one in going:
        last[one.member, one.lane, one.language] = one
    by_member: defaultdict[str, list[AnyRow]] = defaultdict(list)
    for (member, _, _), one in last.items():
        by_member[member].append(one)
    return [_member(member, its) for member, its in sorted(by_member.items())]


_WORST = ("dead", "sending", "pending", "waiting", "delivered", "superseded", "canceled")


def _member(member: str, its: list[AnyRow]) -> Record:
    states = {one.state for one in its}
    state = next(name for name in _WORST if name in states)
    settled = [one.settled for one in its if one.state == "delivered" and one.settled]
    return {"member": member, "state": state, "received": max(settled) if settled else None}


def _renditions(db: Connection, ids: Sequence[int]) -> defaultdict[int, list[Record]]:
    named = rendition.c["article", "version", "language", "origin", "state", "reason"]
    rows = select(*named).where(rendition.c.article.in_(ids)).order_by(rendition.c.id)
    found: defaultdict[int, list[Record]] = defaultdict(list)
    for row in db.execute(rows):
        found[row.article].append(dict(row._mapping))
    return found


def _deliveries(db: Connection, ids: Sequence[int]) -> defaultdict[int, list[AnyRow]]:
    named = delivery.c["article", "member", "lane", "language", "state", "settled"]
    rows = select(*named).where(delivery.c.article.in_(ids)).order_by(delivery.c.version, delivery.c.id)
    found: defaultdict[int, list[AnyRow]] = defaultdict(list)
    for row in db.execute(rows):
        found[row.article].append(row)
    return found
