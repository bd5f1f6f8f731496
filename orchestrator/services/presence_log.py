"""Writes down when sites are there, and says for which share of the last hours each was."""

import time
from collections.abc import Callable, Iterable
from datetime import timedelta

from fl_core.desk import Desk
from fl_core.lifecycle import EnrolmentState
from fl_core.storage import lab_presence, lab_sites
from orchestrator.schemas_sites import PresenceView, SitePresence
from orchestrator.services.presence import Presence

KEPT_EVERY_S = 60.0
"""So much of a site's presence is lost at most when the daemon is killed."""
LISTED = frozenset(EnrolmentState) - {EnrolmentState.PENDING, EnrolmentState.REFUSED}


class PresenceLog:
    """Keeps intervals of presence; `tick` is a duty of the heartbeat."""

    def __init__(self, desk: Desk, presence: Presence, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._desk = desk
        self._presence = presence
        self._clock = clock
        self._kept_at = -KEPT_EVERY_S

    def changed(self, site_ids: Iterable[str]) -> None:
        """Write down at once that sites came or went; one that went was there until a moment ago."""
        with self._desk.database.begin() as tx:
            lab_presence.note(tx, site_ids, self._desk.now())

    def tick(self) -> None:
        """Once a minute, write down who is there."""
        if self._clock() - self._kept_at < KEPT_EVERY_S:
            return
        self._kept_at = self._clock()
        there = self._presence.online()
        if there:
            self.changed(sorted(there))

    def view(self, *, hours: int, parts: int) -> PresenceView:
        """Return the share of each part of the last hours for which each site was there."""
        until = self._desk.now()
        since = until - timedelta(hours=hours)
        with self._desk.database.read() as connection:
            found = lab_presence.stays(connection, since)
        by_site: dict[str, list[lab_presence.Stay]] = {}
        for stay in found:
            by_site.setdefault(stay.site_id, []).append(stay)
        return PresenceView(
            since=since,
            until=until,
            items=[
                SitePresence(
                    site_id=row.id,
                    shares=lab_presence.shares(by_site.get(row.id, []), since=since, until=until, parts=parts),
                )
                for row in lab_sites.sites(self._desk.database)
                if row.state in LISTED
            ],
        )
