"""Closes the gap between what is wished of the sessions and what the engine does: at the start, and at every tick."""

import logging
import threading
import time
from collections.abc import Callable

from fl_core.desk import Desk
from fl_core.errors import ComputeFailed, Conflict, FlomirError, PeerUnreachable
from fl_core.lifecycle import SessionEvent, SessionState
from fl_core.storage import lab_sessions
from fl_core.storage.lab_sessions import SessionRow
from fl_core.supervision.failures import expected
from orchestrator.services.desk import SYSTEM
from orchestrator.services.engine import Engine
from orchestrator.services.participations import finish_all, settle_running, start_eligible
from orchestrator.services.round_files import RoundFiles
from orchestrator.services.session_book import SessionBook
from orchestrator.services.session_folder import SessionFolders
from orchestrator.services.session_ingest import SessionIngest
from orchestrator.services.session_plans import SessionPlans
from orchestrator.services.session_spec import deadline_s
from orchestrator.services.session_wishes import SessionWishes

STOP_GRACE_S = 3.0
"""A ServerApp that does not see the manager's wish to stop within this time is ended."""
SILENCE_MARGIN_S = 120.0
"""A run without any event for a round's deadline and this long is given up and started anew."""
MOST_LOST_RUNS = 8
"""A session that loses this many runs without closing a round in between has failed."""
ACTIVE = (
    SessionState.OFFERED,
    SessionState.STARTING,
    SessionState.RUNNING,
    SessionState.PAUSED,
    SessionState.STOPPING,
)
BEING_RUN = frozenset({SessionState.STARTING, SessionState.RUNNING, SessionState.STOPPING})

logger = logging.getLogger(__name__)


class SessionRuns:
    """Starts, follows, ends and restarts runs; every step can be repeated, so a kill at any line is survived."""

    def __init__(
        self,
        desk: Desk,
        *,
        book: SessionBook,
        ingest: SessionIngest,
        folders: SessionFolders,
        engine: Engine,
        plans: SessionPlans,
        round_files: RoundFiles,
        wishes: SessionWishes,
        on_due: Callable[[str], None],
        held: Callable[[], bool] = lambda: False,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._desk = desk
        self._book = book
        self._ingest = ingest
        self._folders = folders
        self._engine = engine
        self._plans = plans
        self._round_files = round_files
        self._wishes = wishes
        self._on_due = on_due
        self._held = held
        self._clock = clock
        self._lock = threading.Lock()
        self._stopping_since: dict[str, float] = {}
        self._troubles: dict[str, str] = {}

    def hint(self, session_id: str) -> None:
        """Read a session's progress now."""
        self._ingest.read(session_id)

    def tick(self) -> None:
        """Look at every session that is not over; a failure of one does not keep the others waiting."""
        with self._lock:
            with self._desk.database.read() as connection:
                rows = lab_sessions.all_sessions(connection, ACTIVE)
            stopping = {row.id for row in rows if row.state is SessionState.STOPPING}
            self._stopping_since = {one: at for one, at in self._stopping_since.items() if one in stopping}
            for row in rows:
                try:
                    self._step(row)
                    self._tell_trouble_over(row.id)
                except PeerUnreachable as error:
                    logger.info("the engine is not there yet", extra={"session": row.id, "error": str(error)})
                except Exception as error:  # noqa: BLE001 - the others' turn comes whatever happened to this one
                    self._tell_trouble(row, error)

    def _tell_trouble(self, row: SessionRow, error: Exception) -> None:
        """Show what keeps a session from going on, once; the next tick tries again."""
        kind = error.code if isinstance(error, FlomirError) else type(error).__name__
        if self._troubles.get(row.id) == kind:
            return
        failure = expected(error, "a session's step failed", session=row.id)
        if failure is error:
            logger.warning("a session's step failed", extra={"session": row.id, "error": str(error)})
        try:
            with self._desk.database.begin() as tx:
                if lab_sessions.by_id(tx.connection, row.id).state in BEING_RUN:
                    self._book.change(tx, row.id, {"reason": failure.code, "reason_text": str(failure)[:500]})
        except FlomirError:
            return  # the database itself is what fails; the page shows that it hears nothing
        self._troubles[row.id] = kind

    def _tell_trouble_over(self, session_id: str) -> None:
        if session_id not in self._troubles:
            return
        with self._desk.database.begin() as tx:
            row = lab_sessions.by_id(tx.connection, session_id)
            if row.state in BEING_RUN and row.reason:
                self._book.change(tx, session_id, {"reason": "", "reason_text": ""})
        del self._troubles[session_id]

    def _step(self, row: SessionRow) -> None:
        if row.state in {SessionState.OFFERED, SessionState.PAUSED}:
            self._on_due(row.id)
            return
        self._ingest.read(row.id)
        with self._desk.database.read() as connection:
            row = lab_sessions.by_id(connection, row.id)
        if row.state is SessionState.STARTING:
            self._launch(row)
        elif row.state is SessionState.RUNNING:
            self._follow(row)
        elif row.state is SessionState.STOPPING:
            self._stop(row)

    # --- starting ----------------------------------------------------------------------------------------------------

    def _launch(self, row: SessionRow) -> None:
        if self._held():
            return
        try:
            with self._desk.database.begin() as tx:
                self._round_files.check_there(tx, row.id)
        except Conflict as error:
            self._fail(row, error.code, str(error))
            return
        plan, ready = self._plans.at_start(row)
        if ready < plan.quorum:
            self._fail(row, "session.too_few_sites", f"{ready} sites can take part, the quorum is {plan.quorum}")
            return
        folder = self._folders.of(row.id)
        folder.write_plan(plan)
        self._wishes.settle(row.id)  # a kill may have left the last run's
        try:
            run_id = self._engine.start_run(row.id, str(folder.plan))
        except ComputeFailed as error:
            self._fail(row, "compute.failed", str(error))
            return
        with self._desk.database.begin() as tx:
            now = self._desk.now()
            present = lab_sessions.by_id(tx.connection, row.id)
            if present.state is SessionState.STARTING:
                values = {"run_id": run_id, "heard_at": now, "reason": "", "reason_text": ""}
                text = "Training is running."
                self._book.move(tx, row.id, SessionEvent.RUN_STARTED, actor=SYSTEM, text=text, values=values)
                start_eligible(tx, row.id, now=now)
            elif present.run_id is None:
                self._book.change(tx, row.id, {"run_id": run_id})
        self._ingest.read(row.id)

    # --- following ---------------------------------------------------------------------------------------------------

    def _follow(self, row: SessionRow) -> None:
        if row.run_id is None:
            self._lose(row, "no run was known")
            return
        self._wishes.settle(row.id)
        self._replan(row)
        silent_s = (self._desk.now() - (row.heard_at or row.created_at)).total_seconds()
        if silent_s > self._longest_silence_s(row):
            self._engine.stop_run(row.run_id)
            self._lose(row, f"no sign for {silent_s:.0f} s")
            return
        status = self._engine.run(row.run_id)
        if not (status.is_lost or status.is_over):
            return
        self._ingest.read(row.id)  # what it wrote before it ended
        with self._desk.database.read() as connection:
            present = lab_sessions.by_id(connection, row.id)
        if present.state is not SessionState.RUNNING or present.run_id != row.run_id:
            return
        if status.failure is not None:  # which it could not write down itself, as on a full disk
            self._fail(present, *status.failure)
        else:
            self._lose(present, status.details or f"the run is {status.status}")

    def _longest_silence_s(self, row: SessionRow) -> float:
        """Return how long nothing may be heard: a running round keeps the deadline that it began with."""
        with self._desk.database.read() as connection:
            current = lab_sessions.round_of(connection, row.id, row.round)
        length_s = deadline_s(row)
        if current is not None and current.state == "running" and current.deadline_at is not None:
            length_s = (current.deadline_at - current.started_at).total_seconds()
        return length_s + SILENCE_MARGIN_S

    def _replan(self, row: SessionRow) -> None:
        """Bring the plan up to date with consents, left out sites and extensions; the ServerApp reads it before a round."""
        plan, folder = self._plans.meanwhile(row), self._folders.of(row.id)
        if plan == folder.known_plan():
            return
        folder.write_plan(plan)
        with self._desk.database.begin() as tx:
            if lab_sessions.by_id(tx.connection, row.id).state is SessionState.RUNNING:
                settle_running(tx, row.id, now=self._desk.now())
                self._book.publish(tx, row.id)

    def _lose(self, row: SessionRow, why: str) -> None:
        if row.lost_runs + 1 >= MOST_LOST_RUNS:
            self._fail(row, "federation.engine_lost", f"the run was lost {row.lost_runs + 1} times: {why}")
            return
        with self._desk.database.begin() as tx:
            present = lab_sessions.by_id(tx.connection, row.id)
            if present.state is not SessionState.RUNNING or present.run_id != row.run_id:
                return
            values = {
                "run_id": None,
                "lost_runs": row.lost_runs + 1,
                "phase": "waiting",
                "reason": "federation.engine_lost",
                "reason_text": why[:500],
            }
            text = "The engine lost the run; going on after the last closed round."
            self._book.move(tx, row.id, SessionEvent.RUN_LOST, actor=SYSTEM, text=text, values=values)
        with self._desk.database.read() as connection:
            lost = lab_sessions.by_id(connection, row.id)
        self._launch(lost)

    def _fail(self, row: SessionRow, code: str, why: str) -> None:
        with self._desk.database.begin() as tx:
            finish_all(tx, row.id, now=self._desk.now())
            values = {"phase": None, "reason": code, "reason_text": why[:500]}
            self._book.move(tx, row.id, SessionEvent.RUN_FAILED, actor=SYSTEM, text=f"Failed: {why}.", values=values)

    # --- ending ------------------------------------------------------------------------------------------------------

    def _stop(self, row: SessionRow) -> None:
        since = self._stopping_since.setdefault(row.id, self._clock())
        if row.run_id is not None:
            try:
                status = self._engine.run(row.run_id)
                if not (status.is_lost or status.is_over):
                    if self._clock() - since < STOP_GRACE_S:
                        return
                    self._engine.stop_run(row.run_id)
            except PeerUnreachable:
                if self._clock() - since < STOP_GRACE_S:
                    return
            self._ingest.read(row.id)
        self._stopping_since.pop(row.id, None)
        with self._desk.database.begin() as tx:
            if lab_sessions.by_id(tx.connection, row.id).state is not SessionState.STOPPING:
                return
            finish_all(tx, row.id, now=self._desk.now())
            values = {"phase": None, "wish": "run"}
            self._book.move(tx, row.id, SessionEvent.RUN_STOPPED, actor=SYSTEM, text="Stopped.", values=values)
