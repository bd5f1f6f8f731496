"""Offers that were replaced because a site was asked again, with what it had signed in answer to them."""

from alembic import op

from fl_core.storage.lab_tables import create_lab_past

revision = "0009"
down_revision = "0008"


def upgrade() -> None:
    """Create the table."""
    create_lab_past(op.get_bind())
