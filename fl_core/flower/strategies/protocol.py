"""What the round loop needs of a strategy, whichever it is."""

from collections.abc import Mapping
from typing import Protocol

import numpy as np
from numpy.typing import NDArray


class Strategy(Protocol):
    """Configures a round and combines its updates one by one, so that memory does not grow with the sites."""

    def configure(self, round_number: int) -> dict[str, float]:
        """Begin a round; the returned numbers go to every site."""

    def accumulate(self, update: Mapping[str, NDArray[np.generic]], weight: float) -> None:
        """Take one checked update."""

    def result(self) -> dict[str, NDArray[np.generic]]:
        """Return the combined tensors; raises InvalidInput when nothing was accumulated."""
