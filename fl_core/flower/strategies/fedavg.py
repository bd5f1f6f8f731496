"""FedAvg: the mean of the sites' tensors, weighted by their number of examples.

Source: McMahan et al., AISTATS 2017, algorithm 1 (the server's step).
"""

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from fl_core.errors import InvalidInput


class FedAvg:
    """Keeps one float64 sum per tensor; whole-number tensors (counters) are averaged and rounded."""

    def __init__(self) -> None:
        self._sums: dict[str, NDArray[np.float64]] = {}
        self._dtypes: dict[str, np.dtype[np.generic]] = {}
        self._weight = 0.0

    def begin(self, sent: Mapping[str, NDArray[np.generic]], before: Mapping[str, NDArray[np.generic]] | None) -> None:
        """Forget the previous round; the mean needs no other model."""
        self._sums, self._dtypes, self._weight = {}, {}, 0.0

    def accumulate(self, update: Mapping[str, NDArray[np.generic]], weight: float) -> None:
        """Add one update to the sums."""
        for name, array in update.items():
            if name not in self._sums:
                self._sums[name] = np.zeros(array.shape, np.float64)
                self._dtypes[name] = array.dtype
            self._sums[name] += weight * array.astype(np.float64)
        self._weight += weight

    def result(self) -> dict[str, NDArray[np.generic]]:
        """Return the weighted mean in the tensors' own types."""
        if self._weight <= 0:
            message = "no update was accumulated, so there is no mean"
            raise InvalidInput(message, code="federation.quorum_missed")
        return {name: self._cast(total / self._weight, self._dtypes[name]) for name, total in self._sums.items()}

    @staticmethod
    def _cast(mean: NDArray[np.float64], dtype: np.dtype[np.generic]) -> NDArray[np.generic]:
        return mean.astype(dtype) if np.issubdtype(dtype, np.floating) else np.rint(mean).astype(dtype)
