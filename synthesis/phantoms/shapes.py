"""Turn solid shapes into the share of every voxel that they fill, with smooth sub-voxel borders.

A shape is a signed distance in mm, negative inside, on broadcastable coordinates. The share of a voxel of edge h is
``clip(1/2 - distance / h, 0, 1)``: exact for a plane that crosses the voxel along an axis, and within 4 % of a voxel otherwise.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from model.geometry import VolumeGrid
from model.ventricle import ellipsoid_distance

Floats: TypeAlias = npt.NDArray[np.float32]
Point: TypeAlias = tuple[float, float, float]
Box: TypeAlias = tuple[slice, slice, slice]


@dataclass(frozen=True, eq=False)
class Lattice:
    """Voxel centres in mm from the centre of the grid, LPS, ready to broadcast.

    `x` has shape (1, 1, X), `y` (1, Y, 1), `z` (Z, 1, 1); `voxel_mm` is the mean edge, `voxel_mm3` the volume.
    """

    x: Floats
    y: Floats
    z: Floats
    voxel_mm: float
    voxel_mm3: float

    @classmethod
    def of(cls, grid: VolumeGrid) -> Lattice:
        """Return the lattice of a whole grid."""
        z, y, x = (
            ((np.arange(n) - (n - 1) / 2) * d).astype(np.float32)
            for n, d in zip(grid.shape, grid.voxel_mm, strict=True)
        )
        mean = float(np.mean(grid.voxel_mm))
        volume = math.prod(grid.voxel_mm)
        return cls(x=x[None, None, :], y=y[None, :, None], z=z[:, None, None], voxel_mm=mean, voxel_mm3=volume)

    def box(self, low: Point, high: Point) -> Box:
        """Return the slices (z, y, x) of the voxels that may touch the cuboid from `low` to `high`, both (x, y, z)."""
        margin = self.voxel_mm

        def cut(axis: Floats, a: float, b: float) -> slice:
            flat = axis.ravel()
            return slice(int(np.searchsorted(flat, a - margin)), int(np.searchsorted(flat, b + margin)))

        return cut(self.z, low[2], high[2]), cut(self.y, low[1], high[1]), cut(self.x, low[0], high[0])

    def cut(self, box: Box) -> Lattice:
        """Return the part of the lattice inside `box`."""
        z, y, x = box
        return replace(self, x=self.x[:, :, x], y=self.y[:, y], z=self.z[z])


def ellipsoid(p: Lattice, centre: Point, radii: Point) -> Floats:
    """Signed distance to an axis-parallel ellipsoid; exact for a sphere, first order near the surface otherwise."""
    return ellipsoid_distance(
        p.x - np.float32(centre[0]), p.y - np.float32(centre[1]), p.z - np.float32(centre[2]), radii
    )


def superellipse(p: Lattice, centre: tuple[float, float], half: tuple[float, float], power: float) -> Floats:
    """Signed radial distance to the cylinder |x/a|^n + |y/b|^n = 1 along z; shape (1, Y, X)."""
    dx, dy = p.x - np.float32(centre[0]), p.y - np.float32(centre[1])
    n = np.float32(power)
    f = (np.abs(dx / np.float32(half[0])) ** n + np.abs(dy / np.float32(half[1])) ** n) ** (1 / n)
    radius = np.sqrt(dx**2 + dy**2)
    distance: Floats = radius * (np.float32(1) - 1 / np.maximum(f, np.float32(1e-3)))
    return np.where(f < 0.05, np.float32(-min(half)), distance)


def tuple_scale(radii: Point, scale: float) -> Point:
    """Return the three radii times `scale`."""
    return radii[0] * scale, radii[1] * scale, radii[2] * scale


def block_sum(volume: Floats, factor: int) -> Floats:
    """Sum blocks of `factor`^3 voxels of (..., Z, Y, X); leading axes are kept."""
    summed = volume
    for axis in (-3, -2, -1):  # outer axes first: their slices are long and contiguous
        front = np.moveaxis(summed, axis, 0)
        total = front[0::factor].copy()
        for start in range(1, factor):
            total += front[start::factor]
        summed = np.moveaxis(total, 0, axis)
    return np.ascontiguousarray(summed)


def block_mean(volume: Floats, factor: int) -> Floats:
    """Average blocks of `factor`^3 voxels of (..., Z, Y, X); leading axes are kept."""
    mean: Floats = block_sum(volume, factor) * np.float32(1 / factor**3)
    return mean
