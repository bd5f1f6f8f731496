"""The one writer of states: look up, compare and swap, write the transition down, all in the caller's transaction."""

from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum
from typing import TypeVar

from sqlalchemy import ColumnElement, Table, insert, select, update

from fl_core.errors import IllegalTransition, NotFound
from fl_core.lifecycle import next_state
from fl_core.storage.database import Transaction
from fl_core.storage.lab_tables import transition

State = TypeVar("State", bound=StrEnum)
Event = TypeVar("Event", bound=StrEnum)


def apply(
    tx: Transaction,
    table: Table,
    where: ColumnElement[bool],
    *,
    subject: str,
    event: Event,
    lifecycle: Mapping[tuple[State, Event], State],
    at: datetime,
    values: Mapping[str, object] | None = None,
) -> State:
    """Apply an event to the one row that `where` names; `values` are further columns set with it.

    Raises
    ------
    IllegalTransition
        When the lifecycle has no such step, or the row left its state meanwhile.
    NotFound
        When there is no such row.
    """
    states = type(next(iter(lifecycle))[0])
    found = tx.connection.execute(select(table.c.state).where(where)).scalar()
    if found is None:
        message = f"there is no {table.name} {subject}"
        raise NotFound(message)
    before = states(found)
    after = next_state(lifecycle, before, event)
    statement = update(table).where(where, table.c.state == before.value).values(state=after.value, **(values or {}))
    if tx.connection.execute(statement).rowcount != 1:
        message = f"{table.name} {subject} left state {before.value!r} meanwhile"
        raise IllegalTransition(message)
    tx.connection.execute(
        insert(transition).values(
            kind=table.name, subject=subject, event=event.value, before=before.value, after=after.value, at=at
        )
    )
    return after
