"""What each daemon's `migrations/env.py` runs: the upgrade inside the caller's own transaction."""

from alembic import context


def run() -> None:
    """Run the revisions on the connection that `upgrade` handed over; its transaction makes them all or nothing."""
    context.configure(connection=context.config.attributes["connection"], transactional_ddl=False)
    context.run_migrations()
