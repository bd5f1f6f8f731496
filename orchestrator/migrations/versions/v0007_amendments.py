"""Further offers of a session to sites that have agreed, and agreements that were replaced."""

from alembic import op

from fl_core.storage.lab_tables import create_lab_0007

revision = "0007"
down_revision = "0006"


def upgrade() -> None:
    """Create the table."""
    create_lab_0007(op.get_bind())
