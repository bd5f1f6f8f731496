"""Long curves in part, for tables and for what is sent on. Torch-free."""

from collections.abc import Sequence
from typing import TypeVar

Row = TypeVar("Row")


def thinned_rows(rows: Sequence[Row], most: int) -> list[Row]:
    """Return at most ``most`` of the rows, evenly apart, the last one kept."""
    every = max(1, -(-len(rows) // most))
    return [row for number, row in enumerate(rows) if (len(rows) - 1 - number) % every == 0]
