"""A short OS-EM start and one residual 3-D U-Net."""

from model.networks import OsemUnetConfig
from model.networks.inputs import StartRecipe
from model.networks.start_unet import StartUnet


class OsemUnet(StartUnet):
    """Post-process an OS-EM image that was stopped early, where its noise is still small.

    References
    ----------
    Dietze et al., EJNMMI Physics 6 (2019) 22 (a CNN after a fast SPECT reconstruction).
    """

    def __init__(self, config: OsemUnetConfig) -> None:
        super().__init__(StartRecipe("osem", config.subsets, config.start_passes), config.channels)
        self.config = config
