"""The one way in which a session changes: state, inboxes of its sites, journal and pages together."""

from collections.abc import Callable, Mapping

from fl_core.desk import Desk
from fl_core.errors import CATALOGUE
from fl_core.lifecycle import SessionEvent, SessionState
from fl_core.protocol.messages import SessionNews
from fl_core.storage import lab_sessions
from fl_core.storage.database import Transaction
from fl_core.storage.lab_sessions import SessionRow
from orchestrator.services.inboxes import Inboxes
from orchestrator.services.session_views import SessionViews

TOLD_STATES = frozenset({"invited", "agreed", "training", "finished"})


class SessionBook:
    """Writes session changes inside the caller's transaction; pages and sites learn after the commit."""

    def __init__(
        self, desk: Desk, views: SessionViews, inboxes: Inboxes, *, publish_related: Callable[[str], None]
    ) -> None:
        self._desk = desk
        self._views = views
        self._inboxes = inboxes
        self._publish_related = publish_related

    def move(
        self,
        tx: Transaction,
        session_id: str,
        event: SessionEvent,
        *,
        actor: str,
        text: str,
        values: Mapping[str, object] | None = None,
    ) -> SessionState:
        """Apply an event; raises IllegalTransition. Everybody concerned is told."""
        after = lab_sessions.move(tx, session_id, event, at=self._desk.now(), values=values)
        self._desk.journal.note(
            tx,
            actor=actor,
            action=f"session.{event.value}",
            subject=session_id,
            details={"state": after.value, "reason": str((values or {}).get("reason", ""))},
            text=text,
            values=_words(lab_sessions.by_id(tx.connection, session_id)),
        )
        self.tell_sites(tx, session_id)
        self.publish(tx, session_id)
        self.publish_related(tx, session_id)
        return after

    def change(
        self, tx: Transaction, session_id: str, values: Mapping[str, object], *, key: str = "", text: str = ""
    ) -> None:
        """Set columns other than the state and, if a key is given, say so in words."""
        lab_sessions.change(tx, session_id, values)
        if key:
            words = _words(lab_sessions.by_id(tx.connection, session_id))
            self._desk.journal.tell(tx, kind="session", text=text, subject=session_id, key=key, values=words)
        self.publish(tx, session_id)

    def tell_sites(self, tx: Transaction, session_id: str) -> None:
        """Put the session's state into the inbox of every site that takes part or may still answer."""
        row = lab_sessions.by_id(tx.connection, session_id)
        if row.state is SessionState.DRAFT:
            return
        news = SessionNews(
            session_id=session_id,
            state=row.state.value,
            round=row.round,
            rounds=int(str(row.spec["rounds"])),
            reason=row.reason,
        )
        for part in lab_sessions.participations(tx.connection, session_id):
            if part.state.value in TOLD_STATES:
                self._inboxes.post(tx, part.site_id, "session", news)

    def publish(self, tx: Transaction, session_id: str) -> None:
        """Tell the pages after the commit."""
        tx.after_commit(lambda: self._views.publish(session_id))

    def publish_related(self, tx: Transaction, session_id: str) -> None:
        """Tell the pages about the session's sites and first model, which count it, after the commit."""
        tx.after_commit(lambda: self._publish_related(session_id))


def _words(row: SessionRow) -> dict[str, object]:
    entry = CATALOGUE.get(row.reason)
    reason = entry.title if entry else row.reason_text
    return {"title": row.title, "round": row.round, "code": row.reason, "reason": reason}
