"""Alembic's entry: migrates the connection that `dispatch db upgrade` hands over."""

from alembic import context

from dispatch.models.tables import METADATA

connection = context.config.attributes["connection"]
context.configure(
    connection=connection,
    target_metadata=METADATA,
    render_as_batch=connection.dialect.name == "sqlite",
    transaction_per_migration=False,
)
context.run_migrations()
