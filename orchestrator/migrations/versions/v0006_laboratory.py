"""Data sets and jobs of the laboratory."""

from alembic import op

from fl_core.storage.lab_work_tables import create_lab_work

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    """Create both tables."""
    create_lab_work(op.get_bind())
