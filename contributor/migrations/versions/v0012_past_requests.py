"""Offers that were replaced because this site was asked again, with what it had signed in answer to them."""

from alembic import op

from fl_core.storage.site_tables import create_site_past

revision = "0012"
down_revision = "0011"


def upgrade() -> None:
    """Create the table."""
    create_site_past(op.get_bind())
