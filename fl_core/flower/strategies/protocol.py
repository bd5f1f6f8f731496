"""What the round loop needs of a strategy, whichever it is."""

from collections.abc import Mapping
from typing import Protocol

import numpy as np
from numpy.typing import NDArray


class Strategy(Protocol):
    """Combines a round's updates one by one, so that memory does not grow with the sites."""

    def begin(self) -> None:
        """Begin a round: forget the previous one."""

    def accumulate(self, update: Mapping[str, NDArray[np.generic]], weight: float) -> None:
        """Take one checked update."""

    def result(self) -> dict[str, NDArray[np.generic]]:
        """Return the combined tensors; raises InvalidInput when nothing was accumulated."""
