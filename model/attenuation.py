"""How much of the activity in a voxel reaches the detector: transmission along every view.

References
----------
Zeng & Gullberg, IEEE Trans. Nucl. Sci. 39 (1992) 1391 (attenuation along rotated columns).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from model.bags import Bags, bags
from model.errors import GeometryMismatch
from model.geometry import AcquisitionGeometry, ensure_shape
from model.kept import Kept

KEPT_BYTES = 256 * 2**20  # of matrices kept for the next study: a dozen sets of 60 angles at 64 x 64 voxels
MOST_BYTES = 768 * 2**20  # of the matrices of one set of angles: 64 views at 128 x 128 voxels
Array = npt.NDArray[np.float64]
Indices = npt.NDArray[np.int64]


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
    paths = _paths(geometry, mu.device, mu.dtype)
    with torch.no_grad(), torch.autocast(mu.device.type, enabled=False):
        values = mu.new_empty((len(chosen), n_y * n_x, batch, n_z))
        table = (mu * -geometry.grid.voxel_mm[2]).reshape(batch * n_z, n_y * n_x).T.contiguous()
        for view, out in zip(chosen, values, strict=True):
            torch.exp(paths.along(view, table), out=out.view(n_y * n_x, batch * n_z))
    return AttenuationFactors(values)


class _Paths:
    """Sums of a map from each voxel's centre to the detector, half of the voxel's own cell included, view by view.

    The map is rotated to a square whose rows run from the detector away, summed along them, and read back at the
    voxels, both bilinearly; all lengths are in voxels. Each view's two sparse matrices are built at its first use.
    """

    def __init__(
        self, angles_rad: tuple[float, ...], plane: tuple[int, int], device: torch.device, dtype: torch.dtype
    ) -> None:
        self._n_y, self._n_x = plane
        self._angles = angles_rad
        self._side = math.ceil(math.hypot(self._n_y, self._n_x)) + 2
        self._like = torch.empty(0, device=device, dtype=dtype)
        self._views: dict[int, tuple[Bags, Bags]] = {}

    @property
    def nbytes(self) -> int:
        """Bytes of the matrices built so far."""
        return sum(rotate.nbytes + read.nbytes for rotate, read in self._views.values())

    def along(self, view: int, table: Tensor) -> Tensor:
        """Return the sums (Y X, C) of a map (Y X, C) towards the detector of one view."""
        rotate, read = self._views.get(view) or self._built(view)
        rotated = rotate.times(table)
        rotated.view(self._side, -1).cumsum_(0)
        return read.times(rotated)

    def _built(self, view: int) -> tuple[Bags, Bags]:
        matrices = self._build(self._angles[view])
        if self.nbytes < MOST_BYTES:  # a fine grid with many views does without rather than fill the memory
            self._views[view] = matrices
        return matrices

    def _build(self, angle: float) -> tuple[Bags, Bags]:
        side, sin, cos = self._side, math.sin(angle), math.cos(angle)
        line = _line(side)
        x = -line[:, None] * sin - line * cos
        y = -line[:, None] * cos + line * sin
        rotate = _bilinear(y, x, (self._n_y, self._n_x))
        y, x = _line(self._n_y)[:, None], _line(self._n_x)
        rows, columns, weights = _bilinear(-x * sin - y * cos, y * sin - x * cos, (side, side))
        # half of a cell and all before it is the mean of the sums with and without the cell, one row apart
        before = np.maximum(columns - side, 0)
        halves = weights / 2
        read = np.tile(rows, 2), np.concatenate((columns, before)), np.concatenate((halves, halves))
        n_plane = self._n_y * self._n_x
        return bags(*rotate, side * side, self._like), bags(*read, n_plane, self._like)


_KEPT: Kept[_Paths] = Kept(KEPT_BYTES)


def _paths(geometry: AcquisitionGeometry, device: torch.device, dtype: torch.dtype) -> _Paths:
    """Return the sums of a geometry's angles and plane; radii, camera and number of slices do not matter."""
    key = (geometry.angles_rad, geometry.volume_shape[1:], device, dtype)
    return _KEPT.get(key, lambda: _Paths(geometry.angles_rad, geometry.volume_shape[1:], device, dtype))


def forget_paths() -> None:
    """Drop every matrix that is kept for the next study of a geometry, so that building them can be timed."""
    _KEPT.clear()


def _line(size: int) -> Array:
    return np.arange(size, dtype=np.float64) - (size - 1) / 2


def _bilinear(y: Array, x: Array, shape: tuple[int, int]) -> tuple[Indices, Indices, Array]:
    """Return (row, column, weight) that read a plane of `shape` at points (y, x) from its centre; 0 outside."""
    y, x = np.broadcast_arrays(y + (shape[0] - 1) / 2, x + (shape[1] - 1) / 2)
    first_y, first_x = np.floor(y).astype(np.int64).ravel(), np.floor(x).astype(np.int64).ravel()
    part_y, part_x = y.ravel() - first_y, x.ravel() - first_x
    parts = []
    for step_y, weight_y in ((0, 1 - part_y), (1, part_y)):
        for step_x, weight_x in ((0, 1 - part_x), (1, part_x)):
            at_y, at_x = first_y + step_y, first_x + step_x
            inside = (at_y >= 0) & (at_y < shape[0]) & (at_x >= 0) & (at_x < shape[1])
            point = np.flatnonzero(inside)
            parts.append((point, (at_y * shape[1] + at_x)[point], (weight_y * weight_x)[point]))
    rows, columns, weights = (np.concatenate(p) for p in zip(*parts, strict=True))
    return rows, columns, weights
