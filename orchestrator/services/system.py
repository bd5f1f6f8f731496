"""The state of the daemon itself."""

from collections.abc import Callable
from dataclasses import dataclass

from fl_core.events import EventBus
from fl_core.protocol.version import PROTOCOL
from fl_core.supervision.supervisor import ChildStatus
from fl_core.views import child_view
from orchestrator.schemas import SystemView


@dataclass(frozen=True, slots=True)
class Identity:
    """Who this orchestrator is, to its manager and to its sites."""

    name: str
    version: str
    public_address: str
    ca_pem: str
    ca_fingerprint: str


class System:
    """Shows the daemon and its children; publishes each change."""

    def __init__(
        self, identity: Identity, bus: EventBus, statuses: Callable[[], list[ChildStatus]], draining: Callable[[], bool]
    ) -> None:
        self._identity = identity
        self._bus = bus
        self._statuses = statuses
        self._draining = draining

    @property
    def name(self) -> str:
        """Name of the laboratory."""
        return self._identity.name

    @property
    def version(self) -> str:
        """Version of the installed program."""
        return self._identity.version

    def view(self) -> SystemView:
        """Return the present state."""
        identity = self._identity
        return SystemView(
            name=identity.name,
            version=identity.version,
            protocol=str(PROTOCOL),
            public_address=identity.public_address,
            ca_fingerprint=identity.ca_fingerprint,
            children=[child_view(status) for status in self._statuses()],
            draining=self._draining(),
            seq=self._bus.seq,
        )

    def publish(self) -> None:
        """Tell the pages."""
        self._bus.publish("system", self.view)
