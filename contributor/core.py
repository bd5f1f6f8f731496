"""The services of the contributor, wired with each other; nothing is started."""

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

from contributor.api import Services
from contributor.certificates import SiteCertificates
from contributor.children import SiteChildren
from contributor.house import make_house
from contributor.paths import SitePaths
from contributor.peer_client import PeerClient
from contributor.preflight.check import Subject
from contributor.roles import ROLES
from contributor.services.connection import Connection
from contributor.services.enrolment import ClientFactory, Enrolment, enrolment_client
from contributor.services.erasure import Erasures, Told
from contributor.services.farewell import Farewell
from contributor.services.grants import GrantsWriter
from contributor.services.heart_axis import HeartAxes
from contributor.services.imports import Imports
from contributor.services.models import ReceivedModels
from contributor.services.network import Network
from contributor.services.own_results import OwnResults
from contributor.services.participation import Participation
from contributor.services.patients import Patients
from contributor.services.pauses import Pauses
from contributor.services.preflight import Preflight
from contributor.services.quality import Quality
from contributor.services.reconstructions import Reconstructions
from contributor.services.reminders import Reminders
from contributor.services.request_inbox import RequestInbox
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
from fl_core.about import software_version
from fl_core.acting import acted_by
from fl_core.desk import Desk
from fl_core.events import EventBus
from fl_core.page_settings import PageSettings
from fl_core.protocol.bundle import bundle_sha256
from fl_core.records import Records
from fl_core.seen import Seen
from fl_core.settings import MIB
from fl_core.storage.database import open_database
from fl_core.storage.journal import ActivityRow, Journal
from fl_core.storage.site_requests import RequestStore
from fl_core.storage.site_sessions import SiteSessionStore
from fl_core.storage.site_settings import SITE_SETTINGS
from fl_core.views import activity_view
from fl_core.web.accounts import Accounts

MIGRATIONS = Path(__file__).parent / "migrations"
DAY_S = 86_400

SiteClient = Callable[[str, SitePaths], PeerClient]


class Core:
    """Every service of the contributor, wired; no thread, no child.

    Some know each other in a circle; such a one is called through this object, which by then has it.

    Parameters
    ----------
    settings : ContributorSettings
    page_url : str
        Where the page and the loopback routes are served.
    progress_token : str
        By which the runner is let in to the loopback routes.
    new_link : callable
        Makes a one-time link to the page.
    site_client, enrol_client : callable, optional
        Open a connection to the orchestrator with and without the site's certificate; over the network otherwise.
    """

    def __init__(
        self,
        settings: ContributorSettings,
        *,
        page_url: str,
        progress_token: str,
        new_link: Callable[[], str],
        site_client: SiteClient | None = None,
        enrol_client: ClientFactory | None = None,
    ) -> None:
        self._settings = settings
        self._page_url = page_url
        self._site_client = site_client
        self._code = bundle_sha256()
        self.paths = SitePaths(settings.home, settings.data_folder)
        self.bus = EventBus()
        self.database = open_database(self.paths.database, migrations=MIGRATIONS)
        self.journal = Journal(self.database, on_activity=self._tell_activity)
        self.desk = Desk(self.database, self.journal, self.bus, now=lambda: datetime.now(UTC))
        self.certificates = SiteCertificates(self.paths)
        self.connection = Connection(self.desk)
        self.children = SiteChildren(
            paths=self.paths,
            certificates=self.certificates,
            progress_url=f"{page_url}/internal/v1/progress",
            progress_token=progress_token,
            torch_threads=settings.torch_threads,
            on_change=lambda _status: self.system.publish(),
        )
        self._wire_studies()
        self._wire_permissions()
        self._wire_requests()
        self._wire_results()
        self._wire_link(enrol_client)
        self.system = System(
            version=software_version(),
            bus=self.bus,
            connection=self.connection,
            studies=self.studies,
            children=self.children.statuses,
            new_link=new_link,
        )
        self.page_settings = PageSettings(
            database=self.database,
            journal=self.journal,
            table=SITE_SETTINGS,
            actor=lambda: acted_by("administrator"),
            now=lambda: datetime.now(UTC),
        )
        self.house = make_house(
            self.page_settings, settings, self.paths, connection=self.connection, network=self.network
        )
        self.accounts = Accounts(
            database=self.database, journal=self.journal, roles=ROLES, valid_s=settings.login_days * float(DAY_S)
        )

    def _wire_studies(self) -> None:
        self.sharing = Sharing(
            self.desk,
            file=self.paths.home / "sharing.json",
            changed=self._tell_data,
        )
        self.quality = Quality(database=self.database, folder=lambda: self.paths.studies)
        self.studies = Studies(
            self.desk,
            paths=self.paths,
            usage=lambda: self.requests.study_usage(),
            permissions_changed=self._write_grants,
            data_changed=self._tell_data,
            quality=self.quality,
            tells_distributions=lambda: self.sharing.view().distributions,
        )
        self.storage = Storage(
            self.desk,
            paths=self.paths,
            reserve_bytes=self._settings.reserve_mib * MIB,
            is_busy=lambda: self.imports.is_busy() or self.reconstructions.is_busy() or self.results.is_busy(),
            permissions_changed=self._write_grants,
            data_changed=self._tell_data,
        )
        self.imports = Imports(
            self.desk,
            paths=self.paths,
            studies=self.studies,
            storage=self.storage,
            limit_bytes=self._settings.upload_limit_bytes,
        )
        self.patients = Patients(self.desk, studies=self.studies)
        told = Told(
            permissions=self._write_grants,
            data=self._tell_data,
            room=self.storage.publish,
            import_changed=self.imports.publish,
        )
        self.erasures = Erasures(self.desk, paths=self.paths, told=told)
        self.details = Details(database=self.database, paths=self.paths, studies=self.studies, patients=self.patients)

    def _wire_permissions(self) -> None:
        self.resources = SiteResources(
            self.desk,
            file=self.paths.home / "resources.json",
            threads=self._settings.torch_threads,
            changed=self._write_grants,
        )
        self.pauses = Pauses(
            self.desk,
            permissions_changed=self._write_grants,
            forward=lambda progress: self.uplink.forward(progress),
            session_changed=lambda session_id: self.participation.publish(session_id),
        )
        self.grants = GrantsWriter(
            path=self.paths.grants,
            requests=RequestStore(self.database),
            sessions=SiteSessionStore(self.database),
            usable_paths=self.studies.usable_paths,
            withdrawn_paths=self.studies.withdrawn_paths,
            site_id=lambda: self.connection.record.site_id if self.connection.is_enrolled else None,
            paused=self.pauses.paused,
            resources=self.resources.chosen,
        )
        self.participation = Participation(
            self.desk,
            progress_file=self.paths.progress,
            forward=lambda progress: self.uplink.forward(progress),
            news_changed=lambda session_id: self.requests.session_changed(session_id),
            paused=self.pauses.paused,
            address=lambda: self.connection.record.address or "",
        )

    def _wire_requests(self) -> None:
        self.rules = Rules(self.desk, connection=self.connection)
        self.reminders = Reminders(
            self.desk,
            changed=lambda session_id: self.requests.publish(session_id),
        )
        self.requests = Requests(
            self.desk,
            connection=self.connection,
            certificates=self.certificates,
            studies=self.studies,
            grants=self.grants,
            rules=self.rules,
            remind_at=self.reminders.at,
            send=lambda: self.uplink.send_letters(),
            session_changed=self.participation.publish,
        )
        self.inbox = RequestInbox(
            self.desk,
            connection=self.connection,
            grants=self.grants,
            rules=self.rules,
            requests=self.requests,
            bundle_sha256=self._code,
            session_changed=self.participation.publish,
        )

    def _wire_results(self) -> None:
        self.models = ReceivedModels(
            self.desk,
            paths=self.paths,
            download=lambda sha256: self.uplink.weights(sha256),
            session_changed=self.participation.publish,
            check_disk=self.storage.check_disk,
            room_changed=self.storage.publish,
        )
        self.reconstructions = Reconstructions(
            self.desk,
            paths=self.paths,
            studies=self.studies,
            models=self.models,
            room_changed=self.storage.publish,
        )
        self.heart_axes = HeartAxes(self.desk, reconstructions=self.reconstructions)
        self.results = OwnResults(
            self.desk,
            paths=self.paths,
            models=self.models,
            threads=self._settings.torch_threads,
            room_changed=self.storage.publish,
        )

    def _wire_link(self, enrol_client: ClientFactory | None) -> None:
        software = f"flomir {software_version()}"
        self.network = Network(
            self.desk,
            chosen_file=self.paths.proxy,
            used_file=self.paths.proxy_in_use,
            given=self._settings.proxy,
            changed=self._on_proxy_changed,
        )
        self.uplink = Uplink(
            connection=self.connection,
            certificates=self.certificates,
            database=self.database,
            handlers={
                "offer": self.inbox.receive,
                "withdrawal": self.inbox.recall,
                "session": self.participation.take_news,
                "model": self.models.receive,
                "renew": lambda wish: self.uplink.renew_soon(wish),
            },
            summary=self.studies.summary,
            software=software,
            bundle_sha256=self._code,
            connected=self.models.fetch_final_soon,
            ended=self._on_ended,
            restored=self._on_restored,
            renewed=self.children.restart_relay,
            refused=self.requests.letter_refused,
            client=self._peer_client,
        )
        self.enrolment = Enrolment(
            connection=self.connection,
            certificates=self.certificates,
            software=software,
            joined=self._on_joined,
            listen=self.uplink.start,
            left=self._on_left,
            farewell=Farewell(self._peer_client),
            renew=lambda: self.uplink.renew_soon({}),
            client=enrol_client or self._enrolment_client,
        )
        self.preflight = Preflight(bus=self.bus, subject=self._preflight_subject)

    def services(self) -> Services:
        """Return what the routes call."""
        return Services(
            connection=self.connection,
            enrolment=self.enrolment,
            studies=self.studies,
            quality=self.quality,
            sharing=self.sharing,
            storage=self.storage,
            imports=self.imports,
            patients=self.patients,
            erasures=self.erasures,
            details=self.details,
            requests=self.requests,
            reminders=self.reminders,
            rules=self.rules,
            pauses=self.pauses,
            resources=self.resources,
            participation=self.participation,
            models=self.models,
            reconstructions=self.reconstructions,
            heart_axes=self.heart_axes,
            results=self.results,
            records=Records(self.database, self.journal),
            seen=Seen(self.database),
            system=self.system,
            network=self.network,
            house=self.house,
            watch=Watch(page=self.page_settings, connection=lambda: self.connection.record, storage=self.storage.view),
            preflight=self.preflight,
            accounts=self.accounts,
            page_url=self._page_url,
        )

    # --- what one part makes others do -----------------------------------------------------------------------------

    def _tell_activity(self, row: ActivityRow) -> None:
        self.bus.publish("activity", activity_view(row))
        self.house.sender.wake()

    def _write_grants(self) -> None:
        self.grants.write()

    def _tell_data(self) -> None:
        self.uplink.tell_summary()
        self.system.publish()

    def _on_proxy_changed(self) -> None:
        self.uplink.connect_anew()
        self.children.restart_relay()

    def _on_joined(self) -> None:
        self.grants.write()
        self.uplink.start()
        self.children.start(self.connection.record)
        self.system.publish()

    def _on_left(self) -> None:
        self.uplink.stop()
        self.children.stop()

    def _on_ended(self) -> None:
        self.children.stop(may_sign_off=False)
        self.grants.write()
        self.system.publish()

    def _on_restored(self) -> None:
        self.grants.write()
        self.children.start(self.connection.record)

    # --- to the orchestrator ---------------------------------------------------------------------------------------

    def _peer_client(self, address: str) -> PeerClient:
        if self._site_client is not None:
            return self._site_client(address, self.paths)
        return peer_client(address, self.paths, self.network.proxy())

    def _enrolment_client(self, address: str, ca_pem: str) -> PeerClient:
        return enrolment_client(address, ca_pem, self.network.proxy())

    def _preflight_subject(self, invitation: str) -> Subject:
        return Subject(
            home=self._settings.home,
            record=self.connection.record,
            invitation=invitation,
            proxy=self.network.proxy,
            threads=self._settings.torch_threads,
            usable_studies=self.studies.summary().studies_usable,
            run=self.preflight.cancellable_job,
        )
