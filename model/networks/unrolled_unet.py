"""Unrolled OS-EM with a small 3-D U-Net between the updates; a closing by the counts.

Tensors: Z, Y, X voxels. One study at a time, in its own geometry.
"""

import torch
from torch import Tensor, nn

from model.networks import UnrolledUnetConfig
from model.networks.blocks import MU_SCALE, SliceUnet, from_box, in_box
from model.networks.consistency import closed
from model.networks.em import SMALLEST_ACTIVITY, em_update, spread_order
from model.networks.inputs import CONDITIONS, ReconstructionNetwork, StartRecipe, StudyInputs
from model.networks.precision import cnn_precision


class UnrolledUnet(ReconstructionNetwork):
    r"""Reconstruct one study: :math:`x \leftarrow \max(x_{EM} + \mathrm{U}_k(x_{EM}, x, \mu), 0)`, K times.

    Parameters
    ----------
    config : UnrolledUnetConfig
        With ``shared`` one U-Net serves every block and is told which one it is in; else each block has its own.

    References
    ----------
    Mehranian & Reader, IEEE TRPMS 5 (2021) 54 (FBSEM-Net); Li, Dewaraja & Fessler, IEEE TMI 42 (2023) 2963 (end-to-end
    training of unrolled EM for SPECT).
    """

    INPUTS = 3

    def __init__(self, config: UnrolledUnetConfig) -> None:
        super().__init__()
        self.config = config
        count = 1 if config.shared else config.blocks
        conditions = CONDITIONS + (config.blocks if config.shared else 0)
        self.unets = nn.ModuleList(SliceUnet(self.INPUTS, config.channels, conditions) for _ in range(count))

    @property
    def recipe(self) -> StartRecipe:
        """Return passes of OS-EM over the network's own subsets."""
        return StartRecipe("osem", self.config.subsets, self.config.start_passes)

    def forward(self, inputs: StudyInputs) -> Tensor:
        """Return activity (Z, Y, X) in units of the study's scale, non-negative, zero outside the mask."""
        config, order = self.config, spread_order(inputs.system.subsets)
        activity, used = inputs.start, 0
        for number in range(config.blocks):
            before = activity
            for _ in range(config.updates):
                activity = em_update(activity, inputs, order[used % len(order)])
                used += 1
            activity = self._regularise(number, activity, before, inputs)
        activity = closed(activity, inputs, passes=config.closing_passes, fwhm_voxels=config.closing_fwhm_voxels)
        return activity * (activity > SMALLEST_ACTIVITY)

    def _regularise(self, number: int, activity: Tensor, before: Tensor, inputs: StudyInputs) -> Tensor:
        unet, condition = self.unets[0 if self.config.shared else number], inputs.condition
        if self.config.shared:
            place = torch.zeros(self.config.blocks, device=condition.device)
            place[number] = 1.0
            condition = torch.cat((condition, place))
        cropped = in_box(activity, inputs)
        features = torch.stack((cropped, in_box(before, inputs), MU_SCALE * in_box(inputs.mu, inputs)), dim=1)
        with cnn_precision(self, features):
            correction = unet(features, condition).float()
        kept = (cropped + correction).clamp_min(SMALLEST_ACTIVITY) * in_box(inputs.mask, inputs)
        return from_box(kept, inputs)
