"""Run by Alembic: migrate over the connection that `upgrade` hands in, inside its transaction."""

from __future__ import annotations

from alembic import context

from acd.records.schema import metadata

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    transactional_ddl=True,
    render_as_batch=True,
)
with context.begin_transaction():
    context.run_migrations()
