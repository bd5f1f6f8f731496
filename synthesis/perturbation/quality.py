"""Refuse a Monte Carlo estimate whose own noise would be seen beside the Poisson noise of the study."""

from __future__ import annotations

import numpy as np

from synthesis.errors import SimulationFailed
from synthesis.phantoms.shapes import Floats

MAX_VARIANCE_RATIO = 0.1  # adds at most 5 % to the standard deviation of a count: sqrt(1.1)
MAX_KEPT_RATIO = 0.9  # of a Monte Carlo whose noise counts as the measurement's: nearly all of it may be its own
BODY_SHARE = 0.01  # bins with at least this share of the largest mean see the body


def refuse_noisy(mean: Floats, variance: Floats | None, *, limit: float = MAX_VARIANCE_RATIO) -> dict[str, float]:
    """Return how noisy an estimate of the expected counts is; refuse one that is too noisy.

    Parameters
    ----------
    mean : float32 (..., V, Z, U)
        Expected counts of the study at its own count level; also their Poisson variance.
    variance : float32, same shape, optional
        Of that estimate, in squared counts; None for a simulator that is exact.
    limit : float
        Largest sum of `variance` over the sum of `mean`, both over the bins that see the body.

    Returns
    -------
    dict of str to float
        ``mc_variance_ratio``, that quotient, and ``mc_equivalent_counts``, the number of counts (sum w)^2 / sum w^2 that
        an analog simulation would have needed; empty for an exact simulator.

    Raises
    ------
    SimulationFailed
        If the quotient is above the limit, or a number is not finite or negative.
    """
    if variance is None:
        return {}
    if mean.shape != variance.shape:
        message = f"The variance has the shape {variance.shape}, the mean {mean.shape}."
        raise SimulationFailed(message)
    for name, values in (("mean", mean), ("variance", variance)):
        if not np.isfinite(values).all() or float(values.min()) < 0:
            message = f"The simulated {name} holds numbers that are negative or not finite."
            raise SimulationFailed(message)
    body = (mean > 0) & (mean >= BODY_SHARE * mean.max())
    counts, squared = (float(values[body].sum(dtype=np.float64)) for values in (mean, variance))
    if counts == 0:
        message = "The simulation counted nothing."
        raise SimulationFailed(message, "Simulate more primaries, or check that the body is before the camera.")
    ratio = squared / counts
    if ratio > limit:
        message = (
            f"The simulation's own variance is {ratio:.3g} times the Poisson variance, at most {limit:g} is allowed."
        )
        more = ratio / limit
        raise SimulationFailed(
            message, f"Simulate {more:.2g} times as many primaries, or lower the counts of the site."
        )
    figures = {"mc_variance_ratio": ratio}
    return figures | ({"mc_equivalent_counts": counts**2 / squared} if squared > 0 else {})
