"""Pausing a session at this site: nothing begins and nothing is finished until it is resumed; the laboratory is told."""

from collections.abc import Callable

from fl_core.acting import acted_by
from fl_core.desk import Desk
from fl_core.errors import Conflict
from fl_core.flower.limits import PAUSED
from fl_core.protocol.messages import SitePhase, SiteProgress
from fl_core.storage.site_requests import RequestStore
from fl_core.storage.site_sessions import SiteSessionStore
from fl_core.storage.site_wishes import WishStore


class Pauses:
    """Pauses and resumes.

    Parameters
    ----------
    permissions_changed : writes what the runner may do
    forward : tells the laboratory where this site stands
    session_changed : tells the pages about a session
    """

    def __init__(
        self,
        desk: Desk,
        *,
        permissions_changed: Callable[[], None],
        forward: Callable[[SiteProgress], None],
        session_changed: Callable[[str], None],
    ) -> None:
        self._desk = desk
        self._store = WishStore(desk.database)
        self._requests = RequestStore(desk.database)
        self._sessions = SiteSessionStore(desk.database)
        self._permissions_changed = permissions_changed
        self._forward = forward
        self._session_changed = session_changed

    def paused(self) -> frozenset[str]:
        """Return the sessions that are paused here."""
        return self._store.paused()

    def set_paused(self, session_id: str, *, paused: bool) -> None:
        """Pause a session, or let it go on; doing it twice changes nothing.

        Raises
        ------
        NotFound
            When this site was never asked about it.
        Conflict
            When there is no agreement in force to pause.
        """
        record = self._requests.get(session_id)
        if paused and record.answer != "agree":
            message = "there is no agreement to pause"
            raise Conflict(message)
        if (session_id in self._store.paused()) == paused:
            return
        title = record.offer.title
        with self._desk.database.begin() as tx:
            self._store.set_paused(tx, session_id, self._desk.now() if paused else None)
            self._desk.journal.note(
                tx,
                actor=acted_by("professional"),
                action="training.paused" if paused else "training.resumed",
                subject=session_id,
                text=f"“{title}” is paused here." if paused else f"“{title}” goes on here.",
                kind="session",
                values={"title": title},
            )
        self._permissions_changed()
        self._session_changed(session_id)
        rounds = self._sessions.rounds(session_id)
        if paused and (not rounds or rounds[-1].ended_at is not None):
            number = rounds[-1].round if rounds else 0
            self._forward(
                SiteProgress(session_id=session_id, round=number, phase=SitePhase.WAITING, fraction=0.0, detail=PAUSED)
            )
