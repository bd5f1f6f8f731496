"""Stores the audit chain: rows are appended inside the transaction of what they tell about."""

from collections.abc import Iterator
from datetime import datetime

from sqlalchemy import Connection, Row, func, insert, select

from fl_core.audit import GENESIS, AuditRow, next_row, verify_rows
from fl_core.storage.database import Database, Transaction
from fl_core.storage.shared_tables import AUDIT

PAGE = 500


def append(
    tx: Transaction, *, at: datetime, actor: str, action: str, subject: str, details: dict[str, object] | None = None
) -> AuditRow:
    """Append the next row of the chain; it exists exactly if the transaction commits."""
    row = next_row(head(tx.connection), at=at, actor=actor, action=action, subject=subject, details=details)
    tx.connection.execute(insert(AUDIT).values(**row.model_dump()))
    return row


def head(connection: Connection) -> AuditRow | None:
    """Return the newest row."""
    found = connection.execute(select(AUDIT).order_by(AUDIT.c.seq.desc()).limit(1)).first()
    return None if found is None else _row(found)


def page(database: Database, *, after: int = 0, limit: int = 100) -> list[AuditRow]:
    """Return up to `limit` rows with a larger sequence number, oldest first."""
    with database.read() as connection:
        query = select(AUDIT).where(AUDIT.c.seq > after).order_by(AUDIT.c.seq).limit(limit)
        return [_row(found) for found in connection.execute(query)]


def verify(database: Database) -> tuple[int, int | None, str]:
    """Return (number of rows, first sequence number that does not fit or None, hash of the head)."""
    with database.read() as connection:
        newest = head(connection)
        count = int(connection.execute(select(func.count()).select_from(AUDIT)).scalar_one())
        broken = verify_rows(_all(connection))
    return count, broken, GENESIS if newest is None else newest.hash


def _all(connection: Connection) -> Iterator[AuditRow]:
    for found in connection.execute(select(AUDIT).order_by(AUDIT.c.seq)).yield_per(PAGE):
        yield _row(found)


def _row(found: Row[tuple[object, ...]]) -> AuditRow:
    return AuditRow.model_validate(dict(found._mapping))
