"""Move labelled volumes onto the simulation grid: shares by overlap, so that every organ keeps its volume and place."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from model.geometry import VolumeGrid
from synthesis.phantoms.shapes import Box, Floats, Point

Indices: TypeAlias = npt.NDArray[np.int16]
AIR = -1  # index of what is no organ


@dataclass(frozen=True, eq=False)
class Placement:
    """How the voxels of one grid overlap those of another: three (new, old) matrices for z, y and x.

    A row holds the share of the new voxel's edge that lies in each old voxel; it adds up to 1 inside the old volume.
    """

    z: Floats
    y: Floats
    x: Floats

    @classmethod
    def of(cls, old: VolumeGrid, new: VolumeGrid, centre_mm: Point) -> Placement:
        """Put the point `centre_mm` (x, y, z from the centre of `old`) on the centre of `new`."""
        shifts = centre_mm[::-1]
        z, y, x = (_overlap(old.shape[i], old.voxel_mm[i], new.shape[i], new.voxel_mm[i], shifts[i]) for i in range(3))
        return cls(z, y, x)

    def __call__(self, values: Floats, box: Box | None = None) -> Floats:
        """Average `values` (Z, Y, X of the old grid, or of its part `box`) over the new voxels; outside lie zeros."""
        z, y, x = box or (slice(None), slice(None), slice(None))
        moved = np.tensordot(self.z[:, z], values.astype(np.float32, copy=False), axes=(1, 0))
        moved = np.einsum("by,zyx->zbx", self.y[:, y], moved, optimize=True)
        result: Floats = np.ascontiguousarray(moved @ self.x[:, x].T, dtype=np.float32)
        return result


def _overlap(old_size: int, old_mm: float, new_size: int, new_mm: float, shift_mm: float) -> Floats:
    old = (np.arange(old_size) - (old_size - 1) / 2) * old_mm
    new = (np.arange(new_size) - (new_size - 1) / 2) * new_mm + shift_mm
    low = np.maximum(new[:, None] - new_mm / 2, old[None] - old_mm / 2)
    high = np.minimum(new[:, None] + new_mm / 2, old[None] + old_mm / 2)
    weights: Floats = (np.clip(high - low, 0, None) / new_mm).astype(np.float32)
    return weights


def box_of(mask: npt.NDArray[np.bool_]) -> Box | None:
    """Return the slices around the true voxels of `mask`, or None where there are none."""
    found = []
    for axis in range(3):
        others = tuple(i for i in range(3) if i != axis)
        filled = np.flatnonzero(mask.any(axis=others))
        if not filled.size:
            return None
        found.append(slice(int(filled[0]), int(filled[-1]) + 1))
    return found[0], found[1], found[2]


def organ_share(index: Indices, organ: int, placement: Placement) -> Floats | None:
    """Return the share (Z, Y, X) of every new voxel that one organ fills, or None if it is nowhere.

    Parameters
    ----------
    index : int16 (Z, Y, X) of the old grid
        Position of the organ that fills the voxel, or `AIR`.
    organ : int
    placement : Placement
    """
    mask = index == organ
    box = box_of(mask)
    return None if box is None else placement(mask[box].astype(np.float32), box)


def centroid_mm(weights: Floats, grid: VolumeGrid) -> Point:
    """Return the centre of gravity (x, y, z) in mm from the centre of `grid`."""
    total = float(weights.sum(dtype=np.float64))
    place = []
    for axis in (2, 1, 0):
        others = tuple(i for i in range(3) if i != axis)
        profile = weights.sum(axis=others, dtype=np.float64)
        n = grid.shape[axis]
        place.append(float(profile @ (np.arange(n) - (n - 1) / 2)) / total * grid.voxel_mm[axis])
    return place[0], place[1], place[2]
