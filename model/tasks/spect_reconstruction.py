"""Learn to reconstruct cardiac SPECT with any reconstruction network, each study in its own geometry.

Tensors: Z, Y, X voxels.
"""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from pydantic import TypeAdapter
from torch import Tensor, nn

from model.classical.osem import OsemSettings, reconstruct_osem
from model.dataset import PreparedStudy, load_prepared, with_reference
from model.errors import ModelError
from model.evaluation.metrics import case_metrics
from model.inference import fitted, reconstruct_prepared
from model.io.study import Study
from model.networks.inputs import ReconstructionNetwork
from model.task_parameters import SpectReconstructionParameters, TaskParameters
from model.task_spec import TaskSpec, task_spec
from model.tasks import CaseMetrics, Sample, build_network_of
from model.training.objective import study_loss
from model.training.steps import (
    ScheduleWindow,
    TrainHooks,
    TrainOutcome,
    TrainProgress,
    split_by_patient,
    train_network,
)
from model.training.target_check import calibrated
from model.training.targets import FullCountsTarget, PhantomTarget, as_scored, is_full_counts

_OSEM_SETTINGS = TypeAdapter(OsemSettings)


class SpectReconstruction:
    """The task `spect-reconstruction`; see `model.tasks.Task`."""

    spec: TaskSpec = task_spec("spect-reconstruction")

    def build_network(self, config: Mapping[str, object], *, seed: int | None = None) -> nn.Module:
        """Build one of the reconstruction networks."""
        return build_network_of(self.spec, config, seed=seed)

    def load_samples(
        self,
        paths: Sequence[Path],
        on_progress: Callable[[float], None] | None = None,
        *,
        parameters: TaskParameters | None = None,
    ) -> list[Sample]:
        """Read and prepare studies for the default network; others prepare again when they first use them.

        Where the parameters ask for it, a study without a reference gets the OSEM image of its counts as one.
        """
        recipe = _reconstruction(self.build_network(self.spec.default_network, seed=0)).recipe
        samples: list[Sample] = []
        for number, path in enumerate(paths, start=1):
            samples.append(load_prepared(path, recipe=recipe, accept=lambda study: _completed(study, parameters)))
            if on_progress is not None:
                on_progress(number / len(paths))
        return samples

    def split(self, samples: Sequence[Sample], holdout_fraction: float, seed: int) -> tuple[list[Sample], list[Sample]]:
        """Split by patient; a study whose reference does not explain its counts is in neither half.

        Raises
        ------
        SampleInvalid
            ``sample.calibration`` if every study that has a reference is such.
        """
        usable = calibrated([study for study in _studies(samples) if study.has_reference])
        train, held = split_by_patient([sample.patient for sample in usable], holdout_fraction, seed)
        return [usable[i] for i in train], [usable[i] for i in held]

    def train(
        self,
        network: nn.Module,
        samples: Sequence[Sample],
        parameters: TaskParameters,
        *,
        schedule: ScheduleWindow = ScheduleWindow(),  # noqa: B008 - frozen, so sharing it is safe
        seed: int = 0,
        hooks: TrainHooks = TrainHooks(),  # noqa: B008 - frozen, so sharing it is safe
        on_progress: Callable[[TrainProgress], None] | None = None,
        should_stop: Callable[[], bool] | None = None,
    ) -> TrainOutcome:
        """Train in place on squared error in the body, more in the heart.

        Of a study whose target is the OSEM image of its counts the network sees at most half of them.
        """
        if not isinstance(parameters, SpectReconstructionParameters):
            message = f"{self.spec.name} needs its own parameters, got {type(parameters).__name__}"
            raise ModelError(code="task.parameters", message=message)
        wanted = _reconstruction(network)
        studies = [fitted(study, wanted) for study in with_reference(_studies(samples))]
        phantom, full_counts = PhantomTarget(parameters), FullCountsTarget(parameters)
        copies: dict[int, tuple[int, PreparedStudy]] = {}

        def seen(index: int, generator: torch.Generator) -> PreparedStudy:
            target = full_counts if is_full_counts(studies[index]) else phantom
            if target is phantom and not parameters.varies:
                return studies[index]
            visits, study = copies.get(index, (0, studies[index]))
            if visits % parameters.augment_every == 0:
                study = target.example(studies[index], generator).study
            copies[index] = visits + 1, study
            return study

        def loss_of_batch(net: nn.Module, indices: list[int], generator: torch.Generator) -> Tensor:
            return torch.stack([study_loss(net, seen(index, generator), parameters) for index in indices]).mean()

        return train_network(
            network,
            loss_of_batch,
            n_samples=len(studies),
            parameters=parameters,
            schedule=schedule,
            seed=seed,
            hooks=hooks,
            on_progress=on_progress,
            should_stop=should_stop,
        )

    def evaluate(
        self, network: nn.Module, samples: Sequence[Sample], on_progress: Callable[[float], None] | None = None
    ) -> list[CaseMetrics]:
        """Score reconstructions against the references (`model.evaluation.metrics.case_metrics`).

        Where the OSEM image of all counts is the reference, every method sees the same half of them.
        """
        wanted = _reconstruction(network)
        return self._score(lambda study: reconstruct_prepared(wanted, study), samples, on_progress)

    def score_baseline(
        self,
        samples: Sequence[Sample],
        on_progress: Callable[[float], None] | None = None,
        *,
        settings: Mapping[str, object] | None = None,
    ) -> list[CaseMetrics]:
        """Score OS-EM on the same studies."""
        chosen = _OSEM_SETTINGS.validate_python(dict(settings or {}))
        return self._score(lambda study: reconstruct_osem(study.study, chosen), samples, on_progress)

    def _score(
        self,
        method: Callable[[PreparedStudy], NDArray[np.float32]],
        samples: Sequence[Sample],
        on_progress: Callable[[float], None] | None,
    ) -> list[CaseMetrics]:
        studies = with_reference(_studies(samples))
        cases: list[CaseMetrics] = []
        for number, study in enumerate(studies, start=1):
            scores = case_metrics(_image(method, study), study.study)
            cases.append({metric.key: scores.get(metric.key) for metric in self.spec.metrics})
            if on_progress is not None:
                on_progress(number / len(studies))
        return cases

    def preview(self, network: nn.Module, sample: Sample) -> dict[str, NDArray[np.float32]]:
        """Return transverse slices (Y, X) in counts: ``input`` (classical start), ``estimate``, ``reference``."""
        study = _studies([sample])[0]
        volumes = {
            "input": study.inputs.start.cpu().numpy() * np.float32(study.scale),
            "estimate": reconstruct_prepared(_reconstruction(network), study),
        }
        if study.study.reference is not None:
            volumes["reference"] = study.study.reference
        slice_z = preview_slice(study)
        return {name: np.ascontiguousarray(volume[slice_z], dtype=np.float32) for name, volume in volumes.items()}


def preview_slice(study: PreparedStudy) -> int:
    """Return the transverse slice with most of the heart, or the middle one where the heart is not labelled."""
    if study.heart is None:
        return int(study.inputs.start.shape[0] // 2)
    return int(study.heart.sum(dim=(1, 2)).argmax())


def _reconstruction(network: nn.Module) -> ReconstructionNetwork:
    if not isinstance(network, ReconstructionNetwork):
        message = f"a reconstruction network is needed, got {type(network).__name__}"
        raise TypeError(message)
    return network


def _completed(study: Study, parameters: TaskParameters | None) -> Study:
    if study.reference is not None or not isinstance(parameters, SpectReconstructionParameters):
        return study
    return FullCountsTarget(parameters).accept(study) if parameters.without_reference == "full-counts" else study


def _image(method: Callable[[PreparedStudy], NDArray[np.float32]], study: PreparedStudy) -> NDArray[np.float32]:
    seen, brightness = as_scored(study)
    return method(seen) / np.float32(brightness)


def _studies(samples: Sequence[Sample]) -> list[PreparedStudy]:
    studies = []
    for sample in samples:
        if not isinstance(sample, PreparedStudy):
            message = f"a prepared study is needed, got {type(sample).__name__}"
            raise TypeError(message)
        studies.append(sample)
    return studies


TASK = SpectReconstruction()
