"""Letters to the orchestrator that must arrive: kept until it has taken them, in the order they were written."""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from sqlalchemy import delete, insert, select, update

from fl_core.protocol.messages import SignedDocument
from fl_core.storage.database import Database, Transaction
from fl_core.storage.site_tables import outbox

LetterKind = Literal["consent", "withdrawal"]


@dataclass(frozen=True, kw_only=True)
class Letter:
    """A signed document on its way."""

    seq: int
    kind: LetterKind
    document: SignedDocument


class OutboxStore:
    """Queues letters and notes their fate."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def put(self, tx: Transaction, kind: LetterKind, document: SignedDocument, at: datetime) -> None:
        """Queue a letter."""
        tx.connection.execute(insert(outbox).values(kind=kind, body=document.model_dump(mode="json"), created_at=at))

    def waiting(self) -> list[Letter]:
        """Return the letters not taken yet, oldest first."""
        query = select(outbox).where(outbox.c.done_at.is_(None)).order_by(outbox.c.seq)
        with self._database.read() as tx:
            rows = tx.execute(query).mappings().all()
        return [
            Letter(seq=row["seq"], kind=row["kind"], document=SignedDocument.model_validate(row["body"]))
            for row in rows
        ]

    def done(self, tx: Transaction, seq: int, at: datetime, problem: str = "") -> None:
        """Note that a letter was taken, or refused for good (`problem`)."""
        tx.connection.execute(update(outbox).where(outbox.c.seq == seq).values(done_at=at, problem=problem))

    def clear(self, tx: Transaction) -> None:
        """Drop everything (the site leaves its federation)."""
        tx.connection.execute(delete(outbox))
