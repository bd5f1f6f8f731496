"""What happened: activity in words without the details that only a session's log shows, and the audit chain."""

from fl_core import records
from fl_core.desk import Desk
from orchestrator.services.desk import DETAIL


class Records(records.Records):
    """Reads what the desk's journal wrote."""

    def __init__(self, desk: Desk) -> None:
        super().__init__(desk.database, desk.journal, without_kind=DETAIL)
