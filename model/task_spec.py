"""What each task declares as data: parameters, networks, shared keys, metrics and how a sample is checked.

Free of torch, so that both daemons can draw forms and check studies; the torch half is in `model.tasks`.
"""

import fnmatch
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

import numpy as np
from pydantic import JsonValue

from model.errors import ModelError, SampleInvalid
from model.io.notes import note
from model.io.slices import read_slice
from model.io.study import StudyHeader, read_study_header
from model.task_parameters import BrainSegmentationParameters, SpectReconstructionParameters, TaskParameters

LOWEST_USABLE_COUNTS = 10_000.0
"""Photopeak counts below which a cardiac acquisition is not worth training on (clinical ones hold 0.5-5 million)."""


class MetricSpec(NamedTuple):
    """One number per case that `Task.evaluate` returns under ``key``."""

    key: str
    title: str
    unit: str
    higher_is_better: bool


@dataclass(frozen=True, kw_only=True)
class SampleSummary:
    """What the contributor shows of one sample file; no pixels, no identifiers.

    ``counts`` is the photopeak total where there is one; ``warnings`` are sentences of `model.io.notes`.
    """

    kind: str
    title: str
    has_reference: bool
    counts: float | None
    shape: tuple[int, ...]
    geometry_words: str
    warnings: tuple[str, ...] = ()
    details: dict[str, JsonValue] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class TaskSpec:
    """A task as data.

    ``local_keys`` are `fnmatch` patterns of tensors that never leave a site. ``inspect_sample`` raises
    `SampleInvalid`. ``targets`` is what the card of a model trained at sites says it learned from.
    """

    name: str
    title: str
    description: str
    parameters: type[TaskParameters]
    networks: tuple[str, ...]
    default_network: dict[str, JsonValue]
    metrics: tuple[MetricSpec, ...]
    primary_metric: str
    sample_suffixes: tuple[str, ...]
    inspect_sample: Callable[[Path], SampleSummary]
    local_keys: tuple[str, ...] = ()
    targets: str = "reference images of the sites"

    def shared_keys(self, keys: Iterable[str]) -> list[str]:
        """Return the keys that may be sent, in the given order."""
        return [key for key in keys if not any(fnmatch.fnmatchcase(key, pattern) for pattern in self.local_keys)]


def learns_without_reference(parameters: Mapping[str, object]) -> bool:
    """Tell whether a session with these task parameters also trains on samples without a reference."""
    return parameters.get("without_reference") == "full-counts"


def inspect_study(path: Path) -> SampleSummary:
    """Summarise a SPECT study file from its header, without loading a volume.

    Raises
    ------
    SampleInvalid
        With the reader's own code when the file is no study, ``sample.empty`` when there are no counts.
    """
    try:
        header = read_study_header(path)
    except ModelError as error:
        raise SampleInvalid(error.code, error.message, error.remedy) from error
    except OSError as error:
        message = f"the file cannot be read: {error.strerror or 'it is not there'}"
        raise SampleInvalid(code="sample.unreadable", message=message) from error
    counts = float(header.total_counts)
    if not np.isfinite(counts) or counts <= 0:
        message = f"the study has {counts:g} counts in its photopeak window, it needs more than 0"
        raise SampleInvalid(code="sample.empty", message=message)
    return _summarise_study(header, counts)


def _summarise_study(header: StudyHeader, counts: float) -> SampleSummary:
    windows, views, axial, bins = header.projections_shape
    warnings: list[str] = []
    if counts < LOWEST_USABLE_COUNTS:
        warnings.append(note("counts.few", counts=counts))
    if not header.has_attenuation:
        warnings.append(note("map.none"))
    if not header.has_reference:
        warnings.append(note("reference.none"))
    return SampleSummary(
        kind="SPECT study",
        title="Cardiac SPECT acquisition",
        has_reference=header.has_reference,
        counts=counts,
        shape=(windows, views, axial, bins),
        geometry_words=_geometry_words(header),
        warnings=tuple(warnings),
        details={
            "volume_shape": list(header.geometry.volume_shape),
            "voxel_mm": list(header.geometry.grid.voxel_mm),
            "has_attenuation": header.has_attenuation,
            "has_scatter": header.has_scatter,
            "reference_kind": header.reference_kind,
        },
    )


def _geometry_words(header: StudyHeader) -> str:
    geometry, (_, views, axial, bins) = header.geometry, header.projections_shape
    bin_mm, name = geometry.bin_mm, geometry.collimator.name
    low, high = min(geometry.radius_mm), max(geometry.radius_mm)
    if round(low) == round(high):
        return note(
            "geometry.radius", views=views, bins=bins, axial=axial, bin_mm=bin_mm, collimator=name, radius_mm=low
        )
    return note(
        "geometry.radii",
        views=views,
        bins=bins,
        axial=axial,
        bin_mm=bin_mm,
        collimator=name,
        nearest_mm=low,
        farthest_mm=high,
    )


def inspect_slice(path: Path) -> SampleSummary:
    """Summarise one 2-D brain sample; raises `SampleInvalid` like `read_slice`."""
    image, labels = read_slice(path)
    channels, height, width = image.shape
    classes: list[JsonValue] = [] if labels is None else [int(value) for value in np.unique(labels)]
    warnings = (note("labels.none"),) if labels is None else ()
    return SampleSummary(
        kind="brain slice",
        title="Brain slice",
        has_reference=labels is not None,
        counts=None,
        shape=(channels, height, width),
        geometry_words=note("geometry.slice", channels=channels, height=height, width=width),
        warnings=warnings,
        details={"classes": classes},
    )


_SPECT = TaskSpec(
    name="spect-reconstruction",
    title="SPECT reconstruction",
    description="Learn to turn the projections of a cardiac SPECT acquisition into an activity image.",
    parameters=SpectReconstructionParameters,
    networks=("unrolled_em", "unrolled_unet", "osem_unet", "fbp_unet", "primal_dual", "encoder_decoder"),
    default_network={"name": "unrolled_em"},
    metrics=(
        MetricSpec("nrmse_body", "Error in the body (NRMSE)", "", higher_is_better=False),
        MetricSpec("nrmse_heart", "Error in the heart (NRMSE)", "", higher_is_better=False),
        MetricSpec("ssim_heart", "Structural similarity in the heart", "", higher_is_better=True),
        MetricSpec("psnr_body", "Peak signal to noise in the body", "dB", higher_is_better=True),
        MetricSpec("psnr_heart", "Peak signal to noise in the heart", "dB", higher_is_better=True),
        MetricSpec("defect_contrast", "Defect contrast recovered", "", higher_is_better=True),
    ),
    primary_metric="nrmse_body",
    sample_suffixes=(".h5", ".hdf5"),
    inspect_sample=inspect_study,
)

_BRAIN = TaskSpec(
    name="brain-segmentation",
    title="Brain segmentation",
    description="Learn to outline tissue classes in 2-D brain slices.",
    parameters=BrainSegmentationParameters,
    networks=("unet_2d",),
    default_network={"name": "unet_2d"},
    metrics=(
        MetricSpec("dice", "Mean overlap over classes (Dice)", "", higher_is_better=True),
        MetricSpec("jaccard", "Mean overlap over classes (Jaccard)", "", higher_is_better=True),
        MetricSpec("dice_1", "Overlap of class 1 (Dice)", "", higher_is_better=True),
        MetricSpec("dice_2", "Overlap of class 2 (Dice)", "", higher_is_better=True),
        MetricSpec("dice_3", "Overlap of class 3 (Dice)", "", higher_is_better=True),
    ),
    primary_metric="dice",
    sample_suffixes=(".npz", ".h5"),
    inspect_sample=inspect_slice,
    targets="labels of the sites",
)

TASK_SPECS: Mapping[str, TaskSpec] = {spec.name: spec for spec in (_SPECT, _BRAIN)}


def task_spec(name: str) -> TaskSpec:
    """Return a task's declaration.

    Raises
    ------
    ModelError
        ``task.unknown``, naming the known ones.
    """
    try:
        return TASK_SPECS[name]
    except KeyError as error:
        message = f"there is no task called {name}; there are {', '.join(sorted(TASK_SPECS))}"
        raise ModelError(code="task.unknown", message=message) from error
