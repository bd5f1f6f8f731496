"""The plan of a session as the ServerApp gets it: who trains how long, from the consents that are in force."""

from fl_core.desk import Desk
from fl_core.errors import PeerUnreachable
from fl_core.protocol.messages import StrategyChoice
from fl_core.protocol.plan import PlannedSite, SessionPlan
from fl_core.storage import lab_models, lab_sessions, lab_sites
from fl_core.storage.lab_sessions import ParticipationRow, SessionRow
from fl_core.storage.lab_sites import SiteRow
from orchestrator.services.eligibility import agreed_to, eligible
from orchestrator.services.models import Models
from orchestrator.services.session_spec import closed_rounds, left_out
from orchestrator.services.trust_list import TrustList


class SessionPlans:
    """Builds plans; the same state gives the same plan."""

    def __init__(self, desk: Desk, *, models: Models, trust_list: TrustList) -> None:
        self._desk = desk
        self._models = models
        self._trust_list = trust_list

    def at_start(self, row: SessionRow) -> tuple[SessionPlan, int]:
        """Return the plan of a run that begins, and how many sites agreed to its first round.

        Raises
        ------
        PeerUnreachable
            ``federation.engine_lost`` while a site is not registered with the engine.
        """
        self._trust_list.settle_nodes()
        found = self._sites(row)
        if any(site.node_id is None for _, site in found):
            message = "a site is not registered with the engine yet"
            raise PeerUnreachable(message, code="federation.engine_lost")
        with self._desk.database.read() as connection:
            number = closed_rounds(lab_sessions.rounds(connection, row.id, newest=2)) + 1
        return self._plan(row, found, number), len(agreed_to([part for part, _ in found], number))

    def meanwhile(self, row: SessionRow) -> SessionPlan:
        """Return the plan of a run that goes on; a site that the engine does not know yet comes a moment later."""
        found = self._sites(row)
        if any(site.node_id is None for _, site in found):
            self._trust_list.settle_nodes()
            found = [(part, site) for part, site in self._sites(row) if site.node_id is not None]
        with self._desk.database.read() as connection:
            number = closed_rounds(lab_sessions.rounds(connection, row.id, newest=2)) + 1
        return self._plan(row, found, number)

    def _sites(self, row: SessionRow) -> list[tuple[ParticipationRow, SiteRow]]:
        with self._desk.database.read() as connection:
            parts = lab_sessions.participations(connection, row.id)
            trusted = lab_sessions.of_trusted_sites(connection, parts)
            able = eligible(trusted, self._desk.now(), without=left_out(row))
            return [(part, lab_sites.site_by_id(connection, part.site_id)) for part in able]

    def _plan(self, row: SessionRow, sites: list[tuple[ParticipationRow, SiteRow]], number: int) -> SessionPlan:
        with self._desk.database.read() as connection:
            sha256 = lab_models.by_id(connection, row.initial_model_id, deleted_too=True).sha256
        # After the first closed round the run begins with that round's weights; its first model may be deleted by then.
        initial = self._models.weights_path(sha256) if number == 1 else self._models.folder / f"{sha256}.safetensors"
        spec = row.spec
        values: dict[str, object] = {
            "session_id": row.id,
            "network": row.network,
            "strategy": StrategyChoice.model_validate(spec["strategy"]),
            "sites": [
                PlannedSite(
                    site_id=site.id,
                    name=site.name,
                    node_id=str(site.node_id),
                    rounds=part.terms.rounds,
                    studies=None if part.consent is None else part.consent.study_count,
                )
                for part, site in sites
            ],
            "initial_model": str(initial),
            "offer_sha256": {part.site_id: part.offer_sha256 for part, _ in sites},
        }
        names = ("task", "task_parameters", "rounds", "quorum", "fraction", "round_deadline_s", "seed")
        values |= {name: spec[name] for name in names}
        return SessionPlan.model_validate({**values, "max_update_norm": spec.get("max_update_norm")})
