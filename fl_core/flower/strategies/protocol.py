"""What the round loop needs of a strategy, whichever it is."""

from collections.abc import Mapping
from typing import Protocol

import numpy as np
from numpy.typing import NDArray


class Strategy(Protocol):
    """Combines a round's updates one by one, so that memory does not grow with the sites."""

    def begin(self, sent: Mapping[str, NDArray[np.generic]], before: Mapping[str, NDArray[np.generic]] | None) -> None:
        """Begin a round with the model that is `sent`; the round before it began with `before` (None: there is none)."""

    def accumulate(self, update: Mapping[str, NDArray[np.generic]], weight: float) -> None:
        """Take one checked update."""

    def result(self) -> dict[str, NDArray[np.generic]]:
        """Return the combined tensors; raises InvalidInput when nothing was accumulated."""
