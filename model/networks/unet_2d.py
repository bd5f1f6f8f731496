"""A small 2-D U-Net for segmentation: MONAI's, with instance normalisation, which averages well across sites."""

import torch.nn.functional as F  # noqa: N812 - the name torch's own documentation uses
from monai.networks.nets import UNet
from torch import Tensor, nn

from model.networks import Unet2dConfig


class Unet2d(nn.Module):
    """MONAI's `UNet` behind padding, so that any image size will do.

    Parameters
    ----------
    config : Unet2dConfig

    References
    ----------
    Ronneberger et al., MICCAI 2015; residual units as in Kerfoot et al., STACOM 2018.
    """

    def __init__(self, config: Unet2dConfig) -> None:
        super().__init__()
        self.in_channels, self.classes = config.in_channels, config.classes
        self._multiple = 2 ** len(config.channels)  # twice the strides, so that no plane shrinks to one pixel
        self.unet = UNet(
            spatial_dims=2,
            in_channels=config.in_channels,
            out_channels=config.classes,
            channels=config.channels,
            strides=(2,) * (len(config.channels) - 1),
            num_res_units=1,
            norm=("INSTANCE", {"affine": True}),
        )

    def forward(self, image_BCHW: Tensor) -> Tensor:
        """Return logits (B, K, H, W) for images (B, C, H, W), float32.

        Raises
        ------
        ValueError
            If C is not the configured number of channels.
        """
        if image_BCHW.shape[1] != self.in_channels:
            message = f"the images have {image_BCHW.shape[1]} channels, the network takes {self.in_channels}"
            raise ValueError(message)
        height, width = image_BCHW.shape[-2:]
        padded = F.pad(image_BCHW, (0, -width % self._multiple, 0, -height % self._multiple))
        logits: Tensor = self.unet(padded)
        return logits[..., :height, :width]
