"""The weights of closed rounds in a session's folder: what a run goes on from, and nothing longer than that."""

from contextlib import suppress

from fl_core.desk import Desk
from fl_core.errors import Conflict, NotFound
from fl_core.lifecycle import is_terminal
from fl_core.storage import lab_models, lab_sessions
from fl_core.storage.database import Transaction
from model.errors import WeightsError
from model.io.weights import content_hash
from orchestrator.services.models import Models
from orchestrator.services.session_folder import SessionFolders

KEPT = 2
"""Newest rounds that stay: a run that finds the last one damaged goes on from the one before it."""


class RoundFiles:
    """Removes files only; the models made of them have copies of their own in the registry."""

    def __init__(self, desk: Desk, *, folders: SessionFolders, models: Models) -> None:
        self._desk = desk
        self._folders = folders
        self._models = models

    def check_there(self, tx: Transaction, session_id: str) -> None:
        """Raise Conflict when a run would have no weights to begin with.

        ``session.weights_gone`` without those of the last closed round: it would begin with the first round again, unseen,
        since these rounds count as closed. ``session.first_model_gone`` where none is closed and the first model was deleted.
        """
        closed = [one for one in lab_sessions.rounds(tx.connection, session_id, newest=2) if one.state == "closed"]
        record = closed[-1].record if closed else None
        if record is not None and not (self._folders.of(session_id).path / record.weights_file).is_file():
            message = f"{record.weights_file} of session {session_id} is not there"
            raise Conflict(message, code="session.weights_gone")
        if record is None:
            row = lab_sessions.by_id(tx.connection, session_id)
            first = lab_models.by_id(tx.connection, row.initial_model_id, deleted_too=True)
            try:
                self._models.weights_path(first.sha256)
            except NotFound as error:
                raise Conflict(str(error), code="session.first_model_gone") from error

    def drop_earlier(self, session_id: str, number: int) -> None:
        """Remove what no run goes on from any more once round `number` is closed; a round without a model keeps it."""
        with self._desk.database.read() as connection:
            rounds = lab_sessions.rounds(connection, session_id)
        for one in rounds:
            if one.round <= number - KEPT and one.model_id is not None and one.record is not None:
                (self._folders.of(session_id).path / one.record.weights_file).unlink(missing_ok=True)

    def drop_content(self, sha256: str) -> None:
        """Remove weights with this content from the sessions that are over; a session that goes on needs its own."""
        with self._desk.database.read() as connection:
            found = [
                self._folders.of(row.session_id).path / one.record.weights_file
                for row in lab_models.with_content(connection, sha256)
                if row.session_id is not None
                and row.round is not None
                and is_terminal(lab_sessions.by_id(connection, row.session_id).state)
                and (one := lab_sessions.round_of(connection, row.session_id, row.round)) is not None
                and one.record is not None
            ]
        for path in found:
            with suppress(WeightsError):  # not there, as after most rounds
                if content_hash(path) == sha256:
                    path.unlink(missing_ok=True)
