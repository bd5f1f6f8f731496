"""Put a volume that lies anywhere in the patient onto a study's grid: axes, handedness, voxel size, place. Torch-free.

Positions are (x, y, z) in mm, LPS: to the patient's left, back and head. Indices are (k, j, i), the order of the array.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from itertools import product
from typing import Any

import numpy as np
import numpy.typing as npt

from model.io.imported import PatientFrame
from model.io.notes import note

Array = npt.NDArray[np.float64]
Point = tuple[float, float, float]
_REVERSED = np.array(
    [[0, 0, 1, 0], [0, 1, 0, 0], [1, 0, 0, 0], [0, 0, 0, 1]], dtype=np.float64
)  # (k, j, i) -> (i, j, k)
MOST_SAMPLES = 8  # a target voxel is divided into at most so many along an axis; finer detail is skipped, not summed


@dataclass(frozen=True, eq=False)
class PlacedVolume:
    """An array and where its voxels are.

    Parameters
    ----------
    values : (K, J, I), any real type
    to_lps : float64 (4, 4)
        Takes (k, j, i, 1) of a voxel's centre to (x, y, z, 1) in mm, LPS.
    """

    values: npt.NDArray[Any]
    to_lps: Array

    @property
    def voxel_mm3(self) -> float:
        """Volume of a voxel."""
        return abs(float(np.linalg.det(self.to_lps[:3, :3])))

    @property
    def centre_mm(self) -> Point:
        """The middle of the volume."""
        middle = [(n - 1) / 2 for n in self.values.shape]
        x, y, z = (self.to_lps @ np.array([*middle, 1.0]))[:3]
        return float(x), float(y), float(z)


def frame_to_lps(frame: PatientFrame) -> Array:
    """Return the (4, 4) matrix from (z, y, x) indices of a frame's grid to LPS mm."""
    return frame.affine_lps() @ _REVERSED


def centred_at(frame: PatientFrame, centre_mm: Point) -> PatientFrame:
    """Return the frame moved so that the middle of its grid lies at `centre_mm`."""
    middle = [(n - 1) / 2 for n in frame.grid.shape]
    now = (frame_to_lps(frame) @ np.array([*middle, 1.0]))[:3]
    x, y, z = (float(o + c - n) for o, c, n in zip(frame.origin_mm, centre_mm, now, strict=True))
    return replace(frame, origin_mm=(x, y, z))


def onto_frame(volume: PlacedVolume, frame: PatientFrame, *, outside: float = 0.0) -> npt.NDArray[np.float32]:
    """Return the mean of the volume in each voxel of the grid, float32 (Z, Y, X).

    Parameters
    ----------
    volume : PlacedVolume
        Densities (mm^-1, HU, counts per ml). For amounts per voxel multiply by
        ``grid voxel volume / volume.voxel_mm3``.
    frame : PatientFrame
        The grid and where it lies in the same space.
    outside : float
        Value of what the volume does not cover.

    Notes
    -----
    Trilinear; where the grid is coarser, several samples a voxel are averaged, so that no detail is aliased and
    amounts are kept.
    """
    steps, samples = _steps(volume, frame)
    source = np.asarray(volume.values, dtype=np.float32)
    total = np.zeros(frame.grid.shape)
    for part in product(*(_parts(n) for n in samples)):
        total += _sampled(source, steps, frame.grid.shape, part, outside)
    return np.asarray(total / math.prod(samples), dtype=np.float32)


def with_ends_repeated(values: npt.NDArray[np.float32], covered: npt.NDArray[np.bool_]) -> npt.NDArray[np.float32]:
    """Return (Z, Y, X) values whose slices outside the covered ones are copies of the nearest covered one.

    A body goes on where a map ends: with air there, activity beside the map would not be corrected at all.
    """
    known = np.flatnonzero(covered)
    if not known.size:
        return values
    return values[np.clip(np.arange(len(values)), known[0], known[-1])]


def repeated_note(code: str, covered: npt.NDArray[np.bool_]) -> tuple[str, ...]:
    """Return the sentence about slices that `with_ends_repeated` filled; nothing where there are none."""
    missing = int((~covered).sum())
    if not missing:
        return ()
    return (note(code, missing=missing, slices=covered.size),)


def slice_shares(volume: PlacedVolume, frame: PatientFrame) -> Array:
    """Return how much of each slice's thickness the volume covers at some place of the slice, float64 (Z,), 0 to 1."""
    steps, (samples, _, _) = _steps(volume, frame)
    everywhere = np.broadcast_to(np.float32(1.0), volume.values.shape)
    planes = [_sampled(everywhere, steps, frame.grid.shape, (part, 0.0, 0.0), 0.0) for part in _parts(samples)]
    return np.asarray(np.mean([plane.max(axis=(1, 2)) > 0.5 for plane in planes], axis=0), dtype=np.float64)


def _steps(volume: PlacedVolume, frame: PatientFrame) -> tuple[Array, list[int]]:
    """Return the (4, 4) matrix from the grid's indices to the volume's, and the samples a voxel along each axis."""
    steps = np.linalg.inv(volume.to_lps) @ frame_to_lps(frame)
    spans = np.abs(steps[:3, :3]).max(axis=0)
    return steps, [min(MOST_SAMPLES, max(1, math.ceil(span - 1e-3))) for span in spans]


def _parts(samples: int) -> list[float]:
    """Return the samples' places within a voxel, from its centre."""
    return [float(part) for part in (np.arange(samples) + 0.5) / samples - 0.5]


def _sampled(
    source: npt.NDArray[np.float32], steps: Array, shape: tuple[int, int, int], shift: tuple[float, ...], outside: float
) -> Array:
    """Sample trilinearly at the voxels' centres plus `shift` (in voxels of the target), a slice at a time."""
    y, x = np.meshgrid(np.arange(shape[1]) + shift[1], np.arange(shape[2]) + shift[2], indexing="ij")
    out = np.empty(shape)
    for z in range(shape[0]):
        places = [row[0] * (z + shift[0]) + row[1] * y + row[2] * x + row[3] for row in steps[:3]]
        out[z] = _trilinear(source, places, outside)
    return out


def _trilinear(source: npt.NDArray[np.float32], places: list[Array], outside: float) -> Array:
    inside = np.ones(places[0].shape, dtype=bool)
    low, share = [], []
    for place, size in zip(places, source.shape, strict=True):
        inside &= (place >= -0.5 - 1e-6) & (place <= size - 0.5 + 1e-6)  # to the outer faces, not the outer centres
        clipped = np.clip(place, 0, size - 1)
        floor = np.minimum(clipped.astype(np.intp), max(size - 2, 0))
        low.append(floor)
        share.append(clipped - floor)
    result = np.zeros(places[0].shape)
    for corner in product((0, 1), repeat=3):
        weight = np.ones(places[0].shape)
        index = []
        for step, floor, part, size in zip(corner, low, share, source.shape, strict=True):
            weight *= part if step else 1 - part
            index.append(np.minimum(floor + step, size - 1))
        result += weight * source[tuple(index)]
    return np.where(inside, result, outside)
