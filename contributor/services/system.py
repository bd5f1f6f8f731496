"""The daemon as a whole, for the system page."""

from collections.abc import Callable

from contributor.schemas import LoginLink, SystemView
from contributor.services.connection import Connection
from contributor.services.studies import Studies
from fl_core.events import EventBus
from fl_core.protocol.version import PROTOCOL
from fl_core.supervision.supervisor import ChildStatus
from fl_core.views import child_view


class System:
    """Puts together what the system page shows."""

    def __init__(
        self,
        *,
        version: str,
        bus: EventBus,
        connection: Connection,
        studies: Studies,
        children: Callable[[], list[ChildStatus]],
        new_link: Callable[[], str],
    ) -> None:
        self._version = version
        self._bus = bus
        self._connection = connection
        self._studies = studies
        self._children = children
        self._new_link = new_link

    def view(self) -> SystemView:
        """Return the present state."""
        return SystemView(
            version=self._version,
            protocol=str(PROTOCOL),
            connection=self._connection.view(),
            children=[child_view(status) for status in self._children()],
            shared_summary=self._studies.summary(),
            seq=self._bus.seq,
        )

    def new_link(self) -> LoginLink:
        """Return a fresh one-time link to the page."""
        return LoginLink(link=self._new_link())

    def publish(self) -> None:
        """Tell the pages."""
        self._bus.publish("system", self.view)
