# ruff: noqa: EM101 (the codes of the errors are literals on purpose)
"""Validation figures of one network: means over held-out studies, shared between processes, and the score they make."""

import math
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import torch
from torch import nn

from model.dataset import PreparedStudy
from model.errors import ModelError
from model.networks.inputs import ReconstructionNetwork
from model.training.distributed import Group
from model.training.memory import release
from model.training.targets import Target

DEFAULT_SCORE = {
    "phantom": "nrmse_body+nrmse_heart",
    "full-counts": "nrmse_body",
    "self-supervised": "loss",
}
"""What decides which weights are the best: a sum of validation means, less is better."""
HIGHER_IS_BETTER = ("ssim", "psnr", "contrast_recovered", "defect_contrast")


def validation_means(
    network: nn.Module, target: Target, held: Sequence[PreparedStudy], group: Group, *, release_factors: bool
) -> dict[str, float | None]:
    """Return the mean of each of the target's figures; every process scores its share and all get the same means."""

    def scored(number: int) -> dict[str, float | None]:
        with single_precision(network):
            scores = target.score(network, held[number])
        if release_factors:
            release(held[number].inputs)
        return scores

    rows = {number: scored(number) for number in range(group.rank, len(held), group.size)}
    keys = list(next(iter(rows.values())) if rows else scored(0))
    return shared_means(rows, keys, len(held), group)


@contextmanager
def single_precision(network: nn.Module) -> Iterator[None]:
    """Keep a network from choosing bfloat16 by the clock of this machine: a score decides which weights are kept."""
    if not isinstance(network, ReconstructionNetwork):
        yield
        return
    before, network.low_precision = network.low_precision, False
    try:
        yield
    finally:
        network.low_precision = before


def shared_means(
    rows: dict[int, dict[str, float | None]], keys: list[str], cases: int, group: Group
) -> dict[str, float | None]:
    """Average each figure over all processes' cases; None where no case has it."""
    table = torch.zeros((2, cases, len(keys)), dtype=torch.float64)
    for number, row in rows.items():
        for column, key in enumerate(keys):
            value = row[key]
            if value is not None:
                table[0, number, column], table[1, number, column] = value, 1.0
    sums, counts = (part.tolist() for part in group.sum_table(table).sum(dim=1))
    return {key: sums[i] / counts[i] if counts[i] else None for i, key in enumerate(keys)}


def score_of(means: dict[str, float | None], score: str) -> float:
    """Return the sum of the named means.

    Raises
    ------
    ModelError
        ``training.score`` if one is unknown, absent in these studies, or better when higher.
    """
    total = 0.0
    for key in score.split("+"):
        value = means.get(key)
        if value is None or key.startswith(HIGHER_IS_BETTER):
            known = ", ".join(k for k, v in means.items() if v is not None and not k.startswith(HIGHER_IS_BETTER))
            message = f"the score {score} cannot be computed from the validation studies: {key} is not among {known}"
            raise ModelError("training.score", message, "Choose other figures with --score.")
        total += value
    return total if math.isfinite(total) else math.inf
