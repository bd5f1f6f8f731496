"""What happened, twice: an audit row for every act and, where people care, one line in words."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime

from sqlalchemy import Connection, Row, delete, func, insert, select, update

from fl_core.storage import audit
from fl_core.storage.database import Database, Transaction
from fl_core.storage.shared_tables import ACTIVITY, ACTIVITY_ACTOR, ACTIVITY_SEEN, ACTIVITY_WORDS


@dataclass(frozen=True, slots=True)
class ActivityRow:
    """One line of the activity list; with `key` and `values` a page can word it in its own language."""

    seq: int
    at: datetime
    kind: str
    text: str
    subject: str | None
    key: str | None = None
    values: dict[str, object] = field(default_factory=dict)
    actor: str | None = None


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
        values: dict[str, object] | None = None,
    ) -> None:
        """Append an audit row, and a line for people when `text` is given (`kind` defaults to the action's area).

        With `values`, a page words the line by the action; `text` is for logs, and where nobody has such words.
        """
        audit.append(tx, at=self._clock(), actor=actor, action=action, subject=subject, details=details)
        if text is not None:
            key = None if values is None else action
            kind = kind or action.partition(".")[0]
            self._tell(tx, kind=kind, text=text, subject=subject or None, key=key, values=values, actor=actor)

    def tell(
        self,
        tx: Transaction,
        *,
        kind: str,
        text: str,
        subject: str | None = None,
        key: str | None = None,
        values: dict[str, object] | None = None,
    ) -> None:
        """Append a line for people only (nobody acted); with a key, a page words it by the key and the values."""
        self._tell(tx, kind=kind, text=text, subject=subject, key=key, values=values, actor=None)

    def _tell(
        self,
        tx: Transaction,
        *,
        kind: str,
        text: str,
        subject: str | None,
        key: str | None,
        values: dict[str, object] | None,
        actor: str | None,
    ) -> None:
        at, text = self._clock(), text[:500]
        seq = tx.connection.execute(
            insert(ACTIVITY).values(at=at, kind=kind, text=text, subject=subject)
        ).inserted_primary_key
        assert seq is not None  # noqa: S101 - narrowing: an insert of one row has a key
        row = ActivityRow(int(seq[0]), at, kind, text, subject, key, values or {}, actor)
        if key is not None:
            tx.connection.execute(insert(ACTIVITY_WORDS).values(seq=row.seq, key=key, values=row.values))
        if actor is not None:
            tx.connection.execute(insert(ACTIVITY_ACTOR).values(seq=row.seq, actor=actor))
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
        words = ACTIVITY.outerjoin(ACTIVITY_WORDS, ACTIVITY_WORDS.c.seq == ACTIVITY.c.seq).outerjoin(
            ACTIVITY_ACTOR, ACTIVITY_ACTOR.c.seq == ACTIVITY.c.seq
        )
        query = (
            select(ACTIVITY, ACTIVITY_WORDS.c.key, ACTIVITY_WORDS.c["values"], ACTIVITY_ACTOR.c.actor)
            .select_from(words)
            .order_by(ACTIVITY.c.seq.desc())
            .limit(limit)
        )
        if before is not None:
            query = query.where(ACTIVITY.c.seq < before)
        if without_kind is not None:
            query = query.where(ACTIVITY.c.kind != without_kind)
        if subject is not None:
            query = query.where(ACTIVITY.c.subject == subject)
        with self._database.read() as connection:
            return [_line(found) for found in connection.execute(query)]

    def prune(self, tx: Transaction, before: datetime) -> int:
        """Forget lines that are older; returns how many. The audit keeps every row."""
        old = select(ACTIVITY.c.seq).where(ACTIVITY.c.at < before)
        for table in (ACTIVITY_WORDS, ACTIVITY_ACTOR):
            tx.connection.execute(delete(table).where(table.c.seq.in_(old)))
        return tx.connection.execute(delete(ACTIVITY).where(ACTIVITY.c.at < before)).rowcount


def newest(connection: Connection) -> int:
    """Return the number of the newest line, 0 when there is none."""
    return int(connection.execute(select(func.max(ACTIVITY.c.seq))).scalar() or 0)


def lines_after(connection: Connection, seq: int, limit: int) -> list[ActivityRow]:
    """Return the lines after a number that a page can word, oldest first."""
    query = (
        select(ACTIVITY, ACTIVITY_WORDS.c.key, ACTIVITY_WORDS.c["values"])
        .join(ACTIVITY_WORDS, ACTIVITY_WORDS.c.seq == ACTIVITY.c.seq)
        .where(ACTIVITY.c.seq > seq)
        .order_by(ACTIVITY.c.seq)
        .limit(limit)
    )
    return [_line(found) for found in connection.execute(query)]


def seen(connection: Connection, account_id: str) -> int:
    """Return the number of the newest line that an account has marked as read."""
    query = select(ACTIVITY_SEEN.c.seq).where(ACTIVITY_SEEN.c.account_id == account_id)
    return int(connection.execute(query).scalar() or 0)


def mark_seen(tx: Transaction, account_id: str, seq: int) -> int:
    """Mark the lines up to a number as read and return the number that holds; what is read stays read."""
    seq = min(seq, newest(tx.connection))
    known = seen(tx.connection, account_id)
    if seq > known:
        where = ACTIVITY_SEEN.c.account_id == account_id
        if tx.connection.execute(update(ACTIVITY_SEEN).where(where).values(seq=seq)).rowcount == 0:
            tx.connection.execute(insert(ACTIVITY_SEEN).values(account_id=account_id, seq=seq))
    return max(seq, known)


def _line(found: Row[tuple[object, ...]]) -> ActivityRow:
    return ActivityRow(**{**found._mapping, "values": found._mapping["values"] or {}})
