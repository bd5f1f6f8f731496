"""Outline tissue classes in 2-D brain slices: a small U-Net, Dice and cross-entropy.

Tensors: B batch, C channels, H and W pixels, K classes.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import fmean
from typing import cast

import numpy as np
import torch
import torch.nn.functional as F  # noqa: N812 - the name torch's own documentation uses
from numpy.typing import NDArray
from torch import Tensor, nn

from model.errors import ModelError, SampleInvalid
from model.io.slices import person_at, read_slice, read_slice_patient
from model.task_parameters import BrainSegmentationParameters, TaskParameters
from model.task_spec import TaskSpec, task_spec
from model.tasks import CaseMetrics, Sample, build_network_of
from model.training.losses import IGNORED_LABEL, dice_cross_entropy
from model.training.steps import (
    ScheduleWindow,
    TrainHooks,
    TrainOutcome,
    TrainProgress,
    split_by_patient,
    train_network,
)


@dataclass(frozen=True, eq=False)
class BrainSlice:
    """One slice: ``image`` (C, H, W) float32 as `standardise` leaves it, ``labels`` (H, W) int64 or None."""

    name: str
    patient: str
    image: Tensor
    labels: Tensor | None

    @property
    def has_reference(self) -> bool:
        """Whether the slice has labels."""
        return self.labels is not None


class BrainSegmentation:
    """The task `brain-segmentation`; see `model.tasks.Task`."""

    spec: TaskSpec = task_spec("brain-segmentation")

    def build_network(self, config: Mapping[str, object], *, seed: int | None = None) -> nn.Module:
        """Build the U-Net."""
        return build_network_of(self.spec, config, seed=seed)

    def load_samples(
        self,
        paths: Sequence[Path],
        on_progress: Callable[[float], None] | None = None,
        *,
        parameters: TaskParameters | None = None,
    ) -> list[Sample]:
        """Read the slices; every one must have the same number of channels."""
        slices: list[Sample] = []
        for number, path in enumerate(paths, start=1):
            image, labels = read_slice(path)
            first = cast("BrainSlice", slices[0]).image.shape[0] if slices else image.shape[0]
            if image.shape[0] != first:
                message = f"{path.name} has {image.shape[0]} channels, the slices before it {first}"
                raise SampleInvalid(code="sample.shape", message=message)
            slices.append(
                BrainSlice(
                    name=path.stem,
                    patient=read_slice_patient(path) or "/".join(person_at(path.name, str(path.parent))),
                    image=torch.from_numpy(standardise(image)),
                    labels=None if labels is None else torch.from_numpy(labels.astype(np.int64)),
                )
            )
            if on_progress is not None:
                on_progress(number / len(paths))
        return slices

    def split(self, samples: Sequence[Sample], holdout_fraction: float, seed: int) -> tuple[list[Sample], list[Sample]]:
        """Split by patient."""
        usable = [sample for sample in samples if sample.has_reference]
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
        """Train in place on Dice and cross-entropy."""
        if not isinstance(parameters, BrainSegmentationParameters):
            message = f"{self.spec.name} needs its own parameters, got {type(parameters).__name__}"
            raise ModelError(code="task.parameters", message=message)
        slices = _labelled(samples)
        _check_fit(network, slices)

        def loss_of_batch(net: nn.Module, indices: list[int], _: torch.Generator) -> Tensor:
            images_BCHW, labels_BHW = _collate([slices[i] for i in indices])
            return dice_cross_entropy(
                net(images_BCHW),
                labels_BHW,
                dice_weight=parameters.dice_weight,
                cross_entropy_weight=parameters.cross_entropy_weight,
            )

        return train_network(
            network,
            loss_of_batch,
            n_samples=len(slices),
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
        """Return per slice the Dice of each class, and ``dice`` and ``jaccard``, means over the foreground classes present."""
        slices = _labelled(samples)
        _check_fit(network, slices)
        classes = _classes(network)
        cases: list[CaseMetrics] = []
        for number, item in enumerate(slices, start=1):
            labels_HW = item.labels
            assert labels_HW is not None  # noqa: S101 - narrowing; _labelled refused the others
            scores = dice_per_class(_segment(network, item), labels_HW, classes)
            case: CaseMetrics = {metric.key: None for metric in self.spec.metrics}
            case |= {f"dice_{k}": score for k, score in scores.items() if f"dice_{k}" in case}
            present = [score for score in scores.values() if score is not None]
            if present:
                case["dice"], case["jaccard"] = fmean(present), fmean(map(jaccard, present))
            cases.append(case)
            if on_progress is not None:
                on_progress(number / len(slices))
        return cases

    def score_baseline(
        self,
        samples: Sequence[Sample],
        on_progress: Callable[[float], None] | None = None,
        *,
        settings: Mapping[str, object] | None = None,
    ) -> list[CaseMetrics]:
        """Return nothing: there is no classical method here to compare with."""
        del samples, on_progress, settings
        return []

    def preview(self, network: nn.Module, sample: Sample) -> dict[str, NDArray[np.float32]]:
        """Return ``input`` (first channel), ``estimate`` and, with labels, ``reference``; each (H, W)."""
        item = _slice(sample)
        _check_fit(network, [item])
        pictures = {"input": item.image[0], "estimate": _segment(network, item)}
        if item.labels is not None:
            pictures["reference"] = item.labels
        return {name: picture.numpy().astype(np.float32) for name, picture in pictures.items()}


def standardise(image_CHW: NDArray[np.float32]) -> NDArray[np.float32]:
    """Shift and scale each channel to mean 0, deviation 1 over its non-zero pixels; zeros stay zero."""
    result = np.zeros_like(image_CHW)
    for channel, plane in zip(result, image_CHW, strict=True):
        inside = plane != 0
        if inside.any():
            values = plane[inside]
            channel[inside] = (values - values.mean()) / max(float(values.std()), 1e-6)
    return result


def dice_per_class(guess_HW: Tensor, labels_HW: Tensor, classes: int) -> dict[int, float | None]:
    """Return Dice = 2 |A and B| / (|A| + |B|) for classes 1..K-1; None for a class absent from both."""
    scores: dict[int, float | None] = {}
    for k in range(1, classes):
        guess, truth = guess_HW == k, labels_HW == k
        size = int(guess.sum()) + int(truth.sum())
        scores[k] = 2.0 * int((guess & truth).sum()) / size if size else None
    return scores


def jaccard(dice: float) -> float:
    """Return |A and B| / |A or B|, which one pair's Dice determines (the means over several pairs do not)."""
    return dice / (2.0 - dice)


def _slice(sample: Sample) -> BrainSlice:
    if not isinstance(sample, BrainSlice):
        message = f"a brain slice is needed, got {type(sample).__name__}"
        raise TypeError(message)
    return sample


def _labelled(samples: Sequence[Sample]) -> list[BrainSlice]:
    slices = [_slice(sample) for sample in samples]
    bare = sum(not item.has_reference for item in slices)
    if bare or not slices:
        message = f"{bare} of {len(slices)} slices have no labels; training and scoring need at least one slice and all labelled"
        raise SampleInvalid(code="sample.no_reference", message=message)
    return slices


def _classes(network: nn.Module) -> int:
    return int(cast("int", network.classes))


def _check_fit(network: nn.Module, slices: Sequence[BrainSlice]) -> None:
    classes, channels = _classes(network), int(cast("int", network.in_channels))
    for item in slices:
        if item.image.shape[0] != channels:
            message = f"{item.name} has {item.image.shape[0]} channels, the network takes {channels}"
            raise SampleInvalid(code="sample.shape", message=message)
        if item.labels is not None and item.labels.numel() and int(item.labels.max()) >= classes:
            message = f"{item.name} has label {int(item.labels.max())}, the network knows 0 to {classes - 1}"
            raise SampleInvalid(code="sample.labels", message=message)


def _collate(slices: Sequence[BrainSlice]) -> tuple[Tensor, Tensor]:
    height = max(item.image.shape[1] for item in slices)
    width = max(item.image.shape[2] for item in slices)
    images, labels = [], []
    for item in slices:
        _, h, w = item.image.shape
        margin = (0, width - w, 0, height - h)
        images.append(F.pad(item.image, margin))
        assert item.labels is not None  # noqa: S101 - narrowing; _labelled refused the others
        labels.append(F.pad(item.labels, margin, value=IGNORED_LABEL))
    return torch.stack(images), torch.stack(labels)


@torch.no_grad()
def _segment(network: nn.Module, item: BrainSlice) -> Tensor:
    network.eval()
    logits: Tensor = network(item.image.unsqueeze(0))
    return logits[0].argmax(dim=0)


TASK = BrainSegmentation()
