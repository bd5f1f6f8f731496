"""Data sets and jobs of the laboratory: rows in, rows out; a job's state changes in `apply_to_job` only."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from sqlalchemy import Connection, Row, delete, func, insert, select, update

from fl_core.errors import NotFound
from fl_core.protocol.messages import Json
from fl_core.storage import lab_transitions
from fl_core.storage.database import Transaction
from fl_core.storage.lab_work_tables import data_set, job


class JobState(StrEnum):
    """Where a job stands; why it failed is its problem."""

    QUEUED = "queued"
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"
    CANCELLED = "cancelled"
    INTERRUPTED = "interrupted"


class JobEvent(StrEnum):
    """What happened to a job."""

    STARTED = "started"
    FINISHED = "finished"
    FAILED = "failed"
    CANCELLED = "cancelled"
    INTERRUPTED = "interrupted"
    RESUMED = "resumed"


_S, _E = JobState, JobEvent
JOB_LIFECYCLE: Mapping[tuple[JobState, JobEvent], JobState] = {
    (_S.QUEUED, _E.STARTED): _S.RUNNING,
    (_S.QUEUED, _E.CANCELLED): _S.CANCELLED,
    (_S.RUNNING, _E.FINISHED): _S.DONE,
    (_S.RUNNING, _E.FAILED): _S.FAILED,
    (_S.RUNNING, _E.CANCELLED): _S.CANCELLED,
    (_S.RUNNING, _E.INTERRUPTED): _S.INTERRUPTED,
    (_S.FAILED, _E.RESUMED): _S.QUEUED,
    (_S.CANCELLED, _E.RESUMED): _S.QUEUED,
    (_S.INTERRUPTED, _E.RESUMED): _S.QUEUED,
}
"""queued -> running -> done | failed | cancelled | interrupted (the daemon ended); the last three may be gone on with."""
ACTIVE = frozenset({JobState.QUEUED, JobState.RUNNING})


@dataclass(frozen=True, slots=True, kw_only=True)
class SetRow:
    """A stored data set."""

    id: str
    name: str
    origin: str
    state: str
    folder: str
    facts: Json | None
    created_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class JobRow:
    """A stored job; `number` grows, the smallest queued one is next."""

    id: str
    number: int
    kind: str
    title: str
    state: str
    spec: Json
    live: Json
    result: Json | None
    problem: Json | None
    set_id: str | None
    model_id: str | None
    created_at: datetime
    started_at: datetime | None
    ended_at: datetime | None


def add_set(tx: Transaction, values: Mapping[str, object]) -> None:
    """Store a data set."""
    tx.connection.execute(insert(data_set).values(**values))


def update_set(tx: Transaction, set_id: str, values: Mapping[str, object]) -> None:
    """Change columns of a data set."""
    tx.connection.execute(update(data_set).where(data_set.c.id == set_id).values(**values))


def remove_set(tx: Transaction, set_id: str) -> None:
    """Forget a data set."""
    tx.connection.execute(delete(data_set).where(data_set.c.id == set_id))


def sets(connection: Connection) -> list[SetRow]:
    """Return every data set, newest first."""
    return [_set(row) for row in connection.execute(select(data_set).order_by(data_set.c.created_at.desc()))]


def one_set(connection: Connection, set_id: str) -> SetRow:
    """Return one data set or raise NotFound."""
    found = connection.execute(select(data_set).where(data_set.c.id == set_id)).first()
    if found is None:
        message = f"there is no data set {set_id[:60]}"
        raise NotFound(message)
    return _set(found)


def add_job(tx: Transaction, values: Mapping[str, object]) -> None:
    """Store a queued job, behind all others."""
    newest = tx.connection.execute(select(func.max(job.c.number))).scalar()
    tx.connection.execute(insert(job).values(number=(newest or 0) + 1, state=JobState.QUEUED.value, live={}, **values))


def update_job(tx: Transaction, job_id: str, values: Mapping[str, object]) -> None:
    """Change columns of a job other than its state."""
    tx.connection.execute(update(job).where(job.c.id == job_id).values(**values))


def apply_to_job(
    tx: Transaction, job_id: str, event: JobEvent, *, at: datetime, values: Mapping[str, object] | None = None
) -> JobState:
    """Apply an event to a job; raises IllegalTransition or NotFound."""
    return lab_transitions.apply(
        tx, job, job.c.id == job_id, subject=job_id, event=event, lifecycle=JOB_LIFECYCLE, at=at, values=values
    )


def remove_job(tx: Transaction, job_id: str) -> None:
    """Forget a job."""
    tx.connection.execute(delete(job).where(job.c.id == job_id))


def jobs(connection: Connection) -> list[JobRow]:
    """Return every job, newest first."""
    return [_job(row) for row in connection.execute(select(job).order_by(job.c.number.desc()))]


def one_job(connection: Connection, job_id: str) -> JobRow:
    """Return one job or raise NotFound."""
    found = connection.execute(select(job).where(job.c.id == job_id)).first()
    if found is None:
        message = f"there is no job {job_id[:60]}"
        raise NotFound(message)
    return _job(found)


def jobs_in(connection: Connection, *states: JobState) -> list[JobRow]:
    """Return the jobs in these states, the one that waits longest first."""
    query = select(job).where(job.c.state.in_([state.value for state in states])).order_by(job.c.number)
    return [_job(row) for row in connection.execute(query)]


def _set(row: Row[tuple[object, ...]]) -> SetRow:
    return SetRow(**row._mapping)


def _job(row: Row[tuple[object, ...]]) -> JobRow:
    return JobRow(**row._mapping)
