"""What every service of a daemon writes with: database, journal, live events and the clock."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from fl_core.events import EventBus
from fl_core.storage.database import Database
from fl_core.storage.journal import Journal


@dataclass(frozen=True, slots=True)
class Desk:
    """Database, journal, bus, clock."""

    database: Database
    journal: Journal
    bus: EventBus
    now: Callable[[], datetime]
