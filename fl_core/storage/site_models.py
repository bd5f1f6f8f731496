"""Models this site may use, and the reconstructions it made with them."""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from sqlalchemy import delete, insert, select, update

from fl_core.errors import NotFound
from fl_core.protocol.messages import ModelNews
from fl_core.storage.database import Database, Transaction
from fl_core.storage.site_tables import model, reconstruction


@dataclass(frozen=True, kw_only=True)
class ReceivedModelRecord:
    """A model as it was announced, and whether its weights are here."""

    id: str
    news: ModelNews
    fetched: bool
    received_at: datetime


@dataclass(frozen=True, kw_only=True)
class ReconstructionRecord:
    """One reconstruction; `arrays` names the volumes in its file."""

    id: str
    study_id: str
    model_id: str
    state: Literal["running", "done", "failed"]
    created_at: datetime
    problem: str = ""
    arrays: list[str]
    metrics: dict[str, dict[str, float]]
    seconds: dict[str, float]


class ModelStore:
    """Adds and lists announced models."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def add(self, tx: Transaction, news: ModelNews, at: datetime) -> bool:
        """Add a model; return False when it is known already."""
        if tx.connection.execute(select(model.c.id).where(model.c.id == news.model_id)).first() is not None:
            return False
        values = {"id": news.model_id, "news": news.model_dump(mode="json"), "fetched": False, "received_at": at}
        tx.connection.execute(insert(model).values(**values))
        return True

    def get(self, model_id: str) -> ReceivedModelRecord:
        """Return one model; raises NotFound."""
        with self._database.read() as tx:
            row = tx.execute(select(model).where(model.c.id == model_id)).mappings().first()
        if row is None:
            message = f"no model is called {model_id[:60]}"
            raise NotFound(message)
        return ReceivedModelRecord(**{**row, "news": ModelNews.model_validate(row["news"])})

    def all(self) -> list[ReceivedModelRecord]:
        """Return every model, newest first."""
        with self._database.read() as tx:
            rows = tx.execute(select(model).order_by(model.c.received_at.desc())).mappings().all()
        return [ReceivedModelRecord(**{**row, "news": ModelNews.model_validate(row["news"])}) for row in rows]

    def set_fetched(self, tx: Transaction, model_id: str) -> None:
        """Note that the weights are here and verified."""
        tx.connection.execute(update(model).where(model.c.id == model_id).values(fetched=True))


class ReconstructionStore:
    """Adds, lists and finishes reconstructions."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def save(self, tx: Transaction, record: ReconstructionRecord) -> None:
        """Add or replace one."""
        values = vars(record)
        here = reconstruction.c.id == record.id
        if tx.connection.execute(update(reconstruction).where(here).values(**values)).rowcount == 0:
            tx.connection.execute(insert(reconstruction).values(**values))

    def remove(self, tx: Transaction, reconstruction_id: str) -> bool:
        """Forget one that has ended; returns False when it has not."""
        ended = (reconstruction.c.id == reconstruction_id, reconstruction.c.state != "running")
        return tx.connection.execute(delete(reconstruction).where(*ended)).rowcount == 1

    def get(self, reconstruction_id: str) -> ReconstructionRecord:
        """Return one; raises NotFound."""
        query = select(reconstruction).where(reconstruction.c.id == reconstruction_id)
        with self._database.read() as tx:
            row = tx.execute(query).mappings().first()
        if row is None:
            message = f"no reconstruction is called {reconstruction_id[:60]}"
            raise NotFound(message)
        return ReconstructionRecord(**row)

    def all(self) -> list[ReconstructionRecord]:
        """Return every one, newest first."""
        query = select(reconstruction).order_by(reconstruction.c.created_at.desc())
        with self._database.read() as tx:
            return [ReconstructionRecord(**row) for row in tx.execute(query).mappings()]
