"""Where the way from a site to here is broken: trust, gateway, peer API, Flower node, each with when it last worked."""

from datetime import datetime

from fl_core.desk import Desk
from fl_core.errors import FlomirError
from fl_core.lifecycle import EnrolmentState
from fl_core.storage import lab_history, lab_sites
from fl_core.storage.lab_sites import SiteRow
from orchestrator.schemas_sites import ConnectionCheck, ContributionView, SiteDiagnosis, SiteHistory
from orchestrator.services.engine import Engine, Gateway
from orchestrator.services.presence import Presence


class SiteDiagnoses:
    """Looks at one site now; asks the gateway and the engine."""

    def __init__(self, desk: Desk, *, presence: Presence, gateway: Gateway, engine: Engine) -> None:
        self._desk = desk
        self._presence = presence
        self._gateway = gateway
        self._engine = engine

    def history(self, site_id: str) -> SiteHistory:
        """Return what the site contributed; raises NotFound."""
        lab_sites.get_site(self._desk.database, site_id)
        with self._desk.database.read() as connection:
            found = lab_history.contributions(connection, site_id)
        items = [
            ContributionView.model_validate({name: getattr(one, name) for name in ContributionView.model_fields})
            for one in found
        ]
        return SiteHistory(
            items=items, rounds=sum(item.rounds for item in items), bytes=sum(item.bytes for item in items)
        )

    def diagnose(self, site_id: str) -> SiteDiagnosis:
        """Return every step of the way; raises NotFound."""
        row = lab_sites.get_site(self._desk.database, site_id)
        checks = [self._trust(row)]
        if row.state is EnrolmentState.TRUSTED:
            checks += [self._at_gateway(row), self._at_peer_api(row), self._at_flower(row)]
        return SiteDiagnosis(checks=checks)

    def _trust(self, row: SiteRow) -> ConnectionCheck:
        ends = row.certificate_expires_at
        if row.state is EnrolmentState.TRUSTED and ends is not None and ends <= self._desk.now():
            return _check("trust", "bad", "certificate_ended", ends)
        if row.state is EnrolmentState.TRUSTED:
            return _check("trust", "good", "good", row.decided_at)
        level = "bad" if row.state in {EnrolmentState.REFUSED, EnrolmentState.REVOKED} else "warning"
        return _check("trust", level, row.state.value, row.decided_at)

    def _at_gateway(self, row: SiteRow) -> ConnectionCheck:
        try:
            since = self._gateway.connections().get(row.id)
        except FlomirError:
            return _check("gateway", "warning", "unknown", None)
        if since is not None:
            return _check("gateway", "good", "good", self._desk.now())
        return _check("gateway", "bad", "not_connected" if row.last_seen else "never_seen", row.last_seen)

    def _at_peer_api(self, row: SiteRow) -> ConnectionCheck:
        if self._presence.is_online(row.id):
            return _check("peer_api", "good", "good", self._desk.now())
        return _check("peer_api", "bad", "not_heard" if row.last_seen else "never_seen", row.last_seen)

    def _at_flower(self, row: SiteRow) -> ConnectionCheck:
        if row.node_id is None:
            return _check("flower", "bad", "not_registered", None)
        try:
            status = self._engine.nodes_now().get(row.node_id)
        except FlomirError:
            return _check("flower", "warning", "unknown", None)
        if status is None:
            return _check("flower", "bad", "not_registered", None)
        if status == "online":
            return _check("flower", "good", "good", self._desk.now())
        return _check("flower", "warning", "node_offline", row.last_seen)


def _check(step: str, level: str, code: str, seen: datetime | None) -> ConnectionCheck:
    return ConnectionCheck.model_validate({"step": step, "level": level, "code": code, "seen": seen})
