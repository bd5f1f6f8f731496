"""A polar map of any image, from the heart's long axis alone: for scans that do not say where the heart is.

Rays leave the axis at right angles, and beyond the cavity from its end in a half ball; each ray's value is its highest count, which
lies in the wall. A ray that meets something brighter behind the heart (liver, bowel) is kept near the others of its ring.
numpy and scipy only.

Axes: image Z, Y, X (z to the head, y to the back, x to the patient's left); points (x, y, z) in mm from the image's middle.

References
----------
Garcia et al., J Nucl Med 26 (1985) 17 (circumferential profiles of highest counts); Cerqueira et al., Circulation 105 (2002)
539 (17 segments; 35:35:30 % of the cavity's length).
"""

from __future__ import annotations

from typing import TypeAlias

import numpy as np
import numpy.typing as npt
from scipy.ndimage import map_coordinates

from model.errors import ModelError
from model.evaluation.polar import RINGS, SEGMENTS, Segments, normalised

Floats: TypeAlias = npt.NDArray[np.float64]
Point: TypeAlias = tuple[float, float, float]

LENGTHS_MM = (40.0, 150.0)
"""From the valve plane to the tip of the wall; no left ventricle of a grown person is shorter or longer."""
WALL_MM = 10.0
BORDERS = (0.05, 0.35, 0.70, 1.0)
"""Of the cavity's length: where the rings begin and end; the first 5 % are valve, not wall."""
REACH_MM = (6.0, 48.0)
STEP_MM = 1.0
SPREAD_MM = 12.0
"""How far a ray's wall may lie from the middle of its ring's."""
CONE_DEG = 35.0
"""Half of the opening of the rays that meet the apex."""
PLANES, ANGLES = 6, 72


def polar_by_axis(
    image_ZYX: npt.NDArray[np.floating], voxel_mm: tuple[float, float, float], base: Point, apex: Point
) -> Segments:
    """Return the 17 segments in points, normalised as `model.evaluation.polar`.

    Parameters
    ----------
    image_ZYX : (Z, Y, X)
    voxel_mm : (z, y, x)
    base, apex : (x, y, z), mm
        Middle of the valve plane, and the tip of the wall.

    Raises
    ------
    ModelError
        ``heart.axis`` when the axis is too short or too long, runs along the body, or leaves the image.
    """
    axis, anterior, lateral, length = _frame(base, apex)
    cavity = length - WALL_MM
    size = np.asarray(image_ZYX.shape, dtype=np.float64)[::-1] * np.asarray(voxel_mm)[::-1]
    if any(np.any(np.abs(np.asarray(point)) > size / 2) for point in (base, apex)):
        message = "The heart's axis leaves the image."
        raise _refused(message)
    angles = np.deg2rad(np.arange(ANGLES) * 360.0 / ANGLES)
    across = np.cos(angles)[:, None] * anterior + np.sin(angles)[:, None] * lateral
    start = np.asarray(base)
    means = np.full(SEGMENTS, np.nan)
    for ring, (first, count) in enumerate(RINGS[:-1]):
        low, high = BORDERS[ring] * cavity, BORDERS[ring + 1] * cavity
        along = low + (np.arange(PLANES) + 0.5) / PLANES * (high - low)
        origins = start + along[:, None, None] * axis  # (planes, 1, 3)
        values = _highest(image_ZYX, voxel_mm, np.broadcast_to(origins, (PLANES, ANGLES, 3)), across[None])
        segment = _segment_of(angles, count)
        means[first : first + count] = [values[:, segment == one].mean() for one in range(count)]
    tilt = np.deg2rad(np.linspace(0.0, CONE_DEG, 4))
    cap = np.cos(tilt)[:, None, None] * axis + np.sin(tilt)[:, None, None] * across[None]
    weight = np.broadcast_to(np.sin(tilt + np.deg2rad(2.0))[:, None], cap.shape[:2])  # a ring's share of the half ball
    origin = np.broadcast_to(start + (cavity - REACH_MM[0]) * axis, cap.shape)
    means[-1] = np.average(_highest(image_ZYX, voxel_mm, origin, cap), weights=weight)
    return normalised(means)


def _frame(base: Point, apex: Point) -> tuple[Floats, Floats, Floats, float]:
    axis = np.asarray(apex, dtype=np.float64) - np.asarray(base, dtype=np.float64)
    length = float(np.linalg.norm(axis))
    if not LENGTHS_MM[0] <= length <= LENGTHS_MM[1]:
        message = f"The heart's axis is {length:.0f} mm long, from {LENGTHS_MM[0]:.0f} to {LENGTHS_MM[1]:.0f} mm are possible."
        raise _refused(message)
    axis = axis / length
    up = np.array([0.0, 0.0, 1.0])
    anterior = up - axis * float(up @ axis)
    if float(np.linalg.norm(anterior)) < 0.2:
        message = "The heart's axis runs along the body."
        raise _refused(message)
    anterior /= np.linalg.norm(anterior)
    return axis, anterior, np.cross(anterior, axis), length


def _segment_of(angles: Floats, count: int) -> npt.NDArray[np.int64]:
    """Return the segment of a ring at each angle (0 anterior, a quarter lateral); numbers run over the septum."""
    width = 2 * np.pi / count
    return (((2 * np.pi - angles) % (2 * np.pi) + width / 2) // width).astype(np.int64) % count


def _highest(
    image: npt.NDArray[np.floating], voxel_mm: tuple[float, float, float], origins: Floats, directions: Floats
) -> Floats:
    """Return the highest count of each ray, near the middle of the places where the rays have theirs."""
    reach = np.arange(REACH_MM[0], REACH_MM[1] + STEP_MM / 2, STEP_MM)
    points = origins[..., None, :] + reach[:, None] * directions[..., None, :]
    middle = (np.asarray(image.shape, dtype=np.float64) - 1) / 2
    index = points[..., ::-1] / np.asarray(voxel_mm) + middle
    profiles: Floats = map_coordinates(
        np.asarray(image, dtype=np.float64), np.moveaxis(index, -1, 0), order=1, mode="constant", cval=0.0
    )
    place = reach[profiles.argmax(axis=-1)]
    typical = np.median(place, axis=-1, keepdims=True)[..., None]
    near = np.abs(reach - typical) <= SPREAD_MM
    found: Floats = np.where(near, profiles, -np.inf).max(axis=-1)
    return found


def _refused(message: str) -> ModelError:
    remedy = (
        "Put the cursor on the tip of the left ventricle for the apex, and on the middle of its open end for the base."
    )
    return ModelError(code="heart.axis", message=message, remedy=remedy)
