"""A classical image and one residual U-Net: what the post-processing networks share.

Tensors: Z, Y, X voxels.
"""

from collections.abc import Sequence

import torch
from torch import Tensor

from model.networks.blocks import MU_SCALE, SliceUnet, from_box, in_box
from model.networks.inputs import CONDITIONS, ReconstructionNetwork, StartRecipe, StudyInputs
from model.networks.precision import cnn_precision


class StartUnet(ReconstructionNetwork):
    r"""Return :math:`\max(x_0 + \mathrm{U}(x_0, \mu), 0)` in the body for a start image :math:`x_0`.

    Parameters
    ----------
    recipe : StartRecipe
    channels : sequence of int
        Features of the U-Net's levels.
    """

    INPUTS = 3

    def __init__(self, recipe: StartRecipe, channels: Sequence[int]) -> None:
        super().__init__()
        self._recipe = recipe
        self.unet = SliceUnet(self.INPUTS, channels, CONDITIONS)

    @property
    def recipe(self) -> StartRecipe:
        """Return the start it was built for."""
        return self._recipe

    def forward(self, inputs: StudyInputs) -> Tensor:
        """Return activity (Z, Y, X) in units of the study's scale, non-negative, zero outside the mask."""
        start, mask = in_box(inputs.start, inputs), in_box(inputs.mask, inputs)
        features = torch.stack((start, mask, MU_SCALE * in_box(inputs.mu, inputs)), dim=1)
        with cnn_precision(self, features):
            correction = self.unet(features, inputs.condition).float()
        return from_box((start + correction).clamp_min(0.0) * mask, inputs)
