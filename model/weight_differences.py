"""By how much two sets of weights differ, tensor by tensor."""

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict


class TensorDifference(BaseModel):
    """One tensor of two models of the same shapes; norms are l2, in the units of the weights."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str
    shape: tuple[int, ...]
    norm_first: float
    norm_second: float
    difference: float


class WeightDifferences(BaseModel):
    """Tensors of both, and the names of what only one has (or has in another shape)."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    tensors: list[TensorDifference]
    only_first: list[str]
    only_second: list[str]


def weight_differences(
    first: Mapping[str, NDArray[np.generic]], second: Mapping[str, NDArray[np.generic]]
) -> WeightDifferences:
    """Compare two models' tensors; integers are compared as numbers, sums run in float64."""
    shared = [name for name in first if name in second and first[name].shape == second[name].shape]
    return WeightDifferences(
        tensors=[_difference(name, first[name], second[name]) for name in sorted(shared)],
        only_first=sorted(set(first) - set(shared)),
        only_second=sorted(set(second) - set(shared)),
    )


def _difference(name: str, first: NDArray[np.generic], second: NDArray[np.generic]) -> TensorDifference:
    one, other = first.astype(np.float64).ravel(), second.astype(np.float64).ravel()
    return TensorDifference(
        name=name,
        shape=tuple(first.shape),
        norm_first=float(np.linalg.norm(one)),
        norm_second=float(np.linalg.norm(other)),
        difference=float(np.linalg.norm(one - other)),
    )
