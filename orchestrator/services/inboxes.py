"""Each site's durable inbox: what it must learn waits there until it has asked for what comes after."""

import threading
import time
from datetime import timedelta

from pydantic import BaseModel

from fl_core.desk import Desk
from fl_core.protocol.messages import EventPage
from fl_core.storage import lab_sites
from fl_core.storage.database import Transaction

KEPT = timedelta(days=30)
"""Handled events stay so long: a site whose records were brought back from a backup asks for those since then once more."""


class Inboxes:
    """Posts inside the caller's transaction; a held request wakes at the commit."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._posted = threading.Condition()
        self._closed = False

    def post(self, tx: Transaction, site_id: str, type_: str, payload: BaseModel) -> None:
        """Put an event into a site's inbox."""
        lab_sites.post(tx, site_id, type_, payload.model_dump(mode="json"), at=self._desk.now())
        tx.after_commit(self._wake)

    def read(self, site_id: str, *, after: int, wait_s: float) -> EventPage:
        """Return the events after a number, waiting while there are none; those up to it have been handled."""
        lab_sites.forget_handled(self._desk.database, site_id, up_to=after, before=self._desk.now() - KEPT)
        end = time.monotonic() + wait_s
        with self._posted:
            while True:
                events, latest = lab_sites.read_inbox(self._desk.database, site_id, after=after)
                left = end - time.monotonic()
                if events or self._closed or left <= 0:
                    return EventPage(events=events, latest=latest)
                self._posted.wait(left)

    def close(self) -> None:
        """Let every held request return."""
        with self._posted:
            self._closed = True
            self._posted.notify_all()

    def _wake(self) -> None:
        with self._posted:
            self._posted.notify_all()
