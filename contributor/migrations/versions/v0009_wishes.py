"""What the site wishes: standing rules, reminders, pauses; and whose act a line of the activity tells about."""

from alembic import op

from fl_core.storage.shared_tables import create_activity_actor
from fl_core.storage.site_tables import create_site_wishes

revision = "0009"
down_revision = "0008"


def upgrade() -> None:
    """Create the tables."""
    create_activity_actor(op.get_bind())
    create_site_wishes(op.get_bind())
