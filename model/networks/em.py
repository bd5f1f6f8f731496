"""Differentiable OS-EM on prepared inputs: one update, and the order of subsets.

Tensors: Z, Y, X voxels.
"""

from torch import Tensor

from model.networks.inputs import StudyInputs

SMALLEST_EXPECTED = 1e-4
"""Floor of expected counts, in units of the study's mean activity; keeps the EM ratio finite outside the body."""
SMALLEST_ACTIVITY = 1e-3
"""Floor between updates, in the same units: an EM update multiplies, so an exact zero could never grow again."""


def em_update(activity_ZYX: Tensor, study: StudyInputs, subset: int) -> Tensor:
    """Return x A'(y / (A x + s)) / A'1 over one subset.

    References
    ----------
    Hudson & Larkin, IEEE TMI 13 (1994) 601.
    """
    expected = study.system.project(activity_ZYX, subset) + study.scatter[subset]
    ratio = study.measured[subset] / expected.clamp_min(SMALLEST_EXPECTED)
    sensitivity = study.sensitivity[subset].clamp_min(1e-6)
    return activity_ZYX * study.system.backproject(ratio, subset) / sensitivity


def spread_order(subsets: int) -> list[int]:
    """Order subsets so that each is far from those just used: steps of the golden ratio, each subset once."""
    remaining, order, position = list(range(subsets)), [], 0.0
    while remaining:
        nearest = min(remaining, key=lambda s: min(abs(s - position), subsets - abs(s - position)))
        remaining.remove(nearest)
        order.append(nearest)
        position = (position + 0.6180339887 * subsets) % subsets
    return order
