"""The planes of one study that its row of the contact sheet shows, as arrays; no drawing here."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from model.io.study import HeartFrame, Study
from synthesis.inspection.facts import BODY_MU_PER_MM, heart_slice

Plane = npt.NDArray[np.floating]
Mask = npt.NDArray[np.bool_]
SHORT_AXIS_MM = 110.0  # edge of the short-axis square
SHORT_AXIS_PIXELS = 44


@dataclass(frozen=True, eq=False)
class Framed:
    """A plane with the outline of the infarcts in it."""

    values: Plane
    defect: Mask


def transverse(study: Study, volume: Plane) -> Framed:
    """Return the slice of the heart, a square around the body: patient's front above, patient's right on the left."""
    z, square = heart_slice(study), _around_body(study)
    defect = study.truth.defect_map[z] > 0 if study.truth is not None else np.zeros(volume.shape[1:], dtype=bool)
    return Framed(volume[z][square], defect[square])


def _around_body(study: Study) -> tuple[slice, slice]:
    _, rows, columns = study.geometry.volume_shape
    if study.attenuation is None:
        return slice(0, rows), slice(0, columns)
    body = study.attenuation[heart_slice(study)] > BODY_MU_PER_MM
    if not body.any():
        return slice(0, rows), slice(0, columns)
    ends = [np.flatnonzero(body.any(axis=axis))[[0, -1]] for axis in (1, 0)]
    edge = min(max(int(last - first) + 1 for first, last in ends) + 4, rows, columns)
    starts = [
        int(np.clip((first + last + 1 - edge) // 2, 0, size - edge))
        for (first, last), size in zip(ends, (rows, columns), strict=True)
    ]
    return slice(starts[0], starts[0] + edge), slice(starts[1], starts[1] + edge)


def short_axis(study: Study, volume: Plane) -> Framed | None:
    """Return the plane across the left ventricle at the first infarct, else at its middle; None without a heart.

    Anterior wall above, septum on the left, as on the polar map.
    """
    truth = study.truth
    if truth is None:
        return None
    share = truth.defects[0].centre_index if truth.defects else 0.5
    points = _across(truth.heart, min(max(share, 0.15), 0.8))
    shape, voxel = np.asarray(volume.shape), np.asarray(study.geometry.grid.voxel_mm)
    places = points[..., ::-1] / voxel + (shape - 1) / 2  # (x, y, z) in mm to (z, y, x) in voxels
    return Framed(_linear(volume, places), _nearest(truth.defect_map > 0, places))


def views(study: Study, number: int = 3) -> list[tuple[float, Plane]]:
    """Return evenly spaced projections of the first window, (angle in degrees, counts), head above."""
    peak = study.projections[0]
    chosen = np.unique(np.linspace(0, len(peak) - 1, 2 * number + 1).round().astype(int)[1::2])
    angles = [math.degrees(study.geometry.angles_rad[i]) % 360 for i in chosen]
    return [(angle, peak[i, ::-1]) for angle, i in zip(angles, chosen, strict=True)]


def sinogram(study: Study) -> Plane:
    """Return the sinogram of the heart's slice: detector position across, angle downwards."""
    axial = study.projections.shape[2]
    z = heart_slice(study) * axial // study.geometry.volume_shape[0]
    plane: Plane = study.projections[0, :, min(z, axial - 1)]
    return plane


def _across(heart: HeartFrame, share: float) -> npt.NDArray[np.float64]:
    """Return (x, y, z) in mm of a square across the long axis, shape (n, n, 3), rows from anterior to inferior."""
    base, apex = np.asarray(heart.base_mm), np.asarray(heart.apex_mm)
    axis = (apex - base) / np.linalg.norm(apex - base)
    anterior = np.asarray(heart.anterior)
    lateral = np.cross(anterior, axis)
    offsets = (np.arange(SHORT_AXIS_PIXELS) - (SHORT_AXIS_PIXELS - 1) / 2) * SHORT_AXIS_MM / SHORT_AXIS_PIXELS
    centre = base + share * (apex - base)
    square: npt.NDArray[np.float64] = centre - offsets[:, None, None] * anterior + offsets[None, :, None] * lateral
    return square


def _nearest(volume: npt.NDArray[np.bool_], places: npt.NDArray[np.float64]) -> Mask:
    index = np.rint(places).astype(int)
    inside = np.all((index >= 0) & (index < volume.shape), axis=-1)
    z, y, x = np.moveaxis(np.clip(index, 0, np.asarray(volume.shape) - 1), -1, 0)
    found: Mask = volume[z, y, x] & inside
    return found


def _linear(volume: Plane, places: npt.NDArray[np.float64]) -> Plane:
    """Interpolate between the eight voxels around each place; outside the volume the nearest edge counts."""
    low = np.clip(np.floor(places).astype(int), 0, np.asarray(volume.shape) - 2)
    share = np.clip(places - low, 0.0, 1.0)
    total = np.zeros(places.shape[:-1])
    for corner in np.ndindex(2, 2, 2):
        z, y, x = np.moveaxis(low + np.asarray(corner), -1, 0)
        weight = np.prod(np.where(np.asarray(corner), share, 1 - share), axis=-1)
        total += weight * volume[z, y, x]
    return total
