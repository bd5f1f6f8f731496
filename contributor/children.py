"""The children of an enrolled site: relay, SuperNode and agent (which keeps the runner), on loopback ports."""

import threading
from collections.abc import Callable

from pydantic import BaseModel

from contributor.certificates import SiteCertificates
from contributor.paths import SitePaths
from fl_core.flower.configs import SiteAgentConfig, SuperNodeConfig
from fl_core.storage.site_connection import ConnectionRecord
from fl_core.supervision.child import ChildSpec
from fl_core.supervision.ports import free_ports
from fl_core.supervision.supervisor import ChildStatus, Supervisor
from fl_core.transport.config import RelayConfig
from fl_core.trust.identity import spki_pem

RELAY, SUPERNODE, AGENT = "relay", "supernode", "agent"
SIGN_OFF_S, OTHERS_END_S = 5.0, 2.5


class SiteChildren:
    """Starts the children when the site is trusted and ends them when it is not.

    Parameters
    ----------
    progress_url, progress_token : where the runner hints that it has written progress
    on_change : called with each change of a child's state
    """

    def __init__(
        self,
        *,
        paths: SitePaths,
        certificates: SiteCertificates,
        progress_url: str,
        progress_token: str,
        torch_threads: int,
        on_change: Callable[[ChildStatus], None],
    ) -> None:
        self._paths = paths
        self._certificates = certificates
        self._progress_url = progress_url
        self._progress_token = progress_token
        self._torch_threads = torch_threads
        self._on_change = on_change
        self._supervisor = Supervisor(on_change=on_change)
        self._lock = threading.Lock()
        self._running = False

    def statuses(self) -> list[ChildStatus]:
        """Return every child's state."""
        return self._supervisor.statuses()

    def start(self, record: ConnectionRecord) -> None:
        """Start the children for this relation; does nothing when they run."""
        with self._lock:
            if self._running:
                return
            self._running = True
            for spec in self.specs(record, free_ports(3)):
                self._supervisor.add(spec)
            self._supervisor.start_all()

    def restart_relay(self) -> None:
        """Let the relay read a renewed certificate, or another proxy."""
        with self._lock:
            if self._running:
                self._supervisor.restart(RELAY)

    def stop(self, *, may_sign_off: bool = True) -> None:
        """End every child within 8 s, the SuperNode first: while the relay still runs it signs off at the other side.

        A SuperNode that could not sign off is taken for online, and refused, until its heartbeat has expired. Where the
        other side lets nothing of this site in any more, there is no use in trying, and they end within 3 s. Idempotent.
        """
        with self._lock:
            self._running = False
            if may_sign_off and any(status.name == SUPERNODE and status.pid is not None for status in self.statuses()):
                self._supervisor.remove(SUPERNODE, SIGN_OFF_S)
            self._supervisor.stop_all(OTHERS_END_S)

    def specs(self, record: ConnectionRecord, ports: list[int]) -> list[ChildSpec]:
        """Return what is started, in this order."""
        paths, (relay, supernode, agent) = self._paths, ports
        secret_file, flwr_home = paths.flower / "executor.secret", paths.flower / "home"
        public_key = spki_pem(self._certificates.key().public_key()).decode("ascii")
        relay_config = RelayConfig(
            port=relay,
            gateway=record.address or "",
            ca=paths.ca,
            cert=paths.certificate,
            key=paths.key,
            public_key_pem=public_key,
            home=paths.home,
            proxy_file=paths.proxy_in_use,
        )
        supernode_config = SuperNodeConfig(
            port=supernode,
            superlink=f"127.0.0.1:{relay}",
            key_file=paths.flower_key,
            secret_file=secret_file,
            flwr_home=flwr_home,
            wake_url=f"http://127.0.0.1:{agent}/wake",
        )
        agent_config = SiteAgentConfig(
            port=agent,
            runtime=f"127.0.0.1:{supernode}",
            secret_file=secret_file,
            flwr_home=flwr_home,
            home=paths.home,
            grants_file=paths.grants,
            progress_file=paths.progress,
            progress_url=self._progress_url,
            progress_token=self._progress_token,
            torch_threads=self._torch_threads,
        )
        return [
            self._spec(RELAY, "fl_core.transport.relay", relay_config),
            self._spec(SUPERNODE, "fl_core.flower.supernode_main", supernode_config),
            self._spec(AGENT, "fl_core.flower.agent", agent_config),
        ]

    def _spec(self, name: str, module: str, config: BaseModel) -> ChildSpec:
        return ChildSpec(name=name, module=module, config=config.model_dump(mode="json"), cwd=self._paths.home)
