"""A number for each delivery in its lane."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    op.add_column("delivery", sa.Column("number", sa.Integer(), nullable=True))
    counted = sa.text("number IS NOT NULL")
    op.create_index(
        "ix_delivery_number",
        "delivery",
        ["lane", "number"],
        unique=True,
        sqlite_where=counted,
        postgresql_where=counted,
    )
