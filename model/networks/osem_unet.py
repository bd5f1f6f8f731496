"""A short OS-EM start and one residual 3-D U-Net."""

from torch import Tensor

from model.networks import OsemUnetConfig
from model.networks.blocks import SliceUnet
from model.networks.inputs import CONDITIONS, ReconstructionNetwork, StartRecipe, StudyInputs
from model.networks.start_unet import INPUTS, refined_start


class OsemUnet(ReconstructionNetwork):
    """Post-process an OS-EM image that was stopped early, where its noise is still small.

    Parameters
    ----------
    config : OsemUnetConfig

    References
    ----------
    Dietze et al., EJNMMI Physics 6 (2019) 22 (a CNN after a fast SPECT reconstruction).
    """

    def __init__(self, config: OsemUnetConfig) -> None:
        super().__init__()
        self.config = config
        self.after_osem = SliceUnet(INPUTS, config.channels, CONDITIONS)

    @property
    def recipe(self) -> StartRecipe:
        """Return a few passes of OS-EM."""
        return StartRecipe("osem", self.config.subsets, self.config.start_passes)

    def forward(self, inputs: StudyInputs) -> Tensor:
        """Return activity (Z, Y, X) in units of the study's scale, non-negative, zero outside the mask."""
        return refined_start(self, self.after_osem, inputs)
