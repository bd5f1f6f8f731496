"""The site's own list of studies; the files lie beside the database."""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from sqlalchemy import func, insert, or_, select, update
from sqlalchemy.exc import IntegrityError

from fl_core.errors import Conflict, NotFound
from fl_core.storage.database import Database, Transaction
from fl_core.storage.listing import Part, Wanted, caseless, contains, cut, moment, values_of
from fl_core.storage.site_tables import study

StudyState = Literal["usable", "unusable", "withdrawn"]


@dataclass(frozen=True, kw_only=True)
class StudyRecord:
    """One study; `file` is its name in the studies folder, `patient` a pseudonym that never leaves."""

    id: str
    name: str
    state: StudyState
    task: str
    kind: str
    added_at: datetime
    file: str
    size_bytes: int
    sha256: str
    patient: str | None
    has_reference: bool
    counts: float | None
    shape: list[int]
    geometry: str
    warnings: list[str]
    deidentified: list[str]
    problem: str = ""
    problem_code: str = ""
    advice: str = ""


class StudyStore:
    """Adds, lists and changes studies."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def add(self, tx: Transaction, record: StudyRecord) -> None:
        """Add a study; raises Conflict (`study.duplicate`) when one with the same content is here."""
        try:
            tx.connection.execute(insert(study).values(**vars(record)))
        except IntegrityError as error:
            message = f"{record.name} has the same content as a study that is here"
            raise Conflict(message, code="study.duplicate") from error

    def replace(self, tx: Transaction, record: StudyRecord) -> None:
        """Put a study in the place of the one that it was, as when its file was made anew."""
        tx.connection.execute(update(study).where(study.c.id == record.id).values(**vars(record)))

    def free_name(self, tx: Transaction, name: str) -> str:
        """Return the name, numbered where another study has it: archives call every file of a scanner the same."""
        like = or_(study.c.name == name, study.c.name.startswith(f"{name} (", autoescape=True))
        taken = set(tx.connection.execute(select(study.c.name).where(like)).scalars())
        number, free = len(taken), name
        while free in taken:
            number += 1
            free = f"{name} ({number})"
        return free

    def get(self, study_id: str) -> StudyRecord:
        """Return one study; raises NotFound."""
        with self._database.read() as tx:
            row = tx.execute(select(study).where(study.c.id == study_id)).mappings().first()
        if row is None:
            message = f"no study is called {study_id[:60]}"
            raise NotFound(message)
        return StudyRecord(**row)

    def by_content(self, sha256: str) -> StudyRecord | None:
        """Return the study with this content, if any."""
        with self._database.read() as tx:
            row = tx.execute(select(study).where(study.c.sha256 == sha256)).mappings().first()
        return None if row is None else StudyRecord(**row)

    def all(self) -> list[StudyRecord]:
        """Return every study, newest first."""
        with self._database.read() as tx:
            rows = tx.execute(select(study).order_by(study.c.added_at.desc(), study.c.id)).mappings().all()
        return [StudyRecord(**row) for row in rows]

    def part(self, wanted: Wanted) -> Part[StudyRecord]:
        """Return a part of the studies. Orders: added_at, name, counts."""
        columns = [study.c.name, study.c.patient, study.c.kind, study.c.geometry]
        query = select(study).where(*contains(wanted.search, columns))
        if wanted.states:
            query = query.where(study.c.state.in_(wanted.states))
        orders = {
            "added_at": moment(study.c.added_at),
            "name": caseless(study.c.name),
            "counts": func.coalesce(study.c.counts, 0.0),
        }
        with self._database.read() as tx:
            part = cut(tx, query, wanted, key=study.c.id, orders=orders, default="-added_at")
        return Part([StudyRecord(**values_of(row)) for row in part.rows], part.total, part.next_cursor)

    def set_state(
        self, tx: Transaction, study_id: str, state: StudyState, *, problem: str = "", code: str = "", advice: str = ""
    ) -> None:
        """Change a study's state and, for an unusable one, what is wrong with it."""
        tx.connection.execute(
            update(study)
            .where(study.c.id == study_id)
            .values(state=state, problem=problem, problem_code=code, advice=advice)
        )
