"""A classical image and one residual U-Net: what the post-processing networks share.

Tensors: Z, Y, X voxels.
"""

import torch
from torch import Tensor, nn

from model.networks.blocks import MU_SCALE, from_box, in_box
from model.networks.inputs import StudyInputs
from model.networks.precision import cnn_precision

INPUTS = 3
"""Channels that `refined_start` gives the U-Net."""


def refined_start(network: nn.Module, unet: nn.Module, inputs: StudyInputs) -> Tensor:
    r"""Return :math:`\max(x_0 + \mathrm{U}(x_0, \mu), 0)` inside the mask, (Z, Y, X), for the start image :math:`x_0`.

    Parameters
    ----------
    network : ReconstructionNetwork
        Whose precision counts.
    unet : SliceUnet with ``INPUTS`` inputs
    inputs : StudyInputs
    """
    start, mask = in_box(inputs.start, inputs), in_box(inputs.mask, inputs)
    features = torch.stack((start, mask, MU_SCALE * in_box(inputs.mu, inputs)), dim=1)
    with cnn_precision(network, features):
        correction = unet(features, inputs.condition).float()
    return from_box((start + correction).clamp_min(0.0) * mask, inputs)
