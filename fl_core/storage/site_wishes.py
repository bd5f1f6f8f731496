"""What the site wishes beyond single answers: standing rules, reminders, pauses."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import delete, insert, select, update

from fl_core.errors import NotFound
from fl_core.protocol.messages import Json
from fl_core.storage.database import Database, Transaction
from fl_core.storage.site_tables import pause, reminder, rule


@dataclass(frozen=True, kw_only=True)
class RuleRecord:
    """A standing rule in its present version."""

    id: str
    version: int
    state: str
    body: Json
    created_at: datetime
    changed_at: datetime


@dataclass(frozen=True, kw_only=True)
class ReminderRecord:
    """When to ask again about a request; `told` once that was done."""

    session_id: str
    at: datetime
    told: bool


class WishStore:
    """Keeps the three kinds; one method a step."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def rules(self) -> list[RuleRecord]:
        """Return every rule, the oldest first."""
        with self._database.read() as tx:
            rows = tx.execute(select(rule).order_by(rule.c.created_at, rule.c.id)).mappings().all()
        return [RuleRecord(**row) for row in rows]

    def rule(self, rule_id: str) -> RuleRecord:
        """Return one rule; raises NotFound."""
        found = next((one for one in self.rules() if one.id == rule_id), None)
        if found is None:
            message = f"no rule is called {rule_id[:60]}"
            raise NotFound(message)
        return found

    def put_rule(self, tx: Transaction, record: RuleRecord) -> None:
        """Store a rule, new or changed."""
        values = vars(record)
        if tx.connection.execute(update(rule).where(rule.c.id == record.id).values(**values)).rowcount == 0:
            tx.connection.execute(insert(rule).values(**values))

    def delete_rule(self, tx: Transaction, rule_id: str) -> None:
        """Forget a rule; the audit and the consents it gave keep what it said."""
        tx.connection.execute(delete(rule).where(rule.c.id == rule_id))

    def reminders(self) -> dict[str, ReminderRecord]:
        """Return the reminders by session."""
        with self._database.read() as tx:
            rows = tx.execute(select(reminder)).mappings().all()
        return {str(row["session_id"]): ReminderRecord(**row) for row in rows}

    def set_reminder(self, tx: Transaction, session_id: str, at: datetime | None, *, told: bool = False) -> None:
        """Set or drop a reminder."""
        tx.connection.execute(delete(reminder).where(reminder.c.session_id == session_id))
        if at is not None:
            tx.connection.execute(insert(reminder).values(session_id=session_id, at=at, told=told))

    def paused(self) -> frozenset[str]:
        """Return the sessions that are paused here."""
        with self._database.read() as tx:
            return frozenset(str(one) for one in tx.execute(select(pause.c.session_id)).scalars())

    def set_paused(self, tx: Transaction, session_id: str, since: datetime | None) -> None:
        """Pause a session, or let it go on (None)."""
        tx.connection.execute(delete(pause).where(pause.c.session_id == session_id))
        if since is not None:
            tx.connection.execute(insert(pause).values(session_id=session_id, since=since))
