"""When each view is measured, by which detector, and how much of the Tc-99m is left by then."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.float64]
TC99M_HALF_LIFE_S = 6.0067 * 3600  # DDEP (Laboratoire National Henri Becquerel), recommended half-life


@dataclass(frozen=True, eq=False)
class ViewTimes:
    """Start and length of every view in s, and which detector measures it; each (V,)."""

    start_s: Array
    duration_s: Array
    detector: npt.NDArray[np.int64]

    @classmethod
    def of(cls, duration_s: tuple[float, ...], detectors: int) -> ViewTimes:
        """Divide the views among `detectors` in consecutive blocks; all detectors start together."""
        duration = np.asarray(duration_s, dtype=np.float64)
        blocks = np.array_split(np.arange(duration.size), min(detectors, duration.size))
        start = np.concatenate([np.cumsum(duration[block]) - duration[block] for block in blocks])
        return cls(start, duration, np.repeat(np.arange(len(blocks)), [block.size for block in blocks]))

    @property
    def end_s(self) -> float:
        """When the last view ends."""
        return float((self.start_s + self.duration_s).max())

    @property
    def progress(self) -> Array:
        """Middle of every view, as a share of the whole examination."""
        middle: Array = (self.start_s + self.duration_s / 2) / self.end_s
        return middle


def decay_factors(times: ViewTimes) -> Array:
    r"""Return how much more or less a view of Tc-99m counts than with a constant activity, (V,).

    :math:`e^{-\lambda t}` averaged over the view, divided by its average over all views: the counts of the whole
    examination stay what they were, and the target is the activity on average over the examination.
    """
    rate = math.log(2) / TC99M_HALF_LIFE_S
    mean = np.exp(-rate * times.start_s) * -np.expm1(-rate * times.duration_s) / (rate * times.duration_s)
    factors: Array = mean / np.average(mean, weights=times.duration_s)
    return factors
