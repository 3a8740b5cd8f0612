"""Alembic runs this inside the transaction that the ledger opened."""

from __future__ import annotations

from alembic import context

from distributor.ledger.tables import metadata

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    render_as_batch=True,
    transaction_per_migration=False,
)
context.run_migrations()
