"""Presence of sites, settings made on the page, notices; activity in words of the page, and what each account saw."""

from alembic import op

from fl_core.storage.lab_house_tables import create_lab_house
from fl_core.storage.shared_tables import create_activity_words

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    """Create the tables."""
    create_activity_words(op.get_bind())
    create_lab_house(op.get_bind())
