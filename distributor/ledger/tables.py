"""The tables. Alembic's migrations make them; a test holds the two together."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    Column,
    ColumnElement,
    DateTime,
    Dialect,
    Float,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    Integer,
    MetaData,
    Row,
    String,
    Table,
    Text,
    TypeDecorator,
    UniqueConstraint,
    false,
    literal_column,
)

from distributor.article import URGENT

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)


class Instant(TypeDecorator[datetime]):
    """An aware datetime in UTC, on SQLite too, which keeps no zone."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        return value and value.astimezone(UTC)

    def process_result_value(self, value: Any | None, dialect: Dialect) -> datetime | None:
        return value and value.replace(tzinfo=UTC) if value and value.tzinfo is None else value


Id = BigInteger().with_variant(Integer, "sqlite")  # SQLite counts rows up in INTEGER columns only

# Written into the statement, not bound: SQLite uses a partial index only where it can see the value.
PENDING: ColumnElement[str] = literal_column("'pending'")
SENDING: ColumnElement[str] = literal_column("'sending'")
WAITING: ColumnElement[str] = literal_column("'waiting'")
WORKING: ColumnElement[str] = literal_column("'working'")
HELD: ColumnElement[str] = literal_column("'held'")
DEAD: ColumnElement[str] = literal_column("'dead'")

AnyRow = Row[*tuple[Any, ...]]
ENDLESS = 2**62
"""Above all ids."""


def exactly(number: int) -> ColumnElement[int]:
    """For a LIMIT: of one that is bound, PostgreSQL's generic plans expect a tenth of all rows."""
    return literal_column(str(int(number)))


source = Table(
    "source",
    metadata,
    Column("name", String, primary_key=True),
    Column("url", String, nullable=False),
    Column("moved_to", String),
    Column("etag", String),
    Column("last_modified", String),
    Column("ttl", Float),
    Column("due", Instant, nullable=False),
    Column("first_polled", Instant),
    Column("last_polled", Instant),
    Column("failures", Integer, nullable=False, default=0),
    Column("state", String, nullable=False, default="on"),
    Column("reason", Text, nullable=False, default=""),
)

article = Table(
    "article",
    metadata,
    Column("id", Id, primary_key=True),
    Column("source", String, nullable=False),
    Column("guid", Text, nullable=False),
    Column("slug", String, nullable=False),
    Column("head", Integer, nullable=False),
    Column("urgency", Integer, nullable=False),
    Column("pub_status", String, nullable=False),
    Column("reason", Text, nullable=False, default=""),
    Column("embargoed_until", Instant),
    Column("announced", Instant),
    Column("former_urgency", Integer),
    Column("undo_until", Instant),
    Column("routed", Boolean, nullable=False),
    Column("fingerprint", String, nullable=False),
    Column("published", Instant, nullable=False),
    Column("created", Instant, nullable=False),
    UniqueConstraint("source", "guid"),
    Index(None, "published", "id"),
    Index(None, "guid"),
    Index(None, "slug"),
)

_unusable = article.c.pub_status != literal_column("'usable'")
Index("ix_article_unusable", article.c.pub_status, article.c.id, sqlite_where=_unusable,
      postgresql_where=_unusable)  # fmt: skip
_urgent = article.c.urgency <= literal_column(str(URGENT))
Index("ix_article_urgent", article.c.id, sqlite_where=_urgent, postgresql_where=_urgent)

identity = Table(
    "identity",
    metadata,
    Column("source", String, nullable=False, primary_key=True),
    Column("kind", String, nullable=False, primary_key=True),
    Column("value", Text, nullable=False, primary_key=True),
    Column("article", ForeignKey("article.id"), nullable=False, primary_key=True),
)

version = Table(
    "version",
    metadata,
    Column("article", ForeignKey("article.id"), primary_key=True),
    Column("number", Integer, primary_key=True),
    Column("language", String, nullable=False),
    Column("headline", Text, nullable=False),
    Column("content", JSON, nullable=False),
    Column("grade", String, nullable=False, default="", server_default=""),
    Column("changed", JSON(none_as_null=True)),
    Column("created", Instant, nullable=False),
    Column("pruned", String),
)

Index("ix_version_created", version.c.created, sqlite_where=version.c.pruned.is_(None),
      postgresql_where=version.c.pruned.is_(None))  # fmt: skip

rendition = Table(
    "rendition",
    metadata,
    Column("id", Id, primary_key=True),
    Column("article", Id, nullable=False),
    Column("version", Integer, nullable=False),
    Column("language", String, nullable=False),
    Column("origin", String, nullable=False),
    Column("state", String, nullable=False),
    Column("urgency", Integer, nullable=False),
    Column("content", JSON(none_as_null=True)),
    Column("reason", Text, nullable=False, default=""),
    Column("doubts", JSON(none_as_null=True)),
    Column("sentences", JSON(none_as_null=True)),
    Column("edits", Integer, nullable=False, default=0, server_default="0"),
    Column("model", String, nullable=False, default=""),
    Column("took_ms", Float),
    Column("lease", String),
    Column("leased_until", Instant),
    Column("created", Instant, nullable=False),
    Column("ready", Instant),
    Column("pruned", String),
    ForeignKeyConstraint(["article", "version"], ["version.article", "version.number"]),
    UniqueConstraint("article", "version", "language"),
)
Index("ix_rendition_waiting", rendition.c.urgency, rendition.c.id, sqlite_where=rendition.c.state == WAITING,
      postgresql_where=rendition.c.state == WAITING)  # fmt: skip
Index("ix_rendition_held", rendition.c.article, sqlite_where=rendition.c.state == HELD,
      postgresql_where=rendition.c.state == HELD)  # fmt: skip

audience = Table(
    "audience",
    metadata,
    Column("article", ForeignKey("article.id"), primary_key=True),
    Column("member", String, primary_key=True),
    Column("wanted", Boolean, nullable=False),
)

memory = Table(
    "memory",
    metadata,
    Column("id", Id, primary_key=True),
    Column("source_language", String, nullable=False),
    Column("target_language", String, nullable=False),
    Column("digest", String, nullable=False),
    Column("model", String, nullable=False),
    Column("glossary", String, nullable=False),
    Column("source", Text, nullable=False),
    Column("target", Text, nullable=False),
    Column("ties", JSON(none_as_null=True)),
    Column("origin", String, nullable=False),
    Column("changed", Instant, nullable=False),
    UniqueConstraint("source_language", "target_language", "digest", "model", "glossary"),
)

lane = Table(
    "lane",
    metadata,
    Column("id", String, primary_key=True),
    Column("member", String, nullable=False),
    Column("kind", String, nullable=False),
    Column("concurrency", Integer, nullable=False),
    Column("state", String, nullable=False, default="open"),
    Column("reason", Text, nullable=False, default=""),
    Column("since", Instant, nullable=False),
    Column("probe", Instant),
    Column("ordered", Boolean, nullable=False, default=False, server_default=false()),
    Column("interval", Float),
    Column("disable_after", Float, nullable=False, default=432_000.0, server_default="432000"),
    Column("failures", Integer, nullable=False, default=0, server_default="0"),
    Column("failing_since", Instant),
    Column("pace", Float),
    Column("slowed", Instant),
    Column("next", Instant),
    Column("blocked", Instant),
    Column("digested", Instant),
)

delivery = Table(
    "delivery",
    metadata,
    Column("id", Id, primary_key=True),
    Column("key", String, nullable=False, unique=True),
    Column("article", ForeignKey("article.id"), nullable=False),
    Column("version", Integer, nullable=False),
    Column("action", String, nullable=False),
    Column("lane", ForeignKey("lane.id"), nullable=False),
    Column("member", String, nullable=False),
    Column("language", String, nullable=False),
    Column("rendition", ForeignKey("rendition.id"), nullable=False),
    Column("on_doubt", String, nullable=False, default="hold", server_default="hold"),
    Column("state", String, nullable=False),
    Column("urgency", Integer, nullable=False),
    Column("due", Instant, nullable=False),
    Column("attempts", Integer, nullable=False, default=0),
    Column("failures", Integer, nullable=False, default=0),
    Column("lease", String),
    Column("leased_until", Instant),
    Column("answer", Text, nullable=False, default=""),
    Column("remote_id", Text, nullable=False, default=""),
    Column("remote_url", Text, nullable=False, default=""),
    Column("digest", String),
    Column("number", Integer),
    Column("created", Instant, nullable=False),
    Column("settled", Instant),
    UniqueConstraint("article", "version", "lane", "language", "action"),
)
for name, columns, state in (
    ("ix_delivery_pending", ("lane", "urgency", "due", "id"), PENDING),
    ("ix_delivery_sending", ("lane", "article", "language", "digest"), SENDING),
    ("ix_delivery_waiting", ("rendition",), WAITING),
    ("ix_delivery_coming", ("lane", "id"), WAITING),
    ("ix_delivery_dead", ("lane", "id"), DEAD),
):
    where = delivery.c.state == state
    Index(name, *(delivery.c[c] for c in columns), sqlite_where=where, postgresql_where=where)
COUNTED = delivery.c.number.is_not(None)
Index("ix_delivery_number", delivery.c.lane, delivery.c.number, unique=True, sqlite_where=COUNTED,
      postgresql_where=COUNTED)  # fmt: skip

attempt = Table(
    "attempt",
    metadata,
    Column("id", Id, primary_key=True),
    Column("delivery", ForeignKey("delivery.id"), nullable=False, index=True),
    Column("number", Integer, nullable=False),
    Column("started", Instant, nullable=False),
    Column("took_ms", Float, nullable=False),
    Column("outcome", String, nullable=False),
    Column("answer", Text, nullable=False),
    Column("worker", String, nullable=False),
)

notice = Table(
    "notice",
    metadata,
    Column("id", Id, primary_key=True),
    Column("kind", String, nullable=False),
    Column("subject", String, nullable=False),
    Column("text", Text, nullable=False),
    Column("raised", Instant, nullable=False),
    Column("over", Instant),
    Column("told", Instant),
    Column("lease", String),
    Column("leased_until", Instant),
)
Index("ix_notice_open", notice.c.kind, notice.c.subject, unique=True,
      sqlite_where=notice.c.over.is_(None), postgresql_where=notice.c.over.is_(None))  # fmt: skip

audit = Table(
    "audit",
    metadata,
    Column("id", Id, primary_key=True),
    Column("at", Instant, nullable=False),
    Column("who", String, nullable=False),
    Column("action", String, nullable=False),
    Column("subject", String, nullable=False),
    Column("detail", Text, nullable=False, default=""),
)

subscription = Table(
    "subscription",
    metadata,
    Column("id", Id, primary_key=True),
    Column("lane", String, nullable=False, index=True),
    Column("language", String, nullable=False),
    Column("format", String, nullable=False),
    Column("topic", Text, nullable=False),
    Column("callback", Text, nullable=False),
    Column("secret", Text, nullable=False, default=""),
    Column("until", Instant),
    Column("sent", String, nullable=False, default=""),
    Column("failures", Integer, nullable=False, default=0),
    Column("next", Instant, nullable=False),
    Column("asked", String),
    Column("asked_at", Instant, nullable=False),
    Column("asked_secret", Text, nullable=False, default=""),
    Column("asked_seconds", Integer, nullable=False, default=0),
    Column("lease", String),
    Column("leased_until", Instant),
    UniqueConstraint("topic", "callback"),
)
Index("ix_audit_subject", audit.c.subject, audit.c.id)
Index("ix_audit_who", audit.c.who, audit.c.id)

person = Table(
    "person",
    metadata,
    Column("name", String, primary_key=True),
    Column("role", String, nullable=False),
    Column("secret", String, nullable=False),
    Column("made", Instant, nullable=False),
)

session = Table(
    "session",
    metadata,
    Column("digest", String, primary_key=True),
    Column("person", ForeignKey("person.name", ondelete="CASCADE"), nullable=False),
    Column("made", Instant, nullable=False),
    Column("seen", Instant, nullable=False),
)

token = Table(
    "token",
    metadata,
    Column("id", Id, primary_key=True),
    Column("digest", String, nullable=False, unique=True),
    Column("name", String, nullable=False, unique=True),
    Column("role", String, nullable=False),
    Column("made_by", String, nullable=False),
    Column("made", Instant, nullable=False),
    Column("used", Instant),
)

throttle = Table(
    "throttle",
    metadata,
    Column("subject", String, primary_key=True),
    Column("failures", Integer, nullable=False),
    Column("until", Instant, nullable=False),
)

tally = Table(
    "tally",
    metadata,
    Column("span", String, primary_key=True),
    Column("member", String, primary_key=True),
    Column("start", Instant, primary_key=True),
    Column("language", String, primary_key=True),
    Column("what", String, primary_key=True),
    Column("bucket", Integer, primary_key=True),
    Column("number", Integer, nullable=False),
    sqlite_with_rowid=False,
)

progress = Table(
    "progress",
    metadata,
    Column("name", String, primary_key=True),
    Column("reached", BigInteger, nullable=False),
)
