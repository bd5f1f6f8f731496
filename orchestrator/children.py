"""The orchestrator's child processes: what each is started with."""

import errno
import json
import secrets
import socket
import time
from dataclasses import dataclass
from pathlib import Path

from fl_core.errors import Conflict
from fl_core.flower.configs import LaboratoryAgentConfig, SuperLinkConfig
from fl_core.supervision.child import ChildSpec, write_private
from fl_core.supervision.ports import free_ports
from fl_core.transport.config import GatewayConfig
from fl_core.trust.authority import TrustPaths

PORT_PATIENCE_S = 8.0
PORT_POLL_S = 0.1


@dataclass(frozen=True, kw_only=True)
class Wiring:
    """Ports and secrets of one run of the daemon; children that restart keep them."""

    api_port: int
    public_host: str
    public_port: int
    bind: str
    superlink_port: int
    agent_port: int
    admin_port: int
    gateway_secret: str
    engine_secret: str
    agent_token: str
    progress_token: str

    @property
    def public_address(self) -> str:
        """What invitations carry."""
        bare = self.public_host.strip("[]")
        host = f"[{bare}]" if ":" in bare else bare
        return f"{host}:{self.public_port}"

    @property
    def agent_url(self) -> str:
        """Where the agent's API is."""
        return f"http://127.0.0.1:{self.agent_port}"

    @property
    def admin_url(self) -> str:
        """Where the gateway's admin API is."""
        return f"http://127.0.0.1:{self.admin_port}"


def make_wiring(home: Path, *, api_port: int, public_host: str, public_port: int, bind: str) -> Wiring:
    """Choose free ports and fresh secrets; a public port once chosen is kept in the home folder."""
    chosen = public_port or _kept_port(home) or free_ports(1, bind)[0]
    write_private(home / "ports.json", json.dumps({"public_port": chosen}))
    superlink, agent, admin = free_ports(3)
    return Wiring(
        api_port=api_port,
        public_host=public_host,
        public_port=chosen,
        bind=bind,
        superlink_port=superlink,
        agent_port=agent,
        admin_port=admin,
        gateway_secret=secrets.token_urlsafe(32),
        engine_secret=secrets.token_urlsafe(32),
        agent_token=secrets.token_urlsafe(32),
        progress_token=secrets.token_urlsafe(32),
    )


def child_specs(home: Path, wiring: Wiring) -> list[ChildSpec]:
    """Return SuperLink, gateway and agent, in the order in which they start."""
    trust = TrustPaths.of_home(home)
    flower = home / "flower"
    (flower / "home").mkdir(parents=True, exist_ok=True)
    secret_file = flower / "executor.secret"
    superlink = SuperLinkConfig(
        port=wiring.superlink_port,
        engine_secret=wiring.engine_secret,
        secret_file=secret_file,
        database=flower / "superlink.sqlite",
        flwr_home=flower / "home",
    )
    gateway = GatewayConfig(
        public_host=wiring.public_host,
        public_port=wiring.public_port,
        bind=wiring.bind,
        cert=trust.orchestrator_cert,
        key=trust.orchestrator_key,
        ca=trust.ca_cert,
        trusted_file=trust.trusted,
        upstream_api=f"http://127.0.0.1:{wiring.api_port}",
        upstream_fleet=f"http://127.0.0.1:{wiring.superlink_port}",
        gateway_secret=wiring.gateway_secret,
        engine_secret=wiring.engine_secret,
        admin_port=wiring.admin_port,
        home=home,
    )
    agent = LaboratoryAgentConfig(
        port=wiring.agent_port,
        token=wiring.agent_token,
        superlink=f"127.0.0.1:{wiring.superlink_port}",
        engine_secret=wiring.engine_secret,
        secret_file=secret_file,
        flwr_home=flower / "home",
        home=home,
        gateway_admin=wiring.admin_url,
        gateway_secret=wiring.gateway_secret,
        progress_url=f"http://127.0.0.1:{wiring.api_port}/internal/v1/progress",
        progress_token=wiring.progress_token,
    )
    return [
        ChildSpec(name="gateway", module="fl_core.transport.gateway", config=gateway.model_dump(mode="json"), cwd=home),
        ChildSpec(
            name="superlink", module="fl_core.flower.superlink_main", config=superlink.model_dump(mode="json"), cwd=home
        ),
        ChildSpec(name="agent", module="fl_core.flower.agent", config=agent.model_dump(mode="json"), cwd=home),
    ]


def check_public_port(home: Path, *, wished: int, bind: str) -> None:
    """Make sure that the gateway's port can be opened; one that a killed daemon's gateway holds is waited for.

    Raises
    ------
    Conflict
        When somebody else uses it, or it cannot be opened at that address.
    """
    port = wished or _kept_port(home)
    end = time.monotonic() + PORT_PATIENCE_S
    while (reason := _why_not(bind, port)) is not None:
        if reason.errno != errno.EADDRINUSE or time.monotonic() > end:
            raise _refused(bind, port, reason)
        time.sleep(PORT_POLL_S)


def _why_not(host: str, port: int) -> OSError | None:
    with socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            return error
    return None


def _refused(host: str, port: int, reason: OSError) -> Conflict:
    if reason.errno == errno.EADDRINUSE:
        refusal = Conflict(f"port {port} for the sites is used by another program")
        refusal.remedy = "End that program, or choose another port with --public-port."
    elif reason.errno == errno.EACCES:
        refusal = Conflict(f"port {port} for the sites may not be opened by this account")
        refusal.remedy = "Choose one of 1024 and more with --public-port."
    else:
        refusal = Conflict(f"no port for the sites can be opened on {host}: {reason.strerror}")
        refusal.remedy = "Name an address of this computer with --bind; 0.0.0.0 means all."
    return refusal


def _kept_port(home: Path) -> int:
    try:
        return int(json.loads((home / "ports.json").read_text("utf-8"))["public_port"])
    except (OSError, ValueError, KeyError, TypeError):
        return 0
