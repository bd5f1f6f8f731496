"""Add what a measurement adds: Poisson noise to the projections, and a site's own estimate of the scatter.

Only what is measured changes here. Reference, labels and attenuation are not touched: an augmentation that alters the
target would teach a network the wrong image.
"""

from __future__ import annotations

from typing import TypeAlias

import numpy as np
import numpy.typing as npt
from scipy import special

from synthesis.phantoms.shapes import Floats
from synthesis.simulation.blur import FWHM_PER_SIGMA, gaussian_blur

Doubles: TypeAlias = npt.NDArray[np.float64]

WINDOW_RATIO = (
    2.0  # counts in the scatter window for each scattered photopeak count: dual energy window, k = 0.5 (Jaszczak 1984)
)
FILTER_FWHM_BINS = 4.0  # low-pass that a site applies to the scatter window before it uses it
MAX_SCALE_SDS = 2.5
SMALLEST_WEIGHT = 1e-6  # where the simulation is exact; the binomial is then Poisson to one part in a million
SMALLEST_SHARE = 2.0**-54  # of a distribution; the generator's own smallest number, 0, is no share of a count


def poisson_counts(expected: Floats, rng: np.random.Generator) -> Floats:
    """Draw measured counts, independent Poisson with the given means; whole numbers as float32.

    By inversion, one uniform number a bin: a rejection method takes as many as the mean's last bits decide, and those differ
    between processors, so that every later bin would get other noise on another machine.

    Raises
    ------
    ValueError
        If a mean is negative or no number.
    """
    if not (expected >= 0).all():
        msg = "a mean is negative or no number"
        raise ValueError(msg)
    share = np.maximum(rng.random(expected.shape), SMALLEST_SHARE)
    counts = poisson_quantile(share.ravel(), expected.ravel().astype(np.float64))
    return counts.reshape(expected.shape).astype(np.float32)


def poisson_quantile(share: Doubles, mean: Doubles) -> Doubles:
    """Return the smallest counts with at least the given share of their Poisson distribution at or below them, (N,).

    The shares, (N,), lie above 0 and below 1; the means, (N,), are not negative. Starts from two terms of Cornish and Fisher's expansion, most often right, and walks from there.
    """
    normal = special.ndtri(share)
    count: Doubles = np.maximum(np.floor(mean + np.sqrt(mean) * normal + (normal**2 - 1) / 6), 0.0)
    low = np.arange(count.size)
    while (low := low[special.pdtr(count[low], mean[low]) < share[low]]).size:
        count[low] += 1
    high = np.arange(count.size)
    while (high := high[(count[high] > 0) & (special.pdtr(count[high] - 1, mean[high]) >= share[high])]).size:
        count[high] -= 1
    return count


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
    window = poisson_counts(scatter * WINDOW_RATIO, rng) / np.float32(WINDOW_RATIO)
    sigma = FILTER_FWHM_BINS / FWHM_PER_SIGMA
    error = 1 + scale_sd * float(np.clip(rng.normal(), -MAX_SCALE_SDS, MAX_SCALE_SDS))
    estimate: Floats = gaussian_blur(window, (sigma, sigma), keep_sum=True) * np.float32(error)
    return estimate
