"""What a site remembers of its orchestrator: one row, from the pending enrolment to the last event it handled."""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Literal

from sqlalchemy import insert, select, update

from fl_core.storage.database import Database, Transaction
from fl_core.storage.site_tables import connection_

ConnectionState = Literal[
    "not_enrolled", "pending", "connected", "reconnecting", "refused", "suspended", "revoked", "protocol_mismatch"
]


@dataclass(frozen=True, kw_only=True)
class ConnectionRecord:
    """The relation to the orchestrator; `ca_pem` is what every signature and TLS connection is checked against."""

    state: ConnectionState = "not_enrolled"
    since: datetime
    detail: str = ""
    orchestrator: str | None = None
    address: str | None = None
    ca_pem: str | None = None
    site_id: str | None = None
    site_name: str | None = None
    fingerprint: str | None = None
    enrolment_id: str | None = None
    poll_secret: str | None = None
    certificate_expires_at: datetime | None = None
    last_contact: datetime | None = None
    last_event: int = 0


class ConnectionStore:
    """Reads and changes the one row."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def get(self) -> ConnectionRecord:
        """Return the row; a fresh home is not enrolled."""
        with self._database.read() as connection:
            row = connection.execute(select(connection_)).mappings().first()
        if row is None:
            return ConnectionRecord(since=datetime.now(UTC))
        return ConnectionRecord(**{key: value for key, value in row.items() if key != "id"})

    def save(self, tx: Transaction, record: ConnectionRecord) -> None:
        """Replace the row whole."""
        values = vars(record)
        if tx.connection.execute(update(connection_).values(**values)).rowcount == 0:
            tx.connection.execute(insert(connection_).values(id=1, **values))

    def change(self, tx: Transaction, **values: object) -> None:
        """Change some columns of the existing row."""
        tx.connection.execute(update(connection_).values(**values))
