"""Means, paired differences and paired ratios over cases, each with a bootstrap interval. numpy only."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

RESAMPLES = 2000
LEVEL = 0.95
SEED = 20240
Values = Sequence[float | None]
Array = npt.NDArray[np.float64]


LEAST_CASES = 5
"""With fewer no difference is called clear: of four cases one draw in 256 is four times the same, of five one in 3125."""


@dataclass(frozen=True)
class Estimate:
    """A figure with its percentile bootstrap interval over `cases` cases."""

    value: float
    low: float
    high: float
    cases: int

    def to_dict(self) -> dict[str, float]:
        """Return plain JSON values."""
        return {"value": self.value, "low": self.low, "high": self.high, "cases": self.cases}


def bootstrap(statistic: Callable[[Array], Array], cases: Array, *, seed: int = SEED) -> Estimate | None:
    """Return a statistic of cases and the percentile interval over resampled cases; None without a case.

    Parameters
    ----------
    statistic : callable
        From (..., N, K) to (...): cases are the last axis but one.
    cases : float64 (N, K)
        K values of each of N cases.

    References
    ----------
    Efron & Tibshirani, An Introduction to the Bootstrap (1993), ch. 13.
    """
    number = len(cases)
    if number == 0:
        return None
    draws = np.random.default_rng(seed).integers(0, number, size=(RESAMPLES, number))
    low, high = np.nanquantile(statistic(cases[draws]), [(1 - LEVEL) / 2, (1 + LEVEL) / 2])
    return Estimate(float(statistic(cases)), float(low), float(high), number)


def known_pairs(*columns: Values) -> Array:
    """Return the cases that have every value, float64 (N, K)."""
    rows = [row for row in zip(*columns, strict=True) if all(v is not None and np.isfinite(v) for v in row)]
    return np.array(rows, dtype=np.float64).reshape(len(rows), len(columns))


def mean(values: Values) -> Estimate | None:
    """Return the mean over the cases that have the value."""
    return bootstrap(lambda c: c[..., 0].mean(axis=-1), known_pairs(values))


def total(values: Values) -> Estimate | None:
    """Return the sum over the cases that have the value."""
    return bootstrap(lambda c: c[..., 0].sum(axis=-1), known_pairs(values))


def mean_difference(ours: Values, theirs: Values) -> Estimate | None:
    """Return the mean of ours - theirs over the cases that have both."""
    return bootstrap(lambda c: (c[..., 0] - c[..., 1]).mean(axis=-1), known_pairs(ours, theirs))


def mean_ratio(ours: Values, theirs: Values) -> Estimate | None:
    """Return the mean of ours / theirs over the cases that have both, theirs positive."""
    pairs = known_pairs(ours, theirs)
    pairs = pairs[pairs[:, 1] > 0]
    return bootstrap(lambda c: (c[..., 0] / c[..., 1]).mean(axis=-1), pairs)


def ratio_of_means(ours: Values, theirs: Values) -> Estimate | None:
    """Return mean(ours) / mean(theirs) over the cases that have both; for errors that may be near 0 in a case."""
    pairs = known_pairs(ours, theirs)
    if len(pairs) == 0 or pairs[:, 1].sum() <= 0:
        return None
    return bootstrap(lambda c: c[..., 0].mean(axis=-1) / np.maximum(c[..., 1].mean(axis=-1), 1e-12), pairs)
