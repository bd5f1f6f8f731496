"""Tables of the laboratory's own housekeeping: presence of sites, settings made on the page."""

from sqlalchemy import JSON, Column, Connection, ForeignKey, String, Table

from fl_core.storage.lab_tables import LAB
from fl_core.storage.shared_tables import UtcTime, create_notice

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


def create_lab_house(connection: Connection) -> None:
    """Create these tables, and the one of notices."""
    LAB.create_all(connection, tables=[site_presence, lab_setting])
    create_notice(connection)
