"""Further offers to a site that has agreed: each waits beside the agreement in force; replaced agreements are kept.

::

    open -> agreed | declined | replaced (by a newer offer, a withdrawal)      an agreement that was replaced is `past`
"""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import insert, select, update

from fl_core.errors import IllegalTransition, NotFound
from fl_core.protocol.messages import SessionOffer, SignedDocument
from fl_core.storage.database import Database, Transaction
from fl_core.storage.site_requests import RequestRecord, studies_after
from fl_core.storage.site_tables import amendment, request


@dataclass(frozen=True, kw_only=True)
class FurtherOffer:
    """A verified further offer that waits for an answer."""

    session_id: str
    offer_sha256: str
    received_at: datetime
    document: SignedDocument

    @property
    def offer(self) -> SessionOffer:
        """The content of the offer."""
        return SessionOffer.model_validate_json(self.document.payload)


class AmendmentStore:
    """Adds further offers and records their answers; one method a step, each in one transaction."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def add(self, tx: Transaction, further: FurtherOffer) -> bool:
        """Store a further offer; one that is open is replaced. Return whether it is new."""
        here = (amendment.c.session_id == further.session_id, amendment.c.offer_sha256 == further.offer_sha256)
        if tx.connection.execute(select(amendment.c.answer).where(*here)).first() is not None:
            return False
        self.close(tx, further.session_id)
        tx.connection.execute(
            insert(amendment).values(
                session_id=further.session_id,
                offer_sha256=further.offer_sha256,
                received_at=further.received_at,
                offer=further.document.model_dump(mode="json"),
                answer="open",
            )
        )
        return True

    def close(self, tx: Transaction, session_id: str) -> None:
        """Let an open further offer be answered no more."""
        where = (amendment.c.session_id == session_id, amendment.c.answer == "open")
        tx.connection.execute(update(amendment).where(*where).values(answer="replaced"))

    def find(self, session_id: str) -> FurtherOffer | None:
        """Return the open further offer of a session."""
        where = (amendment.c.session_id == session_id, amendment.c.answer == "open")
        with self._database.read() as tx:
            row = tx.execute(select(amendment).where(*where)).mappings().first()
        return None if row is None else _further(dict(row))

    def get(self, session_id: str) -> FurtherOffer:
        """Return the open further offer of a session; raises NotFound."""
        found = self.find(session_id)
        if found is None:
            message = f"no further offer of session {session_id[:60]} waits for an answer"
            raise NotFound(message)
        return found

    def decline(self, tx: Transaction, further: FurtherOffer, consent: SignedDocument) -> None:
        """Record a signed refusal; the agreement in force stays."""
        self._swap(tx, further, "declined", consent)

    def agree(
        self,
        tx: Transaction,
        further: FurtherOffer,
        before: RequestRecord,
        consent: SignedDocument,
        studies: tuple[str, ...],
    ) -> None:
        """Put the further offer and its consent in force; what was agreed to before is kept as past."""
        self._swap(tx, further, "agreed", consent)
        here = (amendment.c.session_id == before.session_id, amendment.c.offer_sha256 == before.offer_sha256)
        past = {
            "answer": "past",
            "consent": None if before.consent_document is None else before.consent_document.model_dump(mode="json"),
        }
        if tx.connection.execute(update(amendment).where(*here).values(**past)).rowcount == 0:
            tx.connection.execute(
                insert(amendment).values(
                    session_id=before.session_id,
                    offer_sha256=before.offer_sha256,
                    received_at=before.received_at,
                    offer=before.offer_document.model_dump(mode="json"),
                    **past,
                )
            )
        values = {
            "offer": further.document.model_dump(mode="json"),
            "offer_sha256": further.offer_sha256,
            "consent": consent.model_dump(mode="json"),
            "studies": studies_after(before.studies, before.earlier, now=studies),
        }
        where = (
            request.c.session_id == before.session_id,
            request.c.answer == "agree",
            request.c.offer_sha256 == before.offer_sha256,
        )
        _one(tx.connection.execute(update(request).where(*where).values(**values)).rowcount, before.session_id)

    @staticmethod
    def _swap(tx: Transaction, further: FurtherOffer, answer: str, consent: SignedDocument) -> None:
        where = (
            amendment.c.session_id == further.session_id,
            amendment.c.offer_sha256 == further.offer_sha256,
            amendment.c.answer == "open",
        )
        values = {"answer": answer, "consent": consent.model_dump(mode="json")}
        _one(tx.connection.execute(update(amendment).where(*where).values(**values)).rowcount, further.session_id)


def _one(count: int, session_id: str) -> None:
    if count != 1:
        message = f"request {session_id} has changed meanwhile"
        raise IllegalTransition(message)


def _further(row: dict[str, object]) -> FurtherOffer:
    return FurtherOffer(
        session_id=str(row["session_id"]),
        offer_sha256=str(row["offer_sha256"]),
        received_at=row["received_at"],  # type: ignore[arg-type]  # a row of the table
        document=SignedDocument.model_validate(row["offer"]),
    )
