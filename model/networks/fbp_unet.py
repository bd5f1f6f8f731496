"""Filtered back-projection with Chang's correction and one residual 3-D U-Net: the fastest network."""

from torch import Tensor

from model.networks import FbpUnetConfig
from model.networks.blocks import SliceUnet
from model.networks.inputs import CONDITIONS, ReconstructionNetwork, StartRecipe, StudyInputs
from model.networks.start_unet import INPUTS, refined_start


class FbpUnet(ReconstructionNetwork):
    """Post-process a filtered back-projection; no system matrix is used after it.

    Parameters
    ----------
    config : FbpUnetConfig

    References
    ----------
    Jin et al., IEEE TIP 26 (2017) 4509 (FBPConvNet).
    """

    def __init__(self, config: FbpUnetConfig) -> None:
        super().__init__()
        self.config = config
        self.after_fbp = SliceUnet(INPUTS, config.channels, CONDITIONS)

    @property
    def recipe(self) -> StartRecipe:
        """Return filtered back-projection."""
        return StartRecipe("fbp")

    def forward(self, inputs: StudyInputs) -> Tensor:
        """Return activity (Z, Y, X) in units of the study's scale, non-negative, zero outside the mask."""
        return refined_start(self, self.after_fbp, inputs)
