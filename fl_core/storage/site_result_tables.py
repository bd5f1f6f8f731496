"""The table of what a site compared on its own hold-out."""

from sqlalchemy import JSON, Column, Connection, MetaData, String, Table

from fl_core.storage.shared_tables import UtcTime

RESULTS = MetaData()
own_result = Table(
    "site_own_result",
    RESULTS,
    Column("id", String(60), primary_key=True),
    Column("session_id", String(60), nullable=False),
    Column("model_id", String(60), nullable=False),
    Column("state", String(16), nullable=False),
    Column("problem", JSON(none_as_null=True)),
    Column("result", JSON(none_as_null=True)),
    Column("created_at", UtcTime, nullable=False),
    Column("ended_at", UtcTime),
)


def create_site_results(connection: Connection) -> None:
    """Create the table."""
    RESULTS.create_all(connection, tables=[own_result])
