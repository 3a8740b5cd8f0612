"""Renditions as the stories that channels are handed."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from typing import Any, Protocol

from sqlalchemy import Connection, Select, bindparam, or_, select

from channels.formats.phrases import phrases_for
from channels.story import PubStatus, Story
from distributor.article import Content
from distributor.ledger.fanout import in_doubt
from distributor.ledger.tables import AnyRow, article, rendition, version


class Naming(Protocol):
    """How stories are named; the configuration knows."""

    def uri(self, source: str, guid: str, language: str, published: datetime) -> str:
        """Of an article in a language."""
        ...

    def digest_uri(self, key: str, at: datetime) -> str:
        """Of several items in one."""
        ...

    def source_title(self, source: str) -> str:
        """For readers."""
        ...


def load(db: Connection, ids: Collection[int], naming: Naming) -> dict[int, Story]:
    """The stories of these renditions by rendition id; those that were not made are left out."""
    rows = db.execute(_READY, {"b_ids": list(ids)}).all()
    return {row.id: _story(row, naming) for row in rows}


def _ready() -> Select[Any]:
    its = (version.c.article == rendition.c.article) & (version.c.number == rendition.c.version)
    columns = (
        rendition.c.id,
        rendition.c.language,
        rendition.c.origin,
        rendition.c.version,
        rendition.c.content.label("rendered"),
        version.c.content.label("original"),
        version.c.grade,
        version.c.changed,
        version.c.created,
        article.c.source,
        article.c.guid,
        article.c.slug,
        article.c.urgency,
        article.c.published,
        article.c.embargoed_until,
    )
    rows = select(*columns).join(version, its).join(article, article.c.id == rendition.c.article)
    made = or_(rendition.c.state == "ready", in_doubt)  # who wants what is in doubt, gets it
    return rows.where(rendition.c.id.in_(bindparam("b_ids", expanding=True)), made)


_READY = _ready()


def _note(row: AnyRow, language: str) -> str:
    """What this version changes, for readers; empty for a first one."""
    if not row.grade:
        return ""
    return phrases_for(language).changed(row.changed or (), small=row.grade == "refile")


def _story(row: AnyRow, naming: Naming, pub_status: PubStatus = "usable") -> Story:
    content = Content.from_json(row.rendered or row.original)
    return Story(
        uri=naming.uri(row.source, row.guid, row.language, row.published),
        slug=row.slug,
        version=row.version,
        language=content.language,
        original_language=row.original["language"],
        origin=row.origin,
        headline=content.headline,
        summary=content.summary,
        body=content.body,
        url=content.url,
        original_uri=naming.uri(row.source, row.guid, row.original["language"], row.published),
        source=naming.source_title(row.source),
        published=row.published,
        updated=content.updated or (row.created if row.version > 1 else row.published),
        urgency=row.urgency,
        pub_status=pub_status,
        ed_note=_note(row, content.language),
        embargoed_until=row.embargoed_until,
        authors=content.authors,
        categories=content.categories,
        subjects=content.subjects,
        places=content.places,
        publisher=content.publisher,
        media=content.media,
        rights=content.rights,
        license=content.license,
    )
