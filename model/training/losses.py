"""What training minimises: weighted squared error with a Charbonnier term for images, Dice with cross-entropy for labels.

Tensors: B batch, K classes, H and W pixels, Z, Y and X voxels.
"""

import torch
import torch.nn.functional as F  # noqa: N812 - the name torch's own documentation uses
from torch import Tensor

LEAST_CONTRAST = 0.1
"""Contrast below which an error is not weighed up further; below it the texture of the wall decides."""
SMALLEST_EXPECTED = 1e-6
"""Counts in an element; keeps the logarithm finite where nothing is expected."""
IGNORED_LABEL = -1
"""Pixels with this label count nowhere (padding)."""


def charbonnier(difference: Tensor, *, epsilon: float = 1e-3) -> Tensor:
    """Return sqrt(d^2 + epsilon^2) - epsilon, a smooth absolute value.

    References
    ----------
    Charbonnier et al., ICIP 1994, vol. 2, 168-172.
    """
    return (difference.square() + epsilon**2).sqrt() - epsilon


def reconstruction_loss(
    estimate_ZYX: Tensor, target_ZYX: Tensor, weight_ZYX: Tensor, *, charbonnier_weight: float
) -> Tensor:
    """Weighted mean squared error plus ``charbonnier_weight`` times the weighted mean Charbonnier error.

    Parameters
    ----------
    estimate_ZYX, target_ZYX : Tensor, shape (Z, Y, X), in units of the study's mean activity
    weight_ZYX : Tensor, shape (Z, Y, X), non-negative
        Zero where a voxel does not count.
    charbonnier_weight : float

    Returns
    -------
    Tensor, scalar
    """
    difference = estimate_ZYX - target_ZYX
    total = weight_ZYX.sum().clamp_min(1e-12)
    squared = (weight_ZYX * difference.square()).sum() / total
    if charbonnier_weight == 0:
        return squared
    return squared + charbonnier_weight * (weight_ZYX * charbonnier(difference)).sum() / total


def region_loss(estimate_ZYX: Tensor, target_ZYX: Tensor, voxels_N: Tensor, averages_RN: Tensor) -> Tensor:
    """Return the mean squared error of region means.

    A voxel-wise error lets a network fill a small defect with its surroundings; the mean of a region has little noise,
    so here such a bias is most of the loss.

    Parameters
    ----------
    estimate_ZYX, target_ZYX : Tensor, shape (Z, Y, X)
    voxels_N : Tensor, shape (N,), int64
        Flat indices.
    averages_RN : Tensor, shape (R, N)
        One row a region, summing to 1.
    """
    difference_N = (estimate_ZYX - target_ZYX).reshape(-1)[voxels_N]
    return (averages_RN @ difference_N).square().mean()


def contrast_loss(estimate_ZYX: Tensor, target_ZYX: Tensor, voxels_N: Tensor, contrast_2N: Tensor) -> Tensor:
    """Return how far the defects' contrast is from the true one, as a share of it, smoothed near zero.

    The contrast is 1 - mean(defect) / mean(remote wall). A network that minimises squared error fills defects in, the
    mild ones most, because nearly all walls are healthy; this counts a mild defect as much as a deep one.

    Parameters
    ----------
    estimate_ZYX, target_ZYX : Tensor, shape (Z, Y, X)
    voxels_N : Tensor, shape (N,), int64
        Flat indices.
    contrast_2N : Tensor, shape (2, N)
        Rows that average over the defects and over the remote wall.
    """
    found_2 = contrast_2N @ estimate_ZYX.reshape(-1)[voxels_N]
    true_2 = contrast_2N @ target_ZYX.reshape(-1)[voxels_N]
    found = 1.0 - found_2[0] / found_2[1].clamp_min(0.1 * float(true_2[1]))
    true = 1.0 - true_2[0] / true_2[1].clamp_min(1e-6)
    return charbonnier((found - true) / true.clamp_min(LEAST_CONTRAST), epsilon=0.1)


def poisson_deviance(expected: Tensor, measured: Tensor) -> Tensor:
    """Return twice the Poisson log-likelihood ratio of every element; its mean is about 1 where the model explains them.

    Differentiable in ``expected``, also where nothing was counted.

    Parameters
    ----------
    expected, measured : Tensor of one shape, counts, non-negative

    References
    ----------
    McCullagh & Nelder, Generalized Linear Models, 2nd ed. (1989), sec. 2.3.
    """
    safe = expected.clamp_min(SMALLEST_EXPECTED)
    return 2.0 * (safe - measured - torch.xlogy(measured, safe) + torch.xlogy(measured, measured))


def soft_dice(probabilities_BKHW: Tensor, labels_BHW: Tensor) -> Tensor:
    """Return the soft Dice overlap of each class over the batch, shape (K,); 1 for a class absent from both.

    References
    ----------
    Milletari et al., 3DV 2016 (squared denominators); absent classes as in MONAI's ``DiceLoss`` with smoothing.
    """
    counted = (labels_BHW != IGNORED_LABEL).unsqueeze(1)
    classes = probabilities_BKHW.shape[1]
    truth_BKHW = F.one_hot(labels_BHW.clamp_min(0), classes).movedim(-1, 1).to(probabilities_BKHW.dtype) * counted
    guess_BKHW = probabilities_BKHW * counted
    overlap_K = (guess_BKHW * truth_BKHW).sum(dim=(0, 2, 3))
    size_K = guess_BKHW.square().sum(dim=(0, 2, 3)) + truth_BKHW.sum(dim=(0, 2, 3))
    return (2.0 * overlap_K + 1.0) / (size_K + 1.0)


def dice_cross_entropy(
    logits_BKHW: Tensor, labels_BHW: Tensor, *, dice_weight: float, cross_entropy_weight: float
) -> Tensor:
    """Return ``dice_weight * (1 - mean foreground Dice) + cross_entropy_weight * cross-entropy``; class 0 is background."""
    loss = logits_BKHW.new_zeros(())
    if dice_weight:
        loss = loss + dice_weight * (1.0 - soft_dice(logits_BKHW.softmax(dim=1), labels_BHW)[1:].mean())
    if cross_entropy_weight:
        loss = loss + cross_entropy_weight * F.cross_entropy(logits_BKHW, labels_BHW, ignore_index=IGNORED_LABEL)
    return loss
