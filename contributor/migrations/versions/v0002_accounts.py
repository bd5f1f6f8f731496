"""Accounts and sign-ins."""

from alembic import op

from fl_core.storage.shared_tables import create_0002

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    """Create both tables."""
    create_0002(op.get_bind())
