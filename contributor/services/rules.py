"""Standing rules: which requests of this laboratory are agreed to without asking, and within which limits.

A rule agrees to first offers only; a newer offer of a session that was agreed to, declined, withdrawn from or taken back
is left to a person. Changing, pausing or deleting a rule leaves the consents that it gave as they are: each names the
version, and its limits hold.
"""

import secrets
from datetime import datetime

from contributor.schemas_consent import RuleText, RuleView, RuleWish
from contributor.services.connection import Connection
from fl_core.acting import acted_by
from fl_core.desk import Desk
from fl_core.errors import Conflict, InvalidInput
from fl_core.flower.limits import WEEK
from fl_core.protocol.messages import RuleCited, SessionOffer
from fl_core.protocol.signing import canonical, sha256_of
from fl_core.storage.site_requests import RequestStore
from fl_core.storage.site_sessions import SiteSessionStore
from fl_core.storage.site_wishes import RuleRecord, WishStore
from fl_core.trust.identity import fingerprint, load_certificate
from model.errors import ModelError
from model.task_spec import task_spec

ACTIVE, PAUSED = "active", "paused"


class Rules:
    """Keeps the rules, and finds the one that agrees to an offer."""

    def __init__(self, desk: Desk, *, connection: Connection) -> None:
        self._desk = desk
        self._store = WishStore(desk.database)
        self._requests = RequestStore(desk.database)
        self._sessions = SiteSessionStore(desk.database)
        self._connection = connection

    def all(self) -> list[RuleView]:
        """Return every rule."""
        return [self._view(record) for record in self._store.rules()]

    def create(self, wish: RuleWish) -> RuleView:
        """Make a rule for the laboratory that this site is connected to.

        Raises
        ------
        Conflict
            ``enrolment.none``: without a laboratory there is nobody to make a rule for.
        InvalidInput
            ``task.unknown``, or an end that is over.
        """
        if not self._connection.is_enrolled:
            message = "this site is not enrolled"
            raise Conflict(message, code="enrolment.none")
        self._check(wish)
        now = self._desk.now()
        body = {**wish.model_dump(mode="json"), **self._laboratory()}
        record = RuleRecord(
            id=f"rule-{secrets.token_hex(6)}", version=1, state=ACTIVE, body=body, created_at=now, changed_at=now
        )
        return self._put(record, "rule.created", f"Standing rule “{wish.name}” was made.")

    def change(self, rule_id: str, wish: RuleWish) -> RuleView:
        """Change a rule: a new version, which agrees to requests that come from now on."""
        self._check(wish)
        before = self._store.rule(rule_id)
        record = RuleRecord(
            id=rule_id,
            version=before.version + 1,
            state=before.state,
            body={**before.body, **wish.model_dump(mode="json")},
            created_at=before.created_at,
            changed_at=self._desk.now(),
        )
        return self._put(record, "rule.changed", f"Standing rule “{wish.name}” was changed (version {record.version}).")

    def set_active(self, rule_id: str, *, active: bool) -> RuleView:
        """Pause a rule, or let it agree again; doing it twice changes nothing."""
        before = self._store.rule(rule_id)
        state = ACTIVE if active else PAUSED
        if before.state == state:
            return self._view(before)
        record = RuleRecord(**{**vars(before), "state": state, "changed_at": self._desk.now()})
        word = "agrees again" if active else "is paused"
        return self._put(
            record, f"rule.{'resumed' if active else 'paused'}", f"Standing rule “{_name(record)}” {word}."
        )

    def delete(self, rule_id: str) -> None:
        """Delete a rule; what it agreed to stays agreed."""
        record = self._store.rule(rule_id)
        with self._desk.database.begin() as tx:
            self._store.delete_rule(tx, rule_id)
            self._desk.journal.note(
                tx,
                actor=acted_by("professional"),
                action="rule.deleted",
                subject=rule_id,
                details={"version": record.version, "sha256": rule_sha256(record)},
                text=f"Standing rule “{_name(record)}” was deleted; what it agreed to stays.",
                values={"name": _name(record)},
            )

    def matching(self, offer: SessionOffer, received_at: datetime) -> RuleCited | None:
        """Return how the first rule that agrees to an offer is cited, or None: in force now, and since before it came."""
        for record in self._store.rules():
            wish, is_older = _wish(record), record.changed_at <= received_at
            if (
                is_older
                and self._in_force(record, wish)
                and wish.task == offer.task
                and offer.rounds <= wish.max_rounds
            ):
                return RuleCited(
                    rule_id=record.id,
                    version=record.version,
                    sha256=rule_sha256(record),
                    rounds_a_week=wish.rounds_a_week,
                    hours=wish.hours,
                )
        return None

    def send_permission(self, cited: RuleCited) -> str:
        """Return whether a rule lets updates leave at once (yes) or wants a person to be asked (ask)."""
        return _wish(self._store.rule(cited.rule_id)).send_model

    def name(self, rule_id: str) -> str:
        """Return a rule's name; its id once it was deleted."""
        return next((_name(one) for one in self._store.rules() if one.id == rule_id), rule_id)

    def _check(self, wish: RuleWish) -> None:
        try:
            task_spec(wish.task)
        except ModelError as error:
            message = f"the task {wish.task[:40]!r} is not known here"
            raise InvalidInput(message, code="task.unknown") from error
        if wish.until is not None and wish.until <= self._desk.now():
            message = f"until: {wish.until:%Y-%m-%d %H:%M} is over"
            raise InvalidInput(message)

    def _laboratory(self) -> dict[str, str]:
        record = self._connection.record
        return {"orchestrator": record.orchestrator or "", "ca": fingerprint(load_certificate(record.ca_pem or ""))}

    def _in_force(self, record: RuleRecord, wish: RuleWish) -> bool:
        laboratory = self._connection.is_enrolled and record.body["ca"] == self._laboratory()["ca"]
        return record.state == ACTIVE and laboratory and (wish.until is None or wish.until > self._desk.now())

    def _put(self, record: RuleRecord, action: str, text: str) -> RuleView:
        with self._desk.database.begin() as tx:
            self._store.put_rule(tx, record)
            self._desk.journal.note(
                tx,
                actor=acted_by("professional"),
                action=action,
                subject=record.id,
                details={"version": record.version, "sha256": rule_sha256(record), **record.body},
                text=text,
                values={"name": _name(record), "version": record.version},
            )
        return self._view(self._store.rule(record.id))

    def _view(self, record: RuleRecord) -> RuleView:
        wish = _wish(record)
        consents, rounds = self._use(record.id)
        return RuleView(
            **wish.model_dump(),
            id=record.id,
            version=record.version,
            sha256=rule_sha256(record),
            state="active" if record.state == ACTIVE else "paused",
            orchestrator=str(record.body["orchestrator"]),
            in_force=self._in_force(record, wish),
            consents=consents,
            rounds_this_week=rounds,
            created_at=record.created_at,
            changed_at=record.changed_at,
        )

    def _use(self, rule_id: str) -> tuple[int, int]:
        now, given = self._desk.now(), 0
        rounds = 0
        for request in self._requests.all():
            consent = request.consent
            if consent is None or consent.rule is None or consent.rule.rule_id != rule_id:
                continue
            given += request.answer == "agree"
            lived = self._sessions.rounds(request.session_id)
            rounds += sum(one.has_begun and now - one.started_at < WEEK for one in lived)
        return given, rounds


def rule_sha256(record: RuleRecord) -> str:
    """Return the hash that a consent cites: over what this version of the rule says."""
    return sha256_of(canonical(RuleText.model_validate({"id": record.id, "version": record.version, **record.body})))


def _wish(record: RuleRecord) -> RuleWish:
    return RuleWish.model_validate({name: record.body[name] for name in RuleWish.model_fields})


def _name(record: RuleRecord) -> str:
    return str(record.body["name"])
