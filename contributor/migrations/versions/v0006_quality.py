"""What quality control found in each study."""

from alembic import op

from fl_core.storage.site_quality import create_site_quality

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    """Create the table."""
    create_site_quality(op.get_bind())
