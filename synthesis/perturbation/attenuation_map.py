"""Faults of the attenuation map that a site reconstructs with; the counts were attenuated by the true one."""

from __future__ import annotations

import numpy as np

from model.geometry import VolumeGrid
from synthesis.perturbation.shift import shift_map
from synthesis.phantoms.shapes import Floats, Lattice


def truncate_map(mu_per_mm: Floats, grid: VolumeGrid, diameter_mm: float) -> Floats:
    """Return the map (Z, Y, X) with air outside the circle of a CT's field of view around the axis."""
    p = Lattice.of(grid)
    seen: Floats = np.where(np.hypot(p.x, p.y) <= diameter_mm / 2, mu_per_mm, np.float32(0))
    return seen


def move_map(mu_per_mm: Floats, grid: VolumeGrid, shift_mm: tuple[float, float, float]) -> Floats:
    """Return the map (Z, Y, X) moved by (x, y, z) in mm."""
    dz, dy, dx = grid.voxel_mm
    return shift_map(mu_per_mm, (shift_mm[2] / dz, shift_mm[1] / dy, shift_mm[0] / dx))
