"""Whose act a line of the activity tells about, so that nobody's own acts count as news."""

from alembic import op

from fl_core.storage.shared_tables import create_activity_actor

revision = "0008"
down_revision = "0007"


def upgrade() -> None:
    """Create the table."""
    create_activity_actor(op.get_bind())
