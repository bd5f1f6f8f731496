"""The orchestrator put together: the only place that wires objects."""

import json
import logging
import os
import threading
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from wsgiref.types import WSGIApplication

from flask_socketio import SocketIO
from pydantic import BaseModel

from fl_core.about import about
from fl_core.errors import FlomirError
from fl_core.events import EventBus
from fl_core.notices.sender import Sender
from fl_core.notices.settings import NoticeSettings, NoticeShapes
from fl_core.protocol.messages import SignedDocument
from fl_core.protocol.signing import Kind, sign
from fl_core.seen import Seen
from fl_core.storage import lab_sessions, lab_sites
from fl_core.storage.database import open_database
from fl_core.storage.place import remember
from fl_core.supervision import jobs
from fl_core.supervision.child import write_private
from fl_core.supervision.jobs import run_job
from fl_core.supervision.supervisor import ChildStatus, Supervisor
from fl_core.trust.authority import Authority, TrustPaths
from fl_core.trust.identity import fingerprint, short_fingerprint
from fl_core.web import realtime, static
from fl_core.web.accounts import Accounts
from fl_core.web.logins import Logins
from fl_core.web.security import Gate, GateSettings
from orchestrator.api import Services, make_app, software_version
from orchestrator.children import Wiring, check_public_port, child_specs, make_wiring
from orchestrator.roles import ROLES
from orchestrator.routes.settings import House
from orchestrator.schemas_settings import NextStart, Notices, NoticesView
from orchestrator.services.certificate_watch import CertificateWatch
from orchestrator.services.consents import Consents
from orchestrator.services.desk import Desk, make_desk
from orchestrator.services.drain import Drain, DrainState
from orchestrator.services.engine import AgentClient, Engine, Gateway, GatewayClient
from orchestrator.services.enrolment import Enrolment
from orchestrator.services.heartbeat import Heartbeat
from orchestrator.services.house_settings import HouseSettings
from orchestrator.services.inboxes import Inboxes
from orchestrator.services.invitations import Invitations
from orchestrator.services.laboratory.laboratory import Laboratory
from orchestrator.services.laboratory.work import RunLongJob
from orchestrator.services.model_bin import ModelBin
from orchestrator.services.model_family import ModelFamily
from orchestrator.services.models import Models, RunJob
from orchestrator.services.new_data import NewData
from orchestrator.services.next_start import LaboratoryStart
from orchestrator.services.notice_kinds import KIND_OF
from orchestrator.services.peers import Peers
from orchestrator.services.presence import Presence
from orchestrator.services.presence_log import PresenceLog
from orchestrator.services.pruning import Pruning
from orchestrator.services.records import Records
from orchestrator.services.round_closing import RoundClosing
from orchestrator.services.session_book import SessionBook
from orchestrator.services.session_changes import SessionChanges
from orchestrator.services.session_estimate import SessionEstimates
from orchestrator.services.session_export import SessionExports
from orchestrator.services.session_folder import SessionFolders
from orchestrator.services.session_ingest import SessionIngest
from orchestrator.services.session_offers import SessionOffers
from orchestrator.services.session_plans import SessionPlans
from orchestrator.services.session_runs import SessionRuns
from orchestrator.services.session_views import SessionViews
from orchestrator.services.sessions import Sessions
from orchestrator.services.site_diagnosis import SiteDiagnoses
from orchestrator.services.sites import Sites
from orchestrator.services.system import Identity, System
from orchestrator.services.trust_list import TrustList
from orchestrator.settings import OrchestratorSettings

MIGRATIONS = Path(__file__).parent / "migrations"
PAGES = Path(__file__).parent / "web"
GATEWAY_READY_S = 10.0
DAY_S = 86_400

logger = logging.getLogger(__name__)


@dataclass(frozen=True, kw_only=True)
class Ready:
    """What the first line of output says."""

    url: str
    link: str
    api_token_file: str
    gateway: str


@dataclass(frozen=True, kw_only=True)
class Outside:
    """What the services reach beyond database and memory; tests put their own in."""

    engine: Engine
    gateway: Gateway
    run_job: RunJob
    run_long: RunLongJob = jobs.run_job
    statuses: Callable[[], list[ChildStatus]]


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


class Core:
    """Every service of the orchestrator, wired; no process, no socket."""

    def __init__(
        self,
        *,
        home: Path,
        desk: Desk,
        authority: Authority,
        identity: Identity,
        outside: Outside,
        login_s: float = 7 * DAY_S,
        started_with: NextStart | None = None,
    ) -> None:
        self.desk = desk
        self.accounts = Accounts(
            database=desk.database, journal=desk.journal, roles=ROLES, valid_s=login_s, now=desk.now
        )
        self.settings = HouseSettings(desk)
        self.presence = Presence()
        self.presence_log = PresenceLog(desk, self.presence)
        self.inboxes = Inboxes(desk)
        self.sites = Sites(desk, self.presence)
        self.views = SessionViews(desk, self.presence)
        self.models = Models(desk, folder=home / "models", run_job=outside.run_job)
        self.laboratory = Laboratory(desk, home=home, models=self.models, run=outside.run_long, held=self._is_draining)
        self.book = SessionBook(desk, self.views, self.inboxes, publish_related=self._publish_related)
        self.system = System(identity, desk.bus, outside.statuses, self._is_draining)
        self.invitations = Invitations(desk, identity)
        self.diagnoses = SiteDiagnoses(desk, presence=self.presence, gateway=outside.gateway, engine=outside.engine)
        self.trust_list = TrustList(
            desk, path=TrustPaths.of_home(home).trusted, gateway=outside.gateway, engine=outside.engine
        )
        folders = SessionFolders(home / "sessions")
        closing = RoundClosing(desk, book=self.book, models=self.models, folders=folders, inboxes=self.inboxes)
        self.ingest = SessionIngest(desk, book=self.book, views=self.views, folders=folders, closing=closing)
        self.sessions = Sessions(
            desk, book=self.book, views=self.views, folders=folders, wake=self.wake, held=self._is_draining
        )
        self.runs = SessionRuns(
            desk,
            book=self.book,
            ingest=self.ingest,
            folders=folders,
            engine=outside.engine,
            plans=SessionPlans(desk, models=self.models, trust_list=self.trust_list),
            on_due=self.sessions.on_answer,
            held=self._is_draining,
        )
        self.enrolment = Enrolment(
            desk,
            authority=authority,
            sites=self.sites,
            invitations=self.invitations,
            trust_list=self.trust_list,
            inboxes=self.inboxes,
            on_revoked=self._on_revoked,
            on_left=self._on_left,
            on_suspended=self._on_suspended,
            on_readmitted=self.sessions.on_readmitted,
        )
        self.consents = Consents(
            desk,
            ca_pem=authority.ca_pem,
            book=self.book,
            on_answer=self.sessions.on_answer,
            on_agreed=self.sessions.on_agreed,
            on_withdrawn=self.sessions.on_withdrawn,
        )
        self.peers = Peers(
            desk,
            name=identity.name,
            sites=self.sites,
            inboxes=self.inboxes,
            presence=self.presence,
            views=self.views,
            on_presence=self.tell_presence,
        )

        def sign_document(kind: Kind, content: BaseModel) -> SignedDocument:
            return sign(kind, content, authority.orchestrator_key(), authority.orchestrator_pem())

        self.offers = SessionOffers(
            desk,
            name=identity.name,
            sign=sign_document,
            models=self.models,
            book=self.book,
            views=self.views,
            inboxes=self.inboxes,
            held=self._is_draining,
            limits=self.settings.limits,
        )
        self.house = self._make_house(home, identity, started_with)
        self.pruning = Pruning(
            desk,
            settings=self.settings,
            model_bin=ModelBin(desk, self.models),
            logs=home / "logs",
            also=CertificateWatch(desk).look,
        )
        self.changes = SessionChanges(
            desk,
            sign=sign_document,
            book=self.book,
            views=self.views,
            inboxes=self.inboxes,
            limits=self.settings.limits,
            wake=self.wake,
        )
        self.family = ModelFamily(desk, models=self.models, run_job=outside.run_job)
        self.records = Records(desk)
        self._nodes_again = True
        self.heartbeat = Heartbeat(
            [
                self.tell_presence,
                self._settle_nodes,
                self.runs.tick,
                self.presence_log.tick,
                self.house.drain.tick,
                self.pruning.tick,
            ]
        )

    def _make_house(self, home: Path, identity: Identity, started_with: NextStart | None) -> House:
        notices = NoticeSettings(
            settings=self.settings,
            shapes=NoticeShapes(settings=Notices, view=NoticesView),
            secrets_file=home / "secrets" / "notices.json",
        )
        return House(
            settings=self.settings,
            drain=Drain(
                self.desk,
                settings=self.settings,
                sessions=self.sessions,
                laboratory=self.laboratory.jobs,
                publish=lambda: self.system.publish(),
            ),
            notices=notices,
            sender=Sender(
                settings=notices, page=self.settings, kind_of=KIND_OF, sender=lambda: ("laboratory", identity.name)
            ),
            next_start=LaboratoryStart(
                self.desk,
                file=home / "settings.toml",
                present=started_with or NextStart(),
                address=identity.public_address,
            ),
            about=lambda: about(identity.version, home),
        )

    def _is_draining(self) -> bool:
        return self.settings.get("drain", DrainState).on

    def wake(self) -> None:
        """Make the heartbeat look at everything now."""
        self.heartbeat.wake()

    def on_engine_ready(self) -> None:
        """Register every node again and look at the runs: the engine came (back) up."""
        self._nodes_again = True
        self.wake()

    def tell_presence(self) -> None:
        """Tell the pages which sites came or went; keep when they were last there."""
        changed = self.presence.changed()
        if changed:
            self.presence_log.changed(sorted(changed))
        for site_id in changed:
            with self.desk.database.begin() as tx:
                lab_sites.update_site(tx, site_id, {"last_seen": self.desk.now()})
            self.sites.publish(site_id)
            self.views.publish_of_site(site_id)

    def _publish_related(self, session_id: str) -> None:
        """Tell the pages about what a session changes elsewhere: its sites' new studies, its first model in use."""
        with self.desk.database.read() as connection:
            model_id = lab_sessions.by_id(connection, session_id).initial_model_id
            site_ids = [part.site_id for part in lab_sessions.participations(connection, session_id)]
        self.models.publish(model_id)
        for site_id in site_ids:
            self.sites.publish(site_id)

    def services(self, new_link: Callable[[], str], page_url: str) -> Services:
        """Return what the routes call."""
        return Services(
            system=self.system,
            records=self.records,
            invitations=self.invitations,
            sites=self.sites,
            enrolment=self.enrolment,
            presence_log=self.presence_log,
            diagnoses=self.diagnoses,
            new_data=NewData(self.desk, presence=self.presence, settings=self.settings),
            seen=Seen(self.desk.database),
            house=self.house,
            peers=self.peers,
            consents=self.consents,
            models=self.models,
            model_bin=ModelBin(self.desk, self.models),
            views=self.views,
            offers=self.offers,
            sessions=self.sessions,
            laboratory=self.laboratory,
            changes=self.changes,
            estimates=SessionEstimates(self.desk),
            exports=SessionExports(self.desk, views=self.views, models=self.models),
            model_family=self.family,
            on_progress=self._on_progress,
            new_link=new_link,
            accounts=self.accounts,
            page_url=page_url,
        )

    def close(self) -> None:
        """Let held requests return and end the heartbeat."""
        self.inboxes.close()
        self.enrolment.close()
        self.house.sender.stop()
        self.heartbeat.stop()
        self.desk.bus.close()

    def _on_progress(self, session_id: str) -> None:
        self.runs.hint(session_id)
        self.wake()

    def _on_revoked(self, site_id: str) -> None:
        self.presence.forget(site_id)
        self.sessions.on_revoked(site_id)

    def _on_left(self, site_id: str) -> None:
        self.presence.forget(site_id)
        self.sessions.on_left(site_id)

    def _on_suspended(self, site_id: str) -> None:
        self.presence.forget(site_id)
        self.sessions.on_suspended(site_id)

    def _settle_nodes(self) -> None:
        again, self._nodes_again = self._nodes_again, False
        if not self.trust_list.settle_nodes(again=again):
            self._nodes_again = again


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
    core.accounts.on_ended = lambda ids: realtime.disconnect(socketio, ids)
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
