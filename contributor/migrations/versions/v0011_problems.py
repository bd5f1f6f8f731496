"""Why a reconstruction failed, with its code."""

from alembic import op

from fl_core.storage.site_tables import create_site_problems

revision = "0011"
down_revision = "0010"


def upgrade() -> None:
    """Create the table."""
    create_site_problems(op.get_bind())
