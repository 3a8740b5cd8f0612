"""People, their sessions and tokens; the sentences of a rendition; the search; the figures of each hour."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"

_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    _people()
    op.add_column("version", sa.Column("grade", sa.String(), nullable=False, server_default=""))
    op.add_column("version", sa.Column("changed", sa.JSON(none_as_null=True), nullable=True))
    op.add_column("article", sa.Column("announced", sa.DateTime(timezone=True), nullable=True))
    op.add_column("article", sa.Column("former_urgency", sa.Integer(), nullable=True))
    op.add_column("article", sa.Column("undo_until", sa.DateTime(timezone=True), nullable=True))
    op.add_column("rendition", sa.Column("sentences", sa.JSON(none_as_null=True), nullable=True))
    op.add_column("rendition", sa.Column("edits", sa.Integer(), nullable=False, server_default="0"))
    op.create_table(
        "audience",
        sa.Column("article", _ID, nullable=False),
        sa.Column("member", sa.String(), nullable=False),
        sa.Column("wanted", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("article", "member", name="pk_audience"),
        sa.ForeignKeyConstraint(["article"], ["article.id"], name="fk_audience_article"),
    )
    _indexes()
    _figures()
    sqlite = op.get_bind().dialect.name == "sqlite"
    for statement in (*_SEARCH[sqlite], *_KEPT[sqlite], _TO_BE_FOUND):
        op.execute(statement)


def _people() -> None:
    op.create_table(
        "person",
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("role", sa.String(), nullable=False),
        sa.Column("secret", sa.String(), nullable=False),
        sa.Column("made", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("name", name="pk_person"),
    )
    op.create_table(
        "session",
        sa.Column("digest", sa.String(), nullable=False),
        sa.Column("person", sa.String(), nullable=False),
        sa.Column("made", sa.DateTime(timezone=True), nullable=False),
        sa.Column("seen", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("digest", name="pk_session"),
        sa.ForeignKeyConstraint(["person"], ["person.name"], name="fk_session_person", ondelete="CASCADE"),
    )
    op.create_table(
        "token",
        sa.Column("id", _ID, nullable=False),
        sa.Column("digest", sa.String(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("role", sa.String(), nullable=False),
        sa.Column("made_by", sa.String(), nullable=False),
        sa.Column("made", sa.DateTime(timezone=True), nullable=False),
        sa.Column("used", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_token"),
        sa.UniqueConstraint("digest", name="uq_token_digest"),
        sa.UniqueConstraint("name", name="uq_token_name"),
    )
    op.create_table(
        "throttle",
        sa.Column("subject", sa.String(), nullable=False),
        sa.Column("failures", sa.Integer(), nullable=False),
        sa.Column("until", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("subject", name="pk_throttle"),
    )


def _indexes() -> None:
    """What the desk looks for among all there is, where it is rare; what is common costs too much to keep."""
    for name, table, columns, where in (
        ("ix_delivery_dead", "delivery", ["lane", "id"], "state = 'dead'"),
        ("ix_rendition_held", "rendition", ["article"], "state = 'held'"),
        ("ix_article_unusable", "article", ["pub_status", "id"], "pub_status <> 'usable'"),
    ):
        op.create_index(name, table, columns, sqlite_where=sa.text(where), postgresql_where=sa.text(where))
    op.create_index("ix_audit_subject", "audit", ["subject", "id"])


def _figures() -> None:
    op.create_table(
        "tally",
        sa.Column("hour", sa.DateTime(timezone=True), nullable=False),
        sa.Column("member", sa.String(), nullable=False),
        sa.Column("language", sa.String(), nullable=False),
        sa.Column("what", sa.String(), nullable=False),
        sa.Column("bucket", sa.Integer(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("hour", "member", "language", "what", "bucket", name="pk_tally"),
    )
    op.create_table(
        "progress",
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("reached", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("name", name="pk_progress"),
    )


_TO_BE_FOUND = (
    "INSERT INTO progress (name, reached) "
    "SELECT 'search', max(id) + 1 FROM article HAVING max(id) IS NOT NULL"
)
"""What is there already is taken into the search little by little, from the newest back."""

_SEARCH = {
    True: ("CREATE VIRTUAL TABLE search USING fts5(words, tokenize = \"unicode61 remove_diacritics 0\")",),
    False: (
        "CREATE TABLE search (article BIGINT PRIMARY KEY, words TSVECTOR NOT NULL)",
        "CREATE INDEX ix_search_words ON search USING gin (words)",
    ),
}  # fmt: skip
_SQLITE_KEPT = (
    "CREATE TRIGGER audit_no_{act} BEFORE {act} ON audit "
    "BEGIN SELECT RAISE(ABORT, 'the audit trail is only ever added to'); END"
)
_KEPT = {
    True: tuple(_SQLITE_KEPT.format(act=act) for act in ("UPDATE", "DELETE")),
    False: (
        "CREATE FUNCTION audit_is_kept() RETURNS trigger LANGUAGE plpgsql AS $$ "
        "BEGIN RAISE EXCEPTION 'the audit trail is only ever added to'; END $$",
        "CREATE TRIGGER audit_is_kept BEFORE UPDATE OR DELETE OR TRUNCATE ON audit "
        "FOR EACH STATEMENT EXECUTE FUNCTION audit_is_kept()",
    ),
}
