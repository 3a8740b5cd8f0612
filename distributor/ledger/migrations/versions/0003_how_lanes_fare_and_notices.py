"""Lanes with a rate, an order and a circuit; digests; notices; texts that were pruned."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"

INSTANT = sa.DateTime(timezone=True)
ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    for column in (
        sa.Column("ordered", sa.Boolean(), nullable=False, server_default=sa.false()),
        sa.Column("interval", sa.Float(), nullable=True),
        sa.Column("disable_after", sa.Float(), nullable=False, server_default="432000"),
        sa.Column("failures", sa.Integer(), nullable=False, server_default="0"),
        sa.Column("failing_since", INSTANT, nullable=True),
        sa.Column("pace", sa.Float(), nullable=True),
        sa.Column("slowed", INSTANT, nullable=True),
        sa.Column("next", INSTANT, nullable=True),
        sa.Column("blocked", INSTANT, nullable=True),
        sa.Column("digested", INSTANT, nullable=True),
    ):
        op.add_column("lane", column)
    op.add_column("delivery", sa.Column("digest", sa.String(), nullable=True))
    for table in ("version", "rendition"):
        op.add_column(table, sa.Column("pruned", sa.String(), nullable=True))
    for name in ("guid", "slug"):
        op.create_index(f"ix_article_{name}", "article", [name])
    op.drop_index("ix_delivery_due", "delivery")
    op.drop_index("ix_delivery_sending", "delivery")
    sending = sa.text("state = 'sending'")
    op.create_index(
        "ix_delivery_sending",
        "delivery",
        ["lane", "article", "language", "digest"],
        sqlite_where=sending,
        postgresql_where=sending,
    )
    whole = sa.text("pruned IS NULL")
    op.create_index("ix_version_created", "version", ["created"], sqlite_where=whole, postgresql_where=whole)
    waiting = sa.text("state = 'waiting'")
    op.create_index(
        "ix_delivery_coming", "delivery", ["lane", "id"], sqlite_where=waiting, postgresql_where=waiting
    )
    op.create_table(
        "notice",
        sa.Column("id", ID, nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("subject", sa.String(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("raised", INSTANT, nullable=False),
        sa.Column("over", INSTANT, nullable=True),
        sa.Column("told", INSTANT, nullable=True),
        sa.Column("lease", sa.String(), nullable=True),
        sa.Column("leased_until", INSTANT, nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_notice")),
    )
    open_ = sa.text("over IS NULL")
    op.create_index(
        "ix_notice_open",
        "notice",
        ["kind", "subject"],
        unique=True,
        sqlite_where=open_,
        postgresql_where=open_,
    )
