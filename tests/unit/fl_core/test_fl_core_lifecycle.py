"""Every (state, event) pair of the three lifecycles, reachability and the ends."""

from collections.abc import Mapping
from enum import StrEnum
from typing import cast

import pytest

from fl_core.errors import IllegalTransition
from fl_core.lifecycle import (
    ENROLMENT,
    PARTICIPATION,
    SESSION,
    EnrolmentState,
    ParticipationState,
    SessionEvent,
    SessionState,
    is_terminal,
    next_state,
)

Table = Mapping[tuple[StrEnum, StrEnum], StrEnum]
TABLES = [cast("Table", table) for table in (ENROLMENT, SESSION, PARTICIPATION)]
STARTS = {EnrolmentState: EnrolmentState.PENDING, SessionState: SessionState.DRAFT}


@pytest.mark.parametrize("table", TABLES)
def test_every_pair_is_either_a_row_of_the_table_or_refused_by_name(table: Table) -> None:
    states, events = type(next(iter(table))[0]), type(next(iter(table))[1])
    for state in states:
        for event in events:
            if (state, event) in table:
                assert next_state(table, state, event) is table[state, event]
            else:
                with pytest.raises(IllegalTransition, match=f"{event.value}.*{state.value}"):
                    next_state(table, state, event)


@pytest.mark.parametrize("table", TABLES)
def test_every_state_is_reached_and_every_event_used(table: Table) -> None:
    states, events = type(next(iter(table))[0]), type(next(iter(table))[1])
    start = STARTS.get(states, ParticipationState.INVITED)
    reached: set[StrEnum] = {start}
    while True:
        further = {after for (before, _), after in table.items() if before in reached} - reached
        if not further:
            break
        reached |= further
    assert reached == set(states)
    assert {event for _, event in table} == set(events)


def test_a_session_can_be_stopped_wherever_something_goes_on() -> None:
    for state in SessionState:
        if not is_terminal(state) and state is not SessionState.STOPPING:
            before_the_start = state in {SessionState.DRAFT, SessionState.OFFERED}
            assert (state, SessionEvent.ABORTED if before_the_start else SessionEvent.STOP_REQUESTED) in SESSION


def test_an_ended_session_is_opened_by_an_extension_only_and_an_aborted_one_never() -> None:
    assert [event for state, event in SESSION if state is SessionState.COMPLETED] == [SessionEvent.EXTENDED]
    assert not [event for state, event in SESSION if state is SessionState.ABORTED]


def test_a_site_that_was_refused_or_revoked_or_left_is_an_end() -> None:
    ends = {EnrolmentState.REFUSED, EnrolmentState.REVOKED, EnrolmentState.LEFT}
    assert not [event for state, event in ENROLMENT if state in ends]


def test_a_lost_run_never_ends_a_session_that_was_not_being_stopped() -> None:
    assert SESSION[SessionState.RUNNING, SessionEvent.RUN_LOST] is SessionState.STARTING
    assert SESSION[SessionState.STARTING, SessionEvent.RUN_LOST] is SessionState.STARTING
    assert SESSION[SessionState.STOPPING, SessionEvent.RUN_LOST] is SessionState.STOPPED
