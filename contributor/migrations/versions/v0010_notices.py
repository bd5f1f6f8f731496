"""Settings made on the page, and notices that wait to be sent."""

from alembic import op

from fl_core.storage.shared_tables import create_notice
from fl_core.storage.site_tables import create_site_settings

revision = "0010"
down_revision = "0009"


def upgrade() -> None:
    """Create the tables."""
    create_site_settings(op.get_bind())
    create_notice(op.get_bind())
