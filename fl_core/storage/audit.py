"""Stores the audit chain: rows are appended inside the transaction of what they tell about."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, Connection, Row, Text, cast, func, insert, or_, select

from fl_core.audit import GENESIS, AuditRow, next_row, verify_rows
from fl_core.storage.database import Database, Transaction
from fl_core.storage.shared_tables import AUDIT

PAGE = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """Which rows are looked for; what is None does not matter. `area` is the first word of the action."""

    since: datetime | None = None
    until: datetime | None = None
    area: str | None = None
    actor: str | None = None
    text: str | None = None

    def conditions(self) -> list[ColumnElement[bool]]:
        """Return what the database filters by."""
        found: list[ColumnElement[bool]] = []
        if self.since is not None:
            found.append(AUDIT.c.at >= self.since)
        if self.until is not None:
            found.append(AUDIT.c.at < self.until)
        if self.area is not None:
            found.append(AUDIT.c.action.startswith(f"{self.area}.", autoescape=True))
        if self.actor is not None:
            found.append(AUDIT.c.actor == self.actor)
        if self.text is not None:
            columns = (AUDIT.c.actor, AUDIT.c.action, AUDIT.c.subject, cast(AUDIT.c.details, Text))
            found.append(or_(*(column.icontains(self.text, autoescape=True) for column in columns)))
        return found


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


def find(database: Database, wanted: Wanted, *, before: int | None = None, limit: int = 100) -> list[AuditRow]:
    """Return up to `limit` rows that are looked for, newest first, optionally those before a sequence number."""
    query = select(AUDIT).where(*wanted.conditions()).order_by(AUDIT.c.seq.desc()).limit(limit)
    if before is not None:
        query = query.where(AUDIT.c.seq < before)
    with database.read() as connection:
        return [_row(found) for found in connection.execute(query)]


def every(database: Database, wanted: Wanted) -> Iterator[AuditRow]:
    """Yield every row that is looked for, oldest first, a page at a time."""
    after = 0
    while True:
        query = select(AUDIT).where(AUDIT.c.seq > after, *wanted.conditions()).order_by(AUDIT.c.seq).limit(PAGE)
        with database.read() as connection:
            rows = [_row(found) for found in connection.execute(query)]
        yield from rows
        if len(rows) < PAGE:
            return
        after = rows[-1].seq


def actors_and_areas(database: Database) -> tuple[list[str], list[str]]:
    """Return who has acted, and the first words of what was done."""
    with database.read() as connection:
        actors = sorted(str(name) for name in connection.execute(select(AUDIT.c.actor).distinct()).scalars())
        actions = [str(name) for name in connection.execute(select(AUDIT.c.action).distinct()).scalars()]
    return actors, sorted({action.partition(".")[0] for action in actions})


def subjects(database: Database, action: str) -> set[str]:
    """Return what an action was done to, ever."""
    with database.read() as connection:
        return set(connection.execute(select(AUDIT.c.subject).where(AUDIT.c.action == action)).scalars())


def last(database: Database, action: str) -> datetime | None:
    """Return when an action was done last."""
    with database.read() as connection:
        query = select(AUDIT.c.at).where(AUDIT.c.action == action).order_by(AUDIT.c.seq.desc()).limit(1)
        return connection.execute(query).scalar()


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
