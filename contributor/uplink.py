"""The site's line to the orchestrator: one thread receives events, one sends; lost connections come back by themselves."""

import logging
import random
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime

from contributor.certificates import SiteCertificates
from contributor.connecting import finding_of
from contributor.paths import SitePaths
from contributor.peer_client import PeerClient
from contributor.services.connection import Connection
from fl_core.errors import FlomirError, NotTrusted, PeerUnreachable, ProtocolMismatch, StorageFailed
from fl_core.protocol.messages import DataSummary, Hello, Json, PeerEvent, RenewalRequest, SiteProgress
from fl_core.protocol.version import PROTOCOL, ProtocolVersion, negotiate
from fl_core.storage.database import Database
from fl_core.storage.site_connection import ConnectionState
from fl_core.storage.site_outbox import Letter, OutboxStore
from fl_core.transport.proxy import Proxy
from fl_core.trust.authority import needs_renewal
from fl_core.trust.identity import load_certificate
from fl_core.trust.tls import client_context

FIRST_DELAY_S = 0.25
LARGEST_DELAY_S = 15.0
REVOKED_DELAY_S = 60.0
SUSPENDED_DELAY_S = 3.0
TELLS_SPREAD = ProtocolVersion(1, 1)
"""An older orchestrator refuses fields that it does not know."""
PROGRESS_EVERY_S = 0.25
RENEWAL_EVERY_S = 3600.0
UNKNOWN_LIMIT = 5
"""A gateway may learn of a fresh certificate a moment after the site: so many refusals in a row count as final."""

SHUT_OUT = frozenset({"suspended", "revoked"})
LINE_CODES = frozenset({"trust.suspended", "trust.revoked", "trust.unknown_certificate", "trust.refused"})
"""Refusals that are about the line, not about the letter."""

logger = logging.getLogger(__name__)

Handler = Callable[[Json], None]


def peer_client(address: str, paths: SitePaths, proxy: Proxy | None = None) -> PeerClient:
    """Return a client that shows the site's certificate."""
    return PeerClient(address, client_context(paths.ca, paths.certificate, paths.key), proxy=proxy)


class Uplink:
    """Keeps the line up and says how it stands.

    Parameters
    ----------
    handlers : event type -> what takes it over; called at least once an event, in order
    summary : what is told about the data
    connected : called after each successful hello
    ended : called when the orchestrator has suspended or revoked this site; it is asked now and then whether that holds
    restored : called when a suspension or revocation does not hold any more
    renewed : called when a fresh certificate is in place
    """

    def __init__(
        self,
        *,
        connection: Connection,
        certificates: SiteCertificates,
        database: Database,
        handlers: Mapping[str, Handler],
        summary: Callable[[], DataSummary],
        software: str,
        bundle_sha256: str,
        connected: Callable[[], None],
        ended: Callable[[], None],
        restored: Callable[[], None],
        renewed: Callable[[], None],
        client: Callable[[str], PeerClient],
        refused: Callable[[Letter, FlomirError], None] = lambda _letter, _error: None,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._connection = connection
        self._certificates = certificates
        self._database = database
        self._outbox = OutboxStore(database)
        self._handlers = handlers
        self._summary = summary
        self._hello = Hello(protocol=str(PROTOCOL), software=software, bundle_sha256=bundle_sha256)
        self._connected = connected
        self._ended = ended
        self._restored = restored
        self._renewed = renewed
        self._make_client = client
        self._on_refused_letter = refused
        self._clock = clock
        self._work = threading.Condition()
        self._run: _Run | None = None
        self._summary_due = False
        self._letters_due = False
        self._renewal_due = False
        self._speaks = ProtocolVersion(1, 0)
        self._progress: dict[str, SiteProgress] = {}

    def start(self) -> None:
        """Begin (again) to connect."""
        self.stop()
        run = _Run()
        with self._work:
            self._run = run
        for target, name in ((self._receive, "uplink"), (self._send, "uplink-send")):
            threading.Thread(target=target, args=(run,), name=name, daemon=True).start()

    def connect_anew(self) -> None:
        """Let go of the line and connect again, as after another proxy was chosen; does nothing where none is wanted."""
        with self._work:
            wanted = self._run is not None
        if wanted:
            self.start()

    def stop(self) -> None:
        """Let go of the line; a held request may end later but changes nothing any more. Idempotent."""
        with self._work:
            run, self._run = self._run, None
            if run is not None:
                run.stopped.set()
            self._progress.clear()
            self._work.notify_all()

    def tell_summary(self) -> None:
        """Send the data summary as soon as possible."""
        with self._work:
            self._summary_due = True
            self._work.notify_all()

    def send_letters(self) -> None:
        """Send the signed letters that wait as soon as possible."""
        with self._work:
            self._letters_due = True
            self._work.notify_all()

    def renew_soon(self, _wish: Json) -> None:
        """Renew the certificate as soon as possible: the learning manager wishes it."""
        with self._work:
            self._renewal_due = True
            self._work.notify_all()

    def forward(self, progress: SiteProgress) -> None:
        """Send the newest progress of a session; older unsent progress is dropped."""
        with self._work:
            self._progress[progress.session_id] = progress
            self._work.notify_all()

    @contextmanager
    def weights(self, sha256: str) -> Iterator[Iterator[bytes]]:
        """Open a model's weights; raises PeerUnreachable while there is no line."""
        with self._work:
            client = None if self._run is None else self._run.client
        if client is None:
            message = "there is no connection to the orchestrator at the moment"
            raise PeerUnreachable(message)
        with client.weights(sha256) as chunks:
            yield chunks

    def _receive(self, run: "_Run") -> None:
        delay_s = FIRST_DELAY_S
        while not run.stopped.is_set():
            try:
                with self._line(run) as client:
                    delay_s = FIRST_DELAY_S
                    run.refusals = 0
                    while not run.stopped.is_set():
                        self._take(run, client)
            except FlomirError as error:
                delay_s = self._fail(run, error, delay_s)
            except Exception:
                logger.exception("the uplink failed")
                delay_s = self._fail(run, PeerUnreachable("unexpected failure"), delay_s)
            run.stopped.wait(delay_s * random.uniform(0.5, 1.0))  # noqa: S311 - jitter, no secret

    def _fail(self, run: "_Run", error: FlomirError, delay_s: float) -> float:
        """Say what the failure means for the line; return how long to wait before the next attempt."""
        if run.stopped.is_set():
            return delay_s
        if isinstance(error, ProtocolMismatch):
            self._connection.move("protocol_mismatch", str(error), code=error.code)
            return LARGEST_DELAY_S
        if isinstance(error, NotTrusted):
            return self._refused(run, error)
        finding = finding_of(error)
        detail = str(error) if finding is None else finding.text
        if self._connection.record.state not in SHUT_OUT and self._connection.move(
            "reconnecting", detail, code=error.code, finding=finding
        ):
            logger.warning("connection lost", extra={"code": error.code})
        return min(2 * delay_s, LARGEST_DELAY_S)

    def _refused(self, run: "_Run", error: NotTrusted) -> float:
        """Count a refusal: soon it is a revocation, after which it is only asked now and then whether it was a mistake."""
        if error.code == "trust.suspended":
            self._shut_out("suspended", error)
            return SUSPENDED_DELAY_S
        run.refusals += 1
        if error.code != "trust.revoked" and run.refusals < UNKNOWN_LIMIT:
            detail = "The orchestrator does not accept this site's certificate at the moment."
            self._connection.move("reconnecting", detail, code=NotTrusted.code)
            return FIRST_DELAY_S
        self._shut_out("revoked", error)
        return REVOKED_DELAY_S

    def _shut_out(self, state: ConnectionState, error: NotTrusted) -> None:
        was_out = self._connection.record.state in SHUT_OUT
        if self._connection.move(state):
            logger.warning("shut out", extra={"code": error.code, "error": str(error)})
            if not was_out:
                self._ended()

    @contextmanager
    def _line(self, run: "_Run") -> Iterator[PeerClient]:
        """Connect, say hello, and offer the client to the sending thread while the line stands."""
        client = self._make_client(self._connection.record.address or "")
        try:
            welcome = client.hello(self._hello)
            self._speaks = negotiate(welcome.protocol)
            if run.stopped.is_set():
                message = "the line is not wanted any more"
                raise PeerUnreachable(message)
            was_out = self._connection.record.state in SHUT_OUT
            self._connection.move("connected", orchestrator=welcome.orchestrator, site_name=welcome.site_name)
            self._connection.contact()
            with self._work:
                run.client = client
                self._summary_due = self._letters_due = True
                self._work.notify_all()
            if was_out:
                self._restored()
            self._connected()
            yield client
        finally:
            with self._work:
                run.client = None
            client.close()

    def _take(self, run: "_Run", client: PeerClient) -> None:
        page = client.events(self._connection.record.last_event)
        if run.stopped.is_set():
            return
        self._connection.contact()
        for event in page.events:
            if event.seq > self._connection.record.last_event:
                self._handle(event)
                self._connection.handled(event.seq)

    def _handle(self, event: PeerEvent) -> None:
        try:
            self._handlers[event.type](event.payload)
        except StorageFailed:
            raise  # not taken over: it comes again
        except FlomirError as error:
            logger.warning("event refused", extra={"seq": event.seq, "kind": event.type, "code": error.code})
        except Exception:
            logger.exception("event failed", extra={"seq": event.seq, "kind": event.type})

    def _send(self, run: "_Run") -> None:
        while not run.stopped.is_set():
            with self._work:
                self._work.wait_for(lambda: run.stopped.is_set() or self._has_work(run), RENEWAL_EVERY_S)
                client = run.client
            if run.stopped.is_set():
                return
            if client is None:
                continue
            try:
                self._send_all(client)
            except FlomirError as error:
                logger.info("sending waits", extra={"code": error.code})
                run.stopped.wait(1.0)
            except Exception:
                logger.exception("sending failed")
                run.stopped.wait(1.0)
            run.stopped.wait(PROGRESS_EVERY_S)

    def _has_work(self, run: "_Run") -> bool:
        return run.client is not None and bool(
            self._summary_due or self._letters_due or self._renewal_due or self._progress
        )

    def _send_all(self, client: PeerClient) -> None:
        with self._work:
            letters_due, self._letters_due = self._letters_due, False
            summary_due, self._summary_due = self._summary_due, False
            progress, self._progress = list(self._progress.values()), {}
        try:
            if letters_due:
                for letter in self._outbox.waiting():
                    self._send_letter(client, letter)
            if summary_due:
                client.send_summary(self._told())
        except (PeerUnreachable, NotTrusted, StorageFailed):
            with self._work:
                self._letters_due = self._letters_due or letters_due
                self._summary_due = self._summary_due or summary_due
            raise
        for one in progress:
            client.send_progress(one)
        self._renew_when_due(client)

    def _told(self) -> DataSummary:
        """Return the summary as the orchestrator's protocol knows it."""
        summary = self._summary()
        return summary if self._speaks >= TELLS_SPREAD else summary.model_copy(update={"distributions": None})

    def _send_letter(self, client: PeerClient, letter: Letter) -> None:
        problem = ""
        try:
            client.send_letter(letter.kind, letter.document)
        except FlomirError as error:
            if isinstance(error, PeerUnreachable) or error.code in LINE_CODES:
                raise
            problem = str(error)[:300]
            logger.warning("a letter was refused", extra={"kind": letter.kind, "code": error.code})
            self._on_refused_letter(letter, error)
        with self._database.begin() as tx:
            self._outbox.done(tx, letter.seq, self._clock(), problem)

    def _renew_when_due(self, client: PeerClient) -> None:
        with self._work:
            wished, self._renewal_due = self._renewal_due, False
        present = load_certificate(self._certificates.certificate_pem())
        if not (wished or needs_renewal(present, now=self._clock())):
            return
        record = self._connection.record
        csr_pem, _ = self._certificates.prepare(record.site_name or "")
        try:
            answer = client.renew(RenewalRequest(csr_pem=csr_pem))
        except (PeerUnreachable, NotTrusted):
            self._renewal_due = wished
            raise
        certificate = self._certificates.install(answer.certificate_pem, record.ca_pem or "", record.site_id or "")
        self._connection.move(record.state, record.detail, certificate_expires_at=certificate.not_valid_after_utc)
        logger.info("certificate renewed")
        self._renewed()


class _Run:
    """One life of the two threads; what belongs to an older one is ignored."""

    def __init__(self) -> None:
        self.stopped = threading.Event()
        self.client: PeerClient | None = None
        self.refusals = 0
