"""Scatter changes slowly: smoothed in the views that were simulated, and interpolated in those between."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from synthesis.simulation.blur import FWHM_PER_SIGMA, gaussian_matrix
from synthesis.simulation.gate.runs import Counts


def smoothed(counts: Counts, variance: Counts, *, sigma_bins: tuple[float, float]) -> tuple[Counts, Counts]:
    """Blur counts (..., Z, U) by a Gaussian that keeps their sum; `variance` becomes that of the blurred counts.

    Parameters
    ----------
    counts, variance : float64 (..., Z, U)
        Independent bins.
    sigma_bins : (float, float)
        Of the axial and of the bin axis; 0 for none.
    """
    if not any(sigma_bins):
        return counts, variance
    rows, bins = (
        gaussian_matrix(size, sigma, keep_sum=True).astype(np.float64) if sigma else np.eye(size)
        for size, sigma in zip(counts.shape[-2:], sigma_bins, strict=True)
    )
    return rows @ counts @ bins.T, rows**2 @ variance @ (bins**2).T


def sigma_bins(lowpass_mm: float, axial_mm: float, bin_mm: float) -> tuple[float, float]:
    """Return the standard deviations in bins of a low-pass given by its full width at half maximum."""
    sigma_mm = lowpass_mm / FWHM_PER_SIGMA
    return sigma_mm / axial_mm, sigma_mm / bin_mm


def filled(known: Mapping[int, tuple[Counts, Counts]], views: int) -> list[tuple[Counts, Counts]]:
    """Return counts and variance of every view, on straight lines between the views that are known.

    Parameters
    ----------
    known : mapping of view to (counts, variance)
        Holds the first and the last view.
    views : int
    """
    places = sorted(known)
    found = []
    for view in range(views):
        if view in known:
            found.append(known[view])
            continue
        below = max(place for place in places if place < view)
        above = min(place for place in places if place > view)
        share = (view - below) / (above - below)
        (low, low_variance), (high, high_variance) = known[below], known[above]
        counts = (1 - share) * low + share * high
        found.append((counts, (1 - share) ** 2 * low_variance + share**2 * high_variance))
    return found
