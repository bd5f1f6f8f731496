"""Unrolled OS-EM: a warm classical start, then blocks of subset EM updates and a small residual CNN.

Tensors: Z, Y, X voxels; V views of one subset; U bins; C features. One study at a time, in its own geometry.
"""

from dataclasses import dataclass
from typing import Protocol

import torch
import torch.nn.functional as F  # noqa: N812 - the name torch's own documentation uses
from torch import Tensor, nn

from model.networks import UnrolledEmConfig

SMALLEST_EXPECTED = 1e-4
"""Floor of expected counts, in units of the study's mean activity; keeps the EM ratio finite outside the body."""
SMALLEST_ACTIVITY = 1e-3
"""Floor between blocks, in the same units: an EM update multiplies, so an exact zero could never grow again."""
CONDITIONS = 3


class SubsetSystem(Protocol):
    """The system matrix of one study, attenuation included, one interleaved subset of views at a time."""

    @property
    def subsets(self) -> int:
        """Number of subsets."""

    def project(self, activity_ZYX: Tensor, subset: int) -> Tensor:
        """Return expected primary counts (V, Z, U)."""

    def backproject(self, counts_VZU: Tensor, subset: int) -> Tensor:
        """Return the exact transpose of `project`, (Z, Y, X)."""


@dataclass(frozen=True, eq=False)
class EmInputs:
    """One study, prepared: everything without learnable parameters is computed once and kept.

    All images and counts are float32 and divided by the study's scale (`model.transforms.study_scale`).

    Parameters
    ----------
    system : SubsetSystem
    measured, scatter : tuple of Tensor (V, Z, U), one a subset
    sensitivity : tuple of Tensor (Z, Y, X), one a subset
        Back-projection of ones.
    warm : Tensor (Z, Y, X)
        Classical start image.
    mu : Tensor (Z, Y, X), mm^-1
    mask : Tensor (Z, Y, X), 1 where there may be activity
    box : (y0, y1, x0, x1)
        The part of the plane that the mask needs; the CNNs work on it alone.
    condition : Tensor (3,)
        log10 of the mean counts per voxel of the body (what decides the noise); log2 of the resolution at the rotation
        axis over the voxel size; log2 of the views over 60.
    """

    system: SubsetSystem
    measured: tuple[Tensor, ...]
    scatter: tuple[Tensor, ...]
    sensitivity: tuple[Tensor, ...]
    warm: Tensor
    mu: Tensor
    mask: Tensor
    box: tuple[int, int, int, int]
    condition: Tensor


class ResidualCnn(nn.Module):
    """A shallow 3-D CNN: 3x3x3, then in-plane 3x3 layers, then 3x3x3 to one channel that starts at zero.

    The 3-D convolutions are written as 2-D ones over slices with their neighbours stacked as channels, which is the
    same arithmetic and about five times faster on a CPU than `Conv3d` for this few channels.

    Parameters
    ----------
    inputs : int
    channels : int
    layers : int
        In-plane layers between the two 3-D ones.
    """

    def __init__(self, inputs: int, channels: int, layers: int) -> None:
        super().__init__()
        self.first = nn.Conv2d(3 * inputs, channels, 3, padding=1)
        self.condition = nn.Linear(CONDITIONS, channels, bias=False)
        self.middle = nn.ModuleList(nn.Conv2d(channels, channels, 3, padding=1) for _ in range(layers))
        self.last = nn.Conv2d(channels, 3, 3, padding=1, bias=False)
        nn.init.zeros_(self.condition.weight)
        nn.init.zeros_(self.last.weight)

    def forward(self, features_ZCYX: Tensor, condition: Tensor) -> Tensor:
        """Return the correction (Z, Y, X) for features (Z, C, Y, X) and conditions (3,)."""
        padded = F.pad(features_ZCYX, (0, 0, 0, 0, 0, 0, 1, 1))
        stacked = torch.cat((padded[:-2], padded[1:-1], padded[2:]), dim=1)
        hidden = self.first(stacked.contiguous(memory_format=torch.channels_last))
        hidden = F.leaky_relu(hidden + self.condition(condition)[:, None, None], 0.1, inplace=True)
        for layer in self.middle:
            hidden = F.leaky_relu(layer(hidden), 0.1, inplace=True)
        below, here, above = F.pad(self.last(hidden), (0, 0, 0, 0, 0, 0, 1, 1)).unbind(dim=1)
        return below[:-2] + here[1:-1] + above[2:]


class UnrolledEm(nn.Module):
    r"""Reconstruct one study: :math:`x \leftarrow \max(x_{EM} + \mathrm{CNN}(x_{EM}, x, \mu), 0)`, K times.

    The result is linear in the study's scale up to what the counts tell about noise (`EmInputs.condition`).

    Parameters
    ----------
    config : UnrolledEmConfig

    References
    ----------
    Hudson & Larkin, IEEE TMI 13 (1994) 601 (OS-EM); Mehranian & Reader, IEEE TRPMS 5 (2021) 54 (FBSEM-Net, unrolled EM).
    """

    INPUTS = 3

    def __init__(self, config: UnrolledEmConfig) -> None:
        super().__init__()
        self.config = config
        self.blocks = nn.ModuleList(
            ResidualCnn(self.INPUTS, config.channels, config.layers) for _ in range(config.blocks)
        )

    def forward(self, study: EmInputs) -> Tensor:
        """Return activity (Z, Y, X) in units of the study's scale, non-negative, zero outside the mask."""
        order = spread_order(study.system.subsets)
        activity, used = study.warm, 0
        for block in self.blocks:
            before = activity
            for _ in range(self.config.updates):
                activity = em_update(activity, study, order[used % len(order)])
                used += 1
            activity = self._regularise(block, activity, before, study)
        return activity * (activity > SMALLEST_ACTIVITY)

    @staticmethod
    def _regularise(block: nn.Module, activity: Tensor, before: Tensor, study: EmInputs) -> Tensor:
        y0, y1, x0, x1 = study.box
        height, width = activity.shape[1:]
        cropped = activity[:, y0:y1, x0:x1]
        features = torch.stack((cropped, before[:, y0:y1, x0:x1], 50.0 * study.mu[:, y0:y1, x0:x1]), dim=1)
        correction = block(features, study.condition)
        kept = (cropped + correction).clamp_min(SMALLEST_ACTIVITY) * study.mask[:, y0:y1, x0:x1]
        return F.pad(kept, (x0, width - x1, y0, height - y1))


def em_update(activity_ZYX: Tensor, study: EmInputs, subset: int) -> Tensor:
    """Return x A'(y / (A x + s)) / A'1 over one subset."""
    expected = study.system.project(activity_ZYX, subset) + study.scatter[subset]
    ratio = study.measured[subset] / expected.clamp_min(SMALLEST_EXPECTED)
    sensitivity = study.sensitivity[subset].clamp_min(1e-6)
    return activity_ZYX * study.system.backproject(ratio, subset) / sensitivity


def spread_order(subsets: int) -> list[int]:
    """Order subsets so that each is far from those just used: steps of the golden ratio, each subset once."""
    remaining, order, position = list(range(subsets)), [], 0.0
    while remaining:
        nearest = min(remaining, key=lambda s: min(abs(s - position), subsets - abs(s - position)))
        remaining.remove(nearest)
        order.append(nearest)
        position = (position + 0.6180339887 * subsets) % subsets
    return order
