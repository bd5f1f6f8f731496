"""Who has more usable studies than when its last round closed, and whether that is enough for a session."""

from fl_core.desk import Desk
from fl_core.lifecycle import EnrolmentState
from fl_core.storage import lab_history, lab_sites
from fl_core.storage.lab_history import LastModel
from fl_core.storage.lab_sites import SiteRow
from orchestrator.schemas_settings import Limits
from orchestrator.schemas_sites import NewDataSite, NewDataView
from orchestrator.services.house_settings import HouseSettings
from orchestrator.services.presence import Presence


class NewData:
    """Looks through the trusted sites."""

    def __init__(self, desk: Desk, *, presence: Presence, settings: HouseSettings) -> None:
        self._desk = desk
        self._presence = presence
        self._settings = settings

    def view(self) -> NewDataView:
        """Return every trusted site, most new studies first."""
        limits = self._settings.limits()
        with self._desk.database.read() as connection:
            last = lab_history.last_models(connection)
        sites = [
            self._site(row, last.get(row.id), limits)
            for row in lab_sites.sites(self._desk.database)
            if row.state is EnrolmentState.TRUSTED
        ]
        return NewDataView(
            items=sorted(sites, key=lambda site: (-site.new, site.name)),
            least_new_studies=limits.least_new_studies,
            least_sites=limits.least_sites,
            enough=sum(site.enough for site in sites) >= limits.least_sites,
        )

    def _site(self, row: SiteRow, last: LastModel | None, limits: Limits) -> NewDataSite:
        data = row.data
        usable = 0 if data is None else data.studies_usable
        new = max(0, usable - row.studies_at_last_round)
        return NewDataSite(
            site_id=row.id,
            name=row.name,
            online=self._presence.is_online(row.id),
            usable=usable,
            new=new,
            with_reference=0 if data is None else data.with_reference,
            by_task={} if data is None else dict(data.by_task),
            added_at=None if data is None else data.added_at,
            since_model_id=None if last is None else last.model_id,
            since_model=None if last is None else last.name,
            since=None if last is None else last.at,
            enough=new >= limits.least_new_studies,
        )
