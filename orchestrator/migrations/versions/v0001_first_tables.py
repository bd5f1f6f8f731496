"""The first tables of an orchestrator."""

from alembic import op

from fl_core.storage.lab_tables import create_lab_0001
from fl_core.storage.shared_tables import create_0001

revision = "0001"
down_revision = None


def upgrade() -> None:
    """Create everything."""
    create_0001(op.get_bind())
    create_lab_0001(op.get_bind())
