"""Alembic's entry: migrates the connection that `dispatch db upgrade` hands over."""

from alembic import context

from dispatch.models import (
    access,
    care,
    cases,
    devices,
    duty,
    elder_links,
    engine,
    floor,
    imports,
    outbox,
    people,
    places,
    privacy,
    response,
    simnet,
    trail,
    workforce,
)
from dispatch.models.base import Base

TABLES = (
    access,
    care,
    cases,
    devices,
    duty,
    elder_links,
    engine,
    outbox,
    people,
    places,
    privacy,
    response,
    floor,
    imports,
    simnet,
    trail,
    workforce,
)  # imported so that Base knows them

connection = context.config.attributes["connection"]
context.configure(
    connection=connection,
    target_metadata=Base.metadata,
    render_as_batch=connection.dialect.name == "sqlite",
    transaction_per_migration=False,
)
context.run_migrations()
