"""Add what a measurement adds: Poisson noise to the projections, and a site's own estimate of the scatter.

Only what is measured changes here. Reference, labels and attenuation are not touched: an augmentation that alters the
target would teach a network the wrong image.
"""

from __future__ import annotations

import numpy as np

from synthesis.phantoms.shapes import Floats
from synthesis.simulation.blur import FWHM_PER_SIGMA, gaussian_blur

WINDOW_RATIO = (
    2.0  # counts in the scatter window for each scattered photopeak count: dual energy window, k = 0.5 (Jaszczak 1984)
)
FILTER_FWHM_BINS = 4.0  # low-pass that a site applies to the scatter window before it uses it
MAX_SCALE_SDS = 2.5


def poisson_counts(expected: Floats, rng: np.random.Generator) -> Floats:
    """Draw measured counts, independent Poisson with the given means; whole numbers as float32."""
    return rng.poisson(expected).astype(np.float32)


def estimate_scatter(scatter: Floats, *, scale_sd: float, rng: np.random.Generator) -> Floats:
    """Return the scatter (..., V, Z, U) as a site would know it from a second energy window.

    Poisson counts of a scatter window with `WINDOW_RATIO` times as many counts, low-pass filtered per view
    (`FILTER_FWHM_BINS`, counts kept), times a calibration error of standard deviation `scale_sd`, cut at 2.5 of them.
    """
    window = rng.poisson(scatter * WINDOW_RATIO).astype(np.float32) / np.float32(WINDOW_RATIO)
    sigma = FILTER_FWHM_BINS / FWHM_PER_SIGMA
    error = 1 + scale_sd * float(np.clip(rng.normal(), -MAX_SCALE_SDS, MAX_SCALE_SDS))
    estimate: Floats = gaussian_blur(window, (sigma, sigma), keep_sum=True) * np.float32(error)
    return estimate
