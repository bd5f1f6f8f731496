"""The tables of the laboratory's own work: data sets on this computer, and jobs on them."""

from sqlalchemy import JSON, Column, Connection, Integer, String, Table

from fl_core.storage.lab_tables import LAB
from fl_core.storage.shared_tables import UtcTime

data_set = Table(
    "laboratory_set",
    LAB,
    Column("id", String(40), primary_key=True),
    Column("name", String(80), nullable=False),
    Column("origin", String(12), nullable=False),
    Column("state", String(12), nullable=False),
    Column("folder", String(1000), nullable=False),
    Column("facts", JSON(none_as_null=True)),
    Column("created_at", UtcTime, nullable=False),
)

job = Table(
    "laboratory_job",
    LAB,
    Column("id", String(40), primary_key=True),
    Column("number", Integer, nullable=False, unique=True),
    Column("kind", String(20), nullable=False),
    Column("title", String(120), nullable=False),
    Column("state", String(12), nullable=False, index=True),
    Column("spec", JSON, nullable=False),
    Column("live", JSON, nullable=False),
    Column("result", JSON(none_as_null=True)),
    Column("problem", JSON(none_as_null=True)),
    Column("set_id", String(40)),
    Column("model_id", String(40)),
    Column("created_at", UtcTime, nullable=False),
    Column("started_at", UtcTime),
    Column("ended_at", UtcTime),
)


def create_lab_work(connection: Connection) -> None:
    """Create both tables."""
    LAB.create_all(connection, tables=[data_set, job])
