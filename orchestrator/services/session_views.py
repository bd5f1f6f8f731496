"""Sessions as the manager sees them: whole, with participations, rounds and the latest lines in words."""

import threading

from fl_core.desk import Desk
from fl_core.errors import CATALOGUE, NotFound
from fl_core.lifecycle import SessionState
from fl_core.protocol.messages import SitePhase, SiteProgress, StrategyChoice
from fl_core.storage import lab_amendments, lab_sessions, lab_sites
from fl_core.storage.lab_amendments import AmendmentRow
from fl_core.storage.lab_sessions import ParticipationRow, RoundRow, SessionRow, Tally
from fl_core.storage.listing import Wanted
from fl_core.views import activity_view
from orchestrator.schemas import ParticipationView, RoundView, SessionList, SessionSummary, SessionView
from orchestrator.services.eligibility import agreed_to, eligible, is_eligible
from orchestrator.services.presence import Presence
from orchestrator.services.session_spec import closed_rounds, left_out, quorum, rounds_planned

LOG_LINES = 60
TOLD_ROUNDS = 2
"""The running round and the one before: pages keep the earlier ones."""
STOPPABLE = frozenset({SessionState.STARTING, SessionState.RUNNING, SessionState.PAUSED})
RESUMABLE = frozenset({SessionState.PAUSED, SessionState.STOPPED, SessionState.FAILED})
CHANGEABLE = frozenset({SessionState.OFFERED, SessionState.STARTING, SessionState.RUNNING, *RESUMABLE})
ROUND_GOES_ON = frozenset({SessionState.STARTING, SessionState.RUNNING, SessionState.STOPPING})
EXTENDABLE = CHANGEABLE | {SessionState.COMPLETED}


class SessionViews:
    """Builds and publishes session views; keeps the sites' live progress, which is a hint and lives in memory."""

    def __init__(self, desk: Desk, presence: Presence) -> None:
        self._desk = desk
        self._presence = presence
        self._lock = threading.Lock()
        self._progress: dict[tuple[str, str], SiteProgress] = {}

    def part(self, wanted: Wanted) -> SessionList:
        """Return a part of the list, newest first unless asked otherwise."""
        with self._desk.database.read() as connection:
            part = lab_sessions.list_sessions(connection, wanted)
            tallies = lab_sessions.tallies(connection, [row.id for row in part.rows])
        items = [SessionSummary.model_validate(_summary(row, tallies.get(row.id, Tally()))) for row in part.rows]
        return SessionList(items=items, total=part.total, next_cursor=part.next_cursor)

    def get(self, session_id: str, *, newest_rounds: int | None = None) -> SessionView:
        """Return one session, with all of its rounds or the newest few, or raise NotFound."""
        with self._desk.database.read() as connection:
            row = lab_sessions.by_id(connection, session_id)
            tally = lab_sessions.tallies(connection, [session_id]).get(session_id, Tally())
            parts = lab_sessions.participations(connection, session_id)
            rounds = lab_sessions.rounds(connection, session_id, newest=newest_rounds)
            names = lab_sites.names(connection, [part.site_id for part in parts])
            further = lab_amendments.latest(connection, session_id)
            trusted = lab_sessions.of_trusted_sites(connection, parts)
        lines = self._desk.journal.activity(limit=LOG_LINES, subject=session_id)
        return SessionView.model_validate(
            {
                **_summary(row, tally),
                **self._abilities(row, trusted, rounds),
                **_spec_fields(row),
                "participations": [
                    self._participation(row, part, names.get(part.site_id, part.site_id), further.get(part.site_id))
                    for part in parts
                ],
                "rounds": [_round(found, row.state) for found in rounds],
                "log": [activity_view(line) for line in reversed(lines)],
            }
        )

    def publish(self, session_id: str) -> None:
        """Tell the pages about a session: what is said does not grow with the rounds that it has had."""
        self._desk.bus.publish("session", lambda: self.get(session_id, newest_rounds=TOLD_ROUNDS))

    def publish_of_site(self, site_id: str) -> None:
        """Tell the pages about the unfinished sessions of a site (it came or went)."""
        with self._desk.database.read() as connection:
            session_ids = lab_sessions.sessions_of_site(connection, site_id)
        for session_id in session_ids:
            self.publish(session_id)

    def set_progress(self, site_id: str, progress: SiteProgress) -> bool:
        """Keep a site's progress; False when it does not take part in a session that goes on."""
        with self._desk.database.read() as connection:
            try:
                lab_sessions.participation_of(connection, progress.session_id, site_id)
                row = lab_sessions.by_id(connection, progress.session_id)
            except NotFound:
                return False
        if row.state not in {SessionState.RUNNING, SessionState.STARTING, SessionState.STOPPING}:
            return False
        with self._lock:
            self._progress[progress.session_id, site_id] = progress
        return True

    def clear_progress(self, session_id: str) -> None:
        """Forget the progress of a session whose run is over."""
        with self._lock:
            self._progress = {key: value for key, value in self._progress.items() if key[0] != session_id}

    def note_phase(self, session_id: str, site_id: str, number: int, phase: SitePhase) -> None:
        """Set a site's phase from what the ServerApp knows for certain (its update came, or it failed)."""
        fraction = 1.0 if phase is SitePhase.SENT else 0.0
        with self._lock:
            before = self._progress.get((session_id, site_id))
            self._progress[session_id, site_id] = SiteProgress(
                session_id=session_id,
                round=number,
                phase=phase,
                fraction=fraction,
                loss=before.loss if before and before.round == number else None,
            )

    def _participation(
        self, row: SessionRow, part: ParticipationRow, name: str, further: AmendmentRow | None
    ) -> ParticipationView:
        with self._lock:
            progress = self._progress.get((part.session_id, part.site_id))
        terms = part.terms if further is None else further.terms
        return ParticipationView.model_validate(
            {
                "site_id": part.site_id,
                "site_name": name,
                "state": part.state.value,
                "online": self._presence.is_online(part.site_id),
                "consent": part.consent,
                "progress": progress,
                "rounds_contributed": part.rounds_contributed,
                "missing_code": part.missing_code,
                "rounds_agreed": part.terms.rounds if is_eligible(part, self._desk.now()) else 0,
                "further": None if further is None else further.answer,
                "answer_by": terms.answer_by,
                "left_out": part.site_id in left_out(row),
            }
        )

    def _abilities(self, row: SessionRow, trusted: list[ParticipationRow], rounds: list[RoundRow]) -> dict[str, bool]:
        able = eligible(trusted, self._desk.now(), without=left_out(row))
        closed = closed_rounds(rounds)
        has_quorum = len(agreed_to(able, closed + 1)) >= quorum(row)
        current = next((found for found in rounds if found.round == row.round), None)
        return {
            "can_start": row.state is SessionState.OFFERED and has_quorum,
            "can_stop": row.state in STOPPABLE,
            "can_resume": row.state in RESUMABLE and rounds_planned(row) > closed and has_quorum,
            "can_abort": row.state is SessionState.OFFERED,
            "can_extend": row.state in EXTENDABLE,
            "can_change_sites": row.state in CHANGEABLE and rounds_planned(row) > closed,
            "can_combine_now": row.state is SessionState.RUNNING
            and row.phase == "train"
            and current is not None
            and row.combine_round != row.round
            and quorum(row) <= len(current.received) < current.expected,
        }


def _spec_fields(row: SessionRow) -> dict[str, object]:
    spec = row.spec
    names = ("task_parameters", "fraction", "round_deadline_s", "answer_hours", "start_when_ready", "seed", "note")
    return {
        **{name: spec[name] for name in names},
        "start_at": spec.get("start_at"),
        "max_update_norm": spec.get("max_update_norm"),
    }


def _summary(row: SessionRow, tally: Tally) -> dict[str, object]:
    entry = CATALOGUE.get(row.reason)
    return {
        "id": row.id,
        "title": row.title,
        "state": row.state.value,
        "phase": row.phase,
        "reason": row.reason,
        "reason_text": row.reason_text or (entry.title if entry else ""),
        "advice": entry.advice if entry else "",
        "task": row.spec["task"],
        "strategy": StrategyChoice.model_validate(row.spec["strategy"]),
        "rounds_planned": row.spec["rounds"],
        "rounds_closed": tally.rounds_closed,
        "round": row.round,
        "quorum": row.spec["quorum"],
        "sites_invited": tally.sites_invited,
        "sites_agreed": tally.sites_agreed,
        "initial_model_id": row.initial_model_id,
        "latest_model_id": tally.latest_model_id,
        "created_at": row.created_at,
        "started_at": row.started_at,
        "ended_at": row.ended_at,
        "answer_by": row.answer_by,
    }


def _round(row: RoundRow, session: SessionState) -> RoundView:
    over = row.state == "running" and session not in ROUND_GOES_ON
    return RoundView.model_validate(
        {
            "round": row.round,
            "state": "ended" if over else row.state,
            "started_at": row.started_at,
            "deadline_at": row.deadline_at,
            "received": len(row.received),
            "expected": row.expected,
            "record": row.record,
            "model_id": row.model_id,
        }
    )
