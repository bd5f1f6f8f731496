"""Moves a session's participations together when its run starts, changes or ends."""

from datetime import datetime

from fl_core.lifecycle import ParticipationEvent, ParticipationState
from fl_core.storage import lab_sessions
from fl_core.storage.database import Transaction
from orchestrator.services.eligibility import eligible
from orchestrator.services.session_spec import left_out


def start_eligible(tx: Transaction, session_id: str, *, now: datetime) -> None:
    """Mark every trusted site whose consent is in force, and that is not left out, as training."""
    without = left_out(lab_sessions.by_id(tx.connection, session_id))
    parts = lab_sessions.of_trusted_sites(tx.connection, lab_sessions.participations(tx.connection, session_id))
    for part in eligible(parts, now, without=without):
        if part.state is not ParticipationState.TRAINING:
            lab_sessions.move_participation(tx, session_id, part.site_id, ParticipationEvent.STARTED, at=now)


def settle_running(tx: Transaction, session_id: str, *, now: datetime) -> None:
    """Follow a changed plan: further sites train, left out ones have finished for now."""
    start_eligible(tx, session_id, now=now)
    without = left_out(lab_sessions.by_id(tx.connection, session_id))
    for part in lab_sessions.participations(tx.connection, session_id):
        if part.site_id in without and part.state is ParticipationState.TRAINING:
            lab_sessions.move_participation(tx, session_id, part.site_id, ParticipationEvent.FINISHED, at=now)


def finish_all(tx: Transaction, session_id: str, *, now: datetime) -> None:
    """Mark every training site as finished: the run is over."""
    for part in lab_sessions.participations(tx.connection, session_id):
        if part.state is ParticipationState.TRAINING:
            lab_sessions.move_participation(tx, session_id, part.site_id, ParticipationEvent.FINISHED, at=now)
