r"""MAP-OSEM with total variation: OSEM that is asked for piecewise smooth images, the fairer competitor of a network.

Each pass over the subsets is followed by the proximal step of the prior in the metric of EM,

.. math:: x \leftarrow \arg\min_{u \ge 0} \sum_j \frac{s_j}{2 M v_j} (u_j - v_j)^2 + \beta\,\mathrm{TV}(u),

with v the image after the pass, s its sensitivity and M the number of subsets. The step is solved in its dual, started
from the last pass's solution; it cannot overshoot, so nothing becomes negative or endless whatever beta is.

Axes: B batch, Z slices, Y X voxels.

References
----------
Sawatzky, Brune, Koesters, Wuebbeling & Burger, "EM-TV methods for inverse problems with Poisson noise", in Level Set and
PDE Based Reconstruction Methods in Imaging, Springer 2013, 71-142 (forward-backward EM-TV); Chambolle, J Math Imaging
Vis 20 (2004) 89 (dual of the proximal step); Pock & Chambolle, ICCV 2011, 1762 (step sizes from row sums).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional

from model.classical.osem import SubsetPass, Volume, study_tensors
from model.geometry import VolumeGrid
from model.io.study_records import Study
from model.projector import Attenuation, SpectProjector

INNER_STEPS = 5  # of the dual, a pass; the next pass goes on from there
SMALLEST_SHARE = 1e-3  # of its value that the prior may leave to a voxel in one pass; EM cannot raise an exact zero
SMALLEST_PULL = 1e-12  # keeps step sizes finite where nothing is seen
USUAL_COUNTS = 1e6


@dataclass(frozen=True)
class MapOsemSettings:
    """How MAP-OSEM runs: iterations over all views, subsets, weight of the total variation; no post-filter.

    Beta weighs the sum over voxels of the gradient's length (counts a voxel) against the log-likelihood of a study of
    one million counts; in other studies it goes with the noise, by one over the root of the counts.
    """

    iterations: int = 16
    subsets: int = 6
    beta: float = 0.002
    attenuation: bool = True
    resolution: bool = True
    scatter: bool = True


def total_variation(image_BZYX: Tensor, grid: VolumeGrid) -> Tensor:
    """Return the sum of the gradients' lengths, shape (B,), in the image's unit a voxel edge in x."""
    return _gradient(image_BZYX, _axis_weights(grid)).square().sum(dim=0).sqrt().sum(dim=(1, 2, 3))


def map_osem_iterates(
    projections_BVZU: Tensor,
    scatter_BVZU: Tensor | None,
    attenuation: Attenuation,
    projector: SpectProjector,
    *,
    subsets: int,
    beta: float,
) -> Iterator[Tensor]:
    """Yield the image after each iteration over all views, without end; arguments as in `osem_iterates`.

    Raises
    ------
    ValueError
        If beta is negative or not finite.
    GeometryMismatch
        At the first image, if projections or scatter are not the geometry's.
    """
    if not 0 <= beta < float("inf"):
        msg = f"beta is {beta}, it must be a finite number of 0 or more"
        raise ValueError(msg)
    sweep = SubsetPass(projections_BVZU, scatter_BVZU, attenuation, projector, subsets=subsets)
    seen = sweep.sensitivity_BZYX > 1e-6 * sweep.sensitivity_BZYX.amax()
    inverse = torch.where(seen, sweep.subsets / sweep.sensitivity_BZYX, torch.zeros_like(sweep.sensitivity_BZYX))
    weights = _axis_weights(projector.geometry.grid)
    pull = inverse * beta * _noise(projections_BVZU)
    image, dual = sweep.start_BZYX, None
    while True:
        image = sweep(image)
        if beta > 0:
            image, dual = _proximal(image.contiguous(), (image * pull).contiguous(), weights, dual)
        yield image


def map_osem(
    projections_BVZU: Tensor,
    scatter_BVZU: Tensor | None,
    attenuation: Attenuation,
    projector: SpectProjector,
    *,
    iterations: int,
    subsets: int,
    beta: float,
) -> Tensor:
    """Return the MAP-OSEM image after `iterations` over all views, shape (B, Z, Y, X), non-negative."""
    iterates = map_osem_iterates(projections_BVZU, scatter_BVZU, attenuation, projector, subsets=subsets, beta=beta)
    with torch.no_grad():
        image = next(iterates)
        for _ in range(iterations - 1):
            image = next(iterates)
    return image


def reconstruct_map_osem(
    study: Study, settings: MapOsemSettings, *, on_iteration: Callable[[int], None] | None = None
) -> Volume:
    """Reconstruct the photopeak of a study.

    Returns
    -------
    float32 (Z, Y, X), expected detected counts per voxel without attenuation over the whole acquisition
    """
    data = study_tensors(study, settings)
    iterates = map_osem_iterates(
        data.projections, data.scatter, data.attenuation, data.projector, subsets=settings.subsets, beta=settings.beta
    )
    with torch.no_grad():
        for done in range(1, settings.iterations + 1):
            image = next(iterates)
            if on_iteration is not None:
                on_iteration(done)
    volume: Volume = image[0].float().numpy()
    return volume


def _axis_weights(grid: VolumeGrid) -> tuple[float, float, float]:
    """Return what one step along z, y and x counts: differences a voxel edge in x."""
    z, y, x = grid.voxel_mm
    return x / z, x / y, 1.0


def _gradient(image_BZYX: Tensor, weights: tuple[float, float, float]) -> Tensor:
    """Return forward differences, (3, B, Z, Y, X), 0 at the far edges."""
    out = image_BZYX.new_zeros((3, *image_BZYX.shape))
    for axis, (part, weight) in enumerate(zip(out, weights, strict=True), start=1):
        size = image_BZYX.shape[axis]
        step = image_BZYX.narrow(axis, 1, size - 1) - image_BZYX.narrow(axis, 0, size - 1)
        part.narrow(axis, 0, size - 1).copy_(step.mul_(weight))
    return out


def _transposed_gradient(dual: Tensor, weights: tuple[float, float, float]) -> Tensor:
    out = torch.zeros_like(dual[0])
    for axis, (part, weight) in enumerate(zip(dual, weights, strict=True), start=1):
        size = out.shape[axis]
        inner = part.narrow(axis, 0, size - 1)
        out.narrow(axis, 1, size - 1).add_(inner, alpha=weight)
        out.narrow(axis, 0, size - 1).sub_(inner, alpha=weight)
    return out


def _noise(projections_BVZU: Tensor) -> Tensor:
    """Return the relative noise of a study over that of one with `USUAL_COUNTS`, (B, 1, 1, 1)."""
    counts = projections_BVZU.sum(dim=(1, 2, 3), keepdim=True)
    return (USUAL_COUNTS / counts.clamp_min(1.0)).sqrt()


def _proximal(
    image: Tensor, pull: Tensor, weights: tuple[float, float, float], dual: Tensor | None
) -> tuple[Tensor, Tensor]:
    """Return argmin sum (u - image)^2 / (2 pull) + TV(u), u >= 0, and the dual that gives it."""
    if dual is None:
        dual = image.new_zeros((3, *image.shape))
    # row sums of |G diag(pull) G'|: a difference meets at most six others at each of its two voxels
    around = functional.max_pool3d(pull, 3, stride=1, padding=1).clamp_min(SMALLEST_PULL)
    step = 1.0 / (12.0 * max(weights) ** 2 * around)
    for _ in range(INNER_STEPS):
        found = (image - pull * _transposed_gradient(dual, weights)).clamp_min_(0.0)
        dual = dual + step * _gradient(found, weights)
        dual /= dual.square().sum(dim=0).sqrt_().clamp_min_(1.0)
    found = image - pull * _transposed_gradient(dual, weights)
    return torch.maximum(found, SMALLEST_SHARE * image), dual
