"""What becomes of models besides being made: recommended, deleted, restored, gone for good."""

from functools import partial

from fl_core.desk import Desk
from fl_core.storage import lab_models
from fl_core.storage.database import Transaction
from fl_core.storage.lab_models import ModelRow
from fl_core.views import Deleted
from orchestrator.schemas import ModelView
from orchestrator.services.desk import by_manager
from orchestrator.services.models import Models
from orchestrator.services.round_files import RoundFiles


class ModelBin:
    """The bin of the registry, and the recommended model of each task."""

    def __init__(self, desk: Desk, *, models: Models, round_files: RoundFiles) -> None:
        self._desk = desk
        self._models = models
        self._round_files = round_files

    def all(self) -> list[ModelView]:
        """Return the deleted models that can be restored, the latest deleted first."""
        with self._desk.database.read() as connection:
            return [self._models.view_of(row) for row in lab_models.in_bin(connection)]

    def restore(self, model_id: str) -> ModelView:
        """Bring a deleted model back as it was; raises NotFound when it is gone for good."""
        with self._desk.database.begin() as tx:
            row = lab_models.one_in_bin(tx.connection, model_id)
            self._models.from_bin(row.sha256)
            lab_models.restore(tx, model_id)
            self._note(tx, "model.restored", row, f"Model {row.name} was restored.")
            tx.after_commit(lambda: self._models.publish(model_id))
        return self._models.view(model_id)

    def remove(self, model_id: str, *, actor: str | None = None) -> Deleted:
        """Remove a deleted model's weights for good; its record stays, so that lineage can be read.

        `actor` is who does it where that is not the manager whose request this is.
        """
        with self._desk.database.begin() as tx:
            row = lab_models.one_in_bin(tx.connection, model_id)
            lab_models.remove(tx, model_id, at=self._desk.now())
            is_last = not lab_models.needs_file(tx.connection, row.sha256)
            self._note(tx, "model.removed", row, f"Model {row.name} was removed for good.", actor=actor)
        if is_last:
            self._drop(row.sha256)
        return Deleted(id=model_id)

    def sweep(self) -> None:
        """Remove what is left of models removed for good: after a kill, or of a session that was going on then."""
        with self._desk.database.read() as connection:
            gone = lab_models.gone(connection)
        for sha256 in gone:
            self._drop(sha256)

    def recommend(self, model_id: str, *, is_recommended: bool) -> ModelView:
        """Make a model the recommended one of its task, or take that back."""
        with self._desk.database.begin() as tx:
            row = lab_models.by_id(tx.connection, model_id)
            before = lab_models.recommended(tx.connection).get(row.task)
            if is_recommended or before == model_id:
                lab_models.recommend(tx, row.task, model_id if is_recommended else None, at=self._desk.now())
                words = "is now recommended" if is_recommended else "is recommended no more"
                self._note(tx, "model.recommended", row, f"Model {row.name} {words}.")
            for changed in {model_id, before or model_id}:
                tx.after_commit(partial(self._models.publish, changed))
        return self._models.view(model_id)

    def _drop(self, sha256: str) -> None:
        self._models.drop_file(sha256)
        self._round_files.drop_content(sha256)

    def _note(self, tx: Transaction, action: str, row: ModelRow, text: str, *, actor: str | None = None) -> None:
        self._desk.journal.note(
            tx,
            actor=actor or by_manager(),
            action=action,
            subject=row.id,
            details={"sha256": row.sha256},
            text=text,
            values={"name": row.name},
        )
