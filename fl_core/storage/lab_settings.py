"""Settings that are made on the page: one JSON value a key, in the database."""

from datetime import datetime

from sqlalchemy import Connection, insert, select, update

from fl_core.storage.database import Transaction
from fl_core.storage.lab_house_tables import lab_setting


def get(connection: Connection, key: str) -> dict[str, object]:
    """Return what was set, empty where nothing was."""
    found = connection.execute(select(lab_setting.c.value).where(lab_setting.c.key == key)).scalar()
    return dict(found) if isinstance(found, dict) else {}


def put(tx: Transaction, key: str, value: dict[str, object], *, at: datetime) -> None:
    """Set a value, whole."""
    where = lab_setting.c.key == key
    if tx.connection.execute(update(lab_setting).where(where).values(value=value, at=at)).rowcount == 0:
        tx.connection.execute(insert(lab_setting).values(key=key, value=value, at=at))
