"""The recommended model of each task, and deleted models that are gone for good."""

from alembic import op

from fl_core.storage.lab_tables import create_lab_0003

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    """Create both tables."""
    create_lab_0003(op.get_bind())
