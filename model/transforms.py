"""Scaling and augmentation of one study: invertible scaling by counts, random thinning of counts.

Tensors: Z, Y, X voxels; V views, U bins.
"""

import torch
import torch.nn.functional as F  # noqa: N812 - the name torch's own documentation uses
from torch import Tensor

AIR_MU_PER_MM = 0.002
"""Between air (0) and lung (0.004 mm^-1 at 140 keV, ICRU 44 lung at 0.26 g/cm3): what is above belongs to the body."""


def study_scale(measured_VZU: Tensor, scatter_VZU: Tensor, sensitivity_ZYX: Tensor, mask_ZYX: Tensor) -> float:
    """Return the mean activity that explains the counts: sum(y - scatter) / sum(sensitivity x body).

    Dividing counts and images by it makes studies of any dose and camera look alike to a network; multiplying the
    result by it is the exact inverse.

    Parameters
    ----------
    measured_VZU, scatter_VZU : Tensor, counts
    sensitivity_ZYX : Tensor
        Back-projection of ones over all views.
    mask_ZYX : Tensor, 1 inside the body

    Returns
    -------
    float
        Counts per voxel, positive: at least one count over the body.
    """
    net_counts = max(float((measured_VZU.double() - scatter_VZU.double()).sum()), 1.0)
    seen = float((sensitivity_ZYX.double() * mask_ZYX).sum())
    return net_counts / max(seen, 1e-6)


def body_mask(mu_ZYX: Tensor | None, shape: tuple[int, int, int]) -> Tensor:
    """Return where activity may be, float 0 or 1: the body of the attenuation map grown by a voxel, else everywhere.

    A map without a body (a blank scan) is treated as absent, and a slice without one (beyond the end of a short CT) as
    if all others were stacked in it: what was counted there comes from somewhere.
    """
    if mu_ZYX is None or not bool((mu_ZYX > AIR_MU_PER_MM).any()):
        return torch.ones(shape, device=None if mu_ZYX is None else mu_ZYX.device)
    body = (mu_ZYX > AIR_MU_PER_MM).float()
    grown = F.max_pool3d(body[None, None], (1, 3, 3), stride=1, padding=(0, 1, 1))[0, 0]
    bare = ~body.flatten(1).any(dim=1)
    return torch.where(bare[:, None, None], grown.amax(dim=0, keepdim=True), grown)


def bounding_box(mask_ZYX: Tensor, *, multiple: int = 4) -> tuple[int, int, int, int]:
    """Return (y0, y1, x0, x1) around the mask, sides rounded up to ``multiple`` where the plane allows.

    The whole plane for an empty mask.
    """
    plane_YX = mask_ZYX.amax(dim=0) > 0
    height, width = plane_YX.shape
    if not bool(plane_YX.any()):
        return 0, height, 0, width
    y0, y1 = _interval(plane_YX.any(dim=1), multiple)
    x0, x1 = _interval(plane_YX.any(dim=0), multiple)
    return y0, y1, x0, x1


def _interval(hit: Tensor, multiple: int) -> tuple[int, int]:
    where = torch.nonzero(hit).flatten()
    first, last, size = int(where[0]), int(where[-1]) + 1, int(hit.numel())
    length = min(-(-(last - first) // multiple) * multiple, size)
    first = min(first, size - length)
    return first, first + length


def thin_counts(measured_VZU: Tensor, fraction: float, generator: torch.Generator) -> Tensor:
    """Keep each count with probability ``fraction``; a thinned Poisson count is a Poisson count of a shorter scan.

    Counts are rounded first and drawn on the generator's device. Not invertible. The image in counts shrinks by
    ``fraction`` too, so the scaled target does not change.
    """
    counts = measured_VZU.round().to(generator.device)
    kept = torch.binomial(counts, torch.full_like(counts, fraction), generator=generator)
    return kept.to(measured_VZU.device)
