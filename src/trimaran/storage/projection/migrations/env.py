"""What Alembic runs: the migrations, over the connection that `database.py` hands in."""

from __future__ import annotations

from alembic import context

from trimaran.storage.projection.tables import METADATA

connection = context.config.attributes["connection"]
context.configure(connection=connection, target_metadata=METADATA, render_as_batch=True)
with context.begin_transaction():
    context.run_migrations()
