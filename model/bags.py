"""Multiply a sparse matrix with a dense table: one embedding bag a row, several times faster than torch.sparse on a CPU."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor
from torch.nn import functional


@dataclass(frozen=True)
class Bags:
    """Rows of a sparse matrix: where each row starts, which columns it adds, with what weight.

    Parameters
    ----------
    starts : Tensor (rows + 1,), int32
    columns : Tensor (N,), int32
    weights : Tensor (N,)
    """

    starts: Tensor
    columns: Tensor
    weights: Tensor

    @property
    def nbytes(self) -> int:
        """Bytes of the three arrays."""
        return self.starts.nbytes + self.columns.nbytes + self.weights.nbytes

    def times(self, table: Tensor) -> Tensor:
        """Return the product with a table (columns, C): (rows, C)."""
        return functional.embedding_bag(
            self.columns, table, self.starts, mode="sum", per_sample_weights=self.weights, include_last_offset=True
        )


def bags(
    row: npt.NDArray[np.int64], column: npt.NDArray[np.int64], weight: npt.NDArray[np.float64], rows: int, like: Tensor
) -> Bags:
    """Return the matrix of `rows` rows with these entries, in any order, on the device and in the type of `like`."""
    order = np.argsort(row, kind="stable")
    starts = np.concatenate(([0], np.cumsum(np.bincount(row, minlength=rows)))).astype(np.int32)
    return Bags(
        torch.from_numpy(starts).to(like.device),
        torch.from_numpy(column[order].astype(np.int32)).to(like.device),
        torch.from_numpy(weight[order]).to(like),
    )
