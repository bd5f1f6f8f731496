"""The desk of the laboratory's services, and who acts at it."""

from collections.abc import Callable
from datetime import UTC, datetime

from fl_core.acting import acted_by
from fl_core.desk import Desk
from fl_core.events import EventBus
from fl_core.storage.database import Database
from fl_core.storage.journal import ActivityRow, Journal
from fl_core.views import activity_view

_MANAGER = "manager"
SYSTEM = "system"
DETAIL = "detail"
"""Kind of the lines that only a session's own log shows."""


def by_manager() -> str:
    """Return who acts for the laboratory: the signed-in account, or a script or job of the manager's."""
    return acted_by(_MANAGER)


def make_desk(database: Database, bus: EventBus, now: Callable[[], datetime] = lambda: datetime.now(UTC)) -> Desk:
    """Return a desk whose journal publishes its lines on the bus."""
    journal = Journal(database, on_activity=lambda row: _publish(bus, row), clock=now)
    return Desk(database, journal, bus, now)


def _publish(bus: EventBus, row: ActivityRow) -> None:
    if row.kind != DETAIL:
        bus.publish("activity", activity_view(row))
