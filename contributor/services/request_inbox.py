"""What the laboratory sends about requests: offers, verified before anybody sees them, and offers taken back."""

from collections.abc import Callable
from datetime import datetime

from pydantic import ValidationError

from contributor.schemas import RequestAnswer
from contributor.services.connection import Connection
from contributor.services.grants import GrantsWriter
from contributor.services.offers import VerifiedOffer, refusal_words, verified_offer
from contributor.services.requests import Requests
from contributor.services.rules import Rules
from fl_core.desk import Desk
from fl_core.errors import Conflict, FlomirError, NotTrusted
from fl_core.protocol.messages import ConsentPermissions, Json, SendPermission, SessionOffer, SignedDocument, Withdrawal
from fl_core.protocol.signing import verify
from fl_core.storage.site_amendments import AmendmentStore, FurtherOffer
from fl_core.storage.site_requests import RequestStore


class RequestInbox:
    """Takes offers in, lets standing rules answer them, and takes over that one was taken back.

    Parameters
    ----------
    requests : answers what a rule agrees to, and tells the pages
    bundle_sha256 : digest of this program's own code, which an offer must name
    session_changed : tells the pages about a session by its id
    """

    def __init__(
        self,
        desk: Desk,
        *,
        connection: Connection,
        grants: GrantsWriter,
        rules: Rules,
        requests: Requests,
        bundle_sha256: str,
        session_changed: Callable[[str], None],
    ) -> None:
        self._desk = desk
        self._store = RequestStore(desk.database)
        self._amendments = AmendmentStore(desk.database)
        self._connection = connection
        self._grants = grants
        self._rules = rules
        self._requests = requests
        self._bundle_sha256 = bundle_sha256
        self._session_changed = session_changed

    def receive(self, payload: Json) -> None:
        """Take an offer in; one that fails a check is audited and never shown."""
        record = self._connection.record
        try:
            if record.ca_pem is None or record.site_id is None:
                message = "this site is not enrolled"
                raise Conflict(message, code="enrolment.none")
            found = verified_offer(
                payload, ca_pem=record.ca_pem, site_id=record.site_id, bundle_sha256=self._bundle_sha256
            )
        except FlomirError as error:
            self._note_refused(error)
            return
        session_id = found.offer.session_id
        known = self._store.find(session_id)
        agreed = known is not None and known.answer == "agree" and known.offer_sha256 != found.sha256
        if agreed and known is not None and found.offer.issued_at <= known.offer.issued_at:
            return  # an older offer that comes again
        if self._keep(found, further=agreed):
            self._requests.publish(session_id)
        self._ask_rules(found)

    def _keep(self, found: VerifiedOffer, *, further: bool) -> bool:
        """Store an offer, or one of further rounds; return False for one that is here already."""
        session_id, now = found.offer.session_id, self._desk.now()
        with self._desk.database.begin() as tx:
            if further:
                amendment = FurtherOffer(
                    session_id=session_id, offer_sha256=found.sha256, received_at=now, document=found.document
                )
                is_new = self._amendments.add(tx, amendment)
            else:
                is_new = self._store.add(
                    tx, session_id=session_id, received_at=now, offer=found.document, offer_sha256=found.sha256
                )
            if is_new:
                self._desk.journal.note(
                    tx,
                    actor="orchestrator",
                    action="request.further" if further else "request.received",
                    subject=session_id,
                    details={"offer_sha256": found.sha256},
                    text=_asked_words(found.offer, further=further),
                    values={
                        "orchestrator": found.offer.orchestrator,
                        "title": found.offer.title,
                        "rounds": found.offer.rounds,
                    },
                )
        return is_new

    def _ask_rules(self, found: VerifiedOffer) -> None:
        """Let the rules answer a first offer, also one that is here already: the program may have ended before they did.

        Who has answered once is asked again in person.
        """
        session_id = found.offer.session_id
        record = self._store.get(session_id)
        waits = record.answer == "none" and record.offer_sha256 == found.sha256
        if waits and not self._store.was_answered_before(session_id):
            self._answer_by_rule(found.offer, record.received_at)

    def _answer_by_rule(self, offer: SessionOffer, received_at: datetime) -> None:
        """Agree where a standing rule does; what it cannot agree to waits for a person, who is told why."""
        rule = self._rules.matching(offer, received_at)
        if rule is None:
            return
        send = SendPermission(self._rules.send_permission(rule))
        permissions = ConsentPermissions(take_part=True, train_on_my_data=True, send_model=send)
        try:
            self._requests.answer(offer.session_id, RequestAnswer(decision="agree", permissions=permissions), rule=rule)
        except FlomirError as error:
            name = self._rules.name(rule.rule_id)
            with self._desk.database.begin() as tx:
                self._desk.journal.note(
                    tx,
                    actor=f"rule:{rule.rule_id}",
                    action="rule.could_not_agree",
                    subject=offer.session_id,
                    details={"version": rule.version, "code": error.code},
                    text=f"Standing rule “{name}” could not agree to “{offer.title}”: {error}. It waits for you.",
                    values={"name": name, "title": offer.title},
                )

    def recall(self, payload: Json) -> None:
        """Take over that the orchestrator took an offer back; the runner's permission ends first.

        Raises
        ------
        NotTrusted
            ``trust.signature_invalid``: not signed by the orchestrator, or for another site.
        """
        connection = self._connection.record
        try:
            document = SignedDocument.model_validate(payload)
        except ValidationError as error:
            message = "the withdrawal is not a signed document"
            raise NotTrusted(message, code="trust.signature_invalid") from error
        withdrawal = verify(
            document, connection.ca_pem or "", Withdrawal, "orchestrator", site_id=connection.site_id or ""
        )
        record = self._store.find(withdrawal.session_id)
        if record is None or record.answer == "recalled" or withdrawal.signed_at < record.offer.issued_at:
            return
        self._grants.write(without=record.session_id)
        with self._desk.database.begin() as tx:
            self._store.recall(tx, record, document)
            self._amendments.close(tx, record.session_id)
            self._desk.journal.note(
                tx,
                actor="orchestrator",
                action="request.recalled",
                subject=record.session_id,
                details={"offer_sha256": record.offer_sha256},
                text=f"{record.offer.orchestrator} took its request “{record.offer.title}” back.",
                values={"orchestrator": record.offer.orchestrator, "title": record.offer.title},
            )
        self._grants.write()
        self._requests.publish(record.session_id)
        self._session_changed(record.session_id)

    def _note_refused(self, error: FlomirError) -> None:
        with self._desk.database.begin() as tx:
            self._desk.journal.note(
                tx,
                actor="orchestrator",
                action="request.refused",
                details={"code": error.code, "detail": str(error)[:200]},
                text=refusal_words(error),
                values={"code": error.code, "reason": error.entry.title},
                kind="request",
            )


def _asked_words(offer: SessionOffer, *, further: bool) -> str:
    if further:
        return f"{offer.orchestrator} asks for {offer.rounds} rounds in all of “{offer.title}”."
    return f"{offer.orchestrator} asks to take part in “{offer.title}”."
