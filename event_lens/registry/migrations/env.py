"""Alembic's entry: it runs on the connection that `registry.database` hands over."""

from alembic import context

from event_lens.registry.tables import Table

context.configure(
    connection=context.config.attributes["connection"], target_metadata=Table.metadata, render_as_batch=True
)
with context.begin_transaction():
    context.run_migrations()
