"""Settings that are made on a page: one JSON value a key, in a table of either daemon."""

from datetime import datetime

from sqlalchemy import Connection, Table, delete, insert, select, update

from fl_core.storage.database import Transaction


class SettingTable:
    """Reads and writes one such table (columns `key`, `value`, `at`)."""

    def __init__(self, table: Table) -> None:
        self._table = table

    def get(self, connection: Connection, key: str) -> dict[str, object]:
        """Return what was set, empty where nothing was."""
        found = connection.execute(select(self._table.c.value).where(self._table.c.key == key)).scalar()
        return dict(found) if isinstance(found, dict) else {}

    def put(self, tx: Transaction, key: str, value: dict[str, object], *, at: datetime) -> None:
        """Set a value, whole."""
        where = self._table.c.key == key
        if tx.connection.execute(update(self._table).where(where).values(value=value, at=at)).rowcount == 0:
            tx.connection.execute(insert(self._table).values(key=key, value=value, at=at))

    def remove(self, tx: Transaction, key: str) -> None:
        """Forget what was set."""
        tx.connection.execute(delete(self._table).where(self._table.c.key == key))
