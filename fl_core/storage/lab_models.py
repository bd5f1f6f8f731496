"""The registry of ModelVersions: rows; the weights lie beside the database under their content hash."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, Row, insert, select, update
from sqlalchemy import delete as delete_rows

from fl_core.errors import NotFound
from fl_core.protocol.messages import Json
from fl_core.storage.database import Database, Transaction
from fl_core.storage.lab_tables import model_version, participation, recommended_model, removed_model
from fl_core.storage.listing import Part, Wanted, caseless, contains, cut, moment, values_of


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelRow:
    """A stored ModelVersion."""

    id: str
    name: str
    task: str
    network: str
    origin: str
    session_id: str | None
    round: int | None
    parents: list[str]
    sha256: str
    size_bytes: int
    parameters: int
    metrics: dict[str, float]
    card: Json
    created_at: datetime
    deleted_at: datetime | None


def add(tx: Transaction, values: Mapping[str, object]) -> None:
    """Store a ModelVersion."""
    tx.connection.execute(insert(model_version).values(**values))


def list_models(connection: Connection, wanted: Wanted) -> Part[ModelRow]:
    """Return a part of the ModelVersions that are not deleted; states are origins. Orders: created_at, name, size_bytes."""
    searched = [model_version.c.name, model_version.c.sha256, model_version.c.task, model_version.c.network]
    query = select(model_version).where(model_version.c.deleted_at.is_(None), *contains(wanted.search, searched))
    if wanted.states:
        query = query.where(model_version.c.origin.in_(wanted.states))
    orders = {
        "created_at": moment(model_version.c.created_at),
        "name": caseless(model_version.c.name),
        "size_bytes": model_version.c.size_bytes,
    }
    part = cut(connection, query, wanted, key=model_version.c.id, orders=orders, default="-created_at")
    return Part([ModelRow(**values_of(row)) for row in part.rows], part.total, part.next_cursor)


def by_id(connection: Connection, model_id: str, *, deleted_too: bool = False) -> ModelRow:
    """Return one ModelVersion or raise NotFound; deleted ones are found only when asked for."""
    query = select(model_version).where(model_version.c.id == model_id)
    if not deleted_too:
        query = query.where(model_version.c.deleted_at.is_(None))
    found = connection.execute(query).first()
    if found is None:
        message = f"there is no model {model_id[:60]}"
        raise NotFound(message)
    return _model(found)


def get(database: Database, model_id: str) -> ModelRow:
    """Return one ModelVersion or raise NotFound."""
    with database.read() as connection:
        return by_id(connection, model_id)


def of_session(connection: Connection, session_id: str) -> list[ModelRow]:
    """Return a session's ModelVersions, deleted ones too, by round."""
    query = select(model_version).where(model_version.c.session_id == session_id).order_by(model_version.c.round)
    return [_model(row) for row in connection.execute(query)]


def parent_of_round(connection: Connection, session_id: str, number: int, *, initial_model_id: str) -> ModelRow:
    """Return the model that a round started from: the newest earlier round's, else the session's first."""
    earlier = [row for row in of_session(connection, session_id) if row.round is not None and row.round < number]
    return earlier[-1] if earlier else by_id(connection, initial_model_id, deleted_too=True)


def parents_of_all(connection: Connection) -> dict[str, list[str]]:
    """Return model id -> ids of its parents, deleted ones too, in the order in which they were made."""
    query = select(model_version.c.id, model_version.c.parents).order_by(model_version.c.created_at, model_version.c.id)
    return {str(row.id): list(row.parents) for row in connection.execute(query)}


def size_of_network(connection: Connection, task: str, network: str) -> int | None:
    """Return the size (bytes) of the newest model of a task with this network, if there is one."""
    query = (
        select(model_version.c.size_bytes)
        .where(model_version.c.task == task, model_version.c.network == network)
        .order_by(model_version.c.created_at.desc())
        .limit(1)
    )
    found = connection.execute(query).scalar()
    return None if found is None else int(found)


def leave_round(tx: Transaction, session_id: str, number: int) -> None:
    """Let the model of a round that was run again stand for that round no more; it stays in the list."""
    here = (model_version.c.session_id == session_id, model_version.c.round == number)
    tx.connection.execute(update(model_version).where(*here).values(round=None))


def rename(tx: Transaction, model_id: str, name: str) -> None:
    """Set the name."""
    tx.connection.execute(update(model_version).where(model_version.c.id == model_id).values(name=name))


def delete(tx: Transaction, model_id: str, *, at: datetime) -> None:
    """Mark as deleted; the row stays, so that lineage can be read."""
    tx.connection.execute(update(model_version).where(model_version.c.id == model_id).values(deleted_at=at))


def restore(tx: Transaction, model_id: str) -> None:
    """Take the mark of deletion back."""
    tx.connection.execute(update(model_version).where(model_version.c.id == model_id).values(deleted_at=None))


def in_bin(connection: Connection) -> list[ModelRow]:
    """Return the deleted ModelVersions that can still be restored, the latest deleted first."""
    gone = select(removed_model.c.model_id)
    query = select(model_version).where(model_version.c.deleted_at.is_not(None), model_version.c.id.not_in(gone))
    return [_model(row) for row in connection.execute(query.order_by(model_version.c.deleted_at.desc()))]


def one_in_bin(connection: Connection, model_id: str) -> ModelRow:
    """Return a deleted ModelVersion that can still be restored, or raise NotFound."""
    for row in in_bin(connection):
        if row.id == model_id:
            return row
    message = f"there is no deleted model {model_id[:60]}"
    raise NotFound(message)


def remove(tx: Transaction, model_id: str, *, at: datetime) -> None:
    """Note that a deleted ModelVersion's weights are gone for good; the row stays for the lineage."""
    tx.connection.execute(insert(removed_model).values(model_id=model_id, at=at))


def needs_file(connection: Connection, sha256: str) -> bool:
    """Tell whether some ModelVersion, present or in the bin, still needs this weights file."""
    return count_with_hash(connection, sha256) > 0 or any(row.sha256 == sha256 for row in in_bin(connection))


def with_content(connection: Connection, sha256: str) -> list[ModelRow]:
    """Return every ModelVersion with this content, deleted ones too."""
    return [_model(row) for row in connection.execute(select(model_version).where(model_version.c.sha256 == sha256))]


def gone(connection: Connection) -> set[str]:
    """Return the contents that were removed for good and that no ModelVersion needs any more."""
    removed = select(model_version.c.sha256).join(removed_model, removed_model.c.model_id == model_version.c.id)
    present = select(model_version.c.sha256).where(model_version.c.deleted_at.is_(None))
    needed = {row.sha256 for row in in_bin(connection)} | set(connection.execute(present).scalars())
    return set(connection.execute(removed).scalars()) - needed


def recommended(connection: Connection) -> dict[str, str]:
    """Return task -> id of the recommended ModelVersion."""
    return {str(row.task): str(row.model_id) for row in connection.execute(select(recommended_model))}


def recommend(tx: Transaction, task: str, model_id: str | None, *, at: datetime) -> None:
    """Set the recommended ModelVersion of a task, None for none."""
    tx.connection.execute(delete_rows(recommended_model).where(recommended_model.c.task == task))
    if model_id is not None:
        tx.connection.execute(insert(recommended_model).values(task=task, model_id=model_id, at=at))


def count_with_hash(connection: Connection, sha256: str) -> int:
    """Count the ModelVersions that need this weights file."""
    query = select(model_version.c.id).where(model_version.c.sha256 == sha256, model_version.c.deleted_at.is_(None))
    return len(connection.execute(query).all())


def is_for_site(database: Database, site_id: str, sha256: str) -> bool:
    """Tell whether the site was invited to a session that made, or starts from, this model."""
    query = (
        select(model_version.c.id)
        .join(participation, participation.c.session_id == model_version.c.session_id)
        .where(
            participation.c.site_id == site_id, model_version.c.sha256 == sha256, model_version.c.deleted_at.is_(None)
        )
    )
    with database.read() as connection:
        if connection.execute(query.limit(1)).first() is not None:
            return True
        offers = connection.execute(select(participation.c.offer).where(participation.c.site_id == site_id))
        return any(f'"initial_model_sha256":"{sha256}"' in str(offer["payload"]) for (offer,) in offers)


def _model(row: Row[tuple[object, ...]]) -> ModelRow:
    return ModelRow(**row._mapping)
