"""The checks every update passes before it counts."""

import math
from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from fl_core.errors import InvalidInput
from fl_core.flower.exchange import RoundReply
from fl_core.flower.records import Arrays, Shapes, distance, unpack

REJECTED = "federation.update_rejected"


def checked_update(
    reply: RoundReply, sent: Mapping[str, NDArray[np.generic]], expected: Shapes, max_norm: float
) -> tuple[Arrays, float]:
    """Return the update's tensors and their l2 distance from the sent model.

    Raises
    ------
    InvalidInput
        `federation.update_rejected`: names, shapes, types, a value that is not finite, or a step above `max_norm`.
    """
    update = unpack(reply.packed, expected, code=REJECTED)
    for name, array in update.items():
        if np.issubdtype(array.dtype, np.floating) and not np.isfinite(array).all():
            bad = int(array.size - np.count_nonzero(np.isfinite(array)))
            message = f"tensor {name} has {bad} of {array.size} values that are not finite"
            raise InvalidInput(message, code=REJECTED)
    norm = distance(update, sent)
    if not math.isfinite(norm) or norm > max_norm:
        message = f"the update is {norm:.4g} away from the sent model, {max_norm:.4g} is allowed"
        raise InvalidInput(message, code=REJECTED)
    return update, norm
