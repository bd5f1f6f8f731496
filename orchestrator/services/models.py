"""The model registry: immutable weights named by their content, with a card and a line of descent."""

import os
import re
import shutil
import tempfile
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Protocol

from pydantic import ValidationError

from fl_core.desk import Desk
from fl_core.errors import Conflict, InvalidInput, NotFound, StorageFailed
from fl_core.protocol.ids import new_id
from fl_core.protocol.messages import Json
from fl_core.storage import lab_models, lab_sessions, request_keys
from fl_core.storage.database import Transaction
from fl_core.storage.lab_models import ModelRow
from fl_core.storage.listing import Wanted
from fl_core.views import Deleted
from model.errors import ModelError
from model.io.weights import ModelCard, TensorEntry, content_hash, read_tensors_header, save_card
from model.task_spec import TaskSpec, task_spec
from orchestrator.schemas import ModelInitialise, ModelList, ModelView
from orchestrator.services.desk import by_manager

JOB_TIMEOUT_S = 120.0
JOBS = "model.jobs"
SUFFIXES = (".safetensors", ".json")
_SHA256 = re.compile(r"[0-9a-f]{64}")


class RunJob(Protocol):
    """`fl_core.supervision.jobs.run_job`, as far as it is used here."""

    def __call__(self, module: str, request: Mapping[str, object], *, timeout_s: float) -> dict[str, object]:
        """Run one computation in a child and return its answer."""


def known_task(name: str) -> TaskSpec:
    """Return a task's declaration; raises InvalidInput (`task.unknown`)."""
    try:
        return task_spec(name)
    except ModelError as error:
        raise InvalidInput(error.message, code="task.unknown") from error


class Models:
    """Keeps ModelVersions: rows in the database, files in ``<home>/models`` (deleted ones in its ``bin``)."""

    def __init__(self, desk: Desk, *, folder: Path, run_job: RunJob) -> None:
        self._desk = desk
        self.folder = folder
        self._run_job = run_job
        folder.mkdir(parents=True, exist_ok=True)

    # --- reading ---------------------------------------------------------------------------------------------------

    def part(self, wanted: Wanted) -> ModelList:
        """Return a part of the list, newest first unless asked otherwise; cards come without their tensors."""
        with self._desk.database.read() as connection:
            used = lab_sessions.models_in_use(connection)
            chosen = set(lab_models.recommended(connection).values())
            part = lab_models.list_models(connection, wanted)
        items = [_view(_brief(row), row.id in used, row.id in chosen) for row in part.rows]
        return ModelList(items=items, total=part.total, next_cursor=part.next_cursor)

    def view(self, model_id: str) -> ModelView:
        """Return one model or raise NotFound."""
        with self._desk.database.read() as connection:
            row = lab_models.by_id(connection, model_id)
            chosen = lab_models.recommended(connection).get(row.task) == model_id
            return _view(row, lab_sessions.uses_model(connection, model_id), chosen)

    def view_of(self, row: ModelRow) -> ModelView:
        """Return a deleted model's view: in use nowhere, recommended to nobody."""
        return _view(row, in_use=False, recommended=False)

    def weights_path(self, sha256: str) -> Path:
        """Return the file of a content hash or raise NotFound."""
        path = self.folder / f"{sha256}.safetensors"
        if not _SHA256.fullmatch(sha256) or not path.is_file():
            message = f"there is no model with content {sha256[:12]}"
            raise NotFound(message)
        return path

    def take_along(self, model_id: str) -> Path:
        """Return the weights of a model for a person who downloads them, which is written down; raises NotFound."""
        path = self.weights_path(self.view(model_id).sha256)
        with self._desk.database.begin() as tx:
            self._desk.journal.note(tx, actor=by_manager(), action="model.downloaded", subject=model_id, details={})
        return path

    def weights_for_site(self, site_id: str, sha256: str) -> Path:
        """Return the file if the site was invited to the session it belongs to, else raise NotFound."""
        if not _SHA256.fullmatch(sha256) or not lab_models.is_for_site(self._desk.database, site_id, sha256):
            message = f"there is no model with content {sha256[:12]} for this site"
            raise NotFound(message)
        return self.weights_path(sha256)

    # --- adding ----------------------------------------------------------------------------------------------------

    def initialise(self, wanted: ModelInitialise, *, part: str = "") -> ModelView:
        """Make a randomly initialised model in a child process, or take the shipped one that is asked for.

        `part` names it among the things that the present request makes, see `fl_core.once`.
        """
        known_task(wanted.task)
        made = request_keys.made_before(self._desk.database, part)
        if made is not None:
            return self.view(made)
        request: dict[str, object] = {
            "kind": "initialise",
            "task": wanted.task,
            "network": wanted.network,
            "seed": wanted.seed,
            "shipped": wanted.shipped,
            "terms": wanted.terms,
            "out": str(self.folder),
        }
        answer = self._run_job(JOBS, request, timeout_s=JOB_TIMEOUT_S)
        card = ModelCard.model_validate(answer["card"])
        origin = "random" if wanted.shipped is None else "shipped"
        with self._desk.database.begin() as tx:
            model_id = self._add(tx, card, name=wanted.name, origin=origin, actor=by_manager())
            request_keys.note(tx, model_id, at=self._desk.now(), part=part)
        return self.view(model_id)

    def add_upload(self, path: Path, *, name: str, task: str, terms: str = "") -> ModelView:
        """Check an uploaded file in a child process and keep it under its content hash.

        Raises
        ------
        InvalidInput
            ``model.invalid`` naming what does not fit the task's network, ``task.unknown``.
        """
        known_task(task)
        made = request_keys.made_before(self._desk.database)
        if made is not None:
            return self.view(made)
        request: dict[str, object] = {"kind": "check_weights", "task": task, "path": str(path)}
        try:
            answer = self._run_job(JOBS, request, timeout_s=JOB_TIMEOUT_S)
        except InvalidInput as error:  # nobody knows the name under which it waits here
            refusal = InvalidInput(str(error).replace(path.name, "the file"), code=error.code)
            refusal.remedy = error.remedy
            raise refusal from error
        try:
            card = ModelCard.model_validate(
                {
                    "task": task,
                    "network": answer["network"],
                    "tensors": answer["tensors"],
                    "parameters": answer["parameters"],
                    "content_hash": content_hash(path),
                    "created_at": self._desk.now().isoformat(timespec="seconds"),
                    "training": {"origin": "uploaded"},
                    "terms": terms,
                }
            )
        except ValidationError as error:
            message = "the model file could not be described"
            raise InvalidInput(message, code="model.invalid") from error
        self._keep(path, card)
        with self._desk.database.begin() as tx:
            model_id = self._add(tx, card, name=name, origin="uploaded", actor=by_manager())
            request_keys.note(tx, model_id, at=self._desk.now())
        return self.view(model_id)

    def keep_round(self, source: Path, *, parent: ModelRow, training: Json, metrics: Mapping[str, float]) -> ModelCard:
        """Copy a closed round's weights into the registry and write their card; can be repeated.

        Raises
        ------
        ModelError
            When the file is not there or not usable.
        StorageFailed
            ``storage.disk_full`` or ``storage.failed``; it may work later.
        """
        header = read_tensors_header(source)
        card = ModelCard.model_validate(
            {
                "task": parent.task,
                "network": parent.card["network"],
                "tensors": {key: TensorEntry(shape=found.shape, dtype=found.dtype) for key, found in header.items()},
                "parameters": parent.parameters,
                "content_hash": content_hash(source),
                "created_at": self._desk.now().isoformat(timespec="seconds"),
                "data": {"targets": task_spec(parent.task).targets},
                "training": training,
                "metrics": dict(metrics),
                "lineage": [parent.sha256],
                "terms": str(parent.card.get("terms", "")),
            }
        )
        self._keep(source, card)
        return card

    def add_round(
        self, tx: Transaction, card: ModelCard, *, name: str, session_id: str, number: int, parent_id: str
    ) -> str:
        """Register a closed round's model inside the transaction that closes the round; returns its id."""
        lab_models.leave_round(tx, session_id, number)
        return self._add(
            tx,
            card,
            name=name,
            origin="round",
            actor="system",
            session_id=session_id,
            number=number,
            parents=[parent_id],
        )

    def add_trained(self, tx: Transaction, source: Path, card: ModelCard, *, name: str, parents: list[str]) -> str:
        """Register what a central training left, inside the transaction that ends its job; returns its id."""
        self._keep(source, card)
        return self._add(tx, card, name=name, origin="trained", actor="system", parents=parents)

    # --- changing --------------------------------------------------------------------------------------------------

    def rename(self, model_id: str, name: str) -> ModelView:
        """Give a model another name."""
        with self._desk.database.begin() as tx:
            before = lab_models.by_id(tx.connection, model_id).name
            lab_models.rename(tx, model_id, name)
            self._desk.journal.note(
                tx,
                actor=by_manager(),
                action="model.renamed",
                subject=model_id,
                details={"before": before, "after": name},
                text=f"Model {before} is now called {name}.",
                values={"before": before, "name": name},
            )
            tx.after_commit(lambda: self.publish(model_id))
        return self.view(model_id)

    def delete(self, model_id: str) -> Deleted:
        """Delete a model; its file goes to the bin when no other model has the same content.

        Raises
        ------
        Conflict
            ``model.in_use`` while an unfinished session starts from it.
        """
        with self._desk.database.begin() as tx:
            row = lab_models.by_id(tx.connection, model_id)
            if lab_sessions.uses_model(tx.connection, model_id):
                message = f"model {row.name} is the start of a session that has not ended"
                raise Conflict(message, code="model.in_use")
            lab_models.delete(tx, model_id, at=self._desk.now())
            if lab_models.recommended(tx.connection).get(row.task) == model_id:
                lab_models.recommend(tx, row.task, None, at=self._desk.now())
            is_last = lab_models.count_with_hash(tx.connection, row.sha256) == 0
            self._desk.journal.note(
                tx,
                actor=by_manager(),
                action="model.deleted",
                subject=model_id,
                details={"sha256": row.sha256, "name": row.name},
                text=f"Model {row.name} was deleted.",
                values={"name": row.name},
            )
            tx.after_commit(lambda: self._publish_deleted(model_id))
        if is_last:
            self._to_bin(row.sha256)
        return Deleted(id=model_id)

    def from_bin(self, sha256: str) -> None:
        """Bring a weights file and its card back from the bin; nothing to do where another model kept them."""
        self._move(sha256, self.folder / "bin", self.folder)

    def drop_file(self, sha256: str) -> None:
        """Remove a weights file and its card for good, also where a kill kept them out of the bin."""
        for folder in (self.folder / "bin", self.folder):
            for suffix in SUFFIXES:
                (folder / f"{sha256}{suffix}").unlink(missing_ok=True)

    def publish(self, model_id: str) -> None:
        """Tell the pages about a model."""

        def present() -> ModelView | None:
            with suppress(NotFound):
                return self.view(model_id)
            return None

        self._desk.bus.publish("model", present)

    # --- inside ----------------------------------------------------------------------------------------------------

    def _publish_deleted(self, model_id: str) -> None:
        self._desk.bus.publish("model_deleted", Deleted(id=model_id))

    def _add(
        self,
        tx: Transaction,
        card: ModelCard,
        *,
        name: str,
        origin: str,
        actor: str,
        session_id: str | None = None,
        number: int | None = None,
        parents: list[str] | None = None,
    ) -> str:
        model_id, now = new_id("model"), self._desk.now()
        values = _values(card, self.weights_path(card.content_hash), now)
        lab_models.add(
            tx,
            {
                **values,
                "id": model_id,
                "name": name[:80],
                "origin": origin,
                "session_id": session_id,
                "round": number,
                "parents": parents or [],
            },
        )
        self._desk.journal.note(
            tx,
            actor=actor,
            action=f"model.added.{origin}",
            subject=model_id,
            details={"sha256": card.content_hash, "task": card.task, "session": session_id, "round": number},
            text=None if origin == "round" else f"Model {name} was added.",
            values={"name": name},
        )
        tx.after_commit(lambda: self.publish(model_id))
        return model_id

    def _keep(self, source: Path, card: ModelCard) -> None:
        target = self.folder / f"{card.content_hash}.safetensors"
        try:
            if not (target.is_file() and content_hash(target) == card.content_hash):
                _copy_atomically(source, target)
            save_card(target, card)
        except OSError as error:
            raise StorageFailed.of(error, "the model could not be stored") from error

    def _to_bin(self, sha256: str) -> None:
        (self.folder / "bin").mkdir(exist_ok=True)
        self._move(sha256, self.folder, self.folder / "bin")

    @staticmethod
    def _move(sha256: str, source: Path, target: Path) -> None:
        for suffix in SUFFIXES:
            with suppress(FileNotFoundError):
                (source / f"{sha256}{suffix}").replace(target / f"{sha256}{suffix}")


def _values(card: ModelCard, path: Path, now: datetime) -> dict[str, object]:
    return {
        "task": card.task,
        "network": str(card.network.get("name", "")),
        "sha256": card.content_hash,
        "size_bytes": path.stat().st_size,
        "parameters": card.parameters,
        "metrics": {key: value for key, value in card.metrics.items() if isinstance(value, int | float)},
        "card": card.model_dump(mode="json"),
        "created_at": now,
    }


def _copy_atomically(source: Path, target: Path) -> None:
    handle, name = tempfile.mkstemp(dir=target.parent, prefix=".copy-")
    try:
        with os.fdopen(handle, "wb") as stream, source.open("rb") as original:
            shutil.copyfileobj(original, stream, 1024 * 1024)
            stream.flush()
            os.fsync(stream.fileno())
        Path(name).replace(target)
    except OSError:
        Path(name).unlink(missing_ok=True)
        raise


def _brief(row: ModelRow) -> ModelRow:
    return replace(row, card={key: value for key, value in row.card.items() if key != "tensors"})


def _view(row: ModelRow, in_use: bool, recommended: bool) -> ModelView:
    return ModelView.model_validate(
        {
            "id": row.id,
            "name": row.name,
            "task": row.task,
            "network": row.network,
            "origin": row.origin,
            "session_id": row.session_id,
            "round": row.round,
            "parents": row.parents,
            "sha256": row.sha256,
            "size_bytes": row.size_bytes,
            "parameters": row.parameters,
            "metrics": row.metrics,
            "created_at": row.created_at,
            "in_use": in_use,
            "recommended": recommended,
            "deleted_at": row.deleted_at,
            "card": row.card,
        }
    )
