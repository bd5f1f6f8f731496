"""What the manager wishes of a session: start, stop, pause, resume, combine now; the runs follow."""

from collections.abc import Callable

from fl_core.desk import Desk
from fl_core.errors import Conflict, IllegalTransition
from fl_core.lifecycle import ParticipationEvent, ParticipationState, SessionEvent, SessionState
from fl_core.protocol.messages import Json
from fl_core.storage import lab_amendments, lab_sessions, lab_sites
from fl_core.storage.database import Transaction
from fl_core.storage.lab_sessions import ParticipationRow, SessionRow
from orchestrator.schemas import SessionView
from orchestrator.services.desk import SYSTEM, by_manager
from orchestrator.services.eligibility import TAKING_PART, agreed_to, eligible
from orchestrator.services.round_files import RoundFiles
from orchestrator.services.session_book import SessionBook
from orchestrator.services.session_spec import (
    AWAITS_CONSENT,
    closed_rounds,
    left_out,
    quorum,
    start_at,
    starts_by_itself,
)
from orchestrator.services.session_views import SessionViews
from orchestrator.services.session_wishes import SessionWishes

PASSES = frozenset({IllegalTransition.code, "session.not_ready", "drain.on"})
"""What keeps a session from starting by itself for now only: somebody was quicker, an answer is missing, drain mode."""
GOING_ON = frozenset({SessionState.STARTING, SessionState.RUNNING})


def check_not_held(is_held: bool) -> None:
    """Raise Conflict (``drain.on``) while nothing new may start."""
    if is_held:
        message = "nothing starts while drain mode is on"
        raise Conflict(message, code="drain.on")


class Sessions:
    """Writes the manager's wishes down; `wake` makes the runs look at them at once, while `held` nothing starts.

    `actor` is who wishes it where that is not the manager whose request this is.
    """

    def __init__(
        self,
        desk: Desk,
        *,
        book: SessionBook,
        views: SessionViews,
        wishes: SessionWishes,
        round_files: RoundFiles,
        wake: Callable[[], None],
        held: Callable[[], bool],
    ) -> None:
        self._desk = desk
        self._book = book
        self._views = views
        self._wishes = wishes
        self._round_files = round_files
        self._wake = wake
        self._held = held

    def start(self, session_id: str) -> SessionView:
        """Start an offered session with the sites that agreed.

        Raises
        ------
        Conflict
            ``session.not_ready`` when fewer than the quorum agreed.
        IllegalTransition
            When it is not offered.
        """
        return self._start(session_id, from_states={SessionState.OFFERED}, actor=by_manager(), text="Starting.")

    def resume(self, session_id: str, *, actor: str | None = None) -> SessionView:
        """Go on after the last closed round of a paused, stopped or failed session.

        Raises
        ------
        Conflict
            ``session.not_ready``; ``session.weights_gone`` when the last round's model was removed for good.
        """
        states = {SessionState.PAUSED, SessionState.STOPPED, SessionState.FAILED}
        return self._start(session_id, from_states=states, actor=actor or by_manager(), text="Going on.")

    def stop(self, session_id: str) -> SessionView:
        """Stop at any point; closed rounds and their models stay."""
        with self._desk.database.begin() as tx:
            values = {"wish": "stop", "reason": "", "reason_text": ""}
            event = SessionEvent.STOP_REQUESTED
            after = self._book.move(tx, session_id, event, actor=by_manager(), text="Stopping.", values=values)
        if after is SessionState.STOPPING:
            self._wishes.settle(session_id)
        self._wake()
        return self._views.get(session_id)

    def pause(self, session_id: str, *, actor: str | None = None) -> SessionView:
        """Pause after the present round."""
        with self._desk.database.begin() as tx:
            row = self._going_on(tx, session_id, "pause")
            if row.wish != "pause":
                self._note(tx, row, "session.pause_wished", "Will pause after this round.", actor=actor)
                self._book.change(tx, session_id, {"wish": "pause"})
        self._wishes.settle(session_id)
        return self._views.get(session_id)

    def go_on(self, session_id: str, *, actor: str | None = None) -> None:
        """Take a pause back: one that is only wished for is forgotten, one that has come about ends."""
        with self._desk.database.begin() as tx:
            row = lab_sessions.by_id(tx.connection, session_id)
            is_going_on = row.state in GOING_ON
            if is_going_on and row.wish == "pause":
                self._note(tx, row, "session.pause_forgotten", "Will not pause after all.", actor=actor)
                self._book.change(tx, session_id, {"wish": "run"})
        if is_going_on:
            self._wishes.settle(session_id)
        elif row.state is SessionState.PAUSED:
            self.resume(session_id, actor=actor)

    def combine_now(self, session_id: str) -> SessionView:
        """Close the present round with the updates that are there.

        Raises
        ------
        Conflict
            ``federation.quorum_missed`` when fewer than the quorum came in; `conflict` outside a round.
        """
        with self._desk.database.begin() as tx:
            row = self._going_on(tx, session_id, "combine_now")
            current = lab_sessions.round_of(tx.connection, session_id, row.round)
            if row.state is not SessionState.RUNNING or current is None or current.state != "running":
                message = "no round is going on"
                raise Conflict(message)
            if len(current.received) < quorum(row):
                message = f"{len(current.received)} updates came in, the quorum is {quorum(row)}"
                raise Conflict(message, code="federation.quorum_missed")
            self._note(tx, row, "session.combine_wished", f"Combining round {row.round} now.")
            self._book.change(tx, session_id, {"combine_round": row.round})
        self._wishes.settle(session_id)
        return self._views.get(session_id)

    def on_answer(self, session_id: str) -> None:
        """Look whether a session that waits for answers can start or go on by itself, and whether its time has come."""
        with self._desk.database.read() as connection:
            row = lab_sessions.by_id(connection, session_id)
            parts = lab_sessions.participations(connection, session_id)
            trusted = lab_sessions.of_trusted_sites(connection, parts)
            asked = lab_amendments.latest(connection, session_id)
            number = closed_rounds(lab_sessions.rounds(connection, session_id, newest=2)) + 1
        now, without = self._desk.now(), left_out(row)
        parts = [part for part in parts if part.site_id not in without]
        ready = len(agreed_to(eligible(trusted, now, without=without), number)) >= quorum(row)
        if row.state is SessionState.OFFERED and starts_by_itself(row):
            self._start_offered(row, parts, ready=ready)
        elif row.state is SessionState.PAUSED and row.reason == AWAITS_CONSENT and ready:
            invited = [part.terms for part in parts if part.state is ParticipationState.INVITED]
            further = [one.terms for one in asked.values() if one.answer == "open" and one.site_id not in without]
            if all(terms.answer_by <= now for terms in (*invited, *further)):
                self._start_quietly(session_id, "Enough sites agreed to the further rounds: going on.")

    def _start_offered(self, row: SessionRow, parts: list[ParticipationRow], *, ready: bool) -> None:
        now, planned = self._desk.now(), start_at(row)
        answered = all(part.state is not ParticipationState.INVITED for part in parts)
        if now < planned if planned is not None else not answered and now <= row.answer_by:
            return
        if ready:
            why = "The planned time has come" if planned is not None else "Everybody has answered"
            self._start_quietly(row.id, f"{why if planned or answered else 'The time to answer is over'}: starting.")
        elif row.reason != "session.not_ready":
            with self._desk.database.begin() as tx:
                text = "Fewer sites agreed than the quorum asks for."
                changes = {"reason": "session.not_ready", "reason_text": text}
                self._book.change(tx, row.id, changes, key="session.not_ready", text=text)

    def _start_quietly(self, session_id: str, text: str) -> None:
        """Start a session that nobody watches: what keeps it from starting is shown with it, unless it passes by itself."""
        states = {SessionState.OFFERED, SessionState.PAUSED}
        try:
            self._start(session_id, from_states=states, actor=SYSTEM, text=text)
        except Conflict as error:
            if error.code in PASSES:
                return
            with self._desk.database.begin() as tx:
                row = lab_sessions.by_id(tx.connection, session_id)
                if row.state in states and row.reason != error.code:
                    self._book.change(tx, session_id, {"reason": error.code, "reason_text": str(error)[:500]})

    def on_consent_changed(self, session_id: str) -> None:
        """Let a site that agreed (again) into the coming rounds, and one that withdrew out of the present one too."""
        self._wishes.settle(session_id)

    def on_revoked(self, site_id: str) -> None:
        """Take a site whose trust was taken back out of every session that goes on."""
        self._take_out(site_id, key="session.site_revoked", text="is out: its trust was taken back.")

    def on_left(self, site_id: str) -> None:
        """Take a site that left the federation out of every session that goes on."""
        self._take_out(site_id, key="session.site_left", text="is out: it has left the federation.")

    def _take_out(self, site_id: str, *, key: str, text: str) -> None:
        with self._desk.database.read() as connection:
            session_ids = lab_sessions.sessions_of_site(connection, site_id)
        for session_id in session_ids:
            with self._desk.database.begin() as tx:
                part = lab_sessions.participation_of(tx.connection, session_id, site_id)
                event = _leaving(part.state)
                if event is None:
                    continue
                lab_sessions.move_participation(tx, session_id, site_id, event, at=self._desk.now())
                name = lab_sites.site_by_id(tx.connection, site_id).name
                self._tell_of_site(tx, lab_sessions.by_id(tx.connection, session_id), name, key=key, text=text)
                self._book.publish(tx, session_id)
            self.on_consent_changed(session_id)

    def on_suspended(self, site_id: str) -> None:
        """Leave a suspended site out of the present round and the next ones; its consents stay."""
        self._leave_out(site_id, key="session.site_suspended", text="is left out: it is suspended.")

    def on_readmitted(self, site_id: str) -> None:
        """Ask a site that was suspended again from the next round on."""
        self._leave_out(site_id, key="session.site_readmitted", text="takes part again from the next round on.")

    def _leave_out(self, site_id: str, *, key: str, text: str) -> None:
        with self._desk.database.read() as connection:
            name = lab_sites.site_by_id(connection, site_id).name
            going_on = [
                row
                for session_id in lab_sessions.sessions_of_site(connection, site_id)
                if (row := lab_sessions.by_id(connection, session_id)).state in GOING_ON
                and lab_sessions.participation_of(connection, session_id, site_id).state in TAKING_PART
            ]
        for row in going_on:
            self._wishes.settle(row.id)
            with self._desk.database.begin() as tx:
                self._tell_of_site(tx, row, name, key=key, text=text)
        self._views.publish_of_site(site_id)  # also those that wait for it

    def _tell_of_site(self, tx: Transaction, row: SessionRow, name: str, *, key: str, text: str) -> None:
        values: Json = {"name": name, "title": row.title}
        self._desk.journal.tell(tx, kind="session", text=f"{name} {text}", subject=row.id, key=key, values=values)

    def _start(self, session_id: str, *, from_states: set[SessionState], actor: str, text: str) -> SessionView:
        check_not_held(self._held())
        with self._desk.database.begin() as tx:
            row = lab_sessions.by_id(tx.connection, session_id)
            if row.state not in from_states:
                message = f"session {row.title} is {row.state.value}"
                raise IllegalTransition(message)
            self._round_files.check_there(tx, session_id)
            number = closed_rounds(lab_sessions.rounds(tx.connection, session_id, newest=2)) + 1
            parts = lab_sessions.participations(tx.connection, session_id)
            trusted = lab_sessions.of_trusted_sites(tx.connection, parts)
            ready = len(agreed_to(eligible(trusted, self._desk.now(), without=left_out(row)), number))
            if ready < quorum(row):
                message = f"{ready} sites have agreed to round {number}, the quorum is {quorum(row)}"
                raise Conflict(message, code="session.not_ready")
            values = {
                "wish": "run",
                "reason": "",
                "reason_text": "",
                "run_id": None,
                "lost_runs": 0,
                "combine_round": 0,
                "phase": "waiting",
            }
            self._book.move(tx, session_id, SessionEvent.START_REQUESTED, actor=actor, text=text, values=values)
        self._wishes.settle(session_id)
        self._wake()
        return self._views.get(session_id)

    def _going_on(self, tx: Transaction, session_id: str, what: str) -> SessionRow:
        row = lab_sessions.by_id(tx.connection, session_id)
        if row.state not in GOING_ON:
            message = f"{what!r} is not possible in state {row.state.value!r}"
            raise IllegalTransition(message)
        return row

    def _note(self, tx: Transaction, row: SessionRow, action: str, text: str, *, actor: str | None = None) -> None:
        values: Json = {"title": row.title, "round": row.round}
        who = actor or by_manager()
        self._desk.journal.note(tx, actor=who, action=action, subject=row.id, text=text, values=values)


def _leaving(state: ParticipationState) -> ParticipationEvent | None:
    if state is ParticipationState.INVITED:
        return ParticipationEvent.DECLINED
    if state in {ParticipationState.AGREED, ParticipationState.TRAINING, ParticipationState.FINISHED}:
        return ParticipationEvent.WITHDRAWN
    return None
