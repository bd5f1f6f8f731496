"""Tables of the laboratory's own housekeeping: presence of sites, settings made on the page, notices that wait."""

from sqlalchemy import JSON, Column, Connection, ForeignKey, Integer, String, Table, Text

from fl_core.storage.lab_tables import LAB
from fl_core.storage.shared_tables import UtcTime

site_presence = Table(
    "site_presence",
    LAB,
    Column("site_id", ForeignKey("site.id"), primary_key=True),
    Column("since", UtcTime, primary_key=True),
    Column("until", UtcTime, nullable=False, index=True),
)

lab_setting = Table(
    "lab_setting",
    LAB,
    Column("key", String(40), primary_key=True),
    Column("value", JSON, nullable=False),
    Column("at", UtcTime, nullable=False),
)

notice = Table(
    "notice",
    LAB,
    Column("id", Integer, primary_key=True),
    Column("channel", String(12), nullable=False),
    Column("kind", String(60), nullable=False),
    Column("content", JSON, nullable=False),
    Column("state", String(12), nullable=False, index=True),
    Column("attempts", Integer, nullable=False, default=0),
    Column("created_at", UtcTime, nullable=False),
    Column("next_at", UtcTime, nullable=False),
    Column("problem", Text, nullable=False, default=""),
    sqlite_autoincrement=True,
)


def create_lab_house(connection: Connection) -> None:
    """Create these tables."""
    LAB.create_all(connection, tables=[site_presence, lab_setting, notice])
