"""Further offers to sites that have agreed to a session: the agreement in force stays until the new one is signed.

::

    open -> agreed | declined | replaced (by a newer offer)      an agreement that was replaced is kept as `past`
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from sqlalchemy import Connection, Row, insert, select, update

from fl_core.protocol.messages import SessionOffer, SignedDocument
from fl_core.storage.database import Transaction
from fl_core.storage.lab_sessions import ParticipationRow
from fl_core.storage.lab_tables import amendment, participation

AmendmentAnswer = Literal["open", "agreed", "declined", "replaced", "past"]
ANSWERABLE = ("open", "declined")


@dataclass(frozen=True, slots=True, kw_only=True)
class AmendmentRow:
    """A further offer and its answer, with the signed documents whole."""

    session_id: str
    site_id: str
    offer_sha256: str
    offer: SignedDocument
    sent_at: datetime
    answer: AmendmentAnswer
    consent_document: SignedDocument | None

    @property
    def terms(self) -> SessionOffer:
        """The content of the offer."""
        return SessionOffer.model_validate_json(self.offer.payload)


def send(
    tx: Transaction, session_id: str, site_id: str, offer: SignedDocument, offer_sha256: str, *, at: datetime
) -> None:
    """Store a further offer; one that is still open is replaced."""
    close(tx, session_id, site_id)
    _put(tx, session_id, site_id, offer, offer_sha256, at=at, values={"answer": "open"})


def close(tx: Transaction, session_id: str, site_id: str) -> None:
    """Let a further offer that can still be answered be answered no more."""
    here = (amendment.c.session_id == session_id, amendment.c.site_id == site_id, amendment.c.answer.in_(ANSWERABLE))
    tx.connection.execute(update(amendment).where(*here).values(answer="replaced"))


def of_session(connection: Connection, session_id: str) -> list[AmendmentRow]:
    """Return a session's further offers and past agreements, oldest first."""
    query = select(amendment).where(amendment.c.session_id == session_id).order_by(amendment.c.sent_at)
    return [_amendment(row) for row in connection.execute(query)]


def latest(connection: Connection, session_id: str) -> dict[str, AmendmentRow]:
    """Return site id -> its newest further offer that is open or declined."""
    return {row.site_id: row for row in of_session(connection, session_id) if row.answer in ANSWERABLE}


def find(connection: Connection, session_id: str, site_id: str, offer_sha256: str) -> AmendmentRow | None:
    """Return one further offer."""
    query = select(amendment).where(
        amendment.c.session_id == session_id,
        amendment.c.site_id == site_id,
        amendment.c.offer_sha256 == offer_sha256,
    )
    found = connection.execute(query).first()
    return None if found is None else _amendment(found)


def decline(tx: Transaction, row: AmendmentRow, document: SignedDocument) -> None:
    """Keep a signed refusal; the agreement in force stays."""
    _change(tx, row, {"answer": "declined", "consent_document": document.model_dump(mode="json")})


def agree(
    tx: Transaction, row: AmendmentRow, part: ParticipationRow, document: SignedDocument, consent: object
) -> None:
    """Put a further offer and its consent in force; the agreement until now is kept as past."""
    if part.consent_document is not None:
        past = {"answer": "past", "consent_document": part.consent_document.model_dump(mode="json")}
        _put(tx, row.session_id, row.site_id, part.offer, part.offer_sha256, at=row.sent_at, values=past)
    _change(tx, row, {"answer": "agreed", "consent_document": document.model_dump(mode="json")})
    values = {
        "offer": row.offer.model_dump(mode="json"),
        "offer_sha256": row.offer_sha256,
        "consent": consent,
        "consent_document": document.model_dump(mode="json"),
    }
    where = (participation.c.session_id == row.session_id, participation.c.site_id == row.site_id)
    tx.connection.execute(update(participation).where(*where).values(**values))


def _change(tx: Transaction, row: AmendmentRow, values: Mapping[str, object]) -> None:
    where = (
        amendment.c.session_id == row.session_id,
        amendment.c.site_id == row.site_id,
        amendment.c.offer_sha256 == row.offer_sha256,
    )
    tx.connection.execute(update(amendment).where(*where).values(**values))


def _put(
    tx: Transaction,
    session_id: str,
    site_id: str,
    offer: SignedDocument,
    offer_sha256: str,
    *,
    at: datetime,
    values: Mapping[str, object],
) -> None:
    where = (
        amendment.c.session_id == session_id,
        amendment.c.site_id == site_id,
        amendment.c.offer_sha256 == offer_sha256,
    )
    if tx.connection.execute(update(amendment).where(*where).values(**values)).rowcount == 0:
        tx.connection.execute(
            insert(amendment).values(
                session_id=session_id,
                site_id=site_id,
                offer_sha256=offer_sha256,
                offer=offer.model_dump(mode="json"),
                sent_at=at,
                **values,
            )
        )


def _amendment(row: Row[tuple[object, ...]]) -> AmendmentRow:
    values = dict(row._mapping)
    values["offer"] = SignedDocument.model_validate(values["offer"])
    consent = values["consent_document"]
    values["consent_document"] = None if consent is None else SignedDocument.model_validate(consent)
    return AmendmentRow(**values)
