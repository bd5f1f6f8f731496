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
SMALLEST_WEIGHT = 1e-6  # where the simulation is exact; the binomial is then Poisson to one part in a million


def poisson_counts(expected: Floats, rng: np.random.Generator) -> Floats:
    """Draw measured counts, independent Poisson with the given means; whole numbers as float32."""
    return rng.poisson(expected).astype(np.float32)


def remaining_counts(expected: Floats, variance: Floats, rng: np.random.Generator) -> Floats:
    """Turn a Monte Carlo's noisy counts into measured ones: their noise is kept, and what a Poisson count has more is added.

    A bin with the sum of weights M and the sum of their squares V is worth M^2 / V events of the weight V / M each; every
    one is kept with that weight as its probability. Of equal weights the result is Poisson, of others it has the same mean and
    variance. Where a weight is above 1 the simulation has more noise than the measurement, and M is rounded at random.

    Parameters
    ----------
    expected, variance : float32, one shape
        M and V at the count level of the measurement.
    rng : Generator

    Returns
    -------
    float32, whole numbers

    References
    ----------
    Bohm & Zech, Nucl. Instrum. Meth. A 748 (2014) 1 (sums of weights as a scaled Poisson distribution).
    """
    mean, spread = expected.astype(np.float64), variance.astype(np.float64)
    weight = np.clip(np.divide(spread, mean, out=np.zeros_like(mean), where=mean > 0), SMALLEST_WEIGHT, 1.0)
    events = np.floor(mean / weight + rng.random(mean.shape)).astype(np.int64)
    return rng.binomial(events, weight).astype(np.float32)


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
