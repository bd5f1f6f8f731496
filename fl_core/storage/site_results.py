"""What a site compared on its own hold-out: rows in, rows out; a state changes in `apply` only, by the lifecycle of all long jobs."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import delete, insert, select, update

from fl_core.errors import IllegalTransition, NotFound
from fl_core.lifecycle import next_state
from fl_core.protocol.messages import Json
from fl_core.storage.database import Database, Transaction
from fl_core.storage.lab_work import JOB_LIFECYCLE, JobEvent, JobState
from fl_core.storage.listing import Part, Wanted, contains, cut, moment, values_of
from fl_core.storage.site_result_tables import own_result
from fl_core.storage.site_tables import model

_BRIEF = [column for column in own_result.c if column is not own_result.c.result]
"""What was found, case by case, is long: it is read of a single one."""


@dataclass(frozen=True, kw_only=True)
class OwnResultRecord:
    """One comparison; `result` is the child's answer, `problem` says why there is none."""

    id: str
    session_id: str
    model_id: str
    state: str
    created_at: datetime
    ended_at: datetime | None = None
    problem: Json | None = None
    result: Json | None = None


class OwnResultStore:
    """Adds, lists and moves on comparisons."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def add(self, tx: Transaction, record: OwnResultRecord) -> None:
        """Add a queued comparison."""
        tx.connection.execute(insert(own_result).values(**vars(record)))

    def apply(
        self, tx: Transaction, result_id: str, event: JobEvent, values: Mapping[str, object] | None = None
    ) -> JobState:
        """Apply an event; raises IllegalTransition, NotFound."""
        here = own_result.c.id == result_id
        found = tx.connection.execute(select(own_result.c.state).where(here)).scalar()
        if found is None:
            message = f"no result is called {result_id[:60]}"
            raise NotFound(message)
        before = JobState(found)
        after = next_state(JOB_LIFECYCLE, before, event)
        change = update(own_result).where(here, own_result.c.state == before.value)
        if tx.connection.execute(change.values(state=after.value, **(values or {}))).rowcount != 1:
            message = f"the result {result_id} left state {before.value!r} meanwhile"
            raise IllegalTransition(message)
        return after

    def remove(self, tx: Transaction, result_id: str) -> bool:
        """Forget one that has ended; returns False when it waits or runs."""
        ended = (
            own_result.c.id == result_id,
            own_result.c.state.not_in([JobState.QUEUED.value, JobState.RUNNING.value]),
        )
        return tx.connection.execute(delete(own_result).where(*ended)).rowcount == 1

    def get(self, result_id: str) -> OwnResultRecord:
        """Return one; raises NotFound."""
        with self._database.read() as tx:
            row = tx.execute(select(own_result).where(own_result.c.id == result_id)).mappings().first()
        if row is None:
            message = f"no result is called {result_id[:60]}"
            raise NotFound(message)
        return OwnResultRecord(**row)

    def all(self) -> list[OwnResultRecord]:
        """Return every one, newest first, without what was found."""
        query = select(*_BRIEF).order_by(own_result.c.created_at.desc(), own_result.c.id)
        with self._database.read() as tx:
            return [OwnResultRecord(**row) for row in tx.execute(query).mappings()]

    def part(self, wanted: Wanted) -> Part[OwnResultRecord]:
        """Return a part of those whose model is known, without what was found. Orders: created_at."""
        query = select(*_BRIEF).join(model, model.c.id == own_result.c.model_id)
        query = query.where(*contains(wanted.search, [model.c.news["name"].as_string()]))
        if wanted.states:
            query = query.where(own_result.c.state.in_(wanted.states))
        orders = {"created_at": moment(own_result.c.created_at)}
        with self._database.read() as connection:
            part = cut(connection, query, wanted, key=own_result.c.id, orders=orders, default="-created_at")
        return Part([OwnResultRecord(**values_of(row)) for row in part.rows], part.total, part.next_cursor)
