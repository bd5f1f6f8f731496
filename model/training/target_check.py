# ruff: noqa: EM101 (the codes of the errors are literals on purpose)
"""Check that a study's target explains its counts before anything learns from it: slope 1 within 5 %.

Tensors: V views, Z slices, U bins; Z, Y, X voxels.
"""

import logging
from collections.abc import Sequence

import torch
from torch import Tensor

from model.dataset import PreparedStudy
from model.errors import SampleInvalid
from model.projector import projector_for
from model.quality.calibration import TOLERANCE, Calibration, fit_calibration

logger = logging.getLogger(__name__)


@torch.no_grad()
def calibration(study: PreparedStudy) -> Calibration:
    """Compare the target (or, without one, the classical start) with the measured counts, view by view."""
    inputs = study.inputs
    image = inputs.start if study.target is None else study.target
    measured = [
        _by_view(counts.double() - scatter.double())
        for counts, scatter in zip(inputs.measured, inputs.scatter, strict=True)
    ]
    if study.recipe.kind == "fbp":  # such a network never projects: keep nothing large for it
        mu = None if study.study.attenuation is None else inputs.mu[None]
        expected = [_by_view(projector_for(study.study.geometry)(image[None], mu)[0].double())]
    else:
        expected = [_by_view(inputs.system.project(image, s).double()) for s in range(inputs.system.subsets)]
    return fit_calibration(torch.cat(measured).cpu().numpy(), torch.cat(expected).cpu().numpy())


def _by_view(counts_VZU: Tensor) -> Tensor:
    return counts_VZU.sum(dim=(1, 2))


def check_calibration(study: PreparedStudy) -> Calibration:
    """Return the study's calibration or refuse the study.

    Raises
    ------
    SampleInvalid
        ``sample.calibration``, naming the study, both figures and the bound.
    """
    found = calibration(study)
    if not found.accepted:
        what = "classical image" if study.target is None else "reference"
        message = (
            f"{study.name}: measured counts are {found.slope:.3f} times ({found.ratio:.3f} in total) what its {what} "
            f"predicts, allowed is 1 within {100 * TOLERANCE:.0f} %"
        )
        raise SampleInvalid(
            "sample.calibration",
            message,
            "Check the scale of the reference, the time per view and the scatter estimate.",
        )
    return found


def calibrated(studies: Sequence[PreparedStudy]) -> list[PreparedStudy]:
    """Return the studies that `check_calibration` accepts; each other one is logged.

    Raises
    ------
    SampleInvalid
        ``sample.calibration`` if there are studies and none is accepted.
    """
    accepted: list[PreparedStudy] = []
    refused: list[SampleInvalid] = []
    for study in studies:
        try:
            check_calibration(study)
            accepted.append(study)
        except SampleInvalid as error:
            logger.warning("study left out of training", extra={"reason": str(error)})
            refused.append(error)
    if refused and not accepted:
        raise refused[0]
    return accepted
