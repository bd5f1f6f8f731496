"""How measured counts relate to those that a target predicts: slope 1 within 5 %. numpy only; training asks the same.

V views.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

TOLERANCE = 0.05
"""Largest deviation of either figure from 1; a wrong view time, a decayed or a differently scaled reference is more."""


@dataclass(frozen=True)
class Calibration:
    """How measured primary counts relate to the ones expected from the target; both figures are 1 where they agree.

    Parameters
    ----------
    slope : float
        Least squares through the origin, of the counts of each view against the expected ones.
    ratio : float
        Measured over expected counts of all views together.
    """

    slope: float
    ratio: float

    @property
    def accepted(self) -> bool:
        """Whether both figures are within `TOLERANCE` of 1."""
        return abs(self.slope - 1) <= TOLERANCE and abs(self.ratio - 1) <= TOLERANCE


def fit_calibration(measured_V: npt.NDArray[np.float64], expected_V: npt.NDArray[np.float64]) -> Calibration:
    """Fit the primary counts of each view against the expected ones; infinite where nothing is expected."""
    total, power = float(expected_V.sum()), float(expected_V @ expected_V)
    if total <= 0 or power <= 0:
        return Calibration(float("inf"), float("inf"))
    return Calibration(float(measured_V @ expected_V) / power, float(measured_V.sum()) / total)
