"""Central training: a job that trains on data sets of this computer and gives the registry a ModelVersion."""

from collections.abc import Iterable, Mapping
from pathlib import Path

from pydantic import ValidationError

from fl_core.desk import Desk
from fl_core.errors import ComputeFailed, InvalidInput
from fl_core.storage import lab_models
from fl_core.storage.database import Transaction
from fl_core.storage.lab_work import JobRow, JobState
from fl_core.web.complaints import first_problem
from model.io.weights import ModelCard
from model.task_parameters import USED_WITH, TargetKind
from model.task_spec import task_spec
from orchestrator.laboratory_schemas import TrainingCreate
from orchestrator.services.laboratory.jobs import Jobs
from orchestrator.services.laboratory.sets import Sets
from orchestrator.services.laboratory.work import Ask, Lane, Outcome, Work, processors
from orchestrator.services.models import Models

MODULE = "model.laboratory_jobs"
TASK = "spect-reconstruction"
WEIGHTS = "model.safetensors"
TARGETS: TargetKind = "phantom"
"""What every training of the laboratory learns from."""
SET_BY_FORM = {"local_epochs": "epochs", "seed": "seed", "holdout_fraction": "holdout"}
"""Task parameters that a central training says in its own words."""


class Trainings:
    """Checks what is asked of a training and queues it."""

    def __init__(self, desk: Desk, *, jobs: Jobs, sets: Sets, models: Models) -> None:
        self._desk = desk
        self._jobs = jobs
        self._sets = sets
        self._models = models

    def create(self, wanted: TrainingCreate) -> str:
        """Queue a training; returns the id of the job.

        Raises
        ------
        InvalidInput
            A network or parameter that there is not, a parameter without effect in such a training; ``model.invalid`` for
            a first model of another task.
        Conflict
            ``laboratory.set_not_ready``.
        """
        spec = task_spec(TASK)
        if wanted.network not in spec.networks:
            message = f"network: there is no {wanted.network}, there are {', '.join(spec.networks)}"
            raise InvalidInput(message)
        try:
            spec.parameters.model_validate(wanted.parameters)
        except ValidationError as error:
            raise InvalidInput(first_problem(error)) from error
        _refuse_without_effect(wanted.parameters)
        if wanted.model_id is not None:
            reconstructing_model(self._models, wanted.model_id)
        if wanted.validation_set_id in wanted.set_ids:
            message = "validation_set_id: the data set for validation must not train"
            raise InvalidInput(message)
        for set_id in (*wanted.set_ids, *([wanted.validation_set_id] if wanted.validation_set_id else [])):
            self._sets.ready(set_id)
        with self._desk.database.begin() as tx:
            return self._jobs.add(tx, kind="training", title=wanted.name, spec=wanted.model_dump(mode="json"))


def _refuse_without_effect(parameters: Iterable[str]) -> None:
    """Refuse parameters that would change nothing, though the model's card would name them."""
    for name in parameters:
        if name in SET_BY_FORM:
            message = f"parameters: {name} has no effect here; {SET_BY_FORM[name]} says it"
            raise InvalidInput(message)
        if TARGETS not in USED_WITH.get(name, (TARGETS,)):
            message = f"parameters: {name} has no effect in a training of the laboratory"
            raise InvalidInput(message)


def reconstructing_model(models: Models, model_id: str) -> tuple[str, Path]:
    """Return name and weights file of a model that reconstructs; raises InvalidInput (`model.invalid`) for another."""
    view = models.view(model_id)
    if view.task != TASK:
        message = f"the model {view.name} is for the task {view.task}"
        raise InvalidInput(message, code="model.invalid")
    return view.name, models.weights_path(view.sha256)


class TrainingWork(Work):
    """The job `training`."""

    def __init__(self, desk: Desk, *, sets: Sets, models: Models, folder: Path) -> None:
        self._desk = desk
        self._sets = sets
        self._models = models
        self._folder = folder

    @property
    def lane(self) -> Lane:
        """One training at a time."""
        return "heavy"

    def ask(self, job: JobRow, folder: Path) -> Ask:
        """Return what to train; always with `resume`: there is a checkpoint, or it begins."""
        wanted = TrainingCreate.model_validate(job.spec)
        network: object = {"name": wanted.network}
        init: str | None = None
        if wanted.model_id is not None:
            view = self._models.view(wanted.model_id)
            network, init = view.card["network"], str(self._models.weights_path(view.sha256))
        validation = wanted.validation_set_id
        request = {
            "kind": "train",
            "data": [self._sets.ready(set_id).folder for set_id in wanted.set_ids],
            "validation": None if validation is None else self._sets.ready(validation).folder,
            "holdout": wanted.holdout,
            "network": network,
            "init": init,
            "epochs": wanted.epochs,
            "patience": wanted.patience,
            "seed": wanted.seed,
            "parameters": {key: value for key, value in wanted.parameters.items() if key not in SET_BY_FORM},
            "out": str(folder / WEIGHTS),
            "resume": True,
            "threads": processors(),
        }
        return Ask(module=MODULE, request=request)

    def finish(self, tx: Transaction, job: JobRow, answer: Mapping[str, object]) -> Outcome:
        """Take the best weights into the registry, with card and lineage."""
        wanted = TrainingCreate.model_validate(job.spec)
        try:
            card = ModelCard.model_validate(answer["card"])
        except (ValidationError, KeyError) as error:
            message = "the training left no card"
            raise ComputeFailed(message) from error
        names = [self._sets.view(set_id).name for set_id in wanted.set_ids]
        validated = card.metrics.get("validation")
        figures = validated if isinstance(validated, dict) else {}
        card = card.model_copy(
            update={
                "data": {"data_sets": names, **card.data},
                "training": {"origin": "laboratory", **card.training},
                "metrics": {**figures, **card.metrics},
            }
        )
        parent = None if wanted.model_id is None else lab_models.by_id(tx.connection, wanted.model_id, deleted_too=True)
        model_id = self._models.add_trained(
            tx,
            self._folder / job.id / WEIGHTS,
            card,
            name=wanted.name,
            parents=[] if parent is None else [parent.id],
        )
        return Outcome(result={"left_out": answer.get("left_out", [])}, model_id=model_id)

    def changed(self, tx: Transaction, job: JobRow, state: JobState) -> None:
        """Nothing else follows a training."""
