"""What requests with a key made, so that nothing is made twice."""

from alembic import op

from fl_core.storage.shared_tables import create_request_key

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    """Create the table."""
    create_request_key(op.get_bind())
