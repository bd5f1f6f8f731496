"""Signed answers of sites: checked, stored whole, counted."""

from collections.abc import Callable

from fl_core.errors import Conflict, NotTrusted
from fl_core.lifecycle import ParticipationEvent, ParticipationState, SessionState, is_terminal
from fl_core.protocol.messages import Consent, SignedDocument, Withdrawal
from fl_core.protocol.signing import verify
from fl_core.storage import lab_sessions, lab_sites
from fl_core.storage.database import Transaction
from fl_core.storage.lab_sessions import ParticipationRow
from orchestrator.services.desk import Desk
from orchestrator.services.session_book import SessionBook

_EVENTS = {"agree": ParticipationEvent.AGREED, "decline": ParticipationEvent.DECLINED}
_SETTLED = {"agree": ParticipationState.AGREED, "decline": ParticipationState.DECLINED}


class Consents:
    """Takes consents and withdrawals; `on_answer` and `on_withdrawn` let the session react after the commit."""

    def __init__(
        self,
        desk: Desk,
        *,
        ca_pem: str,
        book: SessionBook,
        on_answer: Callable[[str], None],
        on_withdrawn: Callable[[str, str], None],
    ) -> None:
        self._desk = desk
        self._ca_pem = ca_pem
        self._book = book
        self._on_answer = on_answer
        self._on_withdrawn = on_withdrawn

    def take_consent(self, site_id: str, document: SignedDocument) -> None:
        """Check and store an answer; the same document again changes nothing.

        Raises
        ------
        NotTrusted
            ``trust.signature_invalid``: not signed by this site, or for another offer.
        Conflict
            ``consent.expired``: the time to answer, or the session, is over.
        """
        consent = verify(document, self._ca_pem, Consent, "site", site_id=site_id)
        with self._desk.database.begin() as tx:
            part = lab_sessions.participation_of(tx.connection, consent.session_id, site_id)
            if part.consent_document == document:
                return
            self._check(tx, part, consent)
            values = {"consent": consent.model_dump(mode="json"), "consent_document": document.model_dump(mode="json")}
            if part.state is _SETTLED[consent.decision]:
                lab_sessions.change_participation(tx, consent.session_id, site_id, values)
            else:
                event = _EVENTS[consent.decision]
                now = self._desk.now()
                lab_sessions.move_participation(tx, consent.session_id, site_id, event, at=now, values=values)
            name = lab_sites.site_by_id(tx.connection, site_id).name
            self._desk.journal.note(
                tx,
                actor=f"site:{site_id}",
                action=f"consent.{consent.decision}",
                subject=consent.session_id,
                details={
                    "site": site_id,
                    "offer_sha256": consent.offer_sha256,
                    "studies": consent.study_count,
                    "permissions": consent.permissions.model_dump(mode="json"),
                },
                text=_words(name, consent),
                values={
                    "name": name,
                    "title": lab_sessions.by_id(tx.connection, consent.session_id).title,
                    "count": consent.study_count,
                },
            )
            self._book.publish(tx, consent.session_id)
        self._on_answer(consent.session_id)

    def take_withdrawal(self, site_id: str, document: SignedDocument) -> None:
        """Check and store a withdrawal; it takes effect at once. The same document again changes nothing."""
        withdrawal = verify(document, self._ca_pem, Withdrawal, "site", site_id=site_id)
        with self._desk.database.begin() as tx:
            part = lab_sessions.participation_of(tx.connection, withdrawal.session_id, site_id)
            if part.withdrawal_document == document:
                return
            lab_sessions.move_participation(
                tx,
                withdrawal.session_id,
                site_id,
                ParticipationEvent.WITHDRAWN,
                at=self._desk.now(),
                values={"withdrawal_document": document.model_dump(mode="json")},
            )
            name = lab_sites.site_by_id(tx.connection, site_id).name
            self._desk.journal.note(
                tx,
                actor=f"site:{site_id}",
                action="consent.withdrawn",
                subject=withdrawal.session_id,
                details={"site": site_id, "reason": withdrawal.reason},
                text=f"{name} withdrew its consent.",
                values={
                    "name": name,
                    "title": lab_sessions.by_id(tx.connection, withdrawal.session_id).title,
                },
            )
            self._book.publish(tx, withdrawal.session_id)
        self._on_withdrawn(withdrawal.session_id, site_id)

    def _check(self, tx: Transaction, part: ParticipationRow, consent: Consent) -> None:
        if consent.offer_sha256 != part.offer_sha256:
            message = "the answer is to another offer"
            raise NotTrusted(message, code="trust.signature_invalid")
        row = lab_sessions.by_id(tx.connection, consent.session_id)
        if is_terminal(row.state) or row.state is SessionState.STOPPING or self._desk.now() > row.answer_by:
            message = (
                f"session {row.title} is {row.state.value}, answers were due by {row.answer_by:%Y-%m-%d %H:%M} UTC"
            )
            raise Conflict(message, code="consent.expired")


def _words(name: str, consent: Consent) -> str:
    if consent.decision == "decline":
        return f"{name} declined."
    studies = f"{consent.study_count} {'study' if consent.study_count == 1 else 'studies'}"
    later = " and wants to be asked before it sends" if consent.permissions.send_model == "ask" else ""
    return f"{name} agreed to train on {studies}{later}."
