"""Activity in words of the page, and what each account saw of it."""

from alembic import op

from fl_core.storage.shared_tables import create_activity_words

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    """Create both tables."""
    create_activity_words(op.get_bind())
