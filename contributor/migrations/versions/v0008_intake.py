"""Imports with a row a file, where a study came from, patients who were withdrawn."""

from alembic import op

from fl_core.storage.site_intake_tables import create_site_intake

revision = "0008"
down_revision = "0007"


def upgrade() -> None:
    """Create the tables."""
    create_site_intake(op.get_bind())
