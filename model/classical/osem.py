"""MLEM and OSEM: what every network is compared with, and starts from.

Axes: B batch, V views, Z slices, Y X voxels, U bins. All functions are pure in their tensors and run on their device
in their type; images are in expected detected counts per voxel without attenuation over the whole acquisition.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from model.attenuation import AttenuationFactors
from model.filters import gaussian_postfilter
from model.geometry import ensure_shape
from model.io.study_records import Study
from model.projector import Attenuation, SpectProjector, projector_for
from model.scatter import scatter_of

SMALLEST_EXPECTED = 1e-6  # counts per bin; keeps y / (A f + s) finite where nothing is expected
Volume = npt.NDArray[np.float32]


@dataclass(frozen=True)
class OsemSettings:
    """How OSEM runs: iterations over all views, subsets of views, Gaussian post-filter in mm."""

    iterations: int = 10
    subsets: int = 6
    postfilter_fwhm_mm: float = 6.0
    attenuation: bool = True
    resolution: bool = True
    scatter: bool = True


class Corrections(Protocol):
    """Which corrections a method makes; `OsemSettings` and its like say so."""

    @property
    def attenuation(self) -> bool:
        """Whether attenuation is modelled."""

    @property
    def resolution(self) -> bool:
        """Whether the collimator response is modelled."""

    @property
    def scatter(self) -> bool:
        """Whether scatter is added to what is expected."""


def subset_views(views: int, subsets: int) -> list[tuple[int, ...]]:
    """Divide the views into `subsets` of evenly spaced ones, in an order that keeps neighbours in time far apart.

    The order goes by bit reversal; every view is in exactly one subset; at most one subset a view.

    References
    ----------
    Hudson & Larkin, IEEE Trans. Med. Imaging 13 (1994) 601.
    """
    count = max(1, min(subsets, views))
    width = max(1, (count - 1).bit_length())
    order = sorted(range(count), key=lambda i: int(f"{i:0{width}b}"[::-1], 2))
    return [tuple(range(i, views, count)) for i in order]


def em_update(
    image_BZYX: Tensor,
    projections_BVZU: Tensor,
    scatter_BVZU: Tensor | None,
    attenuation: Attenuation,
    projector: SpectProjector,
    *,
    views: Sequence[int] | None = None,
    sensitivity_BZYX: Tensor | None = None,
) -> Tensor:
    r"""Return one EM update :math:`f \cdot A'(y / (A f + s)) / A'1`, differentiable in the image.

    Parameters
    ----------
    image_BZYX : Tensor, non-negative
    projections_BVZU, scatter_BVZU : Tensor
        Measured counts and expected scatter of exactly these `views`.
    attenuation : as in `SpectProjector.forward`
    sensitivity_BZYX : Tensor, optional
        A'1 of these views, if known.

    References
    ----------
    Shepp & Vardi, IEEE Trans. Med. Imaging 1 (1982) 113.
    """
    if sensitivity_BZYX is None:
        sensitivity_BZYX = projector.sensitivity(attenuation, views=views, like=image_BZYX)
    expected = projector.forward(image_BZYX, attenuation, views=views)
    if scatter_BVZU is not None:
        expected = expected + scatter_BVZU
    ratio = projections_BVZU / expected.clamp_min(SMALLEST_EXPECTED)
    floor = 1e-6 * sensitivity_BZYX.amax()
    update = projector.backproject(ratio, attenuation, views=views) / sensitivity_BZYX.clamp_min(floor)
    return image_BZYX * torch.where(sensitivity_BZYX > floor, update, torch.zeros_like(update))


class SubsetPass:
    """One pass of EM updates over all subsets of one acquisition; what stays the same is computed once.

    Parameters
    ----------
    projections_BVZU : Tensor, shape (B, V, Z, U), counts
    scatter_BVZU : Tensor or None, expected scatter counts
    attenuation, projector : as in `em_update`
    subsets : int
        1 gives MLEM.

    Raises
    ------
    GeometryMismatch
        If projections or scatter are not the geometry's.
    """

    def __init__(
        self,
        projections_BVZU: Tensor,
        scatter_BVZU: Tensor | None,
        attenuation: Attenuation,
        projector: SpectProjector,
        *,
        subsets: int,
    ) -> None:
        for name, tensor in (("projections", projections_BVZU), ("scatter", scatter_BVZU)):
            if tensor is not None:
                ensure_shape(name, tensor.shape[1:], projector.geometry.projection_shape)
        if isinstance(attenuation, Tensor):
            attenuation = projector.attenuation_factors(attenuation)
        self._projector, self._attenuation = projector, attenuation
        self._views = subset_views(projector.geometry.n_views, subsets)
        like = projections_BVZU
        self._sensitivities = [projector.sensitivity(attenuation, views=g, like=like) for g in self._views]
        self._measured = [projections_BVZU[:, list(g)] for g in self._views]
        self._scatter = [None if scatter_BVZU is None else scatter_BVZU[:, list(g)] for g in self._views]
        self.sensitivity_BZYX = sum(self._sensitivities[1:], self._sensitivities[0])
        """A'1 of all views."""
        self.start_BZYX = uniform_start(projections_BVZU, scatter_BVZU, self.sensitivity_BZYX)
        """A uniform image with the measured counts."""

    @property
    def subsets(self) -> int:
        """Number of subsets, at most the number of views."""
        return len(self._views)

    def __call__(self, image_BZYX: Tensor) -> Tensor:
        """Return the image after one update of each subset."""
        for views, y, s, a in zip(self._views, self._measured, self._scatter, self._sensitivities, strict=True):
            image_BZYX = em_update(
                image_BZYX, y, s, self._attenuation, self._projector, views=views, sensitivity_BZYX=a
            )
        return image_BZYX


def osem_iterates(
    projections_BVZU: Tensor,
    scatter_BVZU: Tensor | None,
    attenuation: Attenuation,
    projector: SpectProjector,
    *,
    subsets: int,
    start_BZYX: Tensor | None = None,
) -> Iterator[Tensor]:
    """Yield the image after each iteration over all views, without end.

    Parameters
    ----------
    projections_BVZU, scatter_BVZU, attenuation, projector, subsets : as in `SubsetPass`
    start_BZYX : Tensor, optional
        A uniform image with the measured counts unless given.

    Raises
    ------
    GeometryMismatch
        At the first image, if projections or scatter are not the geometry's.
    """
    sweep = SubsetPass(projections_BVZU, scatter_BVZU, attenuation, projector, subsets=subsets)
    image = sweep.start_BZYX if start_BZYX is None else start_BZYX
    while True:
        image = sweep(image)
        yield image


def uniform_start(projections_BVZU: Tensor, scatter_BVZU: Tensor | None, sensitivity_BZYX: Tensor) -> Tensor:
    """Return a uniform image, shape (B, Z, Y, X), whose projections hold the measured primary counts."""
    primary = projections_BVZU.sum(dim=(1, 2, 3))
    if scatter_BVZU is not None:
        primary = torch.maximum(primary - scatter_BVZU.sum(dim=(1, 2, 3)), 0.01 * primary)
    seen = sensitivity_BZYX.sum(dim=(1, 2, 3)).clamp_min(SMALLEST_EXPECTED)
    level = (primary / seen).clamp_min(SMALLEST_EXPECTED)
    return level[:, None, None, None] * (sensitivity_BZYX > 0)


def osem(
    projections_BVZU: Tensor,
    scatter_BVZU: Tensor | None,
    attenuation: Attenuation,
    projector: SpectProjector,
    *,
    iterations: int,
    subsets: int,
    start_BZYX: Tensor | None = None,
) -> Tensor:
    """Return the OSEM image after `iterations` over all views, shape (B, Z, Y, X). Arguments as in `osem_iterates`.

    Raises
    ------
    GeometryMismatch
        If the projections are not the geometry's.
    """
    iterates = osem_iterates(
        projections_BVZU, scatter_BVZU, attenuation, projector, subsets=subsets, start_BZYX=start_BZYX
    )
    with torch.no_grad():
        image = next(iterates)
        for _ in range(iterations - 1):
            image = next(iterates)
    return image


def mlem(
    projections_BVZU: Tensor,
    scatter_BVZU: Tensor | None,
    attenuation: Attenuation,
    projector: SpectProjector,
    *,
    iterations: int,
) -> Tensor:
    """Return the MLEM image: OSEM with one subset, whose likelihood never falls."""
    return osem(projections_BVZU, scatter_BVZU, attenuation, projector, iterations=iterations, subsets=1)


def poisson_log_likelihood(projections_BVZU: Tensor, expected_BVZU: Tensor) -> Tensor:
    """Return sum(y log g - g), shape (B,), without the constant log y!."""
    expected = expected_BVZU.clamp_min(SMALLEST_EXPECTED)
    return (projections_BVZU * torch.log(expected) - expected).sum(dim=(1, 2, 3))


# ---------------------------------------------------------------- studies


@dataclass(frozen=True)
class StudyTensors:
    """The photopeak of one study as a batch of one, ready for the functions above."""

    projections: Tensor
    scatter: Tensor | None
    attenuation: AttenuationFactors | None
    projector: SpectProjector


def study_tensors(study: Study, settings: Corrections = OsemSettings()) -> StudyTensors:
    """Return the tensors that `settings` lets OSEM use; corrections the study has no data for are left out.

    Raises
    ------
    ScatterWindowsUnusable
        If scatter is to be estimated from energy windows that do not allow it (`model.scatter`).
    """
    projector = projector_for(study.geometry, resolution=settings.resolution)
    mu = study.attenuation if settings.attenuation else None
    scatter = scatter_of(study) if settings.scatter else None
    return StudyTensors(
        torch.from_numpy(study.projections[:1]),
        None if scatter is None else torch.from_numpy(scatter)[None],
        None if mu is None else projector.attenuation_factors(torch.from_numpy(mu)[None]),
        projector,
    )


def reconstruct_osem(
    study: Study, settings: OsemSettings, *, on_iteration: Callable[[int], None] | None = None
) -> Volume:
    """Reconstruct the photopeak of a study.

    Returns
    -------
    float32 (Z, Y, X), expected detected counts per voxel without attenuation over the whole acquisition
    """
    data = study_tensors(study, settings)
    with torch.no_grad():
        iterates = osem_iterates(
            data.projections, data.scatter, data.attenuation, data.projector, subsets=settings.subsets
        )
        for done in range(1, settings.iterations + 1):
            image = next(iterates)
            if on_iteration is not None:
                on_iteration(done)
        smooth = gaussian_postfilter(image, study.geometry.grid, settings.postfilter_fwhm_mm)
    volume: Volume = smooth[0].float().numpy()
    return volume
