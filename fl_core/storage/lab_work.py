"""Data sets and jobs of the laboratory: rows in, rows out; a job's state changes in `apply_to_job` only."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import Connection, Row, delete, func, insert, select, update

from fl_core.errors import NotFound
from fl_core.protocol.messages import Json
from fl_core.storage import lab_transitions
from fl_core.storage.database import Transaction
from fl_core.storage.lab_work_tables import data_set, job
from fl_core.storage.listing import Part, Wanted, caseless, contains, cut, moment, values_of


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

_TOLD = "live_"
"""Begins the names of the columns that a list reads out of `live`."""


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


def list_sets(connection: Connection, wanted: Wanted) -> Part[SetRow]:
    """Return a part of the data sets. Orders: created_at, name."""
    query = select(data_set).where(*contains(wanted.search, [data_set.c.name]))
    if wanted.states:
        query = query.where(data_set.c.state.in_(wanted.states))
    orders = {"created_at": moment(data_set.c.created_at), "name": caseless(data_set.c.name)}
    part = cut(connection, query, wanted, key=data_set.c.id, orders=orders, default="-created_at")
    return Part([SetRow(**values_of(row)) for row in part.rows], part.total, part.next_cursor)


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


def list_jobs(connection: Connection, wanted: Wanted, *, figures: Collection[str]) -> Part[JobRow]:
    """Return a part of the jobs; of `live` these figures only, since the curves beside them are long. Orders: number, title."""
    columns = [column for column in job.c if column is not job.c.live]
    told = [job.c.live[name].label(f"{_TOLD}{name}") for name in figures]
    query = select(*columns, *told).where(*contains(wanted.search, [job.c.title]))
    if wanted.states:
        query = query.where(job.c.state.in_(wanted.states))
    orders = {"number": job.c.number, "title": caseless(job.c.title)}
    part = cut(connection, query, wanted, key=job.c.id, orders=orders, default="-number")
    return Part([_brief_job(values_of(row)) for row in part.rows], part.total, part.next_cursor)


def newest_jobs(connection: Connection, kinds: Collection[str], set_ids: Collection[str]) -> dict[str, str]:
    """Return data set -> its newest job of these kinds, where it has one."""
    query = select(job.c.set_id, job.c.id).where(job.c.kind.in_(kinds), job.c.set_id.in_(set_ids))
    return {str(row.set_id): str(row.id) for row in connection.execute(query.order_by(job.c.number))}


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


def _brief_job(values: Mapping[str, Any]) -> JobRow:
    told = {name.removeprefix(_TOLD): value for name, value in values.items() if name.startswith(_TOLD)}
    own = {name: value for name, value in values.items() if not name.startswith(_TOLD)}
    return JobRow(**own, live={name: value for name, value in told.items() if value is not None})
