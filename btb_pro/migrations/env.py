"""Runs the migrations on the connection that `btb_pro.migrate` hands over, inside its transaction."""

from alembic import context

from btb_pro.models.base import Base

# Alembic takes it that SQLite cannot roll back DDL. It can, since our engine sends BEGIN itself.
context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=Base.metadata,
    transactional_ddl=True,
)
with context.begin_transaction():
    context.run_migrations()
