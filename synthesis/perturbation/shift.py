"""Move sampled counts and maps by fractions of a sample, one small matrix an axis."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from synthesis.phantoms.shapes import Floats

TAPS = 6  # neighbours, three on either side


def counts_matrix(size: int, shift: float, *, keep_edge: bool) -> Floats:
    """Return the (size, size) matrix that moves a column vector by `shift` samples towards larger indices.

    The polynomial of fifth degree through six neighbours: sum, middle and width of a spot stay exactly what they are,
    while a straight line between neighbours widens a spot by up to a quarter of a bin squared in variance. What comes in
    over the border is zero, or with `keep_edge` like the outermost sample.
    """
    source = np.arange(size) - shift
    first = np.floor(source).astype(np.int64) - TAPS // 2 + 1
    place = source - first
    weights = np.ones((size, TAPS))
    for tap in range(TAPS):
        for other in set(range(TAPS)) - {tap}:
            weights[:, tap] *= (place - other) / (tap - other)
    return _matrix(size, first[:, None] + np.arange(TAPS)[None, :], weights, keep_edge=keep_edge)


def map_matrix(size: int, shift: float, *, keep_edge: bool) -> Floats:
    """Return the matrix of `counts_matrix` with straight lines between samples: no overshoot, for maps with borders."""
    source = np.arange(size) - shift
    first = np.floor(source).astype(np.int64)
    part = source - first
    taps = first[:, None] + np.arange(2)[None, :]
    return _matrix(size, taps, np.stack([1 - part, part], axis=1), keep_edge=keep_edge)


def _matrix(size: int, taps: npt.NDArray[np.int64], weights: npt.NDArray[np.float64], *, keep_edge: bool) -> Floats:
    inside = (taps >= 0) & (taps < size)
    kept = np.where(inside | keep_edge, weights, 0.0)
    matrix = np.zeros((size, size))
    rows = np.broadcast_to(np.arange(size)[:, None], taps.shape)
    np.add.at(matrix, (rows, np.clip(taps, 0, size - 1)), kept)
    return matrix.astype(np.float32)


def shift_views(projections: Floats, rows: npt.NDArray[np.float64], bins: npt.NDArray[np.float64]) -> Floats:
    """Move every view of (..., V, Z, U) by its own `rows` and `bins` (V,), in samples; the counts stay 0 or more.

    The body goes on above and below the field of view, so rows that come in are like the outermost; beside the field
    of view there is nothing.
    """
    n_rows, n_bins = projections.shape[-2:]
    along = np.stack([counts_matrix(n_rows, float(shift), keep_edge=True) for shift in rows])
    across = np.stack([counts_matrix(n_bins, float(shift), keep_edge=False) for shift in bins])
    moved: Floats = np.clip(along @ projections @ across.transpose(0, 2, 1), 0, None)
    return moved


def shift_map(volume: Floats, voxels: tuple[float, float, float]) -> Floats:
    """Move a map (Z, Y, X) by voxels (z, y, x); air comes in from the sides, the outermost slice along the axis."""
    n_z, n_y, n_x = volume.shape
    moved = np.tensordot(map_matrix(n_z, voxels[0], keep_edge=True), volume, axes=1)
    moved = map_matrix(n_y, voxels[1], keep_edge=False) @ moved
    shifted: Floats = np.ascontiguousarray(moved @ map_matrix(n_x, voxels[2], keep_edge=False).T, dtype=np.float32)
    return shifted
