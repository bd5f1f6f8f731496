"""The services of the orchestrator, wired with each other; no process, no socket."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from pydantic import BaseModel

from fl_core.about import about
from fl_core.desk import Desk
from fl_core.notices.sender import Sender
from fl_core.notices.settings import NoticeSettings, NoticeShapes
from fl_core.notices.words import in_german_too
from fl_core.protocol.messages import SignedDocument
from fl_core.protocol.signing import Kind, sign
from fl_core.seen import Seen
from fl_core.storage import lab_sessions, lab_sites
from fl_core.supervision import jobs
from fl_core.supervision.supervisor import ChildStatus
from fl_core.trust.authority import Authority, TrustPaths
from fl_core.trust.qr import draw
from fl_core.web.accounts import Accounts
from orchestrator.api import Services
from orchestrator.roles import ROLES
from orchestrator.routes.settings import House
from orchestrator.schemas_settings import NextStart, Notices, NoticesView
from orchestrator.services.certificate_watch import CertificateWatch
from orchestrator.services.consents import Consents
from orchestrator.services.drain import Drain, DrainState
from orchestrator.services.engine import Engine, Gateway
from orchestrator.services.enrolment import Enrolment
from orchestrator.services.heartbeat import Heartbeat
from orchestrator.services.house_settings import HouseSettings
from orchestrator.services.inboxes import Inboxes
from orchestrator.services.invitations import Draw, Invitations
from orchestrator.services.laboratory.laboratory import Laboratory
from orchestrator.services.laboratory.work import RunLongJob
from orchestrator.services.model_bin import ModelBin
from orchestrator.services.model_family import ModelFamily
from orchestrator.services.models import Models, RunJob
from orchestrator.services.new_data import NewData
from orchestrator.services.next_start import LaboratoryStart
from orchestrator.services.notice_kinds import KIND_OF
from orchestrator.services.notice_words import GERMAN
from orchestrator.services.own_certificate import OwnCertificate
from orchestrator.services.peers import Peers
from orchestrator.services.presence import Presence
from orchestrator.services.presence_log import PresenceLog
from orchestrator.services.pruning import Pruning
from orchestrator.services.records import Records
from orchestrator.services.round_closing import RoundClosing
from orchestrator.services.round_files import RoundFiles
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
from orchestrator.services.session_wishes import SessionWishes
from orchestrator.services.sessions import Sessions
from orchestrator.services.site_diagnosis import SiteDiagnoses
from orchestrator.services.sites import Sites
from orchestrator.services.system import Identity, System
from orchestrator.services.trust_list import TrustList

DAY_S = 86_400


@dataclass(frozen=True, kw_only=True)
class Outside:
    """What the services reach beyond database and memory; tests put their own in."""

    engine: Engine
    gateway: Gateway
    run_job: RunJob
    run_long: RunLongJob = jobs.run_job
    draw_code: Draw = draw
    statuses: Callable[[], list[ChildStatus]]


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
        self._home = home
        self._authority = authority
        self._identity = identity
        self._outside = outside
        self._started_with = started_with or NextStart()
        self._nodes_again = True
        self.accounts = Accounts(
            database=desk.database, journal=desk.journal, roles=ROLES, valid_s=login_s, now=desk.now
        )
        self.settings = HouseSettings(desk)
        self.records = Records(desk)
        self.inboxes = Inboxes(desk)
        self._wire_sites()
        self._wire_models()
        self._wire_sessions()
        self._wire_trust()
        self._wire_offers()
        self.house = self._make_house()
        self._wire_heartbeat()

    def _wire_sites(self) -> None:
        self.presence = Presence()
        self.presence_log = PresenceLog(self.desk, self.presence)
        self.sites = Sites(self.desk, self.presence)
        self.views = SessionViews(self.desk, self.presence)
        self.invitations = Invitations(self.desk, self._identity, self._outside.draw_code)
        self.system = System(self._identity, self.desk.bus, self._outside.statuses, self._is_draining)
        self.diagnoses = SiteDiagnoses(
            self.desk, presence=self.presence, gateway=self._outside.gateway, engine=self._outside.engine
        )
        self.trust_list = TrustList(
            self.desk,
            path=TrustPaths.of_home(self._home).trusted,
            gateway=self._outside.gateway,
            engine=self._outside.engine,
        )

    def _wire_models(self) -> None:
        self.models = Models(self.desk, folder=self._home / "models", run_job=self._outside.run_job)
        self.family = ModelFamily(self.desk, models=self.models, run_job=self._outside.run_job)
        self.laboratory = Laboratory(
            self.desk, home=self._home, models=self.models, run=self._outside.run_long, held=self._is_draining
        )
        self.folders = SessionFolders(self._home / "sessions")
        self.round_files = RoundFiles(self.desk, folders=self.folders, models=self.models)
        self.model_bin = ModelBin(self.desk, models=self.models, round_files=self.round_files)

    def _wire_sessions(self) -> None:
        self.book = SessionBook(self.desk, self.views, self.inboxes, publish_related=self._publish_related)
        self.ingest = SessionIngest(
            self.desk,
            book=self.book,
            views=self.views,
            folders=self.folders,
            closing=RoundClosing(
                self.desk,
                book=self.book,
                models=self.models,
                folders=self.folders,
                round_files=self.round_files,
                inboxes=self.inboxes,
            ),
        )
        self.wishes = SessionWishes(self.desk, folders=self.folders)
        self.sessions = Sessions(
            self.desk,
            book=self.book,
            views=self.views,
            wishes=self.wishes,
            round_files=self.round_files,
            wake=self.wake,
            held=self._is_draining,
        )
        self.runs = SessionRuns(
            self.desk,
            book=self.book,
            ingest=self.ingest,
            folders=self.folders,
            engine=self._outside.engine,
            plans=SessionPlans(self.desk, models=self.models, trust_list=self.trust_list),
            round_files=self.round_files,
            wishes=self.wishes,
            on_due=self.sessions.on_answer,
            held=self._is_draining,
        )

    def _wire_trust(self) -> None:
        self.enrolment = Enrolment(
            self.desk,
            authority=self._authority,
            sites=self.sites,
            invitations=self.invitations,
            trust_list=self.trust_list,
            inboxes=self.inboxes,
            on_revoked=self._on_revoked,
            on_left=self._on_left,
            on_suspended=self._on_suspended,
            on_readmitted=self.sessions.on_readmitted,
        )
        self.own_certificate = OwnCertificate(
            self.desk,
            authority=self._authority,
            name=self._identity.name,
            public_host=self._started_with.public_host,
            trust_list=self.trust_list,
        )
        self.certificate_watch = CertificateWatch(self.desk)
        self.consents = Consents(
            self.desk,
            ca_pem=self._authority.ca_pem,
            book=self.book,
            on_answer=self.sessions.on_answer,
            on_changed=self.sessions.on_consent_changed,
        )
        self.peers = Peers(
            self.desk,
            name=self._identity.name,
            sites=self.sites,
            inboxes=self.inboxes,
            presence=self.presence,
            views=self.views,
            on_presence=self.tell_presence,
        )

    def _wire_offers(self) -> None:
        self.offers = SessionOffers(
            self.desk,
            name=self._identity.name,
            sign=self._sign,
            models=self.models,
            book=self.book,
            views=self.views,
            inboxes=self.inboxes,
            held=self._is_draining,
            limits=self.settings.limits,
        )
        self.changes = SessionChanges(
            self.desk,
            sign=self._sign,
            book=self.book,
            views=self.views,
            inboxes=self.inboxes,
            round_files=self.round_files,
            limits=self.settings.limits,
            wake=self.wake,
        )

    def _wire_heartbeat(self) -> None:
        self.pruning = Pruning(
            self.desk,
            settings=self.settings,
            model_bin=self.model_bin,
            logs=self._home / "logs",
            also=self._look_at_certificates,
        )
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

    def _look_at_certificates(self) -> None:
        self.own_certificate.look()
        self.certificate_watch.look()

    def _make_house(self) -> House:
        notices = NoticeSettings(
            settings=self.settings,
            shapes=NoticeShapes(settings=Notices, view=NoticesView),
            secrets_file=self._home / "secrets" / "notices.json",
        )
        return House(
            settings=self.settings,
            drain=Drain(
                self.desk,
                settings=self.settings,
                sessions=self.sessions,
                laboratory=self.laboratory.jobs,
                publish=self.system.publish,
            ),
            notices=notices,
            sender=Sender(
                settings=notices,
                page=self.settings,
                kind_of=KIND_OF,
                sender=lambda: ("laboratory", self._identity.name),
                word=in_german_too(GERMAN),
            ),
            next_start=LaboratoryStart(
                self.desk,
                file=self._home / "settings.toml",
                present=self._started_with,
                address=self._identity.public_address,
            ),
            about=lambda: about(self._home),
        )

    def _sign(self, kind: Kind, content: BaseModel) -> SignedDocument:
        return sign(kind, content, self._authority.orchestrator_key(), self._authority.orchestrator_pem())

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
            model_bin=self.model_bin,
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
