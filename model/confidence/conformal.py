r"""Split conformal calibration where the case, not the voxel, is the exchangeable unit. numpy only.

Voxels of one image share its noise, its patient and its camera: a quantile over pooled voxels promises nothing for
the next patient. So each case gives one number, the factor it would have needed,

.. math:: q_i = \min\{q : |e_j| \le q\,w_j \text{ for a share of at least } \ell \text{ of the voxels } j\},

and the factor for new cases is the conformal quantile of the :math:`q_i`, the :math:`\lceil (n+1)\,c \rceil`-th
smallest of n. If the new case and the n are exchangeable, then with probability at least c at least the share l of the
new case's voxels lies inside. No assumption is made about the spread: a poor one only makes intervals wide.

References
----------
Papadopoulos et al., ECML 2002 (split conformal); Vovk, ACML 2012 (two levels); Angelopoulos & Bates, Found. Trends
Mach. Learn. 16 (2023) 494, sec. 4 (groups); Clopper & Pearson, Biometrika 26 (1934) 404.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from statistics import NormalDist

import numpy as np
import numpy.typing as npt

from model.errors import ModelError
from model.io.confidence_records import MeasuredShare

Array = npt.NDArray[np.floating]
RESAMPLES = 2000


def cases_needed(case_level: float) -> int:
    """Return the smallest number of cases that can promise `case_level`: n with ceil((n + 1) c) <= n."""
    return math.ceil(case_level / (1 - case_level) - 1e-9)


def required_factor(error: Array, width: Array, level: float) -> float:
    """Return the smallest factor for which at least `level` of the errors are within factor x width.

    Parameters
    ----------
    error, width : array_like of one shape; width positive
        NaN pairs (a wall segment without voxels) are left out.
    level : float, 0..1
    """
    ratios = np.abs(np.asarray(error, dtype=np.float64)) / np.asarray(width, dtype=np.float64)
    known = np.sort(ratios[np.isfinite(ratios)])
    if known.size == 0:
        msg = "required_factor: got no error that is a number, expected at least 1"
        raise ValueError(msg)
    return float(known[min(known.size, math.ceil(level * known.size - 1e-9)) - 1])


def conformal_quantile(scores: npt.ArrayLike, level: float) -> float:
    """Return the ceil((n + 1) level)-th smallest of n scores: a new exchangeable one is below with probability `level`.

    Raises
    ------
    ModelError
        ``calibration.too_few`` if n is so small that only infinity would do.
    """
    values = np.sort(np.asarray(scores, dtype=np.float64))
    rank = math.ceil((values.size + 1) * level - 1e-9)
    if rank > values.size:
        msg = f"{values.size} cases cannot promise {level:.0%}; at least {cases_needed(level)} are needed"
        remedy = "Add studies with a known truth, or ask for a lower level."
        raise ModelError(code="calibration.too_few", message=msg, remedy=remedy)
    return float(values[rank - 1])


def coverage(error: Array, half_width: Array) -> float:
    """Return the share of errors inside the interval; NaN pairs are left out."""
    e, w = np.abs(np.asarray(error, dtype=np.float64)), np.asarray(half_width, dtype=np.float64)
    known = np.isfinite(e) & np.isfinite(w)
    return float(np.mean(e[known] <= w[known])) if known.any() else math.nan


def normal_factor(level: float) -> float:
    """Return the factor that would do if errors were normal with the spread as standard deviation: 1.96 at 95 %."""
    return NormalDist().inv_cdf(0.5 + level / 2)


def mean_with_interval(values: npt.ArrayLike, *, seed: int = 0) -> MeasuredShare:
    """Return the mean over cases and its 95 % percentile bootstrap interval, resampling cases."""
    known = np.asarray(values, dtype=np.float64)
    draws = np.random.default_rng(seed).integers(0, known.size, size=(RESAMPLES, known.size))
    low, high = np.quantile(known[draws].mean(axis=1), [0.025, 0.975])
    return MeasuredShare(value=float(known.mean()), low=float(low), high=float(high))


def share_with_interval(hits: int, cases: int, *, level: float = 0.95) -> MeasuredShare:
    """Return hits / cases and its exact (Clopper-Pearson) interval."""
    tail = (1 - level) / 2

    def at_least(p: float) -> float:
        return sum(math.comb(cases, k) * p**k * (1 - p) ** (cases - k) for k in range(hits, cases + 1))

    def at_most(p: float) -> float:
        return sum(math.comb(cases, k) * p**k * (1 - p) ** (cases - k) for k in range(hits + 1))

    low = 0.0 if hits == 0 else _root(lambda p: at_least(p) - tail)
    high = 1.0 if hits == cases else _root(lambda p: tail - at_most(p))
    return MeasuredShare(value=hits / cases, low=low, high=high)


def _root(rising: Callable[[float], float]) -> float:
    low, high = 0.0, 1.0
    for _ in range(60):
        middle = (low + high) / 2
        low, high = (middle, high) if rising(middle) < 0 else (low, middle)
    return (low + high) / 2
