"""Which request made what, for a day: see `fl_core.once`."""

from datetime import datetime, timedelta

from sqlalchemy import Connection, delete, insert, select

from fl_core.errors import Conflict
from fl_core.once import request_key
from fl_core.storage.database import Database, Transaction
from fl_core.storage.shared_tables import REQUEST_KEY

KEPT = timedelta(days=1)


def made_before(database: Database, part: str = "") -> str | None:
    """Return the id of what the present request made when it was sent before, None when it is new or has no key."""
    key = request_key(part)
    if not key:
        return None
    with database.read() as connection:
        return _made(connection, key)


def note(tx: Transaction, subject: str, *, at: datetime, part: str = "") -> None:
    """Keep, in the transaction that makes it, what the present request made; nothing to do without a key.

    Raises
    ------
    Conflict
        ``request.repeated`` when the same request was answered by another thread meanwhile; nothing is made then.
    """
    key = request_key(part)
    if not key:
        return
    if _made(tx.connection, key) is not None:
        message = "the same request is being answered already"
        raise Conflict(message, code="request.repeated")
    tx.connection.execute(delete(REQUEST_KEY).where(REQUEST_KEY.c.at < at - KEPT))
    tx.connection.execute(insert(REQUEST_KEY).values(key=key, subject=subject, at=at))


def _made(connection: Connection, key: str) -> str | None:
    found = connection.execute(select(REQUEST_KEY.c.subject).where(REQUEST_KEY.c.key == key)).scalar()
    return None if found is None else str(found)
