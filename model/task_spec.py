"""What each task declares as data: parameters, networks, shared keys, metrics.

Free of torch and of readers, so that both daemons can draw forms at once; samples are looked at by `model.samples`, and
the torch half is in `model.tasks`.
"""

import fnmatch
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import NamedTuple

from pydantic import JsonValue

from model.errors import ModelError
from model.task_parameters import BrainSegmentationParameters, SpectReconstructionParameters, TaskParameters

SPECT = "spect-reconstruction"
"""The task that the platform is made for, by its name."""
LOWEST_USABLE_COUNTS = 10_000.0
"""Photopeak counts below which a cardiac acquisition is not worth training on (clinical ones hold 0.5-5 million)."""


class MetricSpec(NamedTuple):
    """One number per case that `Task.evaluate` returns under ``key``."""

    key: str
    title: str
    unit: str
    higher_is_better: bool


@dataclass(frozen=True, kw_only=True)
class TaskSpec:
    """A task as data.

    ``local_keys`` are `fnmatch` patterns of tensors that never leave a site. ``targets`` is what the card of a model
    trained at sites says it learned from.
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
    local_keys: tuple[str, ...] = ()
    targets: str = "reference images of the sites"

    def shared_keys(self, keys: Iterable[str]) -> list[str]:
        """Return the keys that may be sent, in the given order."""
        return [key for key in keys if not any(fnmatch.fnmatchcase(key, pattern) for pattern in self.local_keys)]


def learns_without_reference(parameters: Mapping[str, object]) -> bool:
    """Tell whether a session with these task parameters also trains on samples without a reference."""
    return parameters.get("without_reference") == "full-counts"


_SPECT = TaskSpec(
    name=SPECT,
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
