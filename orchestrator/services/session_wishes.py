"""What the ServerApp is told to do: ``control.json``, kept as the database says it."""

import threading
from collections.abc import Mapping

from fl_core.desk import Desk
from fl_core.errors import StorageFailed
from fl_core.lifecycle import EnrolmentState, SessionState
from fl_core.protocol.plan import SessionControl
from fl_core.storage import lab_amendments, lab_sessions, lab_sites
from fl_core.storage.lab_amendments import AmendmentRow
from fl_core.storage.lab_sessions import ParticipationRow, SessionRow
from orchestrator.services.eligibility import SAID_NO, TAKING_PART, awaited, eligible
from orchestrator.services.session_folder import SessionFolders
from orchestrator.services.session_spec import left_out

WITH_RUN = frozenset({SessionState.STARTING, SessionState.RUNNING, SessionState.STOPPING})


class SessionWishes:
    """Writes the wishes of a session that has a run; called again it mends what a kill left half done."""

    def __init__(self, desk: Desk, *, folders: SessionFolders) -> None:
        self._desk = desk
        self._folders = folders
        self._lock = threading.Lock()

    def settle(self, session_id: str) -> None:
        """Bring the file up to date with what is committed.

        Raises
        ------
        StorageFailed
            ``storage.disk_full`` or ``storage.failed``; the next call tries again.
        """
        # Read and write under one lock: who comes last has seen everything, so no wish writes over another.
        with self._lock:
            with self._desk.database.read() as connection:
                row = lab_sessions.by_id(connection, session_id)
                if row.state not in WITH_RUN:
                    return
                parts = lab_sessions.participations(connection, session_id)
                trusted = lab_sessions.of_trusted_sites(connection, parts)
                further = lab_amendments.latest(connection, session_id)
                # A site may also decline after the plan of a run that is being started was written.
                withdrawn = [part.site_id for part in parts if part.state in SAID_NO]
                suspended = [
                    part.site_id
                    for part in parts
                    if part.state in TAKING_PART
                    and lab_sites.site_by_id(connection, part.site_id).state is EnrolmentState.SUSPENDED
                ]
            folder = self._folders.of(session_id)
            known = folder.control()
            wished = SessionControl(
                stop=row.wish == "stop",
                pause_after_round=row.wish == "pause",
                combine_now=row.combine_round,
                withdrawn=tuple(withdrawn),
                suspended=tuple(suspended),
                awaits_answers=self._awaits(row, trusted, further),
            )
            if wished == known:
                return
            try:
                folder.write_control(wished)
            except OSError as error:
                raise StorageFailed.of(error, "the wishes could not be stored") from error

    def _awaits(self, row: SessionRow, parts: list[ParticipationRow], further: Mapping[str, AmendmentRow]) -> bool:
        """Tell whether sites may come that the run does not know: asked ones, and who agreed since its plan was written."""
        plan = self._folders.of(row.id).known_plan()
        planned = set() if plan is None else {site.site_id for site in plan.sites}
        now, without = self._desk.now(), left_out(row)
        agreed = {part.site_id for part in eligible(parts, now, without=without)}
        return bool(agreed - planned or awaited(parts, further, now, without=without))
