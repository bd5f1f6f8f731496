"""Place body and source as one view sees them: the attenuation box turned to the detector, and cropped.

GATE's world is patient LPS in mm with the rotation axis at the origin, as in `model.geometry`. A head at angle theta is
opengate's gantry turned by -theta about z. The attenuation is resampled on a grid turned likewise, axes (z, b, a): b
towards the detector, a along -u. So the box around the body ends at the body's front towards every view, and does not
reach into the head with a corner.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from model.geometry import VolumeGrid
from synthesis.errors import SimulationFailed
from synthesis.phantoms.shapes import Floats
from synthesis.simulation.gate.tissues import AIR_BELOW_PER_MM


@dataclass(frozen=True, eq=False)
class Box:
    """Attenuation (Z, B, A) of the body as one view sees it.

    `centre_mm` is (x, y, z) in the world, `front_mm` the distance of the box's front from the rotation axis.
    """

    mu_per_mm: Floats
    voxel_mm: tuple[float, float, float]
    centre_mm: tuple[float, float, float]
    front_mm: float


def box_for_view(mu_per_mm: Floats, grid: VolumeGrid, angle_rad: float) -> Box:
    """Return the box around the body, turned to the detector at `angle_rad` (DICOM, as in model.geometry).

    Parameters
    ----------
    mu_per_mm : float32 (Z, Y, X)
    grid : VolumeGrid
        Of `mu_per_mm`.
    angle_rad : float

    Raises
    ------
    SimulationFailed
        If there is no body.
    """
    dz, dy, dx = grid.voxel_mm
    turned = _turn(mu_per_mm, dy, dx, angle_rad)
    body = turned >= AIR_BELOW_PER_MM
    if not body.any():
        message = "The phantom has no attenuation: there is nothing that GATE could scatter in."
        raise SimulationFailed(message, "Check the units of the attenuation map (mm^-1).")
    spans = [_span(np.any(body, axis=axes)) for axes in ((1, 2), (0, 2), (0, 1))]
    cut = turned[tuple(slice(*span) for span in spans)]
    z, b, a = (
        ((first + last) / 2 - size / 2) * step
        for (first, last), size, step in zip(spans, turned.shape, (dz, dy, dx), strict=True)
    )
    sin, cos = math.sin(angle_rad), math.cos(angle_rad)
    centre = (a * cos + b * sin, -a * sin + b * cos, z)
    front = b + cut.shape[1] * dy / 2
    return Box(np.ascontiguousarray(cut, dtype=np.float32), (dz, dy, dx), centre, front)


def _turn(mu_per_mm: Floats, dy: float, dx: float, angle_rad: float) -> Floats:
    """Resample slices on the turned grid: bilinear between the voxels, nothing outside, the whole slice kept."""
    n_z, n_y, n_x = mu_per_mm.shape
    sin, cos = math.sin(angle_rad), math.cos(angle_rad)
    n_b = math.ceil((n_x * dx * abs(sin) + n_y * dy * abs(cos)) / dy - 1e-6)
    n_a = math.ceil((n_x * dx * abs(cos) + n_y * dy * abs(sin)) / dx - 1e-6)
    n_b, n_a = n_b + (n_b - n_y) % 2, n_a + (n_a - n_x) % 2  # so that right angles meet the voxels exactly
    b, a = np.meshgrid((np.arange(n_b) - (n_b - 1) / 2) * dy, (np.arange(n_a) - (n_a - 1) / 2) * dx, indexing="ij")
    x = (a * cos + b * sin) / dx + (n_x - 1) / 2
    y = (-a * sin + b * cos) / dy + (n_y - 1) / 2
    padded = np.pad(mu_per_mm, ((0, 0), (1, 1), (1, 1)))
    left, low = np.floor(x + 1e-9).astype(np.int64), np.floor(y + 1e-9).astype(np.int64)
    right_share, high_share = (x - left).astype(np.float32), (y - low).astype(np.float32)
    turned = np.zeros((n_z, n_b, n_a), dtype=np.float32)
    for step_y, share_y in ((0, 1 - high_share), (1, high_share)):
        for step_x, share_x in ((0, 1 - right_share), (1, right_share)):
            rows = np.clip(low + step_y + 1, 0, n_y + 1)
            columns = np.clip(left + step_x + 1, 0, n_x + 1)
            turned += padded[:, rows, columns] * (share_y * share_x)
    return turned


def _span(occupied: npt.NDArray[np.bool_]) -> tuple[int, int]:
    """Return first index and one past the last."""
    where = np.flatnonzero(occupied)
    return int(where[0]), int(where[-1]) + 1
