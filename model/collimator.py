"""Blur by the collimator and the detector: a Gaussian that widens with the distance from the collimator face.

A depth-dependent Gaussian is applied in a few planes of fixed distance ("knots") that all views share; what lies
between two knots is divided linearly between them, which interpolates the variance. The knots are set so close, and
their own variance so much smaller, that the variance is right to 1 % everywhere.

References
----------
McCarthy & Miller, IEEE Trans. Med. Imaging 10 (1991) 544 (planes of distance); Anger, J Nucl Med 5 (1964) 515.
"""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt

from model.geometry import AcquisitionGeometry

Array = npt.NDArray[np.float64]
FWHM_PER_SIGMA = 2.0 * math.sqrt(2.0 * math.log(2.0))
VARIANCE_TOLERANCE = 0.01  # half a per cent of FWHM; a measured collimator response is known to a few per cent


def distance_knots_mm(geometry: AcquisitionGeometry, nearest_mm: float, farthest_mm: float) -> Array:
    """Return the distances (K,), K >= 2, ascending, between which the variance may be interpolated.

    Parameters
    ----------
    geometry : AcquisitionGeometry
    nearest_mm, farthest_mm : float
        Distances from the collimator face that occur.

    Notes
    -----
    FWHM(d)^2 is a parabola with curvature 2 (h / L)^2; a chord over a step D lies at most (h / L)^2 D^2 / 4 above it.
    With the tolerance taken off at the knots it may rise by twice the tolerance in between, and the steps may grow with
    the resolution: D = 2 FWHM(d) sqrt(2 tolerance) / (h / L), d being the nearer end.
    """
    slope = geometry.collimator.hole_mm / geometry.collimator.length_mm
    knots = [nearest_mm]
    while len(knots) < 2 or knots[-1] < farthest_mm:
        step = 2.0 * math.sqrt(2.0 * VARIANCE_TOLERANCE) * float(geometry.fwhm_mm(knots[-1])) / slope
        knots.append(knots[-1] + max(step, 1.0))
    return np.array(knots)


def blur_matrix(size: int, pitch_mm: float, fwhm_mm: float) -> Array:
    """Return the (size, size) matrix that blurs along one axis; what leaves the detector is lost.

    The Gaussian is sampled at the elements' centres and normalised over the endless row, so that a column far from
    the edges sums to one.
    """
    sigma = fwhm_mm / FWHM_PER_SIGMA / pitch_mm
    if sigma < 0.05:  # narrower than a twentieth of an element: nothing to blur
        return np.eye(size)
    reach = max(1, math.ceil(6 * sigma))
    weights = np.exp(-0.5 * (np.arange(-reach, reach + 1) / sigma) ** 2)
    weights[np.abs(np.arange(-reach, reach + 1)) > 4.5 * sigma] = 0.0
    weights[reach] = max(weights[reach], 1.0)
    weights /= weights.sum()
    offset = np.arange(size)[:, None] - np.arange(size)[None, :]
    matrix = np.zeros((size, size))
    near = np.abs(offset) <= reach
    matrix[near] = weights[offset[near] + reach]
    return matrix


def blur_matrices(geometry: AcquisitionGeometry, knots_mm: Array) -> tuple[Array, Array]:
    """Return the axial (K, Z, Z) and the bin (K, U, U) blur of every knot."""
    widths = [math.sqrt(1.0 - VARIANCE_TOLERANCE) * float(geometry.fwhm_mm(float(d))) for d in knots_mm]
    axial = np.stack([blur_matrix(geometry.n_axial, geometry.axial_mm, w) for w in widths])
    bins = np.stack([blur_matrix(geometry.n_bins, geometry.bin_mm, w) for w in widths])
    return axial, bins
