"""What the manager changes of a session after its offers: abort it, extend it, ask further sites, leave some out.

Everything is written in one transaction: wish, signed documents, inboxes, journal. The plan of a run that goes on follows
from it at the next tick, so a kill between the two loses nothing.
"""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta

from fl_core.desk import Desk
from fl_core.errors import Conflict, IllegalTransition, InvalidInput, NotFound
from fl_core.lifecycle import EnrolmentState, ParticipationState, SessionEvent, SessionState
from fl_core.protocol.bundle import bundle_sha256
from fl_core.protocol.messages import SessionOffer, Withdrawal
from fl_core.protocol.signing import sha256_of
from fl_core.storage import lab_amendments, lab_sessions, lab_sites
from fl_core.storage.database import Transaction
from fl_core.storage.lab_sessions import ParticipationRow, SessionRow
from orchestrator.schemas import SessionExtend, SessionSites, SessionView
from orchestrator.schemas_settings import Limits
from orchestrator.services.desk import by_manager
from orchestrator.services.eligibility import SAID_NO, TAKING_PART
from orchestrator.services.inboxes import Inboxes
from orchestrator.services.round_files import RoundFiles
from orchestrator.services.session_book import SessionBook
from orchestrator.services.session_offers import Sign, check_most_sites, check_quorum
from orchestrator.services.session_spec import AWAITS_CONSENT, deadline_s, fraction, left_out, quorum, rounds_planned
from orchestrator.services.session_views import CHANGEABLE, EXTENDABLE, SessionViews

HAS_ENDED = frozenset({SessionState.COMPLETED, SessionState.STOPPED, SessionState.FAILED})


class SessionChanges:
    """Changes sessions; `wake` makes the runs look at them at once."""

    def __init__(
        self,
        desk: Desk,
        *,
        sign: Sign,
        book: SessionBook,
        views: SessionViews,
        inboxes: Inboxes,
        round_files: RoundFiles,
        limits: Callable[[], Limits],
        wake: Callable[[], None],
    ) -> None:
        self._desk = desk
        self._sign = sign
        self._book = book
        self._views = views
        self._inboxes = inboxes
        self._round_files = round_files
        self._limits = limits
        self._wake = wake

    def abort(self, session_id: str) -> SessionView:
        """Give a session up before it starts; every site gets a signed withdrawal of its offer.

        Raises
        ------
        IllegalTransition
            When it has started.
        """
        with self._desk.database.begin() as tx:
            values = {"reason": "", "reason_text": "", "phase": None}
            text = "Given up before the start; the offers were withdrawn."
            self._book.move(tx, session_id, SessionEvent.ABORTED, actor=by_manager(), text=text, values=values)
            for part in lab_sessions.participations(tx.connection, session_id):
                self._withdraw_offer(tx, part, "The session was given up before its start.")
        return self._views.get(session_id)

    def extend(self, session_id: str, wanted: SessionExtend) -> SessionView:
        """Wish for more rounds, longer rounds or more time to answer; what needs a new agreement is offered anew.

        A site trains the further rounds, or longer in a round, once it has signed for that; until then its agreement holds
        as it is.

        Raises
        ------
        InvalidInput
            When nothing is wished, or fewer rounds than are planned.
        IllegalTransition
            When the session was given up, or is being stopped.
        Conflict
            ``session.weights_gone`` when the last round's model was removed for good.
        """
        with self._desk.database.begin() as tx:
            row = self._changeable(tx, session_id, EXTENDABLE, "extend")
            self._round_files.check_there(tx, session_id)
            rounds = wanted.rounds or rounds_planned(row)
            if rounds < rounds_planned(row):
                message = f"rounds: {rounds} are wished, {rounds_planned(row)} are planned already"
                raise InvalidInput(message)
            deadline = wanted.round_deadline_s or deadline_s(row)
            is_more = rounds > rounds_planned(row)
            if not is_more and deadline == deadline_s(row) and row.state is not SessionState.OFFERED:
                message = "rounds: neither more rounds nor longer ones are wished"
                raise InvalidInput(message)
            spec = {**row.spec, "rounds": rounds, "round_deadline_s": deadline}
            self._book.change(tx, session_id, {"spec": spec})
            asked = self._whom_extending_asks(tx, row, is_more=is_more, deadline=deadline)
            if is_more or asked:
                self._open_again(tx, row)
            row = self._ask(tx, row, asked, answer_hours=wanted.answer_hours)
            text = f"Extended to {rounds} rounds of at most {deadline / 60:.0f} minutes; the sites are asked."
            self._note(tx, row, "session.extension_offered", text, {"rounds": rounds, "round_deadline_s": deadline})
            self._book.tell_sites(tx, session_id)
        self._wake()
        return self._views.get(session_id)

    def change_sites(self, session_id: str, wanted: SessionSites) -> SessionView:
        """Ask further sites (or the same again), and leave sites out of the coming rounds.

        A session that was stopped or has failed waits for the answers of those who are asked, and then goes on by itself.

        Raises
        ------
        Conflict
            ``session.site_not_trusted``; ``session.too_few_sites`` when the quorum could not be met any more;
            ``session.weights_gone`` when somebody is asked and the last round's model was removed for good.
        """
        with self._desk.database.begin() as tx:
            row = self._changeable(tx, session_id, CHANGEABLE, "change the sites")
            parts = {part.site_id: part for part in lab_sessions.participations(tx.connection, session_id)}
            unknown = [site_id for site_id in wanted.leave_out if site_id not in parts]
            if unknown or not (wanted.add or wanted.leave_out) or set(wanted.add) & set(wanted.leave_out):
                message = f"leave_out: {', '.join(unknown) or 'nothing, or the same site twice, is wished'}"
                raise InvalidInput(message)
            without = (left_out(row) | set(wanted.leave_out)) - set(wanted.add)
            staying = {one for one, part in parts.items() if part.state not in SAID_NO} | set(wanted.add)
            check_quorum(fraction(row), quorum(row), len(staying - without))
            check_most_sites(self._limits(), len(staying - without))
            self._book.change(tx, session_id, {"spec": {**row.spec, "left_out": sorted(without)}})
            row = lab_sessions.by_id(tx.connection, session_id)
            asked = self._to_be_asked(tx, row, parts, wanted.add)
            if asked:
                self._open_again(tx, row)
                self._ask(tx, row, asked, answer_hours=wanted.answer_hours)
                self._book.tell_sites(tx, session_id)  # who is asked again heard nothing since it said no
            for site_id in wanted.leave_out:
                if parts[site_id].state is ParticipationState.INVITED:
                    self._withdraw_offer(tx, parts[site_id], "This site was left out.")
            text = _words(lab_sites.names(tx.connection, [*wanted.add, *wanted.leave_out]), asked, wanted)
            details: dict[str, object] = {"add": list(wanted.add), "leave_out": list(wanted.leave_out)}
            self._note(tx, row, "session.sites_changed", text, details)
            self._book.publish_related(tx, session_id)
        self._wake()
        return self._views.get(session_id)

    def _whom_extending_asks(self, tx: Transaction, row: SessionRow, *, is_more: bool, deadline: float) -> list[str]:
        if row.state is SessionState.COMPLETED and not is_more:
            return []
        without = left_out(row)
        return [
            part.site_id
            for part in lab_sessions.participations(tx.connection, row.id)
            if (
                part.state is ParticipationState.INVITED
                or (part.state in TAKING_PART and (is_more or _is_longer(part, deadline)))
            )
            and part.site_id not in without
            and self._is_trusted(tx, part.site_id)
        ]

    def _to_be_asked(
        self, tx: Transaction, row: SessionRow, parts: Mapping[str, ParticipationRow], wanted: Sequence[str]
    ) -> list[str]:
        """Return those of the wished sites whose agreement to all of the rounds is not there, or not any more."""
        found = []
        for site_id in dict.fromkeys(wanted):
            self._check_trusted(tx, site_id)
            known = parts.get(site_id)
            if known is None or not self._is_agreed_to_all(row, known):
                found.append(site_id)
        return found

    def _is_agreed_to_all(self, row: SessionRow, part: ParticipationRow) -> bool:
        is_in_force = part.consent is not None and part.consent.valid_until > self._desk.now()
        return part.state in TAKING_PART and is_in_force and part.terms.rounds >= rounds_planned(row)

    def _open_again(self, tx: Transaction, row: SessionRow) -> None:
        """Let a session that has ended wait for answers: sites and laboratory take none to one that is over."""
        if row.state in HAS_ENDED:
            self._round_files.check_there(tx, row.id)
            values = {"reason": AWAITS_CONSENT, "reason_text": "", "phase": None}
            words = "Open again for further rounds."
            self._book.move(tx, row.id, SessionEvent.EXTENDED, actor=by_manager(), text=words, values=values)

    def _ask(self, tx: Transaction, row: SessionRow, site_ids: Sequence[str], *, answer_hours: float) -> SessionRow:
        """Send every named site an offer of the session as it is now, which is returned."""
        now = self._desk.now()
        due = now + timedelta(hours=answer_hours)
        self._book.change(tx, row.id, {"answer_by": max(due, row.answer_by)})
        row = lab_sessions.by_id(tx.connection, row.id)
        for site_id in site_ids:
            self._offer(tx, row, site_id, now=now, due=due)
        return row

    def _offer(self, tx: Transaction, row: SessionRow, chosen: str, *, now: datetime, due: datetime) -> None:
        """Sign and send an offer as the session is now; beside an agreement in force, else in its place."""
        parts = lab_sessions.participations(tx.connection, row.id)
        known = next((part for part in parts if part.site_id == chosen), None)
        like = known or parts[0]
        offer: SessionOffer = like.terms.model_copy(
            update={
                "site_id": chosen,
                "rounds": rounds_planned(row),
                "round_deadline_s": deadline_s(row),
                "sites_invited": len(parts) + (known is None),
                "bundle_sha256": bundle_sha256(),
                "issued_at": now,
                "answer_by": due,
            }
        )
        document = self._sign("offer", offer)
        sha256 = sha256_of(document.payload)
        if known is None:
            lab_sessions.add_participation(tx, row.id, chosen, document, sha256)
        elif known.state in TAKING_PART:
            lab_amendments.send(tx, row.id, chosen, document, sha256, at=now)
        else:
            lab_sessions.renew_offer(tx, row.id, chosen, document, sha256)
        self._inboxes.post(tx, chosen, "offer", document)

    def _withdraw_offer(self, tx: Transaction, part: ParticipationRow, reason: str) -> None:
        if part.state in SAID_NO or not self._is_trusted(tx, part.site_id):
            return
        withdrawal = Withdrawal(
            session_id=part.session_id, site_id=part.site_id, signed_at=self._desk.now(), reason=reason
        )
        self._inboxes.post(tx, part.site_id, "withdrawal", self._sign("withdrawal", withdrawal))

    def _changeable(self, tx: Transaction, session_id: str, states: frozenset[SessionState], what: str) -> SessionRow:
        row = lab_sessions.by_id(tx.connection, session_id)
        if row.state not in states:
            message = f"{what!r} is not possible in state {row.state.value!r}"
            raise IllegalTransition(message)
        return row

    def _check_trusted(self, tx: Transaction, site_id: str) -> None:
        try:
            row = lab_sites.site_by_id(tx.connection, site_id)
        except NotFound as error:
            raise Conflict(str(error), code="session.site_not_trusted") from error
        if row.state is not EnrolmentState.TRUSTED:
            message = f"site {row.name} is {row.state.value}"
            raise Conflict(message, code="session.site_not_trusted")

    @staticmethod
    def _is_trusted(tx: Transaction, site_id: str) -> bool:
        return lab_sites.site_by_id(tx.connection, site_id).state is EnrolmentState.TRUSTED

    def _note(self, tx: Transaction, row: SessionRow, action: str, text: str, details: dict[str, object]) -> None:
        values: dict[str, object] = {"title": row.title, "rounds": rounds_planned(row)}
        self._desk.journal.note(
            tx, actor=by_manager(), action=action, subject=row.id, details=details, text=text, values=values
        )


def _is_longer(part: ParticipationRow, deadline: float) -> bool:
    return deadline > part.terms.round_deadline_s


def _words(names: Mapping[str, str], asked: Sequence[str], wanted: SessionSites) -> str:
    as_before = [site_id for site_id in dict.fromkeys(wanted.add) if site_id not in asked]
    groups = (
        ("asked:", asked),
        ("taking part as agreed before:", as_before),
        ("left out from the next round on:", wanted.leave_out),
    )
    said = "; ".join(f"{words} {', '.join(names[one] for one in chosen)}" for words, chosen in groups if chosen)
    return f"Sites changed, {said}."
