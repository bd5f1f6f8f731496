"""The life of an enrolment, a session and a participation, each as one pure transition table.

::

    enrolment: pending -> trusted <-> suspended, both -> revoked      pending -> refused      trusted -> left (its own wish)
    session:  draft -> offered -> starting -> running -> completed
                |         |          |          |  ^ paused     | (stopped, failed, completed -> paused by `extended`)
                +-> aborted          +-> stopped/failed <-------+   (stopped, failed -> starting again by `resume`)
"""

from collections.abc import Mapping
from enum import StrEnum
from typing import TypeVar

from fl_core.errors import IllegalTransition


class EnrolmentState(StrEnum):
    """Where a site's request for trust stands at the orchestrator."""

    PENDING = "pending"
    TRUSTED = "trusted"
    SUSPENDED = "suspended"
    REFUSED = "refused"
    REVOKED = "revoked"
    LEFT = "left"


class EnrolmentEvent(StrEnum):
    """What happened to an enrolment."""

    APPROVED = "approved"
    REFUSED = "refused"
    SUSPENDED = "suspended"
    READMITTED = "readmitted"
    REVOKED = "revoked"
    LEFT = "left"


class SessionState(StrEnum):
    """Where a TrainingSession stands; why it ended is a separate code."""

    DRAFT = "draft"
    OFFERED = "offered"
    STARTING = "starting"
    RUNNING = "running"
    PAUSED = "paused"
    STOPPING = "stopping"
    COMPLETED = "completed"
    STOPPED = "stopped"
    FAILED = "failed"
    ABORTED = "aborted"


class SessionEvent(StrEnum):
    """What happened to a session."""

    OFFERED = "offered"
    START_REQUESTED = "start_requested"
    RUN_STARTED = "run_started"
    PAUSED = "paused"
    STOP_REQUESTED = "stop_requested"
    RUN_COMPLETED = "run_completed"
    RUN_STOPPED = "run_stopped"
    RUN_FAILED = "run_failed"
    RUN_LOST = "run_lost"
    ABORTED = "aborted"
    EXTENDED = "extended"


class ParticipationState(StrEnum):
    """One site in one session."""

    INVITED = "invited"
    AGREED = "agreed"
    DECLINED = "declined"
    TRAINING = "training"
    FINISHED = "finished"
    WITHDRAWN = "withdrawn"


class ParticipationEvent(StrEnum):
    """What happened to a participation."""

    AGREED = "agreed"
    DECLINED = "declined"
    STARTED = "started"
    FINISHED = "finished"
    WITHDRAWN = "withdrawn"


_N, _M = EnrolmentState, EnrolmentEvent
ENROLMENT: Mapping[tuple[EnrolmentState, EnrolmentEvent], EnrolmentState] = {
    (_N.PENDING, _M.APPROVED): _N.TRUSTED,
    (_N.PENDING, _M.REFUSED): _N.REFUSED,
    (_N.TRUSTED, _M.SUSPENDED): _N.SUSPENDED,
    (_N.SUSPENDED, _M.READMITTED): _N.TRUSTED,
    (_N.TRUSTED, _M.REVOKED): _N.REVOKED,
    (_N.SUSPENDED, _M.REVOKED): _N.REVOKED,
    (_N.TRUSTED, _M.LEFT): _N.LEFT,
}

_S, _E = SessionState, SessionEvent
SESSION: Mapping[tuple[SessionState, SessionEvent], SessionState] = {
    (_S.DRAFT, _E.OFFERED): _S.OFFERED,
    (_S.DRAFT, _E.ABORTED): _S.ABORTED,
    (_S.OFFERED, _E.START_REQUESTED): _S.STARTING,
    (_S.OFFERED, _E.ABORTED): _S.ABORTED,
    (_S.STARTING, _E.RUN_STARTED): _S.RUNNING,
    (_S.STARTING, _E.STOP_REQUESTED): _S.STOPPING,
    (_S.STARTING, _E.RUN_FAILED): _S.FAILED,
    (_S.STARTING, _E.RUN_LOST): _S.STARTING,
    (_S.RUNNING, _E.PAUSED): _S.PAUSED,
    (_S.RUNNING, _E.STOP_REQUESTED): _S.STOPPING,
    (_S.RUNNING, _E.RUN_COMPLETED): _S.COMPLETED,
    (_S.RUNNING, _E.RUN_FAILED): _S.FAILED,
    (_S.RUNNING, _E.RUN_LOST): _S.STARTING,
    (_S.PAUSED, _E.START_REQUESTED): _S.STARTING,
    (_S.PAUSED, _E.STOP_REQUESTED): _S.STOPPED,
    (_S.STOPPING, _E.RUN_STOPPED): _S.STOPPED,
    (_S.STOPPING, _E.RUN_COMPLETED): _S.COMPLETED,
    (_S.STOPPING, _E.RUN_FAILED): _S.STOPPED,
    (_S.STOPPING, _E.RUN_LOST): _S.STOPPED,
    (_S.STOPPED, _E.START_REQUESTED): _S.STARTING,
    (_S.FAILED, _E.START_REQUESTED): _S.STARTING,
    (_S.COMPLETED, _E.EXTENDED): _S.PAUSED,
    (_S.STOPPED, _E.EXTENDED): _S.PAUSED,
    (_S.FAILED, _E.EXTENDED): _S.PAUSED,
}
"""`RUN_LOST` means that the engine lost the run: the session starts again from its newest checkpoint. `EXTENDED` opens
an ended session for more rounds; it pauses until enough sites have agreed to them."""

_P, _Q = ParticipationState, ParticipationEvent
PARTICIPATION: Mapping[tuple[ParticipationState, ParticipationEvent], ParticipationState] = {
    (_P.INVITED, _Q.AGREED): _P.AGREED,
    (_P.INVITED, _Q.DECLINED): _P.DECLINED,
    (_P.DECLINED, _Q.AGREED): _P.AGREED,
    (_P.AGREED, _Q.DECLINED): _P.DECLINED,
    (_P.AGREED, _Q.STARTED): _P.TRAINING,
    (_P.AGREED, _Q.WITHDRAWN): _P.WITHDRAWN,
    (_P.TRAINING, _Q.STARTED): _P.TRAINING,
    (_P.TRAINING, _Q.FINISHED): _P.FINISHED,
    (_P.TRAINING, _Q.WITHDRAWN): _P.WITHDRAWN,
    (_P.FINISHED, _Q.STARTED): _P.TRAINING,
    (_P.FINISHED, _Q.WITHDRAWN): _P.WITHDRAWN,
    (_P.WITHDRAWN, _Q.AGREED): _P.AGREED,
}

State = TypeVar("State", bound=StrEnum)
Event = TypeVar("Event", bound=StrEnum)


def next_state(table: Mapping[tuple[State, Event], State], state: State, event: Event) -> State:
    """Look the event up; raises IllegalTransition naming both when the table has no such row."""
    try:
        return table[state, event]
    except KeyError:
        message = f"{event.value!r} is not possible in state {state.value!r}"
        raise IllegalTransition(message) from None


def is_terminal(state: SessionState) -> bool:
    """Tell whether no run is going on and none will start by itself."""
    return state in {SessionState.COMPLETED, SessionState.STOPPED, SessionState.FAILED, SessionState.ABORTED}
