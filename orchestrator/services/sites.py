"""Sites as the manager sees them."""

from fl_core.desk import Desk
from fl_core.storage import lab_sites
from fl_core.storage.lab_sites import SiteRow
from fl_core.storage.listing import Wanted
from fl_core.trust.identity import short_fingerprint
from orchestrator.schemas import SiteList, SiteView
from orchestrator.services.desk import by_manager
from orchestrator.services.presence import Presence


class Sites:
    """Views, names and the announcements of sites."""

    def __init__(self, desk: Desk, presence: Presence) -> None:
        self._desk = desk
        self._presence = presence

    def part(self, wanted: Wanted) -> SiteList:
        """Return a part of the list, oldest request first unless asked otherwise."""
        counts = lab_sites.count_sessions(self._desk.database)
        with self._desk.database.read() as connection:
            part = lab_sites.list_sites(connection, wanted)
        items = [self._view(row, counts.get(row.id, 0)) for row in part.rows]
        return SiteList(items=items, total=part.total, next_cursor=part.next_cursor)

    def view(self, site_id: str) -> SiteView:
        """Return one site or raise NotFound."""
        row = lab_sites.get_site(self._desk.database, site_id)
        return self._view(row, lab_sites.count_sessions(self._desk.database).get(site_id, 0))

    def rename(self, site_id: str, name: str) -> SiteView:
        """Give a site another name; its certificate keeps the old one until it is renewed."""
        with self._desk.database.begin() as tx:
            before = lab_sites.site_by_id(tx.connection, site_id).name
            lab_sites.update_site(tx, site_id, {"name": name})
            self._desk.journal.note(
                tx,
                actor=by_manager(),
                action="site.renamed",
                subject=site_id,
                details={"before": before, "after": name},
                text=f"{before} is now called {name}.",
                values={"before": before, "name": name},
            )
            tx.after_commit(lambda: self.publish(site_id))
        return self.view(site_id)

    def publish(self, site_id: str) -> None:
        """Tell the pages about a site."""
        self._desk.bus.publish("site", lambda: self.view(site_id))

    def _view(self, row: SiteRow, sessions: int) -> SiteView:
        usable = 0 if row.data is None else row.data.studies_usable
        return SiteView(
            id=row.id,
            name=row.name,
            state=row.state.value,
            fingerprint=short_fingerprint(row.fingerprint),
            online=row.state == "trusted" and self._presence.is_online(row.id),
            last_seen=row.last_seen,
            requested_at=row.requested_at,
            software=row.software,
            certificate_expires_at=row.certificate_expires_at,
            data=row.data,
            new_studies=max(0, usable - row.studies_at_last_round),
            sessions=sessions,
        )
