"""From an invitation to a trusted relation: the key is made here, a person at the other side approves.

::

    not_enrolled -> pending -> reconnecting -> connected      pending -> refused
    any -> not_enrolled (leave)                               connected -> suspended, revoked (by the orchestrator)
"""

import logging
import random
import threading
from collections.abc import Callable
from datetime import UTC, datetime

from contributor.certificates import SiteCertificates
from contributor.connecting import finding_of
from contributor.peer_client import PeerClient
from contributor.schemas import ConnectionView, InvitationPreview
from contributor.schemas_network import PreflightLine
from contributor.services.connection import Connection, ca_fingerprint
from contributor.services.farewell import Farewell
from fl_core.acting import acted_by
from fl_core.errors import Conflict, FlomirError, NotTrusted, PeerUnreachable
from fl_core.protocol.messages import EnrolmentReceipt, EnrolmentRequest, EnrolmentStatus, InvitationDocument
from fl_core.protocol.version import PROTOCOL, negotiate
from fl_core.storage.site_connection import ConnectionRecord
from fl_core.transport.proxy import Proxy
from fl_core.trust.identity import short_fingerprint
from fl_core.trust.invitation import decode
from fl_core.trust.tls import enrol_context

FIRST_DELAY_S = 0.5
LARGEST_DELAY_S = 15.0
REFUSALS = ("trust.", "enrolment.")
"""Answers about the enrolment; any other says nothing about it, and it is asked again."""
MAY_START = frozenset({"not_enrolled", "refused", "revoked"})
CERTIFIED = frozenset({"connected", "reconnecting", "protocol_mismatch", "suspended", "revoked"})

logger = logging.getLogger(__name__)

ClientFactory = Callable[[str, str], PeerClient]


def enrolment_client(address: str, ca_pem: str, proxy: Proxy | None = None) -> PeerClient:
    """Return a client that trusts the invitation's authority and shows no certificate."""
    return PeerClient(address, enrol_context(ca_pem), proxy=proxy)


class Enrolment:
    """Starts, waits for, and ends the relation to an orchestrator.

    Parameters
    ----------
    joined : called when the certificate is in place (also at a start of the daemon with one)
    listen : called at a start of the daemon whose site was revoked: it may have been a mistake
    left : called before key and certificate are removed
    farewell : tells the orchestrator that this site leaves, while the certificate is still there
    renew : has the certificate renewed as soon as possible
    """

    def __init__(
        self,
        *,
        connection: Connection,
        certificates: SiteCertificates,
        software: str,
        joined: Callable[[], None],
        listen: Callable[[], None],
        left: Callable[[], None],
        farewell: Farewell,
        renew: Callable[[], None] = lambda: None,
        client: ClientFactory = enrolment_client,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._connection = connection
        self._certificates = certificates
        self._software = software
        self._joined = joined
        self._listen = listen
        self._left = left
        self._farewell = farewell
        self._renew = renew
        self._client = client
        self._clock = clock
        self._changing = threading.Lock()
        self._waiting: threading.Event | None = None

    def connection(self) -> ConnectionView:
        """Return the present relation."""
        return self._connection.view()

    def preview(self, text: str) -> InvitationPreview:
        """Tell whose invitation it is; nothing is sent. Raises InvalidInput (`invitation.*`)."""
        invitation = decode(text, now=self._clock())
        return InvitationPreview(
            orchestrator=invitation.orchestrator,
            address=invitation.address,
            site_name=invitation.site_name,
            ca_fingerprint=ca_fingerprint(invitation.ca_pem),
            expires_at=invitation.expires_at,
        )

    def start(self, text: str, site_name: str) -> ConnectionView:
        """Send a signing request for a key made here, then wait for the approval in the background.

        Raises
        ------
        InvalidInput
            The invitation is malformed, expired, used or unknown.
        Conflict
            This computer is enrolled already.
        PeerUnreachable
            Nobody answers at the invitation's address, or it is not the one that the invitation names.
        """
        invitation = decode(text, now=self._clock())
        with self._changing:
            state = self._connection.record.state
            if state not in MAY_START:
                message = f"the present relation is {state}"
                raise Conflict(message, code="enrolment.exists")
            if state != "not_enrolled":
                self._left()
                self._certificates.remove()
            csr_pem, fingerprint = self._certificates.prepare(site_name)
            receipt = self._request(invitation, site_name, csr_pem)
            if receipt.fingerprint not in {fingerprint, short_fingerprint(fingerprint)}:
                message = "the orchestrator names another fingerprint than this site's key has"
                raise NotTrusted(message, code="trust.fingerprint_mismatch")
            record = ConnectionRecord(
                state="pending",
                since=self._clock(),
                orchestrator=invitation.orchestrator,
                address=invitation.address,
                ca_pem=invitation.ca_pem,
                site_name=site_name,
                fingerprint=fingerprint,
                enrolment_id=receipt.enrolment_id,
                poll_secret=receipt.poll_secret,
                last_contact=self._clock(),
            )
            self._connection.replace(
                record,
                actor=acted_by("professional"),
                action="enrolment.requested",
                text=f"Asked {invitation.orchestrator} for admission as {site_name}.",
                values={"orchestrator": invitation.orchestrator, "site": site_name},
            )
            self._wait_in_background()
        return self.connection()

    def _request(self, invitation: InvitationDocument, site_name: str, csr_pem: str) -> EnrolmentReceipt:
        """Hand in the signing request; raises what the orchestrator answers, PeerUnreachable, ProtocolMismatch."""
        request = EnrolmentRequest(
            token=invitation.token,
            csr_pem=csr_pem,
            site_name=site_name,
            protocol=str(PROTOCOL),
            software=self._software,
        )
        client = self._client(invitation.address, invitation.ca_pem)
        try:
            receipt = client.enrol(request)
        finally:
            client.close()
        negotiate(receipt.protocol)
        return receipt

    def resume(self) -> None:
        """Go on with what was going on when the daemon ended; a leave that was cut off is finished."""
        record = self._connection.record
        if record.state == "not_enrolled" and self._certificates.is_installed():
            self._certificates.remove()
        elif record.state in CERTIFIED and not self._certificates.is_whole():
            logger.warning("key or certificate is missing; this site is not enrolled", extra={"state": record.state})
            self._end(record, actor="system", finding=None)
        elif record.state == "pending":
            self._wait_in_background()
        elif self._connection.is_enrolled:
            self._connection.move("reconnecting", words="Started again; connecting.", values={"context": "again"})
            self._joined()
        elif record.state in {"revoked", "suspended"}:
            self._listen()

    def leave(self) -> ConnectionView:
        """Cancel, or leave: children end, the orchestrator is told if it can be, key and certificate are removed.

        Nothing of the relation stays but the audit; `finding` in the answer says whether the orchestrator knows.
        """
        with self._changing:
            before = self._connection.record
            if before.state == "not_enrolled":
                message = "there is no relation to leave"
                raise Conflict(message, code="enrolment.none")
            self.stop()
            self._left()
            self._end(before, actor=acted_by("professional"), finding=self._farewell.say(before))
        return self.connection()

    def _end(self, before: ConnectionRecord, *, actor: str, finding: PreflightLine | None) -> None:
        """Forget the relation, then remove what proved it: cut off between the two, the next start removes it."""
        name = before.orchestrator or "the federation"
        self._connection.replace(
            ConnectionRecord(since=self._clock()),
            actor=actor,
            action="enrolment.left",
            details={"told": finding is not None and finding.level == "green"},
            text=f"Left {name}; this site's key was deleted. {'' if finding is None else finding.text}".strip(),
            values={"orchestrator": name, "context": "" if finding is None else finding.code.partition(".")[2]},
            finding=finding,
        )
        self._certificates.remove()

    def renew(self) -> ConnectionView:
        """Ask for a fresh certificate now; raises Conflict (``enrolment.none``) without one to renew."""
        if not self._connection.is_enrolled:
            message = "there is no certificate to renew"
            raise Conflict(message, code="enrolment.none")
        self._renew()
        return self.connection()

    def stop(self) -> None:
        """Stop waiting; idempotent."""
        if self._waiting is not None:
            self._waiting.set()

    def _wait_in_background(self) -> None:
        self.stop()
        self._waiting = threading.Event()
        threading.Thread(target=self._wait, args=(self._waiting,), name="enrolment", daemon=True).start()

    def _wait(self, stopped: threading.Event) -> None:
        delay_s = FIRST_DELAY_S
        while not stopped.is_set():
            try:
                if self._look(stopped):
                    return
                delay_s = FIRST_DELAY_S
            except PeerUnreachable as error:
                delay_s = min(delay_s * 2, LARGEST_DELAY_S)
                if not stopped.is_set():
                    finding = finding_of(error)
                    detail = f"The orchestrator does not answer ({error})." if finding is None else finding.text
                    self._connection.move("pending", detail, code=error.code, finding=finding)
            except Exception:
                delay_s = LARGEST_DELAY_S
                logger.exception("waiting for the approval failed")
            stopped.wait(delay_s * random.uniform(0.5, 1.0))  # noqa: S311 - jitter, no secret

    def _look(self, stopped: threading.Event) -> bool:
        """Ask once for the outcome and act on it; return whether the waiting is over."""
        record = self._connection.record
        try:
            status = self._ask(record)
        except PeerUnreachable:
            raise
        except FlomirError as error:
            if not error.code.startswith(REFUSALS):
                raise PeerUnreachable(str(error), code=error.code) from error
            if not stopped.is_set():
                self._connection.move("refused", str(error), code=error.code)
            return True
        return stopped.is_set() or self._settle(record, status)

    def _ask(self, record: ConnectionRecord) -> EnrolmentStatus:
        client = self._client(record.address or "", record.ca_pem or "")
        try:
            return client.enrolment_status(record.enrolment_id or "", record.poll_secret or "")
        finally:
            client.close()

    def _settle(self, record: ConnectionRecord, status: EnrolmentStatus) -> bool:
        """Act on the outcome; return whether there is one."""
        if status.state == "pending":
            self._connection.move("pending")
            self._connection.contact()
            return False
        if status.state == "refused":
            self._connection.move("refused")
            return True
        site_id, site_name = status.site_id or "", status.site_name or record.site_name
        try:
            certificate = self._certificates.install(status.certificate_pem or "", record.ca_pem or "", site_id)
        except FlomirError as error:
            detail = f"The certificate that came cannot be used: {error}"
            self._connection.move("refused", detail, code=error.code)
            return True
        self._connection.move(
            "reconnecting",
            words=f"{record.orchestrator} approved this site; connecting.",
            values={"context": "approved", "orchestrator": record.orchestrator or ""},
            site_id=site_id,
            site_name=site_name,
            certificate_expires_at=certificate.not_valid_after_utc,
            poll_secret=None,
        )
        self._joined()
        return True
