"""What a site compared on its own hold-out."""

from alembic import op

from fl_core.storage.site_result_tables import create_site_results

revision = "0007"
down_revision = "0006"


def upgrade() -> None:
    """Create the table."""
    create_site_results(op.get_bind())
