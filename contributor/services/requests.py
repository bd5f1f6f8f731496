"""The answers to offers, signed by the site; every permission the runner ever has begins and ends here.

::

    open -> agreed <-> declined      (until the answer is due)
    agreed -> withdrawn -> agreed    open -> expired    any -> closed (the session has ended, the offer was taken back)

A newer offer of a session that is agreed to waits beside the agreement, which holds as it is until the newer one is
agreed to.
"""

import hashlib
import json
from collections import Counter
from collections.abc import Callable, Iterable
from datetime import datetime, timedelta
from functools import cache
from typing import Literal

from contributor.certificates import SiteCertificates
from contributor.information import cited
from contributor.schemas import FurtherView, RequestAnswer, RequestList, RequestView
from contributor.services.connection import Connection
from contributor.services.grants import REFUSED, RELEASED, GrantsWriter
from contributor.services.rules import Rules
from contributor.services.studies import Studies
from fl_core.acting import acted_by
from fl_core.desk import Desk
from fl_core.errors import Conflict, FlomirError, InvalidInput
from fl_core.lifecycle import SessionState, is_terminal
from fl_core.protocol.messages import (
    Consent,
    Json,
    RuleCited,
    SessionOffer,
    SignedDocument,
    Withdrawal,
)
from fl_core.protocol.signing import sha256_of, sign
from fl_core.storage.database import Transaction
from fl_core.storage.listing import Wanted
from fl_core.storage.site_amendments import AmendmentStore
from fl_core.storage.site_outbox import Letter, OutboxStore
from fl_core.storage.site_requests import Answer, RequestRecord, RequestStore
from fl_core.storage.site_sessions import SiteSessionStore
from fl_core.storage.site_studies import StudyRecord
from model.task_spec import learns_without_reference

RequestState = Literal["open", "agreed", "declined", "expired", "withdrawn", "closed"]
MARGIN = timedelta(days=7)
"""Time a consent stays valid beyond the longest time the agreed rounds can take, for pauses."""
BEFORE_START: frozenset[str] = frozenset({SessionState.DRAFT, SessionState.OFFERED})
MAY_ANSWER: dict[RequestState, frozenset[str]] = {
    "open": frozenset({"agree", "decline"}),
    "agreed": frozenset({"decline"}),
    "declined": frozenset({"agree"}),
    "withdrawn": frozenset({"agree"}),
}


def studies_digest(sha256s: Iterable[str]) -> str:
    """Return the digest over a list of studies: SHA-256 over their sorted content hashes, one a line."""
    return hashlib.sha256("\n".join(sorted(sha256s)).encode()).hexdigest()


def valid_until(offer: SessionOffer, now: datetime) -> datetime:
    """Return until when an agreement holds: the deadline of the answer, every round at its longest, and a margin."""
    return max(now, offer.answer_by) + timedelta(seconds=offer.rounds * offer.round_deadline_s) + MARGIN


def request_state(answer: Answer, answer_by: datetime, session_state: str | None, now: datetime) -> RequestState:
    """Return where a request stands; nothing of it is stored, so nothing can disagree."""
    if answer == "withdrawn":
        return "withdrawn"
    if answer == "recalled":
        return "closed"
    if session_state in set(SessionState) and is_terminal(SessionState(str(session_state))):
        return "closed"
    if answer == "none":
        return "expired" if answer_by <= now else "open"
    return "agreed" if answer == "agree" else "declined"


class Requests:
    """Answers offers, and takes answers back; `RequestInbox` takes offers in.

    Parameters
    ----------
    remind_at : when a request that was put off comes back
    send : wakes the uplink, which sends the letters that wait
    session_changed : tells the pages about a session by its id
    """

    def __init__(
        self,
        desk: Desk,
        *,
        connection: Connection,
        certificates: SiteCertificates,
        studies: Studies,
        grants: GrantsWriter,
        rules: Rules,
        remind_at: Callable[[str], datetime | None],
        send: Callable[[], None],
        session_changed: Callable[[str], None],
    ) -> None:
        self._desk = desk
        self._store = RequestStore(desk.database)
        self._amendments = AmendmentStore(desk.database)
        self._sessions = SiteSessionStore(desk.database)
        self._outbox = OutboxStore(desk.database)
        self._connection = connection
        self._certificates = certificates
        self._studies = studies
        self._grants = grants
        self._rules = rules
        self._remind_at = remind_at
        self._send = send
        self._session_changed = session_changed

    def part(self, wanted: Wanted) -> RequestList:
        """Return a part of the requests, newest first; the studies are gone through once for each kind of offer."""
        usable = cache(self._usable_number)
        part = self._store.part(wanted)
        items = [self._view(record, usable) for record in part.rows]
        return RequestList(items=items, total=part.total, next_cursor=part.next_cursor)

    def get(self, session_id: str) -> RequestView:
        """Return one request; raises NotFound."""
        return self._view(self._store.get(session_id), self._usable_number)

    def answer(self, session_id: str, wanted: RequestAnswer, *, rule: RuleCited | None = None) -> RequestView:
        """Sign and store the answer, give or take the permission, and send it; `rule` answers instead of a person.

        Raises
        ------
        Conflict
            ``consent.expired`` after the deadline, ``conflict`` when the request cannot be answered so any more or
            no usable study is there to train on.
        """
        record = self._store.get(session_id)
        self._check_answerable(record, wanted)
        now = self._desk.now()
        if wanted.decision == "decline" and self._state(record) == "agreed" and self._is_past(record, now):
            return self.withdraw(session_id, wanted.reason)
        covered = self._covered(record.offer, wanted)
        document = self._signed(record.offer, record.offer_sha256, wanted, covered, now, rule)
        agreed = wanted.decision == "agree"
        if not agreed:
            self._grants.write(without=session_id)
        with self._desk.database.begin() as tx:
            self._store.answer(tx, record, wanted.decision, document, tuple(study.id for study in covered))
            if agreed:
                self._sessions.open(tx, session_id)
            else:
                self._amendments.close(tx, session_id)
            self._outbox.put(tx, "consent", document, now)
            text = _answer_words(record.offer.title, agreed=agreed, studies=len(covered))
            values: Json = {"title": record.offer.title, "count": len(covered)}
            if rule is not None:
                name = self._rules.name(rule.rule_id)
                text = f"Standing rule “{name}”: {text}"
                values |= {"context": "rule", "name": name}
            self._note_answer(tx, session_id, wanted, text, values, rule)
        self._grants.write()
        return self._told(session_id)

    def answer_further(self, session_id: str, wanted: RequestAnswer) -> RequestView:
        """Sign the answer to a newer offer; a refusal leaves the agreement in force as it is.

        Raises
        ------
        NotFound
            When no newer offer waits.
        Conflict
            ``consent.expired`` after its deadline; `conflict` when the agreement was taken back meanwhile.
        """
        record, further = self._store.get(session_id), self._amendments.get(session_id)
        now = self._desk.now()
        if self._state(record) != "agreed":
            message = f"the request is {self._state(record)}"
            raise Conflict(message)
        if further.offer.answer_by <= now:
            message = f"the answer was due on {further.offer.answer_by:%Y-%m-%d %H:%M} UTC"
            raise Conflict(message, code="consent.expired")
        agreed = wanted.decision == "agree"
        if agreed and not wanted.permissions.take_part:
            message = "an agreement needs the permission to take part"
            raise InvalidInput(message)
        covered = self._covered(further.offer, wanted)
        document = self._signed(further.offer, further.offer_sha256, wanted, covered, now)
        with self._desk.database.begin() as tx:
            if agreed:
                self._amendments.agree(tx, further, record, document, tuple(study.id for study in covered))
            else:
                self._amendments.decline(tx, further, document)
            self._outbox.put(tx, "consent", document, now)
            title, rounds = further.offer.title, further.offer.rounds
            text = (
                f"Agreed to {rounds} rounds of “{title}” with {len(covered)} studies."
                if agreed
                else f"Declined the further rounds of “{title}”; what was agreed to before stays."
            )
            values: Json = {"context": "further", "title": title, "rounds": rounds, "count": len(covered)}
            self._note_answer(tx, session_id, wanted, text, values)
        self._grants.write()
        return self._told(session_id)

    def withdraw(self, session_id: str, reason: str) -> RequestView:
        """Take an agreement back: the runner's permission ends first, then it is recorded, then the other side is told."""
        record = self._store.get(session_id)
        if record.answer != "agree":
            message = "there is no agreement to take back"
            raise Conflict(message)
        self._grants.write(without=session_id)
        now = self._desk.now()
        withdrawal = Withdrawal(session_id=session_id, site_id=record.offer.site_id, signed_at=now, reason=reason)
        document = sign("withdrawal", withdrawal, self._certificates.key(), self._certificates.certificate_pem())
        with self._desk.database.begin() as tx:
            self._store.withdraw(tx, record, document)
            self._amendments.close(tx, session_id)
            if record.offer.site_id == self._connection.record.site_id:  # another laboratory has no business with it
                self._outbox.put(tx, "withdrawal", document, now)
            self._desk.journal.note(
                tx,
                actor=acted_by("professional"),
                action="consent.withdrawn",
                subject=session_id,
                text=f"The agreement to “{record.offer.title}” was taken back; nothing more is trained or sent.",
                values={"title": record.offer.title},
            )
        self._grants.write()
        return self._told(session_id)

    def letter_refused(self, letter: Letter, error: FlomirError) -> None:
        """Tell that the laboratory did not take an answer or a withdrawal: both sides think of it differently now."""
        session_id = str(json.loads(letter.document.payload)["session_id"])
        record = self._store.find(session_id)
        title = session_id if record is None else record.offer.title
        with self._desk.database.begin() as tx:
            self._desk.journal.note(
                tx,
                actor="orchestrator",
                action="letter.refused",
                subject=session_id,
                details={"kind": letter.kind, "code": error.code},
                text=f"The laboratory did not take this site's answer to “{title}”: {error.entry.title} "
                "Ask the learning manager how it stands.",
                values={"title": title, "code": error.code, "reason": error.entry.title},
                kind="request",
            )

    def decide_held(self, session_id: str, round_number: int, *, send: bool) -> None:
        """Let a held update go, or keep it; raises Conflict when no update waits."""
        record = self._store.get(session_id)
        if record.answer != "agree":
            message = "the agreement was taken back"
            raise Conflict(message)
        with self._desk.database.begin() as tx:
            if not self._sessions.decide(tx, session_id, round_number, RELEASED if send else REFUSED):
                message = f"no update of round {round_number} waits for an answer"
                raise Conflict(message)
            self._desk.journal.note(
                tx,
                actor=acted_by("professional"),
                action="update.released" if send else "update.kept",
                subject=session_id,
                details={"round": round_number},
                text=f"The update of round {round_number} {'may leave' if send else 'stays here'}.",
                values={"round": round_number},
                kind="session",
            )
        self._grants.write()
        self._session_changed(session_id)

    def study_usage(self) -> Counter[str]:
        """Return in how many agreed sessions each study is covered."""
        return Counter(study for record in self._store.all() if record.answer == "agree" for study in record.studies)

    def expire(self) -> None:
        """Tell the pages about requests whose time has run out; take expired permissions away."""
        now = self._desk.now()
        for record in self._store.all():
            if record.answer == "none" and now - timedelta(seconds=30) < record.offer.answer_by <= now:
                self.publish(record.session_id)
        self._grants.write()

    def session_changed(self, session_id: str) -> None:
        """Follow a session's news: permissions and the request's state depend on it."""
        self._grants.write()
        if self._store.find(session_id) is not None:
            self.publish(session_id)

    def _covered(self, offer: SessionOffer, wanted: RequestAnswer) -> list[StudyRecord]:
        covered = self._usable_for(offer) if _trains(wanted) else []
        if _trains(wanted) and not covered:
            which = "" if learns_without_reference(offer.task_parameters) else " with a reference"
            message = f"there is no usable study{which} for the task {offer.task}"
            raise Conflict(message)
        return covered

    def _usable_for(self, offer: SessionOffer) -> list[StudyRecord]:
        return self._studies.usable_for(offer.task, without_reference=learns_without_reference(offer.task_parameters))

    def _signed(
        self,
        offer: SessionOffer,
        sha256: str,
        wanted: RequestAnswer,
        covered: list[StudyRecord],
        now: datetime,
        rule: RuleCited | None = None,
    ) -> SignedDocument:
        consent = Consent(
            session_id=offer.session_id,
            site_id=offer.site_id,
            offer_sha256=sha256,
            decision=wanted.decision,
            permissions=wanted.permissions,
            study_count=len(covered),
            studies_sha256=studies_digest(study.sha256 for study in covered),
            valid_until=valid_until(offer, now),
            signed_at=now,
            reason=wanted.reason,
            information=cited(),
            rule=rule,
        )
        return sign("consent", consent, self._certificates.key(), self._certificates.certificate_pem())

    def _note_answer(
        self,
        tx: Transaction,
        session_id: str,
        wanted: RequestAnswer,
        text: str,
        values: Json,
        rule: RuleCited | None = None,
    ) -> None:
        agreed = wanted.decision == "agree"
        by = {} if rule is None else {"rule": rule.rule_id, "rule_version": rule.version, "rule_sha256": rule.sha256}
        self._desk.journal.note(
            tx,
            actor=acted_by("professional") if rule is None else f"rule:{rule.rule_id}",
            action=f"consent.{'agreed' if agreed else 'declined'}",
            subject=session_id,
            details={
                "studies": values["count"],
                **wanted.permissions.model_dump(mode="json"),
                "information": cited().version,
                "information_sha256": cited().sha256,
                **by,
            },
            text=text,
            values=values,
        )

    def _check_answerable(self, record: RequestRecord, wanted: RequestAnswer) -> None:
        if not self._connection.is_enrolled or self._connection.record.site_id != record.offer.site_id:
            message = "this site is not part of the federation that asks"
            raise Conflict(message, code="enrolment.none")
        state = self._state(record)
        if state == "expired" or (wanted.decision == "agree" and record.offer.answer_by <= self._desk.now()):
            message = f"the answer was due on {record.offer.answer_by:%Y-%m-%d %H:%M} UTC"
            raise Conflict(message, code="consent.expired")
        if wanted.decision not in MAY_ANSWER.get(state, frozenset()):
            message = f"the request is {state}"
            raise Conflict(message)
        if wanted.decision == "agree" and not wanted.permissions.take_part:
            message = "an agreement needs the permission to take part"
            raise InvalidInput(message)

    def _told(self, session_id: str) -> RequestView:
        self.publish(session_id)
        self._session_changed(session_id)
        self._send()
        return self.get(session_id)

    def publish(self, session_id: str) -> None:
        """Tell the pages about a request."""
        self._desk.bus.publish("request", lambda: self.get(session_id))

    def _is_past(self, record: RequestRecord, now: datetime) -> bool:
        """Tell whether the laboratory takes no other answer any more: then an agreement is withdrawn, not declined."""
        session = self._sessions.find(record.session_id)
        return record.offer.answer_by <= now or (session is not None and session.state not in BEFORE_START)

    def _state(self, record: RequestRecord) -> RequestState:
        session = self._sessions.find(record.session_id)
        return request_state(
            record.answer, record.offer.answer_by, None if session is None else session.state, self._desk.now()
        )

    def _usable_number(self, task: str, without_reference: bool) -> int:
        return len(self._studies.usable_for(task, without_reference=without_reference))

    def _view(self, record: RequestRecord, usable: Callable[[str, bool], int]) -> RequestView:
        offer, consent = record.offer, record.consent
        covered = len(record.studies) if record.answer == "agree" else usable(*_kind(offer))
        return RequestView(
            session_id=record.session_id,
            state=self._state(record),
            received_at=record.received_at,
            offer=offer,
            offer_sha256=record.offer_sha256,
            verified=True,
            studies_covered=covered,
            total_bytes=offer.update_bytes * offer.rounds,
            consent=consent,
            consent_sha256=None if record.consent_document is None else sha256_of(record.consent_document.payload),
            rule_name=None if consent is None or consent.rule is None else self._rules.name(consent.rule.rule_id),
            remind_at=self._remind_at(record.session_id) if record.answer == "none" else None,
            further=self._further(record, usable),
        )

    def _further(self, record: RequestRecord, usable: Callable[[str, bool], int]) -> FurtherView | None:
        further = self._amendments.find(record.session_id) if record.answer == "agree" else None
        if further is None:
            return None
        offer = further.offer
        return FurtherView(
            offer=offer,
            offer_sha256=further.offer_sha256,
            received_at=further.received_at,
            open=offer.answer_by > self._desk.now() and self._state(record) == "agreed",
            studies_covered=usable(*_kind(offer)),
            total_bytes=offer.update_bytes * offer.rounds,
        )


def _kind(offer: SessionOffer) -> tuple[str, bool]:
    """Return what decides which studies an agreement covers: the task, and whether it learns without a reference."""
    return offer.task, learns_without_reference(offer.task_parameters)


def _trains(wanted: RequestAnswer) -> bool:
    return wanted.decision == "agree" and wanted.permissions.train_on_my_data


def _answer_words(title: str, *, agreed: bool, studies: int) -> str:
    return f"Agreed to “{title}” with {studies} studies." if agreed else f"Declined “{title}”."
