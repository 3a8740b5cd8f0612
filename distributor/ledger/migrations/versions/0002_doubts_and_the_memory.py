"""Doubts of renditions, what members want done with them, and the memory of translated sentences."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    op.add_column("rendition", sa.Column("doubts", sa.JSON(none_as_null=True), nullable=True))
    op.add_column("delivery", sa.Column("on_doubt", sa.String(), nullable=False, server_default="hold"))
    op.create_table(
        "memory",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("source_language", sa.String(), nullable=False),
        sa.Column("target_language", sa.String(), nullable=False),
        sa.Column("digest", sa.String(), nullable=False),
        sa.Column("model", sa.String(), nullable=False),
        sa.Column("glossary", sa.String(), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("target", sa.Text(), nullable=False),
        sa.Column("ties", sa.JSON(none_as_null=True), nullable=True),
        sa.Column("origin", sa.String(), nullable=False),
        sa.Column("changed", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_memory")),
        sa.UniqueConstraint(
            "source_language",
            "target_language",
            "digest",
            "model",
            "glossary",
            name=op.f("uq_memory_source_language_target_language_digest_model_glossary"),
        ),
    )
