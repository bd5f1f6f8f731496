"""Filtered back-projection with Chang's correction and one residual 3-D U-Net: the fastest network."""

from model.networks import FbpUnetConfig
from model.networks.inputs import StartRecipe
from model.networks.start_unet import StartUnet


class FbpUnet(StartUnet):
    """Post-process a filtered back-projection; no system matrix is used after it.

    References
    ----------
    Jin et al., IEEE TIP 26 (2017) 4509 (FBPConvNet).
    """

    def __init__(self, config: FbpUnetConfig) -> None:
        super().__init__(StartRecipe("fbp"), config.channels)
        self.config = config
