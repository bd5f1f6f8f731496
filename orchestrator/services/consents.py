"""Signed answers of sites: checked, stored whole, counted."""

from collections.abc import Callable

from fl_core.desk import Desk
from fl_core.errors import Conflict, NotTrusted
from fl_core.lifecycle import ParticipationEvent, ParticipationState, SessionState, is_terminal
from fl_core.protocol.messages import Consent, SignedDocument, Withdrawal
from fl_core.protocol.signing import verify
from fl_core.storage import lab_amendments, lab_past, lab_sessions, lab_sites
from fl_core.storage.database import Transaction
from fl_core.storage.lab_amendments import AmendmentRow
from fl_core.storage.lab_sessions import ParticipationRow
from orchestrator.services.eligibility import TAKING_PART
from orchestrator.services.session_book import SessionBook

_EVENTS = {"agree": ParticipationEvent.AGREED, "decline": ParticipationEvent.DECLINED}
_SETTLED = {"agree": ParticipationState.AGREED, "decline": ParticipationState.DECLINED}


class Consents:
    """Takes consents and withdrawals; `on_answer` and `on_changed` let the session react after the commit."""

    def __init__(
        self,
        desk: Desk,
        *,
        ca_pem: str,
        book: SessionBook,
        on_answer: Callable[[str], None],
        on_changed: Callable[[str], None],
    ) -> None:
        self._desk = desk
        self._ca_pem = ca_pem
        self._book = book
        self._on_answer = on_answer
        self._on_changed = on_changed

    def take_consent(self, site_id: str, document: SignedDocument) -> None:
        """Check and store an answer; the same document again changes nothing.

        A refusal of what was agreed to is never too late: once the training has begun it counts as a withdrawal, since the
        site may have signed it before it heard of the start. An agreement of a site that counts as training takes the place of
        an earlier one.

        Raises
        ------
        NotTrusted
            ``trust.signature_invalid``: not signed by this site, or for another offer.
        Conflict
            ``consent.expired``: the time to answer, or the session, is over.
        IllegalTransition
            When it agrees by an older document than the one in force.
        """
        consent = verify(document, self._ca_pem, Consent, "site", site_id=site_id)
        with self._desk.database.begin() as tx:
            part = lab_sessions.participation_of(tx.connection, consent.session_id, site_id)
            if part.consent_document == document or self._was_replaced(tx, part, document):
                return
            further = lab_amendments.find(tx.connection, consent.session_id, site_id, consent.offer_sha256)
            if further is not None and further.consent_document == document:
                return
            if further is not None and further.answer not in lab_amendments.ANSWERABLE:
                further = None
            self._check(tx, part, further, consent)
            self._keep(tx, part, further, consent, document)
            self._note(tx, part, further, consent)
            self._book.publish(tx, consent.session_id)
        self._on_changed(consent.session_id)
        self._on_answer(consent.session_id)

    def _keep(
        self,
        tx: Transaction,
        part: ParticipationRow,
        further: AmendmentRow | None,
        consent: Consent,
        document: SignedDocument,
    ) -> None:
        values = {
            "consent": consent.model_dump(mode="json"),
            "consent_document": document.model_dump(mode="json"),
            "withdrawal_document": None,
        }
        if further is not None:
            if consent.decision == "agree":
                lab_amendments.agree(tx, further, part, document, values["consent"])
            else:
                lab_amendments.decline(tx, further, document)
            return
        if consent.decision == "decline":
            lab_amendments.close(tx, consent.session_id, part.site_id)
        if part.consent_document is not None:
            lab_past.keep(tx, consent.session_id, part.site_id)
        if part.state is _SETTLED[consent.decision] or _is_given_anew(part, consent):
            lab_sessions.change_participation(tx, consent.session_id, part.site_id, values)
        else:
            event = ParticipationEvent.WITHDRAWN if _is_withdrawal(part, consent) else _EVENTS[consent.decision]
            now = self._desk.now()
            lab_sessions.move_participation(tx, consent.session_id, part.site_id, event, at=now, values=values)

    def _note(self, tx: Transaction, part: ParticipationRow, further: AmendmentRow | None, consent: Consent) -> None:
        name = lab_sites.site_by_id(tx.connection, part.site_id).name
        rounds = part.terms.rounds if further is None else further.terms.rounds
        said = "withdrawn" if further is None and _is_withdrawal(part, consent) else consent.decision
        self._desk.journal.note(
            tx,
            actor=f"site:{part.site_id}",
            action=f"consent.{'' if further is None else 'further_'}{said}",
            subject=consent.session_id,
            details={
                "site": part.site_id,
                "offer_sha256": consent.offer_sha256,
                "studies": consent.study_count,
                "permissions": consent.permissions.model_dump(mode="json"),
            },
            text=_words(name, consent, said) if further is None else _further_words(name, consent, rounds),
            values={
                "name": name,
                "title": lab_sessions.by_id(tx.connection, consent.session_id).title,
                "count": consent.study_count,
                "rounds": rounds,
            },
        )

    def take_withdrawal(self, site_id: str, document: SignedDocument) -> None:
        """Check and store a withdrawal; it takes effect at once. The same document again changes nothing."""
        withdrawal = verify(document, self._ca_pem, Withdrawal, "site", site_id=site_id)
        with self._desk.database.begin() as tx:
            part = lab_sessions.participation_of(tx.connection, withdrawal.session_id, site_id)
            if part.withdrawal_document == document or self._was_replaced(tx, part, document):
                return
            lab_sessions.move_participation(
                tx,
                withdrawal.session_id,
                site_id,
                ParticipationEvent.WITHDRAWN,
                at=self._desk.now(),
                values={"withdrawal_document": document.model_dump(mode="json")},
            )
            lab_amendments.close(tx, withdrawal.session_id, site_id)
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
        self._on_changed(withdrawal.session_id)

    @staticmethod
    def _was_replaced(tx: Transaction, part: ParticipationRow, document: SignedDocument) -> bool:
        return lab_past.holds(tx.connection, part.session_id, part.site_id, document)

    def _check(self, tx: Transaction, part: ParticipationRow, further: AmendmentRow | None, consent: Consent) -> None:
        if consent.offer_sha256 != part.offer_sha256 and further is None:
            message = "the answer is to another offer"
            raise NotTrusted(message, code="trust.signature_invalid")
        if further is None and consent.decision == "decline" and part.state in TAKING_PART:
            return
        row = lab_sessions.by_id(tx.connection, consent.session_id)
        due = part.terms.answer_by if further is None else further.terms.answer_by
        if is_terminal(row.state) or row.state is SessionState.STOPPING or self._desk.now() > due:
            message = f"session {row.title} is {row.state.value}, answers were due by {due:%Y-%m-%d %H:%M} UTC"
            raise Conflict(message, code="consent.expired")


def _is_withdrawal(part: ParticipationRow, consent: Consent) -> bool:
    has_begun = part.state in {ParticipationState.TRAINING, ParticipationState.FINISHED}
    return has_begun and consent.decision == "decline"


def _is_given_anew(part: ParticipationRow, consent: Consent) -> bool:
    """Tell whether a site that counts as training agrees once more, later than what is stored of it.

    It withdrew meanwhile, and a laboratory that was brought back from a backup knows nothing of that.
    """
    has_begun = part.state in {ParticipationState.TRAINING, ParticipationState.FINISHED}
    is_newer = part.consent is None or consent.signed_at > part.consent.signed_at
    return has_begun and consent.decision == "agree" and is_newer


def _words(name: str, consent: Consent, said: str) -> str:
    if said == "withdrawn":
        return f"{name} withdrew its consent."
    if consent.decision == "decline":
        return f"{name} declined."
    studies = f"{consent.study_count} {'study' if consent.study_count == 1 else 'studies'}"
    later = " and wants to be asked before it sends" if consent.permissions.send_model == "ask" else ""
    return f"{name} agreed to train on {studies}{later}."


def _further_words(name: str, consent: Consent, rounds: int) -> str:
    if consent.decision == "decline":
        return f"{name} declined the further rounds; what it agreed to before stays."
    studies = f"{consent.study_count} {'study' if consent.study_count == 1 else 'studies'}"
    return f"{name} agreed to {rounds} rounds in all on {studies}."
