"""The torch half of the tasks: what a runner can do with any of them, and the lookup by name."""

from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from importlib import import_module
from pathlib import Path
from typing import NamedTuple, Protocol, cast

import numpy as np
from numpy.typing import NDArray
from torch import nn

from model.errors import ModelError
from model.networks import build_network, parse_network
from model.task_parameters import TaskParameters
from model.task_spec import TaskSpec, task_spec
from model.training.steps import ScheduleWindow, TrainHooks, TrainOutcome, TrainProgress, split_by_patient

CaseMetrics = dict[str, float | None]
"""One number per metric of the task's declaration; None where a case has no such thing (no defect, no labels)."""


class Sample(Protocol):
    """One loaded sample; a task knows its own kind."""

    @property
    def name(self) -> str:
        """Short name for progress and tables (the file's stem)."""

    @property
    def patient(self) -> str:
        """What groups the samples of one patient."""

    @property
    def has_reference(self) -> bool:
        """Whether it can be trained on and scored."""


class Task(Protocol):
    """What every task offers; stateless."""

    @property
    def spec(self) -> TaskSpec:
        """The task as data."""

    def build_network(self, config: Mapping[str, object], *, seed: int | None = None) -> nn.Module:
        """Build one of ``spec.networks``; ``model.errors.ModelError`` (``network.invalid``) for any other."""

    def load_samples(
        self,
        paths: Sequence[Path],
        on_progress: Callable[[float], None] | None = None,
        *,
        parameters: TaskParameters | None = None,
    ) -> list[Sample]:
        """Read and prepare files as the parameters ask; raises `SampleInvalid` for the first that cannot be used."""

    def split(self, samples: Sequence[Sample], holdout_fraction: float, seed: int) -> tuple[list[Sample], list[Sample]]:
        """Return (train, holdout) by `split_by_patient`; samples without a reference are in neither."""

    def train(
        self,
        network: nn.Module,
        samples: Sequence[Sample],
        parameters: TaskParameters,
        *,
        schedule: ScheduleWindow = ...,
        seed: int = 0,
        hooks: TrainHooks = ...,
        on_progress: Callable[[TrainProgress], None] | None = None,
        should_stop: Callable[[], bool] | None = None,
    ) -> TrainOutcome:
        """Train in place; see `model.training.steps.train_network`."""

    def evaluate(
        self, network: nn.Module, samples: Sequence[Sample], on_progress: Callable[[float], None] | None = None
    ) -> list[CaseMetrics]:
        """Score each sample with every metric of ``spec.metrics``."""

    def score_baseline(
        self,
        samples: Sequence[Sample],
        on_progress: Callable[[float], None] | None = None,
        *,
        settings: Mapping[str, object] | None = None,
    ) -> list[CaseMetrics]:
        """Score the task's classical method on the same samples; an empty list where there is none.

        ``settings`` are the method's own (`model.classical.osem.OsemSettings`).
        """

    def preview(self, network: nn.Module, sample: Sample) -> dict[str, NDArray[np.float32]]:
        """Return named pictures-to-be of one sample: input, estimate and, where known, reference."""


def build_network_of(spec: TaskSpec, config: Mapping[str, object], *, seed: int | None = None) -> nn.Module:
    """Build one of a task's networks.

    Raises
    ------
    ModelError
        ``network.invalid`` for any other.
    """
    parsed = parse_network(config)
    if parsed.name not in spec.networks:
        message = f"{spec.name} trains {', '.join(spec.networks)}, not {parsed.name}"
        raise ModelError(code="network.invalid", message=message)
    return build_network(config, seed=seed)


_MODULES = {
    "spect-reconstruction": "model.tasks.spect_reconstruction",
    "brain-segmentation": "model.tasks.brain_segmentation",
}


def load_task(name: str) -> Task:
    """Return the torch half of a task; raises `ModelError` (``task.unknown``)."""
    spec = task_spec(name)
    return cast("Task", import_module(_MODULES[spec.name]).TASK)


class Halves(NamedTuple):
    """What a site trains on and what it keeps to check with; no patient is in both."""

    train: list[Sample]
    holdout: list[Sample]


def load_halves(
    task: Task,
    paths: Sequence[Path],
    parameters: TaskParameters,
    on_progress: Callable[[float], None] | None = None,
    *,
    left_out: Sequence[Path] = (),
    earlier: Sequence[Sequence[Path]] = (),
) -> Halves:
    """Read a site's samples and split them by patient as every round of a session does.

    Those `left_out` were withdrawn since the consent: they count for the halves, so that no other patient changes sides,
    and are then in neither. One that cannot be read does not count. `earlier` are the files of the session's earlier
    agreements, oldest first, each among `paths` or `left_out`: who was drawn for a side then stays on it, so that nobody
    who was trained on is scored later.
    """
    samples = task.load_samples(sorted(paths, key=str), on_progress, parameters=parameters)
    gone: list[Sample] = []
    for path in sorted(left_out, key=str):
        with suppress(ModelError):
            gone += task.load_samples([path], parameters=parameters)
    halves = Halves(*task.split([*samples, *gone], parameters.holdout_fraction, parameters.seed))
    if earlier:
        halves = _drawn_one_by_one(halves, earlier, parameters)
    names = {sample.name for sample in gone}
    return Halves(
        [sample for sample in halves.train if sample.name not in names],
        [sample for sample in halves.holdout if sample.name not in names],
    )


def _drawn_one_by_one(halves: Halves, earlier: Sequence[Sequence[Path]], parameters: TaskParameters) -> Halves:
    """Draw the patients of each earlier agreement and those before it in turn, and then all; who is on a side stays there."""
    every = sorted([*halves.train, *halves.holdout], key=lambda sample: sample.name)
    sides: dict[str, bool] = {}
    drawn, known = halves, set[str]()
    for files in (*earlier, None):
        known |= {path.stem for path in files} if files is not None else {sample.name for sample in every}
        then = [sample for sample in every if sample.name in known]
        split = split_by_patient(
            [sample.patient for sample in then], parameters.holdout_fraction, parameters.seed, sides=sides
        )
        drawn = Halves(*([then[index] for index in half] for half in split))
        sides |= {sample.patient: half is drawn.holdout for half in drawn for sample in half}
    return drawn


def train_round(
    task: Task,
    network: nn.Module,
    train: Sequence[Sample],
    parameters: TaskParameters,
    *,
    number: int,
    rounds: int,
    hooks: TrainHooks = TrainHooks(),  # noqa: B008 - frozen, so sharing it is safe
    on_progress: Callable[[TrainProgress], None] | None = None,
    should_stop: Callable[[], bool] | None = None,
) -> TrainOutcome:
    """Train in place as a site does in round `number` (from 1) of `rounds`: its stretch of the cosine, its own seed."""
    return task.train(
        network,
        train,
        parameters,
        schedule=ScheduleWindow((number - 1) / rounds, number / rounds),
        seed=parameters.seed + number,
        hooks=hooks,
        on_progress=on_progress,
        should_stop=should_stop,
    )


def mean_metrics(cases: Sequence[CaseMetrics]) -> CaseMetrics:
    """Average each metric over the cases that have it; None where none has."""
    keys = {key: None for case in cases for key in case}
    means: CaseMetrics = {}
    for key in keys:
        values = [value for case in cases if (value := case.get(key)) is not None]
        means[key] = sum(values) / len(values) if values else None
    return means
