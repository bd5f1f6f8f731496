"""Tells of what nobody did and what no message brings: a certificate that ends or is new, a long silence, a disk that fills.

Each is told once; what was told is kept, so that a restart repeats nothing.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from contributor.schemas_intake import StorageView
from contributor.services.connection import ENROLLED
from fl_core.page_settings import PageSettings
from fl_core.storage import notices
from fl_core.storage.site_connection import ConnectionRecord
from fl_core.views import Schema

KEY = "watch"
EVERY_S = 60.0
SOON = timedelta(days=14)
"""A certificate renews by itself 30 days before its end; with so little left that did not work."""
LONG = timedelta(hours=1)
KEPT = timedelta(days=30)
"""Notices that are over are forgotten after this time."""
_ROOM = {"ok": 0, "low": 1, "full": 2}


class Seen(Schema):
    """What was looked at last, and told."""

    site_id: str | None = None
    certificate: datetime | None = None
    told_end: datetime | None = None
    silent_since: datetime | None = None
    room: str = "ok"


@dataclass(frozen=True, kw_only=True)
class Line:
    """A line of the activity to be written."""

    key: str
    text: str
    values: dict[str, object]


class Watch:
    """Looks once a minute.

    Parameters
    ----------
    page : where what was told is kept
    connection : how the site stands with its laboratory
    storage : how full the folder of the data is
    """

    def __init__(
        self,
        *,
        page: PageSettings,
        connection: Callable[[], ConnectionRecord],
        storage: Callable[[], StorageView],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._page = page
        self._connection = connection
        self._storage = storage
        self._clock = clock
        self._due_at = 0.0

    def tick(self) -> None:
        """Look when a minute has passed since the last time."""
        if self._clock() >= self._due_at:
            self._due_at = self._clock() + EVERY_S
            self.look()

    def look(self) -> list[str]:
        """Write the lines that are new, together with what is told by them; returns their keys."""
        now, before = self._page.now(), self._page.get(KEY, Seen)
        lines, after = judged(before, self._connection(), self._storage().level, now)
        with self._page.database.begin() as tx:
            for line in lines:
                kind = line.key.partition(".")[0]
                self._page.journal.tell(tx, kind=kind, text=line.text, key=line.key, values=line.values)
            if after != before:
                self._page.table.put(tx, KEY, after.model_dump(mode="json"), at=now)
            notices.prune(tx, now - KEPT)
        return [line.key for line in lines]


def judged(before: Seen, record: ConnectionRecord, room: str, now: datetime) -> tuple[list[Line], Seen]:
    """Return what is to be told, and what is known then."""
    about_certificate, told_end = _certificate(before, record, now)
    about_silence, silent_since = _silence(before, record, now)
    after = Seen(
        site_id=record.site_id,
        certificate=record.certificate_expires_at,
        told_end=told_end,
        silent_since=silent_since,
        room=room,
    )
    return [*about_certificate, *about_silence, *_room(before.room, room)], after


def _certificate(before: Seen, record: ConnectionRecord, now: datetime) -> tuple[list[Line], datetime | None]:
    ends = record.certificate_expires_at
    if ends is None or record.state not in ENROLLED:
        return [], None
    day = f"{ends:%Y-%m-%d}"
    if before.site_id == record.site_id and before.certificate is not None and ends > before.certificate:
        text = f"The certificate of this site was renewed; it holds until {day}."
        return [Line(key="certificate.renewed", text=text, values={"day": day})], None
    if ends - now >= SOON or before.told_end == ends:
        return [], before.told_end
    text = f"The certificate of this site ends on {day}. It should have renewed by itself: keep the program running and connected."
    return [Line(key="certificate.expires", text=text, values={"day": day})], ends


def _silence(before: Seen, record: ConnectionRecord, now: datetime) -> tuple[list[Line], datetime | None]:
    if record.state == "reconnecting":
        if before.silent_since is not None or now - record.since <= LONG:
            return [], before.silent_since
        text = f"The laboratory has not answered since {record.since:%Y-%m-%d %H:%M} UTC; it is tried again by itself."
        return [Line(key="connection.unreachable", text=text, values={"at": record.since.isoformat()})], record.since
    if record.state == "connected" and before.silent_since is not None:
        return [Line(key="connection.back", text="The laboratory answers again.", values={})], None
    return [], None


def _room(before: str, present: str) -> list[Line]:
    if _ROOM.get(present, 0) <= _ROOM.get(before, 0):
        return []
    text = {
        "low": "The room for data at this site is running out.",
        "full": "There is no room for more data at this site; imports stop.",
    }[present]
    return [Line(key=f"storage.{present}", text=text, values={})]
