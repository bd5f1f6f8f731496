"""Where models come from, what was made of them, and how two of them differ."""

from fl_core.desk import Desk
from fl_core.errors import ComputeFailed, Conflict
from fl_core.storage import lab_models
from model.weight_differences import WeightDifferences
from orchestrator.schemas import ModelComparison, ModelFamilyView, ModelNode
from orchestrator.services.models import JOB_TIMEOUT_S, JOBS, Models, RunJob

MOST_RELATIVES = 400
"""A family is shown up to this size, the nearest relatives first."""


class ModelFamily:
    """Reads lineage; compares weights in a child process."""

    def __init__(self, desk: Desk, *, models: Models, run_job: RunJob) -> None:
        self._desk = desk
        self._models = models
        self._run_job = run_job

    def of(self, model_id: str) -> ModelFamilyView:
        """Return a model's ancestors and descendants, deleted ones too, oldest first; raises NotFound."""
        with self._desk.database.read() as connection:
            lab_models.by_id(connection, model_id, deleted_too=True)
            chosen, left_off = _relatives(lab_models.parents_of_all(connection), model_id)
            rows = [lab_models.by_id(connection, one, deleted_too=True) for one in chosen]
            recommended = set(lab_models.recommended(connection).values())
        nodes = [
            ModelNode.model_validate(
                {
                    "id": row.id,
                    "name": row.name,
                    "task": row.task,
                    "origin": row.origin,
                    "session_id": row.session_id,
                    "round": row.round,
                    "parents": row.parents,
                    "sha256": row.sha256,
                    "metrics": row.metrics,
                    "created_at": row.created_at,
                    "deleted": row.deleted_at is not None,
                    "recommended": row.id in recommended,
                }
            )
            for row in sorted(rows, key=lambda row: (row.created_at, row.round or 0, row.id))
        ]
        return ModelFamilyView(items=nodes, left_off=left_off)

    def compare(self, first_id: str, second_id: str) -> ModelComparison:
        """Return two models with the norms by which their tensors differ.

        Raises
        ------
        Conflict
            When they are for different tasks.
        """
        first, second = self._models.view(first_id), self._models.view(second_id)
        if first.task != second.task:
            message = f"{first.name} is for {first.task}, {second.name} for {second.task}"
            raise Conflict(message)
        request: dict[str, object] = {
            "kind": "compare_weights",
            "first": str(self._models.weights_path(first.sha256)),
            "second": str(self._models.weights_path(second.sha256)),
        }
        answer = self._run_job(JOBS, request, timeout_s=JOB_TIMEOUT_S)
        try:
            differences = WeightDifferences.model_validate(answer)
        except ValueError as error:
            message = "the comparison gave no result"
            raise ComputeFailed(message) from error
        return ModelComparison(first=first, second=second, differences=differences)


def _relatives(parents: dict[str, list[str]], start: str) -> tuple[list[str], int]:
    """Return ancestors and descendants of `start`, the nearest first, and how many were left off."""
    children: dict[str, list[str]] = {}
    for model_id, above in parents.items():
        for parent in above:
            children.setdefault(parent, []).append(model_id)
    found = [start]
    seen = {start}
    for step in (parents, children):
        queue = [start]
        while queue:
            near = [one for known in queue for one in step.get(known, []) if one in parents and one not in seen]
            queue = list(dict.fromkeys(near))
            seen |= set(queue)
            found += queue
    return found[:MOST_RELATIVES], max(0, len(found) - MOST_RELATIVES)
