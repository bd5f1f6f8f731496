"""The settings that are made on the laboratory's page."""

from fl_core.desk import Desk
from fl_core.page_settings import PageSettings
from fl_core.storage.lab_settings import LAB_SETTINGS
from orchestrator.schemas_settings import Limits
from orchestrator.services.desk import by_manager


class HouseSettings(PageSettings):
    """Those of the laboratory, in its own table."""

    def __init__(self, desk: Desk) -> None:
        super().__init__(
            database=desk.database,
            journal=desk.journal,
            table=LAB_SETTINGS,
            actor=by_manager,
            now=lambda: desk.now(),
        )

    def limits(self) -> Limits:
        """Return the present limits."""
        return self.get("limits", Limits)
