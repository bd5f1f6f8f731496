"""Training sessions of an orchestrator: sessions, participations, rounds; states move by the lifecycle only."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, case, func, insert, select, update

from fl_core.errors import NotFound
from fl_core.lifecycle import (
    PARTICIPATION,
    SESSION,
    EnrolmentState,
    ParticipationEvent,
    ParticipationState,
    SessionEvent,
    SessionState,
    is_terminal,
)
from fl_core.protocol.messages import Consent, Json, SessionOffer, SignedDocument
from fl_core.protocol.plan import RoundRecord
from fl_core.storage import lab_past, lab_transitions
from fl_core.storage.database import Transaction
from fl_core.storage.lab_tables import participation, round_, session, site
from fl_core.storage.listing import Part, Wanted, caseless, contains, cut, moment, values_of

UNFINISHED = (
    SessionState.DRAFT,
    SessionState.OFFERED,
    SessionState.STARTING,
    SessionState.RUNNING,
    SessionState.PAUSED,
    SessionState.STOPPING,
)


TAKING_PART = (ParticipationState.AGREED, ParticipationState.TRAINING, ParticipationState.FINISHED)


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionRow:
    """A stored session. `wish` is what the manager wants (run, pause, stop), `state` what is."""

    id: str
    title: str
    state: SessionState
    wish: str
    phase: str | None
    reason: str
    reason_text: str
    spec: Json
    network: Json
    initial_model_id: str
    run_id: str | None
    progress_offset: int
    round: int
    combine_round: int
    lost_runs: int
    heard_at: datetime | None
    created_at: datetime
    started_at: datetime | None
    ended_at: datetime | None
    answer_by: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class ParticipationRow:
    """One site in one session, with the signed documents whole."""

    session_id: str
    site_id: str
    state: ParticipationState
    offer: SignedDocument
    offer_sha256: str
    consent: Consent | None
    consent_document: SignedDocument | None
    withdrawal_document: SignedDocument | None
    rounds_contributed: int
    missing_code: str | None

    @property
    def terms(self) -> SessionOffer:
        """The content of the offer."""
        return SessionOffer.model_validate_json(self.offer.payload)


@dataclass(frozen=True, slots=True, kw_only=True)
class RoundRow:
    """One round; `received` lists the sites whose update came in."""

    session_id: str
    round: int
    state: str
    started_at: datetime
    deadline_at: datetime | None
    received: list[str]
    expected: int
    record: RoundRecord | None
    model_id: str | None


# --- sessions ----------------------------------------------------------------------------------------------------


def add(tx: Transaction, values: Mapping[str, object]) -> None:
    """Store a session in state `draft`."""
    tx.connection.execute(insert(session).values(**values, state=SessionState.DRAFT.value))


def all_sessions(connection: Connection, states: Iterable[SessionState] | None = None) -> list[SessionRow]:
    """Return sessions, newest first; optionally those in some states."""
    query = select(session).order_by(session.c.created_at.desc(), session.c.id)
    if states is not None:
        query = query.where(session.c.state.in_([state.value for state in states]))
    return [_session(values_of(row)) for row in connection.execute(query)]


def list_sessions(connection: Connection, wanted: Wanted) -> Part[SessionRow]:
    """Return a part of the sessions. Orders: created_at, title."""
    query = select(session).where(*contains(wanted.search, [session.c.title]))
    if wanted.states:
        query = query.where(session.c.state.in_(wanted.states))
    orders = {"created_at": moment(session.c.created_at), "title": caseless(session.c.title)}
    part = cut(connection, query, wanted, key=session.c.id, orders=orders, default="-created_at")
    return Part([_session(values_of(row)) for row in part.rows], part.total, part.next_cursor)


@dataclass(frozen=True, slots=True, kw_only=True)
class Tally:
    """What a list says of a session besides its own row."""

    sites_invited: int = 0
    sites_agreed: int = 0
    rounds_closed: int = 0
    latest_model_id: str | None = None


def tallies(connection: Connection, session_ids: Sequence[str]) -> dict[str, Tally]:
    """Count sites and closed rounds of sessions, and name their newest model, in two queries."""
    agreed = case((participation.c.state.in_([state.value for state in TAKING_PART]), 1), else_=0)
    sites = (
        select(participation.c.session_id, func.count(), func.sum(agreed))
        .where(participation.c.session_id.in_(session_ids))
        .group_by(participation.c.session_id)
    )
    closed = (
        select(round_.c.session_id, round_.c.round, round_.c.model_id)
        .where(round_.c.session_id.in_(session_ids), round_.c.state == "closed")
        .order_by(round_.c.session_id, round_.c.round)
    )
    newest = {str(row[0]): (int(row[1]), row[2]) for row in connection.execute(closed)}
    found = {}
    for session_id, invited, taking_part in connection.execute(sites):
        number, model_id = newest.get(str(session_id), (0, None))
        found[str(session_id)] = Tally(
            sites_invited=int(invited), sites_agreed=int(taking_part), rounds_closed=number, latest_model_id=model_id
        )
    return found


def by_id(connection: Connection, session_id: str) -> SessionRow:
    """Return one session or raise NotFound."""
    found = connection.execute(select(session).where(session.c.id == session_id)).first()
    if found is None:
        message = f"there is no session {session_id[:60]}"
        raise NotFound(message)
    return _session(values_of(found))


def move(
    tx: Transaction, session_id: str, event: SessionEvent, *, at: datetime, values: Mapping[str, object] | None = None
) -> SessionState:
    """Apply an event to a session; the times of its start and its end are set here."""
    further = dict(values or {})
    before = by_id(tx.connection, session_id)
    if event is SessionEvent.RUN_STARTED and before.started_at is None:
        further.setdefault("started_at", at)
    after = lab_transitions.apply(
        tx,
        session,
        session.c.id == session_id,
        subject=session_id,
        event=event,
        lifecycle=SESSION,
        at=at,
        values=further,
    )
    change(tx, session_id, {"ended_at": at if is_terminal(after) else None})
    return after


def change(tx: Transaction, session_id: str, values: Mapping[str, object]) -> None:
    """Set columns other than the state."""
    tx.connection.execute(update(session).where(session.c.id == session_id).values(**values))


def uses_model(connection: Connection, model_id: str) -> bool:
    """Tell whether an unfinished session starts from this model."""
    states = [state.value for state in UNFINISHED]
    query = select(session.c.id).where(session.c.initial_model_id == model_id, session.c.state.in_(states))
    return connection.execute(query).first() is not None


def models_in_use(connection: Connection) -> set[str]:
    """Return the initial models of unfinished sessions."""
    states = [state.value for state in UNFINISHED]
    return set(connection.execute(select(session.c.initial_model_id).where(session.c.state.in_(states))).scalars())


# --- participations ----------------------------------------------------------------------------------------------


def add_participation(tx: Transaction, session_id: str, site_id: str, offer: SignedDocument, offer_sha256: str) -> None:
    """Store an invited site with its signed offer."""
    tx.connection.execute(
        insert(participation).values(
            session_id=session_id,
            site_id=site_id,
            state=ParticipationState.INVITED.value,
            offer=offer.model_dump(mode="json"),
            offer_sha256=offer_sha256,
        )
    )


def renew_offer(tx: Transaction, session_id: str, site_id: str, offer: SignedDocument, offer_sha256: str) -> None:
    """Put a newer offer in the place of one that is not agreed to, which is kept; the answer is open again."""
    lab_past.keep(tx, session_id, site_id)
    values = {
        "state": ParticipationState.INVITED.value,
        "offer": offer.model_dump(mode="json"),
        "offer_sha256": offer_sha256,
        "consent": None,
        "consent_document": None,
        "withdrawal_document": None,
    }
    change_participation(tx, session_id, site_id, values)


def participations(connection: Connection, session_id: str) -> list[ParticipationRow]:
    """Return a session's participations."""
    query = select(participation).where(participation.c.session_id == session_id).order_by(participation.c.site_id)
    return [_participation(row) for row in connection.execute(query)]


def of_trusted_sites(connection: Connection, parts: Sequence[ParticipationRow]) -> list[ParticipationRow]:
    """Return those of sites that are trusted now: neither suspended nor gone."""
    here = site.c.id.in_([part.site_id for part in parts])
    query = select(site.c.id).where(here, site.c.state == EnrolmentState.TRUSTED.value)
    trusted = set(connection.execute(query).scalars())
    return [part for part in parts if part.site_id in trusted]


def participation_of(connection: Connection, session_id: str, site_id: str) -> ParticipationRow:
    """Return one participation or raise NotFound."""
    found = connection.execute(
        select(participation).where(participation.c.session_id == session_id, participation.c.site_id == site_id)
    ).first()
    if found is None:
        message = f"site {site_id[:60]} was not invited to session {session_id[:60]}"
        raise NotFound(message)
    return _participation(found)


def sessions_of_site(connection: Connection, site_id: str) -> list[str]:
    """Return the ids of the unfinished sessions to which a site was invited."""
    states = [state.value for state in UNFINISHED]
    query = (
        select(session.c.id)
        .join(participation, participation.c.session_id == session.c.id)
        .where(participation.c.site_id == site_id, session.c.state.in_(states))
    )
    return [str(found) for found in connection.execute(query).scalars()]


def move_participation(
    tx: Transaction,
    session_id: str,
    site_id: str,
    event: ParticipationEvent,
    *,
    at: datetime,
    values: Mapping[str, object] | None = None,
) -> ParticipationState:
    """Apply an event to a participation."""
    return lab_transitions.apply(
        tx,
        participation,
        (participation.c.session_id == session_id) & (participation.c.site_id == site_id),
        subject=f"{session_id}/{site_id}",
        event=event,
        lifecycle=PARTICIPATION,
        at=at,
        values=values,
    )


def change_participation(tx: Transaction, session_id: str, site_id: str, values: Mapping[str, object]) -> None:
    """Set columns other than the state."""
    where = (participation.c.session_id == session_id, participation.c.site_id == site_id)
    tx.connection.execute(update(participation).where(*where).values(**values))


# --- rounds ------------------------------------------------------------------------------------------------------


def rounds(connection: Connection, session_id: str, *, newest: int | None = None) -> list[RoundRow]:
    """Return a session's rounds in order, all or the newest few."""
    query = select(round_).where(round_.c.session_id == session_id).order_by(round_.c.round.desc()).limit(newest)
    return [_round(row) for row in reversed(list(connection.execute(query)))]


def put_round(tx: Transaction, session_id: str, number: int, values: Mapping[str, object]) -> None:
    """Write a round, new or again (a new run repeats a round that was not closed)."""
    where = (round_.c.session_id == session_id, round_.c.round == number)
    if tx.connection.execute(update(round_).where(*where).values(**values)).rowcount == 0:
        tx.connection.execute(insert(round_).values(session_id=session_id, round=number, **values))


def round_of(connection: Connection, session_id: str, number: int) -> RoundRow | None:
    """Return one round."""
    found = connection.execute(
        select(round_).where(round_.c.session_id == session_id, round_.c.round == number)
    ).first()
    return None if found is None else _round(found)


def rounds_contributed(connection: Connection, session_id: str) -> Counter[str]:
    """Return in how many closed rounds of a session each site's update is, however often a round was run."""
    query = select(round_.c.received).where(round_.c.session_id == session_id, round_.c.state == "closed")
    return Counter(str(site_id) for received in connection.execute(query).scalars() for site_id in received)


def _session(row: Mapping[str, Any]) -> SessionRow:
    values = dict(row)
    return SessionRow(**{**values, "state": SessionState(str(values["state"]))})


def _participation(row: Row[tuple[object, ...]]) -> ParticipationRow:
    values = dict(row._mapping)
    values["state"] = ParticipationState(str(values["state"]))
    values["offer"] = SignedDocument.model_validate(values["offer"])
    for name, kind in (
        ("consent", Consent),
        ("consent_document", SignedDocument),
        ("withdrawal_document", SignedDocument),
    ):
        values[name] = None if values[name] is None else kind.model_validate(values[name])
    return ParticipationRow(**values)


def _round(row: Row[tuple[object, ...]]) -> RoundRow:
    values = dict(row._mapping)
    record = values["record"]
    return RoundRow(**{**values, "record": None if record is None else RoundRecord.model_validate(record)})
