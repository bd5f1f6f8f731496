"""Imports of a site: a job that survives the end of the daemon, with a row a file; its state changes in `apply` only."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from sqlalchemy import Connection, case, delete, func, insert, select, update

from fl_core.errors import IllegalTransition, NotFound
from fl_core.lifecycle import next_state
from fl_core.storage.database import Database, Transaction
from fl_core.storage.listing import Part, Wanted, caseless, contains, cut, values_of
from fl_core.storage.site_intake_tables import import_, import_file


class ImportState(StrEnum):
    """Where an import stands."""

    RECEIVING = "receiving"
    QUEUED = "queued"
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"
    CANCELLED = "cancelled"


class ImportEvent(StrEnum):
    """What happened to an import."""

    RECEIVED = "received"
    STARTED = "started"
    FINISHED = "finished"
    FAILED = "failed"
    CANCELLED = "cancelled"
    RESUMED = "resumed"


class FileState(StrEnum):
    """What became of one file of an import."""

    WAITING = "waiting"
    ADDED = "added"
    DUPLICATE = "duplicate"
    REFUSED = "refused"


_S, _E = ImportState, ImportEvent
IMPORT_LIFECYCLE: Mapping[tuple[ImportState, ImportEvent], ImportState] = {
    (_S.RECEIVING, _E.RECEIVED): _S.QUEUED,
    (_S.RECEIVING, _E.CANCELLED): _S.CANCELLED,
    (_S.QUEUED, _E.STARTED): _S.RUNNING,
    (_S.QUEUED, _E.CANCELLED): _S.CANCELLED,
    (_S.RUNNING, _E.STARTED): _S.RUNNING,
    (_S.RUNNING, _E.FINISHED): _S.DONE,
    (_S.RUNNING, _E.FAILED): _S.FAILED,
    (_S.RUNNING, _E.CANCELLED): _S.CANCELLED,
    (_S.FAILED, _E.RESUMED): _S.QUEUED,
    (_S.CANCELLED, _E.RESUMED): _S.QUEUED,
}
"""receiving -> queued -> running -> done | failed | cancelled; running starts again after the daemon was killed, the last two
may be gone on with."""
ACTIVE = frozenset({ImportState.RECEIVING, ImportState.QUEUED, ImportState.RUNNING})


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportRecord:
    """A stored import; `number` grows, the smallest queued one is next."""

    id: str
    number: int
    state: ImportState
    source: str
    place: str
    actor: str
    created_at: datetime
    started_at: datetime | None
    ended_at: datetime | None
    total: int | None
    left_out: dict[str, int]
    code: str
    detail: str


@dataclass(frozen=True, slots=True, kw_only=True)
class FileRecord:
    """What became of one file."""

    import_id: str
    name: str
    number: int
    state: FileState
    study_id: str | None
    code: str
    detail: str
    advice: str


class ImportStore:
    """Adds, lists and changes imports."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def add(self, tx: Transaction, import_id: str, *, source: str, place: str, actor: str, at: datetime) -> None:
        """Add an import behind all others: of files that are still coming, or of a folder that is there."""
        newest = tx.connection.execute(select(func.max(import_.c.number))).scalar()
        state = ImportState.RECEIVING if source == "files" else ImportState.QUEUED
        tx.connection.execute(
            insert(import_).values(
                id=import_id,
                number=(newest or 0) + 1,
                state=state.value,
                source=source,
                place=place,
                actor=actor,
                created_at=at,
                left_out={},
            )
        )

    def get(self, import_id: str) -> ImportRecord:
        """Return one import; raises NotFound."""
        with self._database.read() as connection:
            row = connection.execute(select(import_).where(import_.c.id == import_id)).mappings().first()
        if row is None:
            message = f"there is no import {import_id[:60]}"
            raise NotFound(message)
        return _record(dict(row))

    def all(self) -> list[ImportRecord]:
        """Return every import, newest first."""
        with self._database.read() as connection:
            rows = connection.execute(select(import_).order_by(import_.c.number.desc())).mappings().all()
        return [_record(dict(row)) for row in rows]

    def part(self, wanted: Wanted) -> Part[ImportRecord]:
        """Return a part of the imports; what is searched are the folders that were named. Orders: number."""
        named = case((import_.c.source == "folder", import_.c.place), else_="")
        query = select(import_).where(*contains(wanted.search, [named]))
        if wanted.states:
            query = query.where(import_.c.state.in_(wanted.states))
        with self._database.read() as connection:
            part = cut(
                connection, query, wanted, key=import_.c.id, orders={"number": import_.c.number}, default="-number"
            )
        return Part([_record(values_of(row)) for row in part.rows], part.total, part.next_cursor)

    def next_one(self) -> ImportRecord | None:
        """Return the import to work on: one that was going on when the daemon ended, else the one that waits longest."""
        wanted = select(import_).where(import_.c.state.in_([_S.RUNNING.value, _S.QUEUED.value]))
        order = (import_.c.state != _S.RUNNING.value, import_.c.number)
        with self._database.read() as connection:
            row = connection.execute(wanted.order_by(*order).limit(1)).mappings().first()
        return None if row is None else _record(dict(row))

    def apply(
        self, tx: Transaction, import_id: str, event: ImportEvent, values: Mapping[str, object] | None = None
    ) -> ImportState:
        """Apply an event; raises IllegalTransition or NotFound."""
        found = tx.connection.execute(select(import_.c.state).where(import_.c.id == import_id)).scalar()
        if found is None:
            message = f"there is no import {import_id[:60]}"
            raise NotFound(message)
        before = ImportState(found)
        after = next_state(IMPORT_LIFECYCLE, before, event)
        here = (import_.c.id == import_id) & (import_.c.state == before.value)
        changed = tx.connection.execute(update(import_).where(here).values(state=after.value, **(values or {})))
        if changed.rowcount != 1:
            message = f"the import left state {before.value!r} meanwhile"
            raise IllegalTransition(message)
        return after

    def change(self, tx: Transaction, import_id: str, values: Mapping[str, object]) -> None:
        """Change columns other than the state."""
        tx.connection.execute(update(import_).where(import_.c.id == import_id).values(**values))

    def found(self, tx: Transaction, import_id: str, names: Iterable[str]) -> None:
        """Add a row for each name that has none yet."""
        known = set(
            tx.connection.execute(select(import_file.c.name).where(import_file.c.import_id == import_id)).scalars()
        )
        first = len(known)
        rows = [
            {"import_id": import_id, "name": name, "number": first + place, "state": FileState.WAITING.value}
            for place, name in enumerate(dict.fromkeys(name for name in names if name not in known))
        ]
        if rows:
            tx.connection.execute(insert(import_file), [row | {"code": "", "detail": "", "advice": ""} for row in rows])

    def settle(
        self,
        tx: Transaction,
        import_id: str,
        name: str,
        state: FileState,
        *,
        study_id: str | None = None,
        code: str = "",
        detail: str = "",
        advice: str = "",
    ) -> None:
        """Write down what became of a file."""
        here = (import_file.c.import_id == import_id) & (import_file.c.name == name)
        values = {"state": state.value, "study_id": study_id, "code": code, "detail": detail, "advice": advice}
        tx.connection.execute(update(import_file).where(here).values(**values))

    def settled_names(self, import_id: str) -> list[str]:
        """Return the names of the files that need not be looked at again."""
        query = select(import_file.c.name).where(
            import_file.c.import_id == import_id, import_file.c.state != FileState.WAITING.value
        )
        with self._database.read() as connection:
            return list(connection.execute(query).scalars())

    def counts(self, import_id: str) -> dict[FileState, int]:
        """Return how many files are in each state."""
        return self.counts_of([import_id]).get(import_id, {})

    def counts_of(self, import_ids: Collection[str]) -> dict[str, dict[FileState, int]]:
        """Return import -> how many of its files are in each state; one without files is not named."""
        with self._database.read() as connection:
            return _counts(connection, import_ids)

    def counts_in(self, tx: Transaction, import_id: str) -> dict[FileState, int]:
        """Return how many files are in each state, as this transaction sees it."""
        return _counts(tx.connection, [import_id]).get(import_id, {})

    def files(self, import_id: str, wanted: Wanted) -> Part[FileRecord]:
        """Return a part of an import's files. Orders: number, name."""
        query = select(import_file).where(
            import_file.c.import_id == import_id, *contains(wanted.search, [import_file.c.name])
        )
        if wanted.states:
            query = query.where(import_file.c.state.in_(wanted.states))
        orders = {"number": import_file.c.number, "name": caseless(import_file.c.name)}
        with self._database.read() as connection:
            part = cut(connection, query, wanted, key=import_file.c.name, orders=orders, default="number")
        return Part([_file(values_of(row)) for row in part.rows], part.total, part.next_cursor)

    def remove(self, tx: Transaction, import_id: str) -> None:
        """Forget an import and its rows; what it added stays."""
        tx.connection.execute(delete(import_file).where(import_file.c.import_id == import_id))
        tx.connection.execute(delete(import_).where(import_.c.id == import_id))


def _counts(connection: Connection, import_ids: Collection[str]) -> dict[str, dict[FileState, int]]:
    columns = (import_file.c.import_id, import_file.c.state)
    query = select(*columns, func.count()).where(import_file.c.import_id.in_(import_ids)).group_by(*columns)
    found: dict[str, dict[FileState, int]] = {}
    for import_id, state, count in connection.execute(query):
        found.setdefault(str(import_id), {})[FileState(state)] = int(count)
    return found


def _record(row: Mapping[str, object]) -> ImportRecord:
    return ImportRecord(**{**row, "state": ImportState(str(row["state"]))})  # type: ignore[arg-type]  # columns as typed


def _file(row: Mapping[str, object]) -> FileRecord:
    return FileRecord(**{**row, "state": FileState(str(row["state"]))})  # type: ignore[arg-type]  # columns as typed
