"""Projections to slices without physics: the historical baseline, for one matrix and one number of views.

Axes: Z slices (the batch), C channels, V views, U bins, Y X pixels.
"""

import torch
import torch.nn.functional as F  # noqa: N812 - the name torch's own documentation uses
from monai.networks.blocks import Convolution
from torch import Tensor, nn

from model.errors import ModelError
from model.geometry import AcquisitionGeometry
from model.networks import EncoderDecoderConfig
from model.networks.blocks import from_box, in_box, with_neighbours
from model.networks.inputs import CONDITIONS, ReconstructionNetwork, StartRecipe, StudyInputs
from model.networks.precision import cnn_precision
from model.networks.primal_dual import VIEWS_PER_UNIT


class EncoderDecoder(ReconstructionNetwork):
    """Shrink each slice's sinogram (with its neighbours) to features, and grow them to the slice.

    The geometry is in its weights: it takes the views, bins and matrix it was configured for and no other.

    Parameters
    ----------
    config : EncoderDecoderConfig

    References
    ----------
    Haggstrom et al., Med. Image Anal. 54 (2019) 253 (DeepPET).
    """

    def __init__(self, config: EncoderDecoderConfig) -> None:
        super().__init__()
        self.config = config
        wide = config.channels
        self.encoder = nn.ModuleList(
            nn.Sequential(_conv(before, after, strides=2), _conv(after, after))
            for before, after in zip((3, *wide[:-1]), wide, strict=True)
        )
        self.condition = nn.Linear(CONDITIONS, wide[-1], bias=False)
        narrow = tuple(reversed(wide))
        self.decoder = nn.ModuleList(
            _conv(before, after) for before, after in zip(narrow, (*narrow[1:], wide[0]), strict=True)
        )
        self.last = nn.Conv2d(wide[0], 1, 3, padding=1)
        nn.init.zeros_(self.condition.weight)
        nn.init.zeros_(self.last.weight)
        nn.init.zeros_(self.last.bias)  # type: ignore[arg-type]  # it has a bias

    @property
    def recipe(self) -> StartRecipe:
        """Return the uniform body."""
        return StartRecipe("uniform")

    def check_geometry(self, geometry: AcquisitionGeometry) -> None:
        """Refuse other views, bins or planes than it was made for."""
        wanted = (self.config.views, self.config.bins, *self.config.plane)
        got = (geometry.n_views, geometry.n_bins, *geometry.volume_shape[1:])
        if got != wanted:
            message = f"the network takes {_words(wanted)}; the study has {_words(got)}"
            remedy = "Choose a network that reads the geometry with the study, such as unrolled_em."
            raise ModelError(code="network.geometry", message=message, remedy=remedy)

    def forward(self, inputs: StudyInputs) -> Tensor:
        """Return activity (Z, Y, X) in units of the study's scale, non-negative, zero outside the mask."""
        primary = torch.cat([y - s for y, s in zip(inputs.measured, inputs.scatter, strict=True)])
        sinograms = primary.transpose(0, 1)[:, None] * (self.config.views / VIEWS_PER_UNIT)
        with cnn_precision(self, sinograms):
            correction = self._decode(self._encode(with_neighbours(sinograms)), inputs.condition).float()
        mask = in_box(inputs.mask, inputs)
        return from_box((in_box(inputs.start, inputs) + in_box(correction, inputs)).clamp_min(0.0) * mask, inputs)

    def _encode(self, hidden: Tensor) -> Tensor:
        for layer in self.encoder:
            hidden = layer(hidden)
        return hidden

    def _decode(self, hidden: Tensor, condition: Tensor) -> Tensor:
        hidden = hidden + self.condition(condition)[:, None, None]
        height, width = self.config.plane
        for number, layer in enumerate(self.decoder, start=1):
            share = 2 ** (len(self.decoder) - number)
            hidden = layer(F.interpolate(hidden, size=(-(-height // share), -(-width // share)), mode="nearest"))
        out: Tensor = self.last(hidden)[:, 0]
        return out


def _conv(inputs: int, outputs: int, *, strides: int = 1) -> Convolution:
    return Convolution(
        2, inputs, outputs, strides=strides, adn_ordering="A", act=("leakyrelu", {"negative_slope": 0.1})
    )


def _words(size: tuple[int, ...]) -> str:
    views, bins, height, width = size
    return f"{views} views of {bins} bins and slices of {height} x {width}"
