"""What was signed and then replaced: a former offer of a session with the site's answer and withdrawal, whole."""

from dataclasses import dataclass

from sqlalchemy import Connection, Row, insert, select

from fl_core.protocol.messages import SignedDocument
from fl_core.storage.database import Transaction
from fl_core.storage.lab_tables import participation, past_answer

KEPT = ("session_id", "site_id", "offer", "consent_document", "withdrawal_document")


@dataclass(frozen=True, slots=True, kw_only=True)
class PastAnswer:
    """An offer that was replaced, with what the site signed in answer to it."""

    site_id: str
    offer: SignedDocument
    consent_document: SignedDocument | None
    withdrawal_document: SignedDocument | None


def keep(tx: Transaction, session_id: str, site_id: str) -> None:
    """Keep the present documents of a participation, before others take their place."""
    here = (participation.c.session_id == session_id, participation.c.site_id == site_id)
    present = select(*(participation.c[name] for name in KEPT)).where(*here)
    tx.connection.execute(insert(past_answer).from_select(KEPT, present))


def of_session(connection: Connection, session_id: str) -> list[PastAnswer]:
    """Return what was replaced in a session, oldest first."""
    query = select(past_answer).where(past_answer.c.session_id == session_id).order_by(past_answer.c.seq)
    return [_past(row) for row in connection.execute(query)]


def holds(connection: Connection, session_id: str, site_id: str, document: SignedDocument) -> bool:
    """Tell whether a document that a site sends was taken once, and replaced since."""
    return any(
        document in (row.consent_document, row.withdrawal_document)
        for row in of_session(connection, session_id)
        if row.site_id == site_id
    )


def _past(row: Row[tuple[object, ...]]) -> PastAnswer:
    consent, withdrawal = row.consent_document, row.withdrawal_document
    return PastAnswer(
        site_id=str(row.site_id),
        offer=SignedDocument.model_validate(row.offer),
        consent_document=None if consent is None else SignedDocument.model_validate(consent),
        withdrawal_document=None if withdrawal is None else SignedDocument.model_validate(withdrawal),
    )
