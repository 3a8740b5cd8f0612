"""A story that comes back: told before by another source, by link or guid, or in nearly the same words."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta

from rapidfuzz import fuzz, process
from sqlalchemy import Connection, func, select

from distributor.article import Content
from distributor.ledger.tables import AnyRow, article, identity, version
from distributor.markup import plain

SPAN = timedelta(days=14)
"""So far back a story is looked for by its words."""
MOST = 2_000
"""Articles that are looked at."""
ALIKE = 90.0
"""Of 100 (rapidfuzz's token-sort ratio over the beginning of the text)."""
LOOKED_AT = 1_500
"""Characters of each text."""
SHORTEST = 120
"""Characters: what is shorter says too little to be told apart by."""


def find(
    db: Connection, source: str, identities: Mapping[str, str], content: Content, now: datetime
) -> AnyRow | None:
    """The article of another source that this one repeats: id, source, headline."""
    return _known(db, source, identities) or _alike(db, source, content, now)


def _known(db: Connection, source: str, identities: Mapping[str, str]) -> AnyRow | None:
    for kind, value in identities.items():
        if not value or (kind == "guid" and len(value) < 12):  # "1" is anybody's guid
            continue
        its = (identity.c.kind == kind) & (identity.c.value == value) & (identity.c.source != source)
        rows = select(identity.c.article).where(its).order_by(identity.c.article).limit(1)
        if (found := db.execute(rows).scalar_one_or_none()) is not None:
            return _row(db, found)
    return None


def _alike(db: Connection, source: str, content: Content, now: datetime) -> AnyRow | None:
    told = _text(content.headline, content.summary, content.body)
    if len(told) < SHORTEST:
        return None
    head = (version.c.article == article.c.id) & (version.c.number == article.c.head)
    newest = (
        select(article.c.id, version.c.content)
        .join(version, head)
        .where(
            article.c.source != source,
            article.c.created > now - SPAN,
            version.c.pruned.is_(None),
        )
    )
    rows = db.execute(newest.order_by(article.c.id.desc()).limit(MOST)).all()
    texts = {
        row.id: _text(*(row.content.get(k, "") for k in ("headline", "summary", "body"))) for row in rows
    }
    best = process.extractOne(told, texts, scorer=fuzz.token_sort_ratio, score_cutoff=ALIKE)
    return _row(db, best[2]) if best else None


def _text(headline: str, summary: str, body: str) -> str:
    return f"{headline} {summary} {plain(body)}"[:LOOKED_AT].casefold()


def _row(db: Connection, id_: int) -> AnyRow:
    head = (version.c.article == article.c.id) & (version.c.number == article.c.head)
    rows = select(*article.c["id", "source"], version.c.headline).join(version, head)
    return db.execute(rows.where(article.c.id == id_)).one()


def others(db: Connection, source: str) -> bool:
    """Whether there are articles of any other source: else there is nothing to look for."""
    there = select(func.count()).select_from(
        select(article.c.id).where(article.c.source != source).limit(1).subquery()
    )
    return bool(db.execute(there).scalar_one())
