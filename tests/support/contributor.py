"""An enrolled contributor without a network: real database, real keys, a real authority; no child is started."""

import json
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Literal, cast

import httpx
from pydantic import BaseModel

from contributor.app import Contributor, compose
from contributor.certificates import SiteCertificates
from contributor.core import MIGRATIONS
from contributor.paths import SitePaths
from contributor.peer_client import PeerClient
from contributor.ready import Ready
from contributor.roles import ROLES
from contributor.schemas import StudyView
from contributor.services.inspection import site_key
from contributor.settings import ContributorSettings
from fl_core.errors import CATALOGUE, PeerUnreachable
from fl_core.events import Delta
from fl_core.protocol import peer_api
from fl_core.protocol.bundle import bundle_sha256
from fl_core.protocol.messages import (
    EnrolmentReceipt,
    EnrolmentRequest,
    EnrolmentStatus,
    EventPage,
    InvitationDocument,
    Json,
    PeerEvent,
    RenewalAnswer,
    RenewalRequest,
    SessionOffer,
    SignedDocument,
    StrategyChoice,
    Welcome,
)
from fl_core.protocol.plan import Grants
from fl_core.protocol.signing import sign
from fl_core.storage.site_connection import ConnectionRecord
from fl_core.trust.authority import Authority
from fl_core.trust.identity import fingerprint, key_fingerprint, request_key
from fl_core.trust.invitation import encode_file, new_token
from fl_core.web.logins import Logins
from fl_core.web.principal import PRINCIPAL, Principal
from fl_core.web.problems import problem
from model.intake import prepare
from model.io.importing import file_kind
from model.io.scans import Scan
from model.task_spec import task_spec
from tests.support.migrated import put_migrated
from tests.support.studies import write_tiny_study

SITE_ID = "site-0123456789ab"
API_TOKEN = "a-token-for-scripts"
AGREE: Json = {"take_part": True, "train_on_my_data": True, "send_model": "yes"}


def make_offer(**changes: object) -> SessionOffer:
    """Return an offer to `SITE_ID` that is open for a day."""
    now = datetime.now(UTC)
    offer = SessionOffer(
        session_id="session-000000000001",
        title="Cardiac SPECT",
        orchestrator="Test laboratory",
        site_id=SITE_ID,
        task="spect-reconstruction",
        task_parameters=task_spec("spect-reconstruction").parameters().model_dump(mode="json"),
        network={"name": "unrolled_em"},
        initial_model_sha256="0" * 64,
        strategy=StrategyChoice(name="fedavg"),
        rounds=3,
        quorum=1,
        sites_invited=1,
        round_deadline_s=600.0,
        update_bytes=1000,
        bundle_sha256=bundle_sha256(),
        issued_at=now,
        answer_by=now + timedelta(days=1),
    )
    return offer.model_copy(update=changes)


@dataclass
class TestSite:
    """A composed contributor, enrolled with `authority`; `deltas` is what the pages were told."""

    __test__ = False

    daemon: Contributor
    authority: Authority
    paths: SitePaths
    deltas: list[Delta]

    @property
    def client(self) -> Any:
        """A client of the API behind the gate (a `FlaskClient`)."""
        return client_of(self.daemon)

    def signed(self, offer: SessionOffer, *, authority: Authority | None = None) -> SignedDocument:
        """Sign an offer as an orchestrator does."""
        signer = authority or self.authority
        return sign("offer", offer, signer.orchestrator_key(), signer.orchestrator_pem())

    def receive(self, offer: SessionOffer | None = None) -> str:
        """Let a signed offer arrive; return its session's id."""
        offer = offer or make_offer()
        self.daemon.inbox.receive(self.signed(offer).model_dump(mode="json"))
        return offer.session_id

    def add_studies(self, number: int, *, first_seed: int = 0, **options: object) -> list[str]:
        """Add tiny studies; return their ids, in the order of their files' names."""
        folder = self.paths.home.parent / f"incoming-{first_seed}"
        folder.mkdir(parents=True, exist_ok=True)
        for seed in range(first_seed, first_seed + number):
            write_tiny_study(folder / f"scan-{seed}.h5", seed, **options)
        return [self.add_file(path).id for path in sorted(folder.iterdir())]

    def add_file(self, path: Path, name: str | None = None) -> StudyView:
        """Take a study file as an import does, but read in this process instead of a child; raises ModelError, Conflict."""
        studies, folder = self.daemon.services.studies, self.paths.studies
        ready = prepare(Scan(path, file_kind(path)), folder, site_key=site_key(studies.secret()))
        prepared = folder / ready.file
        try:
            view = studies.take(Ready.model_validate(ready.to_dict()), prepared, name or path.name)
        finally:
            prepared.unlink(missing_ok=True)
        self.daemon.services.studies.told_later()
        return view

    def answer(self, session_id: str, decision: str = "agree", **permissions: object) -> Json:
        """Answer a request through the API; returns the body, whatever the status."""
        body = {"decision": decision, "permissions": {**AGREE, **permissions}}
        return cast("Json", self.client.post(f"/api/v1/requests/{session_id}/answer", json=body).json)

    def grants(self) -> Grants:
        """Return what the runner may do now."""
        return Grants.model_validate_json(self.paths.grants.read_bytes())

    def audit_actions(self) -> list[str]:
        """Return the actions of every audit row."""
        return [row.action for row in self.daemon.services.records.audit_rows(after=0, limit=1000)]

    def told(self, type_: str) -> list[object]:
        """Return the data of every delta of a type."""
        return [delta.data for delta in self.deltas if delta.type == type_]


def client_of(daemon: Contributor) -> Any:
    """Return a client behind the gate, as one that the gate has let in as an administrator."""
    client: Any = daemon.app.test_client()
    client.environ_base[PRINCIPAL] = Principal("owner", "Owner", ROLES.highest, "")
    return client


def nobody_answers(*_: object) -> PeerClient:
    """Stand for an orchestrator that cannot be reached."""
    message = "nobody answers"
    raise PeerUnreachable(message)


@contextmanager
def composed(home: Path, *, port: int = 4321, **options: Any) -> Iterator[Contributor]:
    """Compose a daemon that is not started and not enrolled."""
    home.mkdir(parents=True, exist_ok=True)
    put_migrated(SitePaths(home).database, MIGRATIONS)
    logins = Logins(key="k" * 32, api_token=API_TOKEN)
    defaults: dict[str, object] = {"site_client": nobody_answers, "enrol_client": nobody_answers}
    daemon = compose(
        ContributorSettings(home=home),
        port,
        logins=logins,
        **{**defaults, **options},
    )
    try:
        yield daemon
    finally:
        daemon.stop()
        daemon.database.close()


@contextmanager
def enrolled_site(folder: Path, **options: Any) -> Iterator[TestSite]:
    """Compose a daemon and enrol it with a fresh authority, without any network."""
    authority = Authority.create(folder / "laboratory", "Test laboratory", "127.0.0.1")
    with composed(folder / "site", **options) as daemon:
        deltas: list[Delta] = []
        daemon.bus.subscribe(deltas.append)
        paths = SitePaths(folder / "site")
        enrol_offline(daemon, paths, authority)
        daemon.services.studies.reconcile()
        daemon.grants.write()
        yield TestSite(daemon, authority, paths, deltas)


def enrol_offline(
    daemon: Contributor,
    paths: SitePaths,
    authority: Authority,
    *,
    site_id: str = SITE_ID,
    issued_at: datetime | None = None,
) -> None:
    """Put certificate and record in place as an approval does."""
    certificates = SiteCertificates(paths)
    csr_pem, _ = certificates.prepare("Test hospital")
    pem = authority.issue_site(csr_pem, site_id, "Test hospital", now=issued_at)
    certificate = certificates.install(pem, authority.ca_pem, site_id)
    record = ConnectionRecord(
        state="reconnecting",
        since=datetime.now(UTC),
        orchestrator="Test laboratory",
        address="127.0.0.1:1",
        ca_pem=authority.ca_pem,
        site_id=site_id,
        site_name="Test hospital",
        fingerprint=fingerprint(certificate),
        certificate_expires_at=certificate.not_valid_after_utc,
    )
    daemon.services.connection.replace(record, actor="test", action="enrolment.approved", text="Approved.")


def invitation_text(home: Path, *, life: timedelta = timedelta(days=7)) -> str:
    """Return an invitation to a laboratory that nobody runs."""
    ca_pem = Authority.create(home / "laboratory", "Test laboratory", "127.0.0.1").ca_pem
    document = InvitationDocument(
        orchestrator="Test laboratory", address="127.0.0.1:1", ca_pem=ca_pem, token=new_token(), site_name="North",
        expires_at=datetime.now(UTC) + life,
    )  # fmt: skip
    return encode_file(document)


class FakeOrchestrator:
    """The other side of `PeerClient`, below HTTP: answers as the peer API does, and remembers what it was told."""

    def __init__(self, authority: Authority, site_id: str = SITE_ID) -> None:
        self.authority = authority
        self.site_id = site_id
        self.events: list[PeerEvent] = []
        self.told: list[tuple[str, Json]] = []
        self.problem: str | None = None
        self.decision: str = "pending"
        self.weights = b""
        self._enrolled: EnrolmentRequest | None = None
        self._changed = threading.Condition()

    def client(self, *_: object) -> PeerClient:
        """Return a client that talks to this object."""
        return PeerClient("127.0.0.1:1", None, transport=httpx.MockTransport(self.answer))

    def add_event(self, type_: Literal["offer", "session", "model"], payload: Json) -> None:
        """Put an event into the site's inbox."""
        with self._changed:
            self.events.append(PeerEvent(seq=len(self.events) + 1, type=type_, payload=payload))
            self._changed.notify_all()

    def refuse(self, code: str | None) -> None:
        """Answer everything with this problem from now on (None: no more)."""
        with self._changed:
            self.problem = code
            self._changed.notify_all()

    def decide(self, decision: str) -> None:
        """Approve or refuse the enrolment."""
        with self._changed:
            self.decision = decision
            self._changed.notify_all()

    def wait_told(self, path: str, number: int = 1, timeout_s: float = 30.0) -> list[Json]:
        """Wait until a path was called so often; return the bodies."""
        with self._changed:
            assert self._changed.wait_for(lambda: len(self._told(path)) >= number, timeout_s), self.told
            return self._told(path)

    def answer(self, request: httpx.Request) -> httpx.Response:
        """Answer one request."""
        path = request.url.path
        with self._changed:
            self.told.append((path, json.loads(request.content) if request.content else {}))
            self._changed.notify_all()
            if self.problem is None and path == peer_api.EVENTS:
                after = int(request.url.params["after"])
                self._changed.wait_for(lambda: self.problem is not None or len(self.events) > after, 0.3)
            if self.problem is not None:
                body = problem(self.problem, "as the test wants it", "0")
                return httpx.Response(CATALOGUE[self.problem].status, json=body)
            return self._route(path, request)

    def _route(self, path: str, request: httpx.Request) -> httpx.Response:
        if path == peer_api.HELLO:
            return _json(
                Welcome(
                    protocol="1.0", orchestrator="Test laboratory", site_id=self.site_id, site_name="H", latest_event=0
                )
            )
        if path == peer_api.EVENTS:
            after = int(request.url.params["after"])
            return _json(EventPage(events=self.events[after:], latest=len(self.events)))
        if path == peer_api.ENROL_REQUESTS:
            self._enrolled = EnrolmentRequest.model_validate_json(request.content)
            fingerprint_hex = key_fingerprint(request_key(self._enrolled.csr_pem))
            return _json(
                EnrolmentReceipt(enrolment_id="e-1", fingerprint=fingerprint_hex, poll_secret="p", protocol="1.0")
            )
        if path.startswith(peer_api.ENROL_REQUESTS):
            return _json(self._status())
        if path == peer_api.RENEWALS:
            wanted = RenewalRequest.model_validate_json(request.content)
            pem = self.authority.issue_site(wanted.csr_pem, self.site_id, "Test hospital")
            return _json(RenewalAnswer(certificate_pem=pem))
        if path.endswith("/weights"):
            return httpx.Response(200, content=self.weights)
        return httpx.Response(204)

    def _status(self) -> EnrolmentStatus:
        self._changed.wait_for(lambda: self.decision != "pending", 0.3)
        if self.decision != "approved" or self._enrolled is None:
            return EnrolmentStatus(state="refused" if self.decision == "refused" else "pending")
        pem = self.authority.issue_site(self._enrolled.csr_pem, self.site_id, "Test hospital")
        return EnrolmentStatus(state="approved", site_id=self.site_id, site_name="Test hospital", certificate_pem=pem)

    def _told(self, path: str) -> list[Json]:
        return [body for one, body in self.told if one == path]


def _json(model: BaseModel) -> httpx.Response:
    return httpx.Response(200, content=model.model_dump_json())


def wait_for(claim: Callable[[], bool], timeout_s: float = 30.0) -> None:
    """Wait until a claim holds; fails after the timeout."""
    end = time.monotonic() + timeout_s
    while not claim():
        assert time.monotonic() < end, "the claim did not come true in time"
        time.sleep(0.01)
