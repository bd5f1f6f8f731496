"""Notices that wait to be sent: written with the mark up to which the activity was looked through, in one transaction."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, Row, delete, insert, select, update

from fl_core.storage.database import Transaction
from fl_core.storage.shared_tables import NOTICE


@dataclass(frozen=True, slots=True, kw_only=True)
class NoticeRow:
    """One notice on its way through one channel; `state` is waiting, sent or failed."""

    id: int
    channel: str
    kind: str
    content: Mapping[str, object]
    state: str
    attempts: int
    created_at: datetime
    next_at: datetime
    problem: str


def add(tx: Transaction, *, channel: str, kind: str, content: Mapping[str, object], at: datetime) -> None:
    """Put a notice into the queue."""
    values = {"channel": channel, "kind": kind, "content": dict(content), "state": "waiting", "problem": ""}
    tx.connection.execute(insert(NOTICE).values(**values, attempts=0, created_at=at, next_at=at))


def due(connection: Connection, now: datetime, limit: int = 20) -> list[NoticeRow]:
    """Return what is to be sent now, oldest first."""
    query = select(NOTICE).where(NOTICE.c.state == "waiting", NOTICE.c.next_at <= now).order_by(NOTICE.c.id)
    return [_row(found) for found in connection.execute(query.limit(limit))]


def change(tx: Transaction, notice_id: int, values: Mapping[str, object]) -> None:
    """Set what became of a notice."""
    tx.connection.execute(update(NOTICE).where(NOTICE.c.id == notice_id).values(**values))


def latest(connection: Connection, limit: int = 10) -> list[NoticeRow]:
    """Return the newest notices, newest first."""
    return [_row(found) for found in connection.execute(select(NOTICE).order_by(NOTICE.c.id.desc()).limit(limit))]


def prune(tx: Transaction, before: datetime) -> int:
    """Forget notices that are over and older; returns how many."""
    where = (NOTICE.c.created_at < before, NOTICE.c.state != "waiting")
    return tx.connection.execute(delete(NOTICE).where(*where)).rowcount


def _row(found: Row[tuple[object, ...]]) -> NoticeRow:
    return NoticeRow(**found._mapping)
