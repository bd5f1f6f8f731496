# ruff: noqa: EM101 (the codes of the errors are literals on purpose)
"""Who visits which study when several processes train one network: fixed lanes, so that nobody holds all studies.

A step takes one study from each lane. With `b` studies a step a process and `n` processes there are ``b * n`` lanes, and
study number i is in lane ``i mod (b * n)``; process r has lanes r, r + n, ..., which are the studies r, r + n, .... Two
processes with one study a step each thus do what one process with two a step does.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import torch

from model.errors import ModelError
from model.training.distributed import Group


@dataclass(frozen=True)
class Share:
    """One process's part of the studies.

    Parameters
    ----------
    mine : tuple of int
        Numbers of the studies that this process holds, in its order.
    kept : tuple of int
        Numbers of all processes' studies, ascending; numbers of studies that were left out are missing.
    """

    mine: tuple[int, ...]
    kept: tuple[int, ...]

    @classmethod
    def whole(cls, studies: int) -> "Share":
        """Return the share of a process that is alone with so many studies."""
        return cls(tuple(range(studies)), tuple(range(studies)))


def own_numbers(studies: int, group: Group) -> list[int]:
    """Return the numbers of the studies that this process prepares.

    Raises
    ------
    ModelError
        ``training.group`` if there are fewer studies than processes.
    """
    if studies < group.size:
        message = f"there are {studies} studies to train on, fewer than the {group.size} processes"
        raise ModelError("training.group", message, "Start fewer processes, or name more studies with --data.")
    return list(range(group.rank, studies, group.size))


def agreed_share(studies: int, mine: Sequence[int], group: Group) -> Share:
    """Tell the other processes which studies could be prepared here, and return this process's share."""
    table = torch.zeros(studies, dtype=torch.float64)
    table[list(mine)] = 1.0
    kept = group.sum_table(table).nonzero().flatten().tolist()
    return Share(tuple(mine), tuple(kept))


def lanes_of(numbers: Sequence[int], lanes: int) -> list[list[int]]:
    """Return the studies of every lane."""
    return [[number for number in numbers if number % lanes == lane] for lane in range(lanes)]


def lane_orders(lanes: Sequence[Sequence[int]], seed_of: Callable[[int], int]) -> list[list[int]]:
    """Return every lane in the random order of one epoch; `seed_of` gives the seed of a lane."""
    orders = []
    for lane, numbers in enumerate(lanes):
        order = torch.randperm(len(numbers), generator=torch.Generator().manual_seed(seed_of(lane))).tolist()
        orders.append([numbers[position] for position in order])
    return orders
