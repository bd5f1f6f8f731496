"""What happened, twice: an audit row for every act and, where people care, one line in words."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime

from sqlalchemy import Row, insert, select

from fl_core.storage import audit
from fl_core.storage.database import Database, Transaction
from fl_core.storage.shared_tables import ACTIVITY


@dataclass(frozen=True, slots=True)
class ActivityRow:
    """One line of the activity list."""

    seq: int
    at: datetime
    kind: str
    text: str
    subject: str | None


class Journal:
    """Writes both kinds of lines; `on_activity` is called with each new line after its commit."""

    def __init__(
        self,
        database: Database,
        *,
        on_activity: Callable[[ActivityRow], None] = lambda _row: None,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._database = database
        self._on_activity = on_activity
        self._clock = clock

    def note(
        self,
        tx: Transaction,
        *,
        actor: str,
        action: str,
        subject: str = "",
        details: dict[str, object] | None = None,
        text: str | None = None,
        kind: str | None = None,
    ) -> None:
        """Append an audit row, and a line for people when `text` is given (`kind` defaults to the action's area)."""
        audit.append(tx, at=self._clock(), actor=actor, action=action, subject=subject, details=details)
        if text is not None:
            self.tell(tx, kind=kind or action.partition(".")[0], text=text, subject=subject or None)

    def tell(self, tx: Transaction, *, kind: str, text: str, subject: str | None = None) -> None:
        """Append a line for people only (nobody acted)."""
        at, text = self._clock(), text[:500]
        seq = tx.connection.execute(
            insert(ACTIVITY).values(at=at, kind=kind, text=text, subject=subject)
        ).inserted_primary_key
        assert seq is not None  # noqa: S101 - narrowing: an insert of one row has a key
        row = ActivityRow(int(seq[0]), at, kind, text, subject)
        tx.after_commit(lambda: self._on_activity(row))

    def activity(
        self,
        *,
        before: int | None = None,
        limit: int = 100,
        subject: str | None = None,
        without_kind: str | None = None,
    ) -> list[ActivityRow]:
        """Return the newest lines (optionally: older than `before`, about `subject`, not of a kind), newest first."""
        query = select(ACTIVITY).order_by(ACTIVITY.c.seq.desc()).limit(limit)
        if before is not None:
            query = query.where(ACTIVITY.c.seq < before)
        if without_kind is not None:
            query = query.where(ACTIVITY.c.kind != without_kind)
        if subject is not None:
            query = query.where(ACTIVITY.c.subject == subject)
        with self._database.read() as connection:
            return [_line(found) for found in connection.execute(query)]


def _line(found: Row[tuple[object, ...]]) -> ActivityRow:
    return ActivityRow(**found._mapping)
