"""The composition root: builds every part of a contributor and hands each what it needs; nothing reaches out."""

import importlib.metadata
import logging
import secrets
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import cast
from wsgiref.types import WSGIApplication

from flask_openapi3.blueprint import APIBlueprint
from flask_openapi3.models.tag import Tag
from flask_openapi3.openapi import OpenAPI

from contributor.certificates import SiteCertificates
from contributor.children import SiteChildren
from contributor.paths import SitePaths
from contributor.peer_client import PeerClient
from contributor.preflight.check import Subject
from contributor.roles import ROLES
from contributor.routes import consent as consent_routes
from contributor.routes import enrolment as enrolment_routes
from contributor.routes import intake as intake_routes
from contributor.routes import models as model_routes
from contributor.routes import network as network_routes
from contributor.routes import quality as quality_routes
from contributor.routes import requests as request_routes
from contributor.routes import results as result_routes
from contributor.routes import sessions as session_routes
from contributor.routes import settings as settings_routes
from contributor.routes import studies as study_routes
from contributor.routes import system as system_routes
from contributor.routes.answers import operation_id
from contributor.routes.settings import House
from contributor.schemas_settings import NextStart, Notices, NoticesView
from contributor.services.connection import Connection
from contributor.services.enrolment import ClientFactory, Enrolment, enrolment_client
from contributor.services.farewell import Farewell
from contributor.services.grants import GrantsWriter
from contributor.services.heart_axis import HeartAxes
from contributor.services.imports import Imports
from contributor.services.models import ReceivedModels
from contributor.services.network import Network
from contributor.services.next_start import SiteStart
from contributor.services.notice_kinds import KIND_OF
from contributor.services.notice_words import notice_text
from contributor.services.own_results import OwnResults
from contributor.services.participation import TICK_S, Participation
from contributor.services.patients import Patients
from contributor.services.pauses import Pauses
from contributor.services.preflight import Preflight
from contributor.services.quality import Quality
from contributor.services.reconstructions import Reconstructions
from contributor.services.reminders import Reminders
from contributor.services.requests import Requests
from contributor.services.resources import SiteResources
from contributor.services.rules import Rules
from contributor.services.sharing import Sharing
from contributor.services.storage import Storage
from contributor.services.studies import Studies
from contributor.services.study_details import Details
from contributor.services.system import System
from contributor.services.watch import Watch
from contributor.settings import ContributorSettings
from contributor.uplink import Uplink, peer_client
from fl_core.about import about
from fl_core.acting import acted_by
from fl_core.events import EventBus
from fl_core.next_start import NextStartSettings
from fl_core.notices.sender import Sender
from fl_core.notices.settings import NoticeSettings, NoticeShapes
from fl_core.page_settings import PageSettings
from fl_core.protocol.bundle import bundle_sha256
from fl_core.records import Records
from fl_core.seen import Seen
from fl_core.settings import MIB
from fl_core.storage.database import Database, open_database
from fl_core.storage.journal import Journal
from fl_core.storage.site_requests import RequestStore
from fl_core.storage.site_sessions import SiteSessionStore
from fl_core.storage.site_settings import SITE_SETTINGS
from fl_core.views import activity_view
from fl_core.web import once, realtime, roles, static
from fl_core.web.account_routes import add_account_routes, add_own_routes
from fl_core.web.accounts import Accounts
from fl_core.web.application import create_app
from fl_core.web.logins import Logins
from fl_core.web.security import Gate, GateSettings

TITLE = "FLoMIR contributor"
MIGRATIONS = Path(__file__).parent / "migrations"
DAY_S = 86_400

logger = logging.getLogger(__name__)


@dataclass(frozen=True, kw_only=True)
class Services:
    """What the routes call."""

    connection: Connection
    enrolment: Enrolment
    studies: Studies
    quality: Quality
    sharing: Sharing
    storage: Storage
    imports: Imports
    patients: Patients
    details: Details
    requests: Requests
    reminders: Reminders
    rules: Rules
    pauses: Pauses
    resources: SiteResources
    participation: Participation
    models: ReceivedModels
    reconstructions: Reconstructions
    heart_axes: HeartAxes
    results: OwnResults
    records: Records
    seen: Seen
    system: System
    network: Network
    house: House
    watch: Watch
    preflight: Preflight
    accounts: Accounts
    page_url: str


@dataclass(kw_only=True)
class Contributor:
    """A composed daemon (`fl_core.web.serving.Served`)."""

    wsgi: WSGIApplication
    app: OpenAPI
    services: Services
    bus: EventBus
    database: Database
    uplink: Uplink
    children: SiteChildren
    grants: GrantsWriter
    close_live: Callable[[], None]
    on_started: Callable[[], None]
    _stopped: threading.Event = field(default_factory=threading.Event)

    def start(self) -> None:
        """Go on with everything that was going on when the daemon ended."""
        self.services.storage.prepare()
        self.services.studies.reconcile()
        self.services.network.hand_on()
        self.services.imports.start()
        self.grants.write()
        self.services.participation.ingest()
        self.services.reconstructions.start()
        self.services.results.start()
        threading.Thread(target=self._tick, name="tick", daemon=True).start()
        self.services.enrolment.resume()
        self.services.house.sender.start()
        self.on_started()

    def stop(self) -> None:
        """End children, threads and live connections; idempotent."""
        if self._stopped.is_set():
            return
        self._stopped.set()
        self.services.reconstructions.cancel()
        self.services.results.cancel_all()
        self.services.preflight.stop()
        self.services.house.sender.stop()
        self.services.imports.stop()
        self.services.enrolment.stop()
        self.uplink.stop()
        self.children.stop()
        self.services.reconstructions.stop()
        self.services.results.stop()
        self.close_live()
        self.bus.close()

    def _tick(self) -> None:
        """Catch up with what came without a hint, and with the clock."""
        while not self._stopped.wait(TICK_S):
            try:
                if self.services.participation.has_live_sessions():
                    self.services.participation.ingest()
                self.services.requests.expire()
                self.services.reminders.tell_due()
                self.services.watch.tick()
            except Exception:
                logger.exception("a tick failed")


def software_version() -> str:
    """Return the installed version."""
    return importlib.metadata.version("flomir")


def compose(
    settings: ContributorSettings,
    port: int,
    *,
    logins: Logins,
    on_started: Callable[[], None] = lambda: None,
    site_client: Callable[[str, SitePaths], PeerClient] | None = None,
    enrol_client: ClientFactory | None = None,
) -> Contributor:
    """Build a contributor that serves on 127.0.0.1:`port`; nothing is started."""
    paths = SitePaths(settings.home, settings.data_folder)
    bus = EventBus()
    database = open_database(paths.database, migrations=MIGRATIONS)
    journal = Journal(
        database,
        on_activity=lambda row: _all(lambda: bus.publish("activity", activity_view(row)), lambda: house.sender.wake()),
    )
    certificates = SiteCertificates(paths)
    connection = Connection(database=database, journal=journal, bus=bus)
    version, code = software_version(), bundle_sha256()
    token = secrets.token_urlsafe(24)

    children = SiteChildren(
        paths=paths,
        certificates=certificates,
        progress_url=f"http://127.0.0.1:{port}/internal/v1/progress",
        progress_token=token,
        torch_threads=settings.torch_threads,
        on_change=lambda _status: system.publish(),
    )
    network = Network(
        chosen_file=paths.proxy,
        used_file=paths.proxy_in_use,
        given=settings.proxy,
        database=database,
        journal=journal,
        changed=lambda: _all(uplink.connect_anew, children.restart_relay),
    )
    sharing = Sharing(
        file=paths.home / "sharing.json",
        database=database,
        journal=journal,
        changed=lambda: _all(uplink.tell_summary, system.publish),
    )
    quality = Quality(database=database, folder=lambda: paths.studies)
    studies = Studies(
        database=database,
        journal=journal,
        bus=bus,
        paths=paths,
        usage=lambda: requests.study_usage(),
        permissions_changed=lambda: _ignore(grants.write()),
        data_changed=lambda: _all(uplink.tell_summary, system.publish),
        quality=quality,
        tells_distributions=lambda: sharing.view().distributions,
    )
    storage = Storage(
        paths=paths,
        database=database,
        journal=journal,
        bus=bus,
        reserve_bytes=settings.reserve_mib * MIB,
        is_busy=lambda: imports.is_busy() or reconstructions.is_busy() or results.is_busy(),
        permissions_changed=lambda: _ignore(grants.write()),
        data_changed=lambda: _all(uplink.tell_summary, system.publish),
    )
    imports = Imports(
        database=database,
        journal=journal,
        bus=bus,
        paths=paths,
        studies=studies,
        storage=storage,
        limit_bytes=settings.upload_limit_bytes,
    )
    patients = Patients(database=database, journal=journal, studies=studies)
    details = Details(database=database, paths=paths, studies=studies, patients=patients)
    resources = SiteResources(
        file=paths.home / "resources.json",
        threads=settings.torch_threads,
        database=database,
        journal=journal,
        changed=lambda: _ignore(grants.write()),
    )
    pauses = Pauses(
        database=database,
        journal=journal,
        permissions_changed=lambda: _ignore(grants.write()),
        forward=lambda progress: uplink.forward(progress),
        session_changed=lambda session_id: participation.publish(session_id),
    )
    grants = GrantsWriter(
        path=paths.grants,
        requests=RequestStore(database),
        sessions=SiteSessionStore(database),
        usable_paths=studies.usable_paths,
        site_id=lambda: connection.record.site_id if connection.is_enrolled else None,
        paused=pauses.paused,
        resources=resources.chosen,
    )
    participation = Participation(
        database=database,
        journal=journal,
        bus=bus,
        progress_file=paths.progress,
        forward=lambda progress: uplink.forward(progress),
        news_changed=lambda session_id: requests.session_changed(session_id),
        paused=pauses.paused,
        address=lambda: connection.record.address or "",
    )
    rules = Rules(database=database, journal=journal, connection=connection)
    reminders = Reminders(database=database, journal=journal, changed=lambda session_id: requests.publish(session_id))
    requests = Requests(
        database=database,
        journal=journal,
        bus=bus,
        connection=connection,
        certificates=certificates,
        studies=studies,
        grants=grants,
        rules=rules,
        remind_at=reminders.at,
        bundle_sha256=code,
        send=lambda: uplink.send_letters(),
        session_changed=participation.publish,
    )
    models = ReceivedModels(
        database=database,
        journal=journal,
        bus=bus,
        paths=paths,
        download=lambda sha256: uplink.weights(sha256),
        session_changed=participation.publish,
    )

    def trusted_client(address: str) -> PeerClient:
        return site_client(address, paths) if site_client else peer_client(address, paths, network.proxy())

    uplink = Uplink(
        connection=connection,
        certificates=certificates,
        database=database,
        handlers={
            "offer": requests.receive,
            "withdrawal": requests.recall,
            "session": participation.take_news,
            "model": models.receive,
            "renew": lambda wish: uplink.renew_soon(wish),
        },
        summary=studies.summary,
        software=f"flomir {version}",
        bundle_sha256=code,
        connected=models.fetch_final_soon,
        ended=lambda: _all(children.stop, lambda: _ignore(grants.write()), system.publish),
        restored=lambda: _all(lambda: _ignore(grants.write()), lambda: children.start(connection.record)),
        renewed=children.restart_relay,
        client=trusted_client,
    )
    enrolment = Enrolment(
        connection=connection,
        certificates=certificates,
        software=f"flomir {version}",
        joined=lambda: _all(
            lambda: _ignore(grants.write()), uplink.start, lambda: children.start(connection.record), system.publish
        ),
        listen=lambda: uplink.start(),
        left=lambda: _all(uplink.stop, children.stop),
        farewell=Farewell(trusted_client),
        renew=lambda: uplink.renew_soon({}),
        client=enrol_client or (lambda address, ca_pem: enrolment_client(address, ca_pem, network.proxy())),
    )
    preflight = Preflight(
        bus=bus,
        subject=lambda invitation: Subject(
            home=settings.home,
            record=connection.record,
            invitation=invitation,
            proxy=network.proxy,
            threads=settings.torch_threads,
            usable_studies=studies.summary().studies_usable,
            run=preflight.cancellable_job,
        ),
    )
    reconstructions = Reconstructions(
        database=database,
        journal=journal,
        bus=bus,
        paths=paths,
        studies=studies,
        models=models,
        room_changed=storage.publish,
    )
    results = OwnResults(
        database=database,
        journal=journal,
        bus=bus,
        paths=paths,
        models=models,
        threads=settings.torch_threads,
        room_changed=storage.publish,
    )
    system = System(
        version=version,
        bus=bus,
        connection=connection,
        studies=studies,
        children=children.statuses,
        new_link=lambda: f"http://127.0.0.1:{port}/login?token={logins.new_link_token()}",
    )
    page_settings = PageSettings(
        database=database,
        journal=journal,
        table=SITE_SETTINGS,
        actor=lambda: acted_by("administrator"),
        now=lambda: datetime.now(UTC),
    )
    house = _house(page_settings, settings, paths, connection=connection, network=network)
    services = Services(
        connection=connection,
        enrolment=enrolment,
        studies=studies,
        quality=quality,
        sharing=sharing,
        storage=storage,
        imports=imports,
        patients=patients,
        details=details,
        requests=requests,
        reminders=reminders,
        rules=rules,
        pauses=pauses,
        resources=resources,
        participation=participation,
        models=models,
        reconstructions=reconstructions,
        heart_axes=HeartAxes(database=database, journal=journal, reconstructions=reconstructions),
        results=results,
        records=Records(database, journal),
        seen=Seen(database),
        system=system,
        network=network,
        house=house,
        watch=Watch(page=page_settings, connection=lambda: connection.record, storage=storage.view),
        preflight=preflight,
        accounts=Accounts(database=database, journal=journal, roles=ROLES, valid_s=settings.login_days * float(DAY_S)),
        page_url=f"http://127.0.0.1:{port}",
    )
    app = api_app(services, version=version, upload_limit_bytes=settings.upload_limit_bytes)
    gate_settings = GateSettings(port=port, max_age_s=settings.login_days * DAY_S, internal_token=token)
    socketio = realtime.install(app, bus, origins=[f"http://{host}" for host in sorted(gate_settings.hosts)])
    services.accounts.on_ended = lambda ids: realtime.disconnect(socketio, ids)
    static.install(app, paths.web_pages, title=TITLE)
    return Contributor(
        wsgi=Gate(app.wsgi_app, settings=gate_settings, logins=logins, accounts=services.accounts, side="Contributor"),
        app=app,
        services=services,
        bus=bus,
        database=database,
        uplink=uplink,
        children=children,
        grants=grants,
        close_live=lambda: realtime.disconnect_all(socketio),
        on_started=on_started,
    )


def _house(
    page: PageSettings, settings: ContributorSettings, paths: SitePaths, *, connection: Connection, network: Network
) -> House:
    notices = NoticeSettings(
        settings=page, shapes=NoticeShapes(settings=Notices, view=NoticesView), secrets_file=paths.notice_secrets
    )
    started_with = NextStart.model_validate({name: getattr(settings, name) for name in NextStart.model_fields})
    return House(
        notices=notices,
        sender=Sender(
            settings=notices,
            page=page,
            kind_of=KIND_OF,
            sender=lambda: ("site", connection.record.site_name or "FLoMIR"),
            word=notice_text,
            proxy=network.proxy,
        ),
        next_start=SiteStart(
            NextStartSettings(
                database=page.database,
                journal=page.journal,
                file=paths.settings,
                present=started_with,
                actor=page.actor,
            )
        ),
        about=lambda: about(software_version(), settings.home),
    )


def api_app(services: Services, *, version: str, upload_limit_bytes: int) -> OpenAPI:
    """Return the web application with every route of the UI API."""
    app = create_app("contributor", title=TITLE, version=version, upload_limit_bytes=upload_limit_bytes)
    once.install(app)
    roles.install(app, ROLES)
    for routes in (
        _account_routes(services, version),
        system_routes.routes(services.system, services.records, services.sharing, services.seen),
        system_routes.audit_routes(services.system, services.records),
        consent_routes.rule_routes(services.rules),
        consent_routes.resource_routes(services.resources),
        system_routes.internal_routes(services.participation),
        network_routes.routes(services.network, services.preflight),
        settings_routes.routes(services.house),
        enrolment_routes.routes(services.enrolment),
        study_routes.routes(services.studies),
        quality_routes.routes(services.quality),
        intake_routes.details_routes(services.details),
        intake_routes.import_routes(services.imports),
        intake_routes.patient_routes(services.patients),
        intake_routes.storage_routes(services.storage),
        request_routes.routes(services.requests, services.reminders),
        session_routes.routes(services.participation, services.requests, services.pauses),
        model_routes.model_routes(services.models),
        model_routes.reconstruction_routes(services.reconstructions, services.heart_axes),
        result_routes.routes(services.results),
    ):
        app.register_api(routes)
    return app


def _account_routes(services: Services, version: str) -> APIBlueprint:
    api = APIBlueprint(
        "accounts", __name__, url_prefix="/api/v1", abp_tags=[Tag(name="accounts")], operation_id_callback=operation_id
    )
    add_own_routes(api, services.accounts, version)
    add_account_routes(api, services.accounts, lambda path: f"{services.page_url}{path}")
    return api


def described_app() -> OpenAPI:
    """Return the web application for its description only: no service is behind it."""
    nobody = cast("Services", _Nothing())
    return api_app(nobody, version="1", upload_limit_bytes=1)


class _Nothing:
    """Stands where a service would: routes are described without being called."""

    def __getattr__(self, name: str) -> None:
        return None


def _all(*actions: Callable[[], object]) -> None:
    for action in actions:
        action()


def _ignore(_result: object) -> None:
    """Turn an expression into an action without a result."""
