"""Alembic's entry: runs the revisions on the connection that the daemon opened."""

from fl_core.storage.migration_env import run

run()
