"""Turns the ServerApp's progress file into sessions, rounds and ModelVersions, exactly once per line."""

import logging
import threading
from collections import defaultdict
from collections.abc import Callable, Mapping
from datetime import timedelta

from pydantic import ValidationError

from fl_core.desk import Desk
from fl_core.errors import CATALOGUE, NotFound
from fl_core.lifecycle import SessionEvent, SessionState
from fl_core.protocol.messages import Json, SitePhase
from fl_core.protocol.plan import ServerEvent, UpdateReceived
from fl_core.storage import lab_sessions, lab_sites
from fl_core.storage.database import Transaction
from fl_core.storage.lab_sessions import SessionRow
from orchestrator.services.desk import DETAIL, SYSTEM
from orchestrator.services.participations import finish_all, start_eligible
from orchestrator.services.round_closing import RoundClosing
from orchestrator.services.session_book import SessionBook
from orchestrator.services.session_folder import SessionFolders
from orchestrator.services.session_spec import AWAITS_CONSENT, rounds_planned
from orchestrator.services.session_views import SessionViews

logger = logging.getLogger(__name__)

Handler = Callable[[Transaction, SessionRow, ServerEvent], None]


class SessionIngest:
    """Reads each session's progress file from the stored offset; offset and effect commit together."""

    def __init__(
        self, desk: Desk, *, book: SessionBook, views: SessionViews, folders: SessionFolders, closing: RoundClosing
    ) -> None:
        self._desk = desk
        self._book = book
        self._views = views
        self._folders = folders
        self._closing = closing
        self._locks: defaultdict[str, threading.Lock] = defaultdict(threading.Lock)
        self._handlers: Mapping[str, Handler] = {
            "started": self._started,
            "round_started": self._round_started,
            "pushed": self._pushed,
            "update_received": self._update_received,
            "update_rejected": self._update_rejected,
            "site_failed": self._site_failed,
            "resent": self._resent,
            "aggregating": self._aggregating,
            "paused": self._paused,
            "completed": self._completed,
            "stopped": self._stopped,
            "failed": self._failed,
        }

    def read(self, session_id: str) -> None:
        """Apply every complete new line; raises NotFound for an unknown session."""
        with self._locks[session_id]:
            with self._desk.database.read() as connection:
                offset = lab_sessions.by_id(connection, session_id).progress_offset
            lines, _ = self._folders.of(session_id).read_progress(offset)
            for line in lines:
                offset += len(line) + 1
                self._line(session_id, line, offset)

    def _line(self, session_id: str, line: bytes, offset: int) -> None:
        try:
            event = ServerEvent.model_validate_json(line) if line.strip() else None
        except ValidationError:
            logger.warning("a progress line cannot be read", extra={"session": session_id, "offset": offset})
            event = None
        prepared = None
        if event is not None and event.type == "round_closed":
            prepared = self._closing.prepare(session_id, event)
        with self._desk.database.begin() as tx:
            row = lab_sessions.by_id(tx.connection, session_id)
            lab_sessions.change(tx, session_id, {"progress_offset": offset, "heard_at": self._desk.now()})
            if event is None or event.session_id != session_id:
                return
            if event.type == "round_closed":
                self._closing.close(tx, row, event, prepared)
            elif _is_current(row, event):
                self._handlers[event.type](tx, row, event)
            else:
                return
            self._book.publish(tx, session_id)

    # --- one handler an event -----------------------------------------------------------------------------------------

    def _started(self, tx: Transaction, row: SessionRow, event: ServerEvent) -> None:
        if row.state is SessionState.STARTING:
            values = {"run_id": event.run_id, "reason": "", "reason_text": ""}
            text = "Training is running." if event.round == 0 else f"Training goes on after round {event.round}."
            self._book.move(tx, row.id, SessionEvent.RUN_STARTED, actor=SYSTEM, text=text, values=values)
            start_eligible(tx, row.id, now=self._desk.now())

    def _round_started(self, tx: Transaction, row: SessionRow, event: ServerEvent) -> None:
        deadline_at = event.at + timedelta(seconds=float(str(row.spec["round_deadline_s"])))
        values: dict[str, object] = {
            "state": "running",
            "started_at": event.at,
            "deadline_at": deadline_at,
            "received": [],
            "expected": len(lab_sessions.participations(tx.connection, row.id)),
            "record": None,
            "model_id": None,
        }
        lab_sessions.put_round(tx, row.id, event.round, values)
        self._views.clear_progress(row.id)
        planned = rounds_planned(row)
        self._book.change(tx, row.id, {"round": event.round, "phase": "distribute"})
        text = f"Round {event.round} of {planned} started."
        self._tell(tx, row, "round.started", text, {"round": event.round, "of": planned})
        self._book.tell_sites(tx, row.id)

    def _pushed(self, tx: Transaction, row: SessionRow, event: ServerEvent) -> None:
        count = event.detail.partition(" ")[0]
        if count.isdecimal():
            lab_sessions.put_round(tx, row.id, event.round, {"expected": int(count)})
        self._book.change(tx, row.id, {"phase": "train"})

    def _update_received(self, tx: Transaction, row: SessionRow, event: ServerEvent) -> None:
        current = lab_sessions.round_of(tx.connection, row.id, event.round)
        if current is None or event.site_id is None or event.site_id in current.received:
            return
        lab_sessions.put_round(tx, row.id, event.round, {"received": [*current.received, event.site_id]})
        self._views.note_phase(row.id, event.site_id, event.round, SitePhase.SENT)
        update, name = event.update, _name(tx, event.site_id)
        if update is None:
            self._tell(tx, row, "update.arrived", f"Update of {name} received.", {"name": name})
            return
        key = "update.received" if update.reported_examples is None else "update.bounded"
        values: Json = {"name": name, "count": update.num_examples, "seconds": round(update.train_s, 1)}
        if update.reported_examples is not None:
            values["reported"] = update.reported_examples
        self._tell(tx, row, key, f"Update of {name} received{_update_words(update)}", values)

    def _site_failed(self, tx: Transaction, row: SessionRow, event: ServerEvent) -> None:
        self._without(tx, row, event, event.detail or _words(event.code))

    def _update_rejected(self, tx: Transaction, row: SessionRow, event: ServerEvent) -> None:
        entry = CATALOGUE.get(event.code or "")
        self._without(tx, row, event, event.detail if entry is None else f"{event.detail}. {entry.advice}")

    def _without(self, tx: Transaction, row: SessionRow, event: ServerEvent, why: str) -> None:
        if event.site_id is None:
            return
        self._views.note_phase(row.id, event.site_id, event.round, SitePhase.FAILED)
        name = _name(tx, event.site_id)
        values: Json = {"name": name, "round": event.round, "code": event.code or "", "reason": why}
        self._tell(tx, row, "update.missing", f"No update of {name} in round {event.round}: {why}", values)

    def _resent(self, tx: Transaction, row: SessionRow, event: ServerEvent) -> None:
        if event.site_id is not None:
            name, why = _name(tx, event.site_id), event.detail
            text = f"Round {event.round} was sent to {name} again ({why})."
            self._tell(tx, row, "round.resent", text, {"name": name, "round": event.round, "context": why})

    def _aggregating(self, tx: Transaction, row: SessionRow, event: ServerEvent) -> None:
        self._book.change(tx, row.id, {"phase": "aggregate"})

    def _paused(self, tx: Transaction, row: SessionRow, event: ServerEvent) -> None:
        if row.state is SessionState.RUNNING:
            if event.code == AWAITS_CONSENT:
                self._wait_for_consent(tx, row, event)
            else:
                self._end(tx, row, SessionEvent.PAUSED, text=f"Paused after round {event.round}.")

    def _completed(self, tx: Transaction, row: SessionRow, event: ServerEvent) -> None:
        if row.state is SessionState.RUNNING and event.round < rounds_planned(
            row
        ):  # extended after the run's last look
            self._wait_for_consent(tx, row, event)
        elif row.state in {SessionState.RUNNING, SessionState.STOPPING}:
            self._end(tx, row, SessionEvent.RUN_COMPLETED, text=f"Completed after {event.round} rounds.")

    def _wait_for_consent(self, tx: Transaction, row: SessionRow, event: ServerEvent) -> None:
        text = f"Paused after round {event.round}: too few sites have agreed to the further rounds so far."
        self._end(tx, row, SessionEvent.PAUSED, text=text, values={"reason": AWAITS_CONSENT, "reason_text": ""})

    def _stopped(self, tx: Transaction, row: SessionRow, event: ServerEvent) -> None:
        if row.state is SessionState.RUNNING:
            self._book.move(tx, row.id, SessionEvent.STOP_REQUESTED, actor=SYSTEM, text="The run was stopped.")
        elif row.state is not SessionState.STOPPING:
            return
        self._end(tx, row, SessionEvent.RUN_STOPPED, text=f"Stopped in round {event.round}.")

    def _failed(self, tx: Transaction, row: SessionRow, event: ServerEvent) -> None:
        if row.state not in {SessionState.STARTING, SessionState.RUNNING, SessionState.STOPPING}:
            return
        code = event.code or "compute.failed"
        text = f"Ended in round {event.round}: {_words(code)}"
        values = {"reason": code, "reason_text": self._with_names(tx, row.id, event.detail)[:500]}
        self._end(tx, row, SessionEvent.RUN_FAILED, text=text, values=values)

    def _end(
        self,
        tx: Transaction,
        row: SessionRow,
        event: SessionEvent,
        *,
        text: str,
        values: Mapping[str, object] | None = None,
    ) -> None:
        finish_all(tx, row.id, now=self._desk.now())
        self._book.move(
            tx, row.id, event, actor=SYSTEM, text=text, values={"phase": None, "wish": "run", **(values or {})}
        )
        self._views.clear_progress(row.id)

    def _tell(self, tx: Transaction, row: SessionRow, key: str, text: str, values: Json) -> None:
        self._desk.journal.tell(tx, kind=DETAIL, text=text, subject=row.id, key=key, values=values)

    def _with_names(self, tx: Transaction, session_id: str, text: str) -> str:
        site_ids = [part.site_id for part in lab_sessions.participations(tx.connection, session_id)]
        for site_id, name in lab_sites.names(tx.connection, site_ids).items():
            text = text.replace(site_id, name)
        return text


def _is_current(row: SessionRow, event: ServerEvent) -> bool:
    """Tell whether the event is of the session's present run; a run's first word may come before its id is stored."""
    if row.run_id is None:
        return event.type == "started" and row.state is SessionState.STARTING
    return row.run_id == event.run_id


def _name(tx: Transaction, site_id: str) -> str:
    try:
        return lab_sites.site_by_id(tx.connection, site_id).name
    except NotFound:
        return site_id


def _update_words(update: UpdateReceived) -> str:
    count, reported = update.num_examples, update.reported_examples
    words = f" ({count} {_studies(count)}, trained {update.train_s:.1f} s)."
    if reported is None:
        return words
    return f"{words} It reported {reported} studies but agreed to train on {count}; it counts as {count}."


def _studies(count: int) -> str:
    return "study" if count == 1 else "studies"


def _words(code: str | None) -> str:
    entry = CATALOGUE.get(code or "")
    return entry.title if entry else (code or "it did not answer in time")
