"""Models this site may use, and the reconstructions it made with them."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from sqlalchemy import Select, delete, insert, select, update

from fl_core.errors import NotFound
from fl_core.protocol.messages import Json, ModelNews
from fl_core.storage.database import Database, Transaction
from fl_core.storage.listing import Part, Wanted, caseless, contains, cut, moment, values_of
from fl_core.storage.site_tables import model, reconstruction, reconstruction_problem, study


@dataclass(frozen=True, kw_only=True)
class ReceivedModelRecord:
    """A model as it was announced, and whether its weights are here."""

    id: str
    news: ModelNews
    fetched: bool
    received_at: datetime


@dataclass(frozen=True, kw_only=True)
class ReconstructionRecord:
    """One reconstruction; `arrays` names the volumes in its file, `problem` says why there are none.

    A problem has ``code``, ``title``, ``detail`` and ``advice``; of one that an earlier version kept, only the detail is known.
    """

    id: str
    study_id: str
    model_id: str
    state: Literal["running", "done", "failed"]
    created_at: datetime
    problem: Json | None = None
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
        return _model(row)

    def several(self, model_ids: Collection[str]) -> list[ReceivedModelRecord]:
        """Return those of these models that are known."""
        with self._database.read() as tx:
            return [_model(row) for row in tx.execute(select(model).where(model.c.id.in_(model_ids))).mappings()]

    def part(self, wanted: Wanted) -> Part[ReceivedModelRecord]:
        """Return a part of the models. Orders: received_at, name."""
        name = model.c.news["name"].as_string()
        query = select(model).where(*contains(wanted.search, [name]))
        orders = {"received_at": moment(model.c.received_at), "name": caseless(name)}
        with self._database.read() as connection:
            part = cut(connection, query, wanted, key=model.c.id, orders=orders, default="-received_at")
        return Part([_model(values_of(row)) for row in part.rows], part.total, part.next_cursor)

    def all(self) -> list[ReceivedModelRecord]:
        """Return every model, newest first."""
        with self._database.read() as tx:
            return [_model(row) for row in tx.execute(select(model).order_by(model.c.received_at.desc())).mappings()]

    def set_fetched(self, tx: Transaction, model_id: str, *, fetched: bool = True) -> None:
        """Note that the weights are here and verified, or that they are here no more."""
        tx.connection.execute(update(model).where(model.c.id == model_id).values(fetched=fetched))


class ReconstructionStore:
    """Adds, lists and finishes reconstructions."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def save(self, tx: Transaction, record: ReconstructionRecord) -> None:
        """Add or replace one."""
        values = {key: value for key, value in vars(record).items() if key != "problem"}
        here = reconstruction.c.id == record.id
        if tx.connection.execute(update(reconstruction).where(here).values(**values)).rowcount == 0:
            tx.connection.execute(insert(reconstruction).values(**values))
        self._forget_problem(tx, record.id)
        if record.problem is not None:
            kept = {"reconstruction_id": record.id, "problem": record.problem}
            tx.connection.execute(insert(reconstruction_problem).values(**kept))

    def remove(self, tx: Transaction, reconstruction_id: str) -> bool:
        """Forget one that has ended; returns False when it has not."""
        ended = (reconstruction.c.id == reconstruction_id, reconstruction.c.state != "running")
        removed = tx.connection.execute(delete(reconstruction).where(*ended)).rowcount == 1
        if removed:
            self._forget_problem(tx, reconstruction_id)
        return removed

    @staticmethod
    def _forget_problem(tx: Transaction, reconstruction_id: str) -> None:
        here = reconstruction_problem.c.reconstruction_id == reconstruction_id
        tx.connection.execute(delete(reconstruction_problem).where(here))

    def get(self, reconstruction_id: str) -> ReconstructionRecord:
        """Return one; raises NotFound."""
        query = _with_problems().where(reconstruction.c.id == reconstruction_id)
        with self._database.read() as tx:
            row = tx.execute(query).mappings().first()
        if row is None:
            message = f"no reconstruction is called {reconstruction_id[:60]}"
            raise NotFound(message)
        return _record(row)

    def all(self) -> list[ReconstructionRecord]:
        """Return every one, newest first."""
        query = _with_problems().order_by(reconstruction.c.created_at.desc())
        with self._database.read() as tx:
            return [_record(row) for row in tx.execute(query).mappings()]

    def part(self, wanted: Wanted) -> Part[ReconstructionRecord]:
        """Return a part of the reconstructions; what is searched are the names of their studies. Orders: created_at."""
        query = _with_problems().outerjoin(study, study.c.id == reconstruction.c.study_id)
        query = query.where(*contains(wanted.search, [study.c.name]))
        if wanted.states:
            query = query.where(reconstruction.c.state.in_(wanted.states))
        orders = {"created_at": moment(reconstruction.c.created_at)}
        with self._database.read() as connection:
            part = cut(connection, query, wanted, key=reconstruction.c.id, orders=orders, default="-created_at")
        return Part([_record(values_of(row)) for row in part.rows], part.total, part.next_cursor)


def _model(row: Mapping[Any, Any]) -> ReceivedModelRecord:
    return ReceivedModelRecord(**{**row, "news": ModelNews.model_validate(row["news"])})


def _with_problems() -> Select[tuple[object, ...]]:
    kept = reconstruction_problem.c.reconstruction_id == reconstruction.c.id
    return select(reconstruction, reconstruction_problem.c.problem.label("told")).select_from(
        reconstruction.outerjoin(reconstruction_problem, kept)
    )


def _record(row: Mapping[Any, Any]) -> ReconstructionRecord:
    """Read a row; a sentence that an earlier version kept is the detail of a problem without a code."""
    values = {key: value for key, value in row.items() if key not in ("problem", "told")}
    old = {"code": "", "title": "", "detail": row["problem"], "advice": ""} if row["problem"] else None
    return ReconstructionRecord(**values, problem=row["told"] or old)
