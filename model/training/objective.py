"""The loss of one study: how far a network's image is from the reference, in the body, the heart and the wall's regions."""

from torch import Tensor, nn

from model.dataset import PreparedStudy
from model.networks.precision import bfloat16_training
from model.task_parameters import SpectReconstructionParameters
from model.training.losses import contrast_loss, reconstruction_loss, region_loss


def study_loss(network: nn.Module, study: PreparedStudy, parameters: SpectReconstructionParameters) -> Tensor:
    """Return the loss of one study; the heart counts ``1 + heart_weight`` times where it is labelled."""
    assert study.target is not None  # noqa: S101 - narrowing; with_reference refused the others
    weight = study.inputs.mask
    if study.heart is not None:
        weight = weight * (1.0 + parameters.heart_weight * study.heart)
    with bfloat16_training(parameters.bfloat16):
        estimate: Tensor = network(study.inputs)
    loss = reconstruction_loss(estimate, study.target, weight, charbonnier_weight=parameters.charbonnier_weight)
    wall = study.regions
    if wall is None:
        return loss
    if parameters.region_weight:
        loss = loss + parameters.region_weight * region_loss(estimate, study.target, wall.voxels, wall.averages)
    if parameters.contrast_weight and wall.contrast is not None:
        loss = loss + parameters.contrast_weight * contrast_loss(estimate, study.target, wall.voxels, wall.contrast)
    return loss
