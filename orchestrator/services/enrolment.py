"""From a signing request to a trusted site, and back: request, approval, refusal, suspension, revocation, leaving, renewal."""

import hmac
import secrets
import threading
import time
from collections.abc import Callable

from fl_core.desk import Desk
from fl_core.errors import Conflict, InvalidInput, NotTrusted
from fl_core.lifecycle import EnrolmentEvent, EnrolmentState
from fl_core.protocol.ids import new_id
from fl_core.protocol.messages import (
    EnrolmentReceipt,
    EnrolmentRequest,
    EnrolmentStatus,
    RenewalAnswer,
    RenewalRequest,
    RenewalWish,
)
from fl_core.protocol.version import ProtocolVersion, negotiate
from fl_core.storage import lab_sites
from fl_core.storage.database import Transaction
from fl_core.storage.lab_sites import InvitationRow, SiteRow
from fl_core.trust.authority import Authority
from fl_core.trust.identity import key_fingerprint, load_certificate, request_key, short_fingerprint
from fl_core.trust.invitation import token_hash
from orchestrator.schemas import SiteView
from orchestrator.services.desk import by_manager
from orchestrator.services.inboxes import Inboxes
from orchestrator.services.invitations import Invitations
from orchestrator.services.sites import Sites
from orchestrator.services.trust_list import TrustList

ASKS_TO_RENEW = ProtocolVersion(1, 1)
"""The first protocol in which a site understands the wish."""


class Enrolment:
    """Decides who is trusted.

    Parameters
    ----------
    inboxes : where a site finds the wish that it renews its certificate
    on_revoked, on_left, on_suspended, on_readmitted : tell the sessions that a site is gone, is out for a while, is back
    """

    def __init__(
        self,
        desk: Desk,
        *,
        authority: Authority,
        sites: Sites,
        invitations: Invitations,
        trust_list: TrustList,
        inboxes: Inboxes,
        on_revoked: Callable[[str], None],
        on_left: Callable[[str], None],
        on_suspended: Callable[[str], None],
        on_readmitted: Callable[[str], None],
    ) -> None:
        self._desk = desk
        self._authority = authority
        self._sites = sites
        self._invitations = invitations
        self._trust_list = trust_list
        self._inboxes = inboxes
        self._on_revoked = on_revoked
        self._on_left = on_left
        self._on_suspended = on_suspended
        self._on_readmitted = on_readmitted
        self._decided = threading.Condition()
        self._closed = False

    def request(self, wanted: EnrolmentRequest) -> EnrolmentReceipt:
        """Take a signing request against a single-use token; the site is pending until the manager decides.

        With the token and the key of a site that is pending, the receipt is given again: the first may have been lost.
        """
        version = negotiate(wanted.protocol)
        fingerprint = key_fingerprint(request_key(wanted.csr_pem))
        site_id, poll_secret = new_id("site"), secrets.token_urlsafe(24)
        with self._desk.database.begin() as tx:
            invitation = self._known(tx, wanted.token)
            enrolment_id = _enrolment_of(invitation)
            receipt = EnrolmentReceipt(
                enrolment_id=enrolment_id,
                fingerprint=short_fingerprint(fingerprint),
                poll_secret=poll_secret,
                protocol=str(version),
            )
            waiting = lab_sites.pending_site(tx.connection, enrolment_id, fingerprint)
            if waiting is not None:
                self._change_secret(tx, waiting, poll_secret)
                return receipt
            self._take(tx, invitation, fingerprint)
            lab_sites.add_site(
                tx,
                {
                    "id": site_id,
                    "enrolment_id": enrolment_id,
                    "name": invitation.site_name or wanted.site_name,
                    "state": EnrolmentState.PENDING.value,
                    "fingerprint": fingerprint,
                    "poll_hash": token_hash(poll_secret),
                    "csr_pem": wanted.csr_pem,
                    "protocol": str(version),
                    "software": wanted.software,
                    "requested_at": self._desk.now(),
                },
            )
            self._desk.journal.note(
                tx,
                actor=f"site:{site_id}",
                action="enrolment.requested",
                subject=site_id,
                details={"fingerprint": fingerprint, "invitation": invitation.id, "software": wanted.software},
                text=f"{invitation.site_name or wanted.site_name} asks to join. Compare the fingerprint.",
                values={"name": invitation.site_name or wanted.site_name},
            )
            tx.after_commit(lambda: self._invitations.publish(invitation.id))
            tx.after_commit(lambda: self._sites.publish(site_id))
        return receipt

    def status(self, enrolment_id: str, poll_secret: str, *, wait_s: float) -> EnrolmentStatus:
        """Say where an enrolment stands, waiting while it is pending; only for the one who has the secret."""
        end = time.monotonic() + wait_s
        with self._decided:
            while True:
                row = lab_sites.site_by_enrolment(self._desk.database, enrolment_id)
                if row is None or not hmac.compare_digest(row.poll_hash, token_hash(poll_secret)):
                    message = "no enrolment is known under this secret"
                    raise NotTrusted(message)
                left = end - time.monotonic()
                if row.state is not EnrolmentState.PENDING or self._closed or left <= 0:
                    return _status(row)
                self._decided.wait(left)

    def approve(self, site_id: str, fingerprint: str) -> SiteView:
        """Trust a pending site: certificate, gateway, Flower node. The manager names the fingerprint she compared."""
        row = lab_sites.get_site(self._desk.database, site_id)
        if _digits(fingerprint) not in {row.fingerprint, row.fingerprint[:16]}:
            message = f"the site's fingerprint is {short_fingerprint(row.fingerprint)}, not {fingerprint[:80]}"
            raise Conflict(message, code="trust.fingerprint_mismatch")
        certificate_pem = self._authority.issue_site(row.csr_pem, site_id, row.name)
        expires_at = load_certificate(certificate_pem).not_valid_after_utc
        self._decide(
            row,
            EnrolmentEvent.APPROVED,
            text=f"{row.name} is trusted now.",
            values={"certificate_pem": certificate_pem, "certificate_expires_at": expires_at},
        )
        self._trust_list.write()
        self._trust_list.settle_nodes()
        self._tell()
        return self._sites.view(site_id)

    def refuse(self, site_id: str) -> SiteView:
        """Refuse a pending site."""
        row = lab_sites.get_site(self._desk.database, site_id)
        self._decide(row, EnrolmentEvent.REFUSED, text=f"{row.name} was refused.")
        self._tell()
        return self._sites.view(site_id)

    def revoke(self, site_id: str) -> SiteView:
        """Take a site's trust back: its connections close, its sessions go on without it, its node is removed."""
        row = lab_sites.get_site(self._desk.database, site_id)
        self._decide(row, EnrolmentEvent.REVOKED, text=f"The trust in {row.name} was taken back.")
        self._trust_list.write()
        self._on_revoked(site_id)
        self._trust_list.settle_nodes()
        self._sites.publish(site_id)
        return self._sites.view(site_id)

    def leave(self, site_id: str) -> None:
        """Note that a trusted site wishes to be one no more; its sessions go on without it. `see_off` follows the answer."""
        row = lab_sites.get_site(self._desk.database, site_id)
        self._decide(row, EnrolmentEvent.LEFT, text=f"{row.name} has left the federation.", actor=f"site:{site_id}")
        self._on_left(site_id)

    def see_off(self, site_id: str) -> None:
        """Refuse the certificate of a site that left, which ends its connections, and remove its node."""
        self._trust_list.write()
        self._trust_list.settle_nodes()
        self._sites.publish(site_id)

    def suspend(self, site_id: str) -> SiteView:
        """Shut a site out for a while: its connections close, its sessions go on without it; certificate and node stay."""
        row = lab_sites.get_site(self._desk.database, site_id)
        self._decide(row, EnrolmentEvent.SUSPENDED, text=f"{row.name} is suspended.")
        self._trust_list.write()
        self._on_suspended(site_id)
        self._sites.publish(site_id)
        return self._sites.view(site_id)

    def readmit(self, site_id: str) -> SiteView:
        """Let a suspended site in again; it comes back by itself within seconds."""
        row = lab_sites.get_site(self._desk.database, site_id)
        self._decide(row, EnrolmentEvent.READMITTED, text=f"{row.name} may take part again.")
        self._trust_list.write()
        self._on_readmitted(site_id)
        self._trust_list.settle_nodes()
        return self._sites.view(site_id)

    def ask_to_renew(self, site_id: str) -> SiteView:
        """Wish that a trusted site renews its certificate now; one that is offline does so when it is back.

        Raises
        ------
        Conflict
            When it is not trusted, or ``site.cannot_renew`` when its program is too old to be asked.
        """
        with self._desk.database.begin() as tx:
            row = lab_sites.site_by_id(tx.connection, site_id)
            if row.state is not EnrolmentState.TRUSTED:
                message = f"{row.name} is {row.state.value}"
                raise Conflict(message)
            if ProtocolVersion.parse(row.protocol) < ASKS_TO_RENEW:
                message = f"{row.name} speaks protocol {row.protocol}, {ASKS_TO_RENEW} is needed"
                raise Conflict(message, code="site.cannot_renew")
            self._inboxes.post(tx, site_id, "renew", RenewalWish())
            self._desk.journal.note(
                tx,
                actor=by_manager(),
                action="certificate.renewal_wished",
                subject=site_id,
                text=f"{row.name} was asked to renew its certificate.",
                values={"name": row.name},
            )
        return self._sites.view(site_id)

    def renew(self, site_id: str, wanted: RenewalRequest) -> RenewalAnswer:
        """Issue a fresh certificate for the site's own key; another key is refused."""
        row = lab_sites.get_site(self._desk.database, site_id)
        if key_fingerprint(request_key(wanted.csr_pem)) != row.fingerprint:
            message = "a renewal is for the same key only"
            raise NotTrusted(message)
        certificate_pem = self._authority.issue_site(wanted.csr_pem, site_id, row.name)
        expires_at = load_certificate(certificate_pem).not_valid_after_utc
        with self._desk.database.begin() as tx:
            values = {"certificate_pem": certificate_pem, "certificate_expires_at": expires_at}
            lab_sites.update_site(tx, site_id, values)
            self._desk.journal.note(
                tx,
                actor=f"site:{site_id}",
                action="certificate.renewed",
                subject=site_id,
                details={"expires_at": expires_at.isoformat()},
                text=f"The certificate of {row.name} was renewed.",
                values={"name": row.name},
            )
            tx.after_commit(lambda: self._sites.publish(site_id))
        return RenewalAnswer(certificate_pem=certificate_pem)

    def close(self) -> None:
        """Let every held request return."""
        self._closed = True
        self._tell()

    def _known(self, tx: Transaction, token: str) -> InvitationRow:
        found = lab_sites.invitation_by_token(tx.connection, token_hash(token))
        if found is None or found.state == "withdrawn":
            message = "no invitation has this token"
            raise NotTrusted(message, code="invitation.unknown")
        if found.state == "open" and found.expires_at <= self._desk.now():
            message = f"the invitation was valid until {found.expires_at:%Y-%m-%d %H:%M} UTC"
            raise InvalidInput(message, code="invitation.expired")
        return found

    def _take(self, tx: Transaction, found: InvitationRow, fingerprint: str) -> None:
        if not lab_sites.take_invitation(tx, found.id, "used"):
            message = "the invitation was used before"
            raise InvalidInput(message, code="invitation.used")
        if lab_sites.has_live_fingerprint(tx.connection, fingerprint):
            message = f"the key {short_fingerprint(fingerprint)} is enrolled already"
            raise Conflict(message, code="enrolment.exists")

    def _change_secret(self, tx: Transaction, row: SiteRow, poll_secret: str) -> None:
        """Tell the outcome to the one who has this secret from now on."""
        lab_sites.update_site(tx, row.id, {"poll_hash": token_hash(poll_secret)})
        self._desk.journal.note(
            tx,
            actor=f"site:{row.id}",
            action="enrolment.receipt_repeated",
            subject=row.id,
            details={"fingerprint": row.fingerprint},
        )

    def _decide(
        self,
        row: SiteRow,
        event: EnrolmentEvent,
        *,
        text: str,
        values: dict[str, object] | None = None,
        actor: str | None = None,
    ) -> None:
        with self._desk.database.begin() as tx:
            lab_sites.move_site(tx, row.id, event, at=self._desk.now(), values=values)
            self._desk.journal.note(
                tx,
                actor=actor or by_manager(),
                action=f"site.{event.value}",
                subject=row.id,
                details={"fingerprint": row.fingerprint, "name": row.name},
                text=text,
                values={"name": row.name},
            )
            tx.after_commit(lambda: self._sites.publish(row.id))

    def _tell(self) -> None:
        with self._decided:
            self._decided.notify_all()


def _enrolment_of(invitation: InvitationRow) -> str:
    """Return the name of the one enrolment that an invitation is for."""
    return f"enrol-{invitation.id.removeprefix('inv-')}"


def _status(row: SiteRow) -> EnrolmentStatus:
    if row.state is EnrolmentState.PENDING:
        return EnrolmentStatus(state="pending")
    if row.state in {EnrolmentState.TRUSTED, EnrolmentState.SUSPENDED}:
        return EnrolmentStatus(
            state="approved", site_id=row.id, site_name=row.name, certificate_pem=row.certificate_pem
        )
    return EnrolmentStatus(state="refused")


def _digits(fingerprint: str) -> str:
    return fingerprint.replace("-", "").replace(" ", "").lower()
