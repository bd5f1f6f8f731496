"""How much of the activity in a voxel reaches the detector: transmission along every view, and HU to mu.

References
----------
Zeng & Gullberg, IEEE Trans. Nucl. Sci. 39 (1992) 1391 (attenuation along rotated columns).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional

from model.errors import GeometryMismatch
from model.geometry import AcquisitionGeometry, ensure_shape

BLOCK_BYTES = 2 * 2**20  # rotated maps of the views worked on at once; larger ones fall out of the cache
MU_WATER_140_KEV_PER_MM = 0.01537  # xraylib, NIST composition of water, 140.5 keV
MU_BONE_140_KEV_PER_MM = 0.0285  # cortical bone (ICRU), 140.5 keV
HU_OF_CORTICAL_BONE = 1500.0  # at about 120 kV, where mu of cortical bone at 70 keV is 2.5 times that of water


@dataclass(frozen=True)
class AttenuationFactors:
    """Transmission from each voxel to the detector of each view, in the layout the projector works in.

    Parameters
    ----------
    values : Tensor, shape (V, Y * X, B, Z), in 0..1
        float16 halves the memory of a training set; the projector then widens one block of views at a time, the same
        rounded factors both ways.
    """

    values: Tensor

    def to(self, like: Tensor) -> AttenuationFactors:
        """Return the factors on the device and in the type of `like`; the same object where nothing changes.

        float16 factors stay float16.
        """
        dtype = self.values.dtype if self.values.dtype == torch.float16 else like.dtype
        values = self.values.to(device=like.device, dtype=dtype)
        return self if values is self.values else AttenuationFactors(values)

    def half(self) -> AttenuationFactors:
        """Return the factors rounded to float16, within 0.05 % wherever more than 0.006 % gets through."""
        return AttenuationFactors(self.values.half())

    @property
    def batch(self) -> int:
        """Number of maps B."""
        return int(self.values.shape[2])


def attenuation_factors(
    mu_BZYX: Tensor, geometry: AcquisitionGeometry, views: Sequence[int] | None = None
) -> AttenuationFactors:
    r"""Return :math:`\exp(-\int \mu\,ds)` from every voxel's centre to the detector, for all `views`.

    Parameters
    ----------
    mu_BZYX : Tensor, shape (B, Z, Y, X), mm^-1, non-negative
    geometry : AcquisitionGeometry
    views : sequence of int, optional
        All views unless given.

    Raises
    ------
    GeometryMismatch
        If the map is not of the geometry's size.
    """
    if mu_BZYX.ndim != 4:
        msg = f"attenuation map: got {mu_BZYX.ndim} axes, expected 4 (B, Z, Y, X)"
        raise GeometryMismatch(msg)
    ensure_shape("attenuation map", mu_BZYX.shape[1:], geometry.volume_shape)
    chosen = range(geometry.n_views) if views is None else views
    mu = mu_BZYX.detach()
    mu = mu if mu.dtype in (torch.float32, torch.float64) else mu.float()
    batch, n_z, n_y, n_x = mu.shape
    side = math.ceil(math.hypot(n_y, n_x)) + 2
    with torch.no_grad(), torch.autocast(mu.device.type, enabled=False):
        angles = torch.tensor([geometry.angles_rad[v] for v in chosen], dtype=mu.dtype, device=mu.device)
        values = mu.new_empty((len(chosen), n_y * n_x, batch, n_z))
        weighted = (mu * -geometry.grid.voxel_mm[2]).reshape(1, batch * n_z, n_y, n_x)
        size = max(1, BLOCK_BYTES // (side * side * batch * n_z * mu.element_size()))
        for block, out in zip(torch.split(angles, size), torch.split(values, size), strict=True):
            path = _path(weighted, block, side)
            out.copy_(path.exp_().view(len(block), batch, n_z, n_y * n_x).permute(0, 3, 1, 2))
    return AttenuationFactors(values)


def _path(weighted_1CYX: Tensor, angles_V: Tensor, side: int) -> Tensor:
    """Sum the map from each voxel's centre to the detector, (V, C, Y, X), half of the voxel's own cell included.

    The map is rotated to a square of `side` cells whose rows run from the detector away, summed along them, and read
    back at the voxels; all lengths are in voxels.
    """
    n_y, n_x = weighted_1CYX.shape[2:]

    def line(size: int) -> Tensor:
        return torch.arange(size, dtype=angles_V.dtype, device=angles_V.device) - (size - 1) / 2

    sin, cos = torch.sin(angles_V)[:, None, None], torch.cos(angles_V)[:, None, None]
    depth, across = -line(side)[None, :, None], line(side)[None, None, :]
    x, y = depth * sin - across * cos, depth * cos + across * sin
    there = torch.stack((x * (2 / n_x), y * (2 / n_y)), dim=-1)
    stack = weighted_1CYX.expand(len(angles_V), -1, -1, -1)
    rotated = functional.grid_sample(stack, there, mode="bilinear", padding_mode="zeros", align_corners=False)
    path = rotated.cumsum(2).sub_(rotated, alpha=0.5)
    y, x = line(n_y)[None, :, None], line(n_x)[None, None, :]
    back = torch.stack((-x * cos + y * sin, -x * sin - y * cos), dim=-1) * (2 / side)
    return functional.grid_sample(path, back, mode="bilinear", padding_mode="zeros", align_corners=False)


def hu_to_mu(hu: Tensor, mu_water_per_mm: float = MU_WATER_140_KEV_PER_MM) -> Tensor:
    """Convert CT numbers to mm^-1 at 140.5 keV with two straight lines that meet at water.

    References
    ----------
    Brown et al., J Nucl Med 49 (2008) 2006 (bilinear conversion for SPECT); the points are air (-1000 HU, 0), water
    (0 HU) and cortical bone (about 1500 HU at 120 kV).
    """
    below = mu_water_per_mm * (1.0 + hu / 1000.0)
    above = mu_water_per_mm + hu * (MU_BONE_140_KEV_PER_MM - mu_water_per_mm) / HU_OF_CORTICAL_BONE
    return torch.where(hu <= 0, below, above).clamp_min(0.0)
