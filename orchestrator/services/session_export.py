"""A session whole, as one document: what was wished, who agreed to what, what came in, what it became."""

from fl_core.desk import Desk
from fl_core.storage import lab_amendments, lab_models, lab_past, lab_sessions
from fl_core.storage.lab_past import PastAnswer
from fl_core.storage.lab_sessions import ParticipationRow
from orchestrator.schemas import SessionExport, SignedPair
from orchestrator.services.models import Models
from orchestrator.services.session_views import SessionViews


class SessionExports:
    """Collects; changes nothing."""

    def __init__(self, desk: Desk, *, views: SessionViews, models: Models) -> None:
        self._desk = desk
        self._views = views
        self._models = models

    def of(self, session_id: str) -> SessionExport:
        """Return the session with its models' cards and the signed documents; raises NotFound."""
        with self._desk.database.read() as connection:
            parts = lab_sessions.participations(connection, session_id)
            further = lab_amendments.of_session(connection, session_id)
            past = lab_past.of_session(connection, session_id)
            made = lab_models.of_session(connection, session_id)
        answered: list[ParticipationRow | PastAnswer] = [*parts, *past]
        documents = [
            SignedPair(
                site_id=part.site_id,
                offer=part.offer,
                consent=part.consent_document,
                withdrawal=part.withdrawal_document,
            )
            for part in answered
        ] + [
            SignedPair(site_id=row.site_id, offer=row.offer, consent=row.consent_document, withdrawal=None)
            for row in further
        ]
        return SessionExport(
            exported_at=self._desk.now(),
            session=self._views.get(session_id),
            models=[self._models.view_of(row) for row in made],
            documents=documents,
        )
