"""Further offers of a session this site has agreed to, and agreements that were replaced."""

from alembic import op

from fl_core.storage.site_tables import create_site_0005

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    """Create the table."""
    create_site_0005(op.get_bind())
