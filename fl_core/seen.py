"""Up to which line of the activity each account has read."""

from fl_core.storage import journal
from fl_core.storage.database import Database
from fl_core.web.principal import SCRIPT, Principal


class Seen:
    """Reads and moves an account's mark."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def get(self, who: Principal) -> int:
        """Return the number of the newest line that was read; a script, which has no account, has read everything."""
        with self._database.read() as connection:
            if who.account_id == SCRIPT:
                return journal.newest(connection)
            return journal.seen(connection, who.account_id)

    def mark(self, who: Principal, seq: int) -> int:
        """Mark the lines up to a number as read."""
        with self._database.begin() as tx:
            return journal.mark_seen(tx, who.account_id, seq)
