"""Ask me later: a request comes back as a reminder at the chosen time, before its answer is due."""

from collections.abc import Callable
from datetime import datetime

from fl_core.acting import acted_by
from fl_core.desk import Desk
from fl_core.errors import Conflict, InvalidInput
from fl_core.storage.site_requests import RequestStore
from fl_core.storage.site_wishes import WishStore


class Reminders:
    """Sets reminders and says once that they are due.

    Parameters
    ----------
    changed : tells the pages about a request by its session
    """

    def __init__(self, desk: Desk, *, changed: Callable[[str], None]) -> None:
        self._desk = desk
        self._store = WishStore(desk.database)
        self._requests = RequestStore(desk.database)
        self._changed = changed

    def at(self, session_id: str) -> datetime | None:
        """Return when a request comes back, None when it waits for its answer now."""
        found = self._store.reminders().get(session_id)
        return None if found is None or found.told else found.at

    def set(self, session_id: str, at: datetime | None) -> None:
        """Put a request off until a time, or ask about it again at once (None).

        Raises
        ------
        Conflict
            When it is answered already, or the time to answer is over.
        InvalidInput
            When the time is over, or after the answer is due.
        """
        record = self._requests.get(session_id)
        now, due = self._desk.now(), record.offer.answer_by
        if record.answer != "none" or due <= now:
            message = "the request does not wait for an answer"
            raise Conflict(message)
        if at is not None and not now < at < due:
            message = f"at: {at:%Y-%m-%d %H:%M} is not between now and {due:%Y-%m-%d %H:%M}, when the answer is due"
            raise InvalidInput(message)
        with self._desk.database.begin() as tx:
            self._store.set_reminder(tx, session_id, at)
            if at is not None:
                self._desk.journal.note(
                    tx,
                    actor=acted_by("professional"),
                    action="request.put_off",
                    subject=session_id,
                    details={"until": at.isoformat()},
                    text=f"The request “{record.offer.title}” comes back on {at:%Y-%m-%d %H:%M} UTC.",
                    values={"title": record.offer.title, "at": at.isoformat()},
                )
        self._changed(session_id)

    def tell_due(self) -> None:
        """Bring back what is due; each is told once."""
        now = self._desk.now()
        for session_id, reminder in self._store.reminders().items():
            if reminder.told or reminder.at > now:
                continue
            record = self._requests.find(session_id)
            with self._desk.database.begin() as tx:
                self._store.set_reminder(tx, session_id, reminder.at, told=True)
                if record is not None and record.answer == "none":
                    title = record.offer.title
                    self._desk.journal.tell(
                        tx,
                        kind="request",
                        text=f"Reminder: “{title}” waits for your answer.",
                        subject=session_id,
                        key="request.reminder",
                        values={"title": title},
                    )
            self._changed(session_id)
