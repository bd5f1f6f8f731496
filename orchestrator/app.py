"""The running orchestrator: its services, its processes and its web application, put together."""

import json
import logging
import os
import threading
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from wsgiref.types import WSGIApplication

from flask_socketio import SocketIO

from fl_core.about import software_version
from fl_core.errors import FlomirError
from fl_core.events import EventBus
from fl_core.storage.database import open_database
from fl_core.storage.place import remember
from fl_core.supervision.child import write_private
from fl_core.supervision.jobs import run_job
from fl_core.supervision.supervisor import ChildStatus, Supervisor
from fl_core.trust.authority import Authority
from fl_core.trust.identity import fingerprint, short_fingerprint
from fl_core.web import realtime, static
from fl_core.web.logins import Logins
from fl_core.web.security import Gate, GateSettings
from orchestrator.api import make_app
from orchestrator.children import Wiring, check_public_port, child_specs, make_wiring
from orchestrator.core import DAY_S, Core, Outside
from orchestrator.schemas_settings import NextStart
from orchestrator.services.desk import make_desk
from orchestrator.services.engine import AgentClient, GatewayClient
from orchestrator.services.system import Identity
from orchestrator.settings import OrchestratorSettings

MIGRATIONS = Path(__file__).parent / "migrations"
PAGES = Path(__file__).parent / "web"
GATEWAY_READY_S = 10.0

logger = logging.getLogger(__name__)


@dataclass(frozen=True, kw_only=True)
class Ready:
    """What the first line of output says."""

    url: str
    link: str
    api_token_file: str
    gateway: str


def check_home(settings: OrchestratorSettings) -> None:
    """Find out before anything is started whether the home folder and the public port can be used.

    Raises
    ------
    StorageFailed
        ``storage.schema_too_new``, ``storage.unreachable`` or ``storage.failed``.
    Conflict
        When the port for the sites is taken, or the records are in another database.
    """
    open_database(settings.database, migrations=MIGRATIONS).close()
    remember(settings.home, settings.database)
    check_public_port(settings.home, wished=settings.public_port, bind=settings.bind)


class Orchestrator:
    """The running daemon; composed in the worker process that serves it."""

    def __init__(self, settings: OrchestratorSettings, *, api_port: int, on_ready: Callable[[Ready], None]) -> None:
        home = settings.home
        self._settings = settings
        self._on_ready = on_ready
        self._port = api_port
        self._stop_lock = threading.Lock()
        self._stopped = False
        self._database = open_database(settings.database, migrations=MIGRATIONS)
        self._wiring = make_wiring(
            home,
            api_port=api_port,
            public_host=settings.public_host,
            public_port=settings.public_port,
            bind=settings.bind,
        )
        authority = Authority.create(home, settings.name, settings.public_host)
        if authority.orchestrator_needs_renewal(settings.public_host):
            authority.renew_orchestrator(settings.name, settings.public_host)
        self._logins = Logins.of_home(home)
        self._supervisor = Supervisor(on_change=self._on_child)
        bus = EventBus()
        self.core = Core(
            home=home,
            desk=make_desk(self._database, bus),
            authority=authority,
            identity=_identity(settings, self._wiring, authority),
            outside=Outside(
                engine=AgentClient(self._wiring.agent_url, self._wiring.agent_token),
                gateway=GatewayClient(self._wiring.admin_url, self._wiring.gateway_secret),
                run_job=run_job,
                statuses=self._supervisor.statuses,
            ),
            login_s=settings.login_days * DAY_S,
            started_with=NextStart(public_host=settings.public_host, upload_limit_mib=settings.upload_limit_mib),
        )
        self.wsgi, self._socketio = make_wsgi(
            self.core,
            self._logins,
            wiring=self._wiring,
            new_link=self.new_link,
            upload_limit_bytes=settings.upload_limit_bytes,
            login_s=settings.login_days * DAY_S,
        )

    def new_link(self) -> str:
        """Return a fresh one-time link."""
        return f"http://127.0.0.1:{self._port}/login?token={self._logins.new_link_token()}"

    def start(self) -> None:
        """Start children and heartbeat; the ready line follows once the gateway is open."""
        self.core.trust_list.write_file()
        for spec in child_specs(self._settings.home, self._wiring):
            self._supervisor.add(spec)
        self._supervisor.start_all()
        self.core.heartbeat.start()
        self.core.house.sender.start()
        self.core.laboratory.start()
        threading.Thread(target=self._announce, name="announce", daemon=True).start()

    def stop(self) -> None:
        """End live connections, heartbeat and children; idempotent."""
        with self._stop_lock:
            if self._stopped:
                return
            self._stopped = True
        realtime.disconnect_all(self._socketio)
        closing = threading.Thread(target=self.core.close, name="closing", daemon=True)
        closing.start()
        self.core.laboratory.stop()
        self._supervisor.stop_all()
        closing.join(1.0)
        self._database.close()
        self._logins.forget_page()
        (self._settings.home / "daemon.json").unlink(missing_ok=True)
        logger.info("the orchestrator has stopped")

    def _announce(self) -> None:
        try:
            self._supervisor.wait_ready("gateway", GATEWAY_READY_S)
        except FlomirError as error:
            logger.error("the gateway is not open yet", extra={"error": str(error)})
        url = f"http://127.0.0.1:{self._port}"
        token_file = str(self._settings.home / "api.token")
        content = {"url": url, "pid": os.getpid(), "gateway": self._wiring.public_address}
        write_private(self._settings.home / "daemon.json", json.dumps(content))
        self._on_ready(
            Ready(url=url, link=self.new_link(), api_token_file=token_file, gateway=self._wiring.public_address)
        )

    def _on_child(self, status: ChildStatus) -> None:
        self.core.system.publish()
        if status.state == "ready" and status.name in {"agent", "superlink"}:
            self.core.on_engine_ready()


def make_wsgi(
    core: Core,
    logins: Logins,
    *,
    wiring: Wiring,
    new_link: Callable[[], str],
    upload_limit_bytes: int,
    login_s: int,
    pages: Path = PAGES,
) -> tuple[WSGIApplication, SocketIO]:
    """Return the whole web application, the gate outermost, and its live channel."""
    port = wiring.api_port
    app = make_app(core.services(new_link, f"http://127.0.0.1:{port}"), upload_limit_bytes=upload_limit_bytes)
    socketio = realtime.install(app, core.desk.bus, origins=[f"http://127.0.0.1:{port}", f"http://localhost:{port}"])
    core.accounts.sign_ins.on_ended = lambda ids: realtime.disconnect(socketio, ids)
    static.install(app, pages, title="FLoMIR orchestrator")
    gate = Gate(
        app.wsgi_app,
        settings=GateSettings(
            port=port, max_age_s=login_s, gateway_secret=wiring.gateway_secret, internal_token=wiring.progress_token
        ),
        logins=logins,
        accounts=core.accounts,
        side="Orchestrator",
    )
    return gate, socketio


def _identity(settings: OrchestratorSettings, wiring: Wiring, authority: Authority) -> Identity:
    return Identity(
        name=settings.name,
        version=software_version(),
        public_address=wiring.public_address,
        ca_pem=authority.ca_pem,
        ca_fingerprint=short_fingerprint(fingerprint(authority.certificate)),
    )
