"""Invitations and sites of an orchestrator, and each site's durable inbox."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Connection, case, delete, func, insert, select, update

from fl_core.errors import NotFound
from fl_core.lifecycle import ENROLMENT, EnrolmentEvent, EnrolmentState
from fl_core.protocol.messages import DataSummary, PeerEvent
from fl_core.storage import lab_transitions
from fl_core.storage.database import Database, Transaction
from fl_core.storage.lab_tables import inbox, invitation, participation, site
from fl_core.storage.listing import Part, Wanted, caseless, contains, cut, moment, values_of

INBOX_PAGE = 100
SEQ_BEGIN = datetime(2020, 1, 1, tzinfo=UTC)
"""Events are numbered by the seconds since then; the column's 32 bits last until 2088."""


@dataclass(frozen=True, slots=True, kw_only=True)
class InvitationRow:
    """A stored invitation; the token itself is not stored."""

    id: str
    site_name: str | None
    token_hash: str
    state: str
    created_at: datetime
    expires_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class SiteRow:
    """A stored site, from its request for trust on."""

    id: str
    enrolment_id: str
    name: str
    state: EnrolmentState
    fingerprint: str
    poll_hash: str
    csr_pem: str
    certificate_pem: str | None
    certificate_expires_at: datetime | None
    node_id: str | None
    protocol: str
    software: str | None
    requested_at: datetime
    decided_at: datetime | None
    last_seen: datetime | None
    data: DataSummary | None
    studies_at_last_round: int
    inbox_seq: int


# --- invitations -------------------------------------------------------------------------------------------------


def add_invitation(tx: Transaction, row: InvitationRow) -> None:
    """Store an invitation."""
    tx.connection.execute(
        insert(invitation).values(
            id=row.id,
            site_name=row.site_name,
            token_hash=row.token_hash,
            state=row.state,
            created_at=row.created_at,
            expires_at=row.expires_at,
        )
    )


def list_invitations(connection: Connection, wanted: Wanted, *, at: datetime) -> Part[InvitationRow]:
    """Return a part of the invitations; `at` decides which open ones count as expired. Orders: created_at, site_name."""
    is_over = (invitation.c.state == "open") & (invitation.c.expires_at <= at)
    shown_state = case((is_over, "expired"), else_=invitation.c.state)
    query = select(invitation).where(*contains(wanted.search, [invitation.c.site_name]))
    if wanted.states:
        query = query.where(shown_state.in_(wanted.states))
    orders = {"created_at": moment(invitation.c.created_at), "site_name": caseless(invitation.c.site_name)}
    part = cut(connection, query, wanted, key=invitation.c.id, orders=orders, default="-created_at")
    return Part([InvitationRow(**values_of(row)) for row in part.rows], part.total, part.next_cursor)


def count_open_invitations(connection: Connection, at: datetime) -> int:
    """Return how many invitations can still be used."""
    query = select(func.count()).where(invitation.c.state == "open", invitation.c.expires_at > at)
    return int(connection.execute(query).scalar_one())


def invitation_by_id(connection: Connection, invitation_id: str) -> InvitationRow:
    """Return one invitation or raise NotFound."""
    found = connection.execute(select(invitation).where(invitation.c.id == invitation_id)).first()
    if found is None:
        message = f"there is no invitation {invitation_id[:60]}"
        raise NotFound(message)
    return InvitationRow(**found._mapping)


def invitation_by_token(connection: Connection, token_hash: str) -> InvitationRow | None:
    """Return the invitation with this token."""
    found = connection.execute(select(invitation).where(invitation.c.token_hash == token_hash)).first()
    return None if found is None else InvitationRow(**found._mapping)


def take_invitation(tx: Transaction, invitation_id: str, state: str) -> bool:
    """Move an open invitation to `used` or `withdrawn`; False when it is not open any more."""
    statement = update(invitation).where(invitation.c.id == invitation_id, invitation.c.state == "open")
    return tx.connection.execute(statement.values(state=state)).rowcount == 1


def change_token(tx: Transaction, invitation_id: str, token_hash: str) -> None:
    """Give an invitation another token; the one before opens nothing any more."""
    tx.connection.execute(update(invitation).where(invitation.c.id == invitation_id).values(token_hash=token_hash))


# --- sites -------------------------------------------------------------------------------------------------------


def add_site(tx: Transaction, values: Mapping[str, object]) -> None:
    """Store a pending site."""
    tx.connection.execute(insert(site).values(**values))


def sites(database: Database) -> list[SiteRow]:
    """Return every site, oldest request first."""
    with database.read() as connection:
        return [_site(values_of(row)) for row in connection.execute(select(site).order_by(site.c.requested_at))]


def list_sites(connection: Connection, wanted: Wanted) -> Part[SiteRow]:
    """Return a part of the sites. Orders: requested_at, name, last_seen."""
    query = select(site).where(*contains(wanted.search, [site.c.name, site.c.fingerprint]))
    if wanted.states:
        query = query.where(site.c.state.in_(wanted.states))
    orders = {
        "requested_at": moment(site.c.requested_at),
        "name": caseless(site.c.name),
        "last_seen": moment(site.c.last_seen),
    }
    part = cut(connection, query, wanted, key=site.c.id, orders=orders, default="requested_at")
    return Part([_site(values_of(row)) for row in part.rows], part.total, part.next_cursor)


def site_by_id(connection: Connection, site_id: str) -> SiteRow:
    """Return one site or raise NotFound."""
    found = connection.execute(select(site).where(site.c.id == site_id)).first()
    if found is None:
        message = f"there is no site {site_id[:60]}"
        raise NotFound(message)
    return _site(values_of(found))


def get_site(database: Database, site_id: str) -> SiteRow:
    """Return one site or raise NotFound."""
    with database.read() as connection:
        return site_by_id(connection, site_id)


def site_by_enrolment(database: Database, enrolment_id: str) -> SiteRow | None:
    """Return the site whose request this is."""
    with database.read() as connection:
        found = connection.execute(select(site).where(site.c.enrolment_id == enrolment_id)).first()
        return None if found is None else _site(values_of(found))


def pending_site(connection: Connection, enrolment_id: str, fingerprint: str) -> SiteRow | None:
    """Return the site of this enrolment and key that waits for the manager's decision."""
    query = select(site).where(
        site.c.enrolment_id == enrolment_id,
        site.c.fingerprint == fingerprint,
        site.c.state == EnrolmentState.PENDING.value,
    )
    found = connection.execute(query).first()
    return None if found is None else _site(values_of(found))


def has_live_fingerprint(connection: Connection, fingerprint: str) -> bool:
    """Tell whether a pending, trusted or suspended site has this key."""
    live = [EnrolmentState.PENDING.value, EnrolmentState.TRUSTED.value, EnrolmentState.SUSPENDED.value]
    query = select(site.c.id).where(site.c.fingerprint == fingerprint, site.c.state.in_(live))
    return connection.execute(query).first() is not None


def fingerprints(database: Database, state: EnrolmentState) -> dict[str, str]:
    """Return fingerprint -> site id of every site in a state."""
    query = select(site.c.fingerprint, site.c.id).where(site.c.state == state.value)
    with database.read() as connection:
        return {str(row.fingerprint): str(row.id) for row in connection.execute(query)}


def move_site(
    tx: Transaction, site_id: str, event: EnrolmentEvent, *, at: datetime, values: Mapping[str, object] | None = None
) -> EnrolmentState:
    """Apply an event to a site's enrolment."""
    return lab_transitions.apply(
        tx,
        site,
        site.c.id == site_id,
        subject=site_id,
        event=event,
        lifecycle=ENROLMENT,
        at=at,
        values={**(values or {}), "decided_at": at},
    )


def update_site(tx: Transaction, site_id: str, values: Mapping[str, object]) -> None:
    """Set columns other than the state."""
    if tx.connection.execute(update(site).where(site.c.id == site_id).values(**values)).rowcount != 1:
        message = f"there is no site {site_id[:60]}"
        raise NotFound(message)


def count_sessions(database: Database) -> dict[str, int]:
    """Return site id -> number of sessions in which it contributed a round."""
    query = (
        select(participation.c.site_id, func.count())
        .where(participation.c.rounds_contributed > 0)
        .group_by(participation.c.site_id)
    )
    with database.read() as connection:
        return {str(site_id): int(count) for site_id, count in connection.execute(query)}


# --- inbox -------------------------------------------------------------------------------------------------------


def post(tx: Transaction, site_id: str, type_: str, payload: Mapping[str, object], *, at: datetime) -> int:
    """Put an event into a site's inbox and return its number, which is higher than any before.

    It is no lower than the clock: where the records were brought back from a backup, the site may have had events that they
    know nothing of, and would take a number that it knows for one that it has handled.
    """
    clock = int((at - SEQ_BEGIN).total_seconds())
    number = case((site.c.inbox_seq < clock, clock), else_=site.c.inbox_seq + 1)
    tx.connection.execute(update(site).where(site.c.id == site_id).values(inbox_seq=number))
    seq = int(tx.connection.execute(select(site.c.inbox_seq).where(site.c.id == site_id)).scalar_one())
    tx.connection.execute(insert(inbox).values(site_id=site_id, seq=seq, type=type_, payload=dict(payload), at=at))
    return seq


def read_inbox(database: Database, site_id: str, *, after: int) -> tuple[list[PeerEvent], int]:
    """Return the events after a number, oldest first, and the newest number."""
    query = select(inbox).where(inbox.c.site_id == site_id, inbox.c.seq > after).order_by(inbox.c.seq).limit(INBOX_PAGE)
    with database.read() as connection:
        events = [PeerEvent(seq=row.seq, type=row.type, payload=row.payload) for row in connection.execute(query)]
        latest = connection.execute(select(site.c.inbox_seq).where(site.c.id == site_id)).scalar()
    return events, int(latest or 0)


def forget_handled(database: Database, site_id: str, *, up_to: int, before: datetime) -> None:
    """Forget the events that a site has handled and that are older than `before`; does not write when there are none."""
    oldest = select(inbox.c.at).where(inbox.c.site_id == site_id, inbox.c.seq <= up_to).order_by(inbox.c.seq).limit(1)
    with database.read() as connection:
        at = connection.execute(oldest).scalar()
    if at is None or at >= before:
        return
    with database.begin() as tx:
        tx.connection.execute(
            delete(inbox).where(inbox.c.site_id == site_id, inbox.c.seq <= up_to, inbox.c.at < before)
        )


def names(connection: Connection, site_ids: Sequence[str]) -> dict[str, str]:
    """Return site id -> name."""
    query = select(site.c.id, site.c.name).where(site.c.id.in_(list(site_ids)))
    return {str(row.id): str(row.name) for row in connection.execute(query)}


def _site(row: Mapping[str, Any]) -> SiteRow:
    values = dict(row)
    data = values.pop("data")
    state = EnrolmentState(str(values.pop("state")))
    return SiteRow(**values, state=state, data=None if data is None else DataSummary.model_validate(data))
